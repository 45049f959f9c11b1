"""What ``--help`` prints: plain text that fits a narrow screen."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand

from mnist_zoo.cli.options import NAMES

# The title of a section of the help, and the kind of parameters that it lists.
SECTIONS = {"Arguments": "argument", "Options": "option"}


class PlainCommand(TyperCommand):
    """A command whose help has each argument as its ``metavar`` says, and names what there is."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return what follows the name of the command in the first line of its help."""
        arguments = [each for each in self.params if each.param_type_name == "argument"]
        return ["[OPTIONS]", *(str(each.metavar) for each in arguments)]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the sections of the arguments and of the options."""
        for title, kind in SECTIONS.items():
            rows = [
                _row(each, ctx) for each in self.get_params(ctx) if each.param_type_name == kind
            ]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)


def _row(parameter: Any, ctx: Any) -> tuple[str, str]:
    """Return a parameter as it is typed, and what it is for."""
    typed, text = parameter.get_help_record(ctx)
    if parameter.param_type_name == "argument":
        typed, text = parameter.metavar, parameter.help
    for key, names in NAMES.items():  # Looked up here, as some take time to load.
        if f"{{{key}}}" in text:
            text = text.replace(f"{{{key}}}", ", ".join(names()))
    return typed, text
