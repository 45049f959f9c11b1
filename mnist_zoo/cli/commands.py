"""The table of the commands, and the program that runs them."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from typing import NamedTuple

import click

import mnist_zoo
from mnist_zoo.cli import completion, digits, drawing, models, pictures, terminal, training
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
    Command("draw", drawing.draw),
    Command("export", models.export),
    Command("reproduce", training.reproduce),
    Command("data", digits.data),
)


def printing(
    option: str, text: Callable[[], str], about: str
) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Return an option that prints a text, and ends the program."""

    def callback(context: click.Context, parameter: click.Parameter, given: bool) -> None:
        if given and not context.resilient_parsing:
            click.echo(text())
            context.exit()

    return click.option(
        option, is_flag=True, is_eager=True, expose_value=False, callback=callback, help=about
    )


class Program(click.Group):
    """A group of commands that keeps their order, and has the status that Ctrl-C should have."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of :data:`COMMANDS`."""
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> None:
        """Run a command; its status is 130 if Ctrl-C ends it."""
        try:
            super().invoke(ctx)
        except KeyboardInterrupt:
            ctx.exit(130)


@click.group(
    cls=Program, context_settings={"help_option_names": ["-h", "--help"], "show_default": True}
)
@printing("--version", lambda: f"mnist-zoo {mnist_zoo.__version__}", "Print the version.")
@click.option(
    "--debug", is_flag=True, expose_value=False, help="Show tracebacks and the framework's log."
)
@printing("--install-completion", completion.install, "Install completion for the shell in $SHELL.")
@printing("--show-completion", completion.show, "Print the script that it installs.")
def app() -> None:
    """Keras models of MNIST: train, measure, reproduce, export."""


for command in COMMANDS:
    app.command(command.name, cls=PlainCommand)(command.run)


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
