"""The table of the commands, and the program that runs them."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from typing import Annotated, NamedTuple

import typer

import mnist_zoo
from mnist_zoo.cli import digits, models, pictures, terminal, training
from mnist_zoo.cli.help import PlainCommand


class Command(NamedTuple):
    """A command: its name, and the function that runs it."""

    name: str
    run: Callable[..., None]


#: Every command, in the order in which ``--help`` lists them.
COMMANDS = (
    Command("list", models.list_models),
    Command("info", models.info),
    Command("train", training.train),
    Command("evaluate", models.evaluate),
    Command("predict", pictures.predict),
    Command("export", models.export),
    Command("reproduce", training.reproduce),
    Command("data", digits.data),
)

app = typer.Typer(
    help="Keras models of MNIST: train, measure, reproduce, export.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in COMMANDS:
    app.command(command.name, cls=PlainCommand)(command.run)


@app.callback(invoke_without_command=True)
def _options(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show tracebacks and the framework's log.")
    ] = False,
) -> None:
    if version:
        typer.echo(f"mnist-zoo {mnist_zoo.__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line; any error becomes one message and exit status 1."""
    # The option is good anywhere on the line, so it is taken out before the line is parsed.
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    terminal.open_closed_streams()
    debug = len(arguments) < len(sys.argv) - 1
    try:
        quiet = contextlib.nullcontext() if debug else terminal.quiet_logs()
        with terminal.ending_as_by_ctrl_c(), quiet:
            app(arguments, prog_name="mnist-zoo")
    except Exception as error:
        if debug:
            raise
        terminal.error(error)
        raise SystemExit(1) from None
