"""The arguments that several commands share, and their checks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import click

import mnist_zoo
from mnist_zoo.arguments import check_jobs
from mnist_zoo.writing import check_writable, replacing

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem
    from matplotlib.figure import Figure

#: Which digits a command uses.
DataChoice = Literal["auto", "mnist", "sample"]

# The optimizers that Keras makes of a name alone. They are listed here because Keras takes seconds
# to load, and a wrong name is to be refused at once. A test compares them with Keras's.
OPTIMIZERS = (
    *("adadelta", "adafactor", "adagrad", "adam", "adamax", "adamw", "ftrl", "lion"),
    *("muon", "nadam", "rmsprop", "schedulefreeadamw", "sgd"),
)

#: What can be named on the command line. In a text of the help, ``{models}`` stands for the names.
NAMES: dict[str, Callable[[], list[str]]] = {
    "models": lambda: mnist_zoo.list_models(),
    "trained": lambda: [
        name for name in mnist_zoo.list_models() if mnist_zoo.models.species.SPECIES[name].weights
    ],
    "recipes": lambda: [
        recipe.name for recipe in (*mnist_zoo.recipes.RECIPES, *mnist_zoo.recipes.SHIPPED)
    ],
    "formats": lambda: list(mnist_zoo.export.FORMATS),
    "optimizers": lambda: list(OPTIMIZERS),
}


class Argument(click.Argument):
    """An argument with a text for the help. Before version 8.5, click has none for arguments."""

    text: str

    def __init__(self, names: Sequence[str], help: str, **settings: Any) -> None:  # noqa: A002
        super().__init__(names, **settings)
        self.text = help


def one_of(key: str) -> Callable[[str], str]:
    """Return a check that a text is one of the names under a key of :data:`NAMES`."""

    def check(value: str) -> str:
        known = NAMES[key]()
        if value not in known:
            raise ValueError(f"{value!r} is none of {', '.join(known)}")
        return value

    return check


def checked(check: Callable[[Any], Any]) -> Callable[..., Any]:
    """Return a check that raises ``ValueError`` as that of an argument that may be left out."""

    def callback(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
        try:
            return None if value is None else check(value)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None

    return callback


def completed(key: str) -> Callable[..., list[str] | list[CompletionItem]]:
    """Return what a shell completes an argument to: names under a key of :data:`NAMES`.

    If no name begins like the argument, and it may be a file, the shell completes it to files.
    """

    def complete(
        context: click.Context, parameter: click.Parameter, incomplete: str
    ) -> list[str] | list[CompletionItem]:
        names = [name for name in NAMES[key]() if name.startswith(incomplete)]
        return names or parameter.type.shell_complete(context, parameter, incomplete)

    return complete


def _default_model() -> str:
    from mnist_zoo.models.forward import DEFAULT_MODEL  # NumPy, which the help does without.

    return DEFAULT_MODEL


def _name_or_file(context: click.Context, parameter: click.Parameter, value: str) -> str:
    """Check, without loading anything, that a model can be got by its name or from a file."""
    trained = NAMES["trained"]()
    if value not in trained:
        names = ", ".join(trained)
        if value in NAMES["models"]():
            raise ValueError(f"{value} has no trained parameters in the package; {names} have")
        if Path(value).suffix != ".keras":
            raise ValueError(f"{value}: is neither a .keras file nor one of {names}")
        if not Path(value).is_file():
            raise FileNotFoundError(f"{value}: no such file")
    return value


def _plot_file(path: Path) -> Path:
    if path.suffix.lower() not in PLOT_ENDINGS:
        raise ValueError(f"must end in {', '.join(PLOT_ENDINGS)}; got {str(path)!r}")
    return path


# What plots are written as, by the ending of the file.
PLOT_ENDINGS = (".png", ".svg", ".pdf")

name_argument = click.argument(
    "name",
    cls=Argument,
    metavar="MODEL",
    callback=checked(one_of("models")),
    shell_complete=completed("models"),
    help="One of {models}.",
)
model_argument = click.argument(
    "model",
    cls=Argument,
    metavar="MODEL",
    type=click.Path(),
    callback=_name_or_file,
    shell_complete=completed("trained"),
    help="A .keras file, or a name for the trained model of the package: {trained}.",
)
model_option = click.option(
    "--model",
    "-m",
    metavar="MODEL",
    type=click.Path(),
    default=_default_model,
    callback=_name_or_file,
    shell_complete=completed("trained"),
    help="A .keras file, or a name for the trained model of the package: {trained}.",
)
data_option = click.option(
    "--data",
    type=click.Choice(get_args(DataChoice)),
    default="auto",
    metavar="|".join(get_args(DataChoice)),
    help="auto: MNIST if it can be found or downloaded, else the sample of 5,000 digits.",
)
plot_option = click.option(
    "--plot",
    metavar="FILE",
    type=click.Path(path_type=Path),
    callback=checked(_plot_file),
    help=f"Draw the results to this {', '.join(PLOT_ENDINGS)}.",
)
force_option = click.option("--force", "-f", is_flag=True, help="Replace existing files.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")


def output_option(text: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return the option for the file that a command writes, with a text that describes it."""
    return click.option(
        "--output", "-o", metavar="FILE", type=click.Path(path_type=Path), help=text
    )


def jobs_option(text: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return the option for how much is done at the same time, with a text that describes it."""
    return click.option(
        "--jobs",
        metavar="N",
        type=int,
        default=1,
        callback=checked(lambda value: check_jobs("jobs", value)),
        help=text,
    )


def check_outputs(*paths: Path | None, force: bool, marker: str | None = None) -> None:
    """Refuse, before any work is done, what cannot be written or nobody said may be replaced."""
    for path in paths:
        if path is not None:
            check_writable(path, force, marker)


def save_plot(draw: Callable[[], Figure], path: Path) -> None:
    """Draw a figure and write it whole, or not at all; no window is opened for it."""
    import matplotlib as mpl

    mpl.use("agg")
    figure = draw()
    with replacing(path, overwrite=True) as part:
        figure.savefig(part, dpi=100)
