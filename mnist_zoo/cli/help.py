"""What ``--help`` prints: plain text that fits a narrow screen."""

from __future__ import annotations

import click

from mnist_zoo.cli.options import NAMES, Argument


class PlainCommand(click.Command):
    """A command whose help has a text for each argument, and names what there is."""

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write how the command is called, what it does, and its arguments and options."""
        self.format_usage(ctx, formatter)
        self.format_help_text(ctx, formatter)
        arguments, options = [], []
        for each in self.get_params(ctx):
            if isinstance(each, Argument):
                arguments.append((each.human_readable_name, _named(each.text)))
            elif record := each.get_help_record(ctx):
                options.append((record[0], _named(record[1])))
        for title, rows in (("Arguments", arguments), ("Options", options)):
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)


def _named(text: str) -> str:
    """Return a text of the help with names in place of ``{models}`` and the like."""
    for key, names in NAMES.items():  # Looked up here, as some take time to load.
        if f"{{{key}}}" in text:
            text = text.replace(f"{{{key}}}", ", ".join(names()))
    return text
