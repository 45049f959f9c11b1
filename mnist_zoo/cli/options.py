"""The arguments that several commands share, and their checks."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

import mnist_zoo
from mnist_zoo.writing import check_writable, replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

T = TypeVar("T")


class DataChoice(StrEnum):
    """Which digits a command uses."""

    auto = "auto"
    mnist = "mnist"
    sample = "sample"


# The optimizers that Keras makes of a name alone. They are listed here because Keras takes seconds
# to load, and a wrong name is to be refused at once. A test compares them with Keras's.
OPTIMIZERS = (
    *("adadelta", "adafactor", "adagrad", "adam", "adamax", "adamw", "ftrl", "lion"),
    *("muon", "nadam", "rmsprop", "schedulefreeadamw", "sgd"),
)

#: What can be named on the command line. In a text of the help, ``{models}`` stands for the names.
NAMES: dict[str, Callable[[], list[str]]] = {
    "models": lambda: mnist_zoo.list_models(),
    "recipes": lambda: [recipe.name for recipe in mnist_zoo.recipes.RECIPES],
    "formats": lambda: list(mnist_zoo.export.FORMATS),
    "optimizers": lambda: list(OPTIMIZERS),
}


def one_of(key: str) -> Callable[[str], str]:
    """Return a check that an argument is one of the names under a key of :data:`NAMES`."""

    def check(value: str) -> str:
        known = NAMES[key]()
        if value not in known:
            raise typer.BadParameter(f"{value!r} is none of {', '.join(known)}")
        return value

    return check


def completed(key: str) -> Callable[[str], list[str]]:
    """Return what a shell completes an argument to: names under a key of :data:`NAMES`."""

    def complete(incomplete: str) -> list[str]:
        return [name for name in NAMES[key]() if name.startswith(incomplete)]

    return complete


def checked(check: Callable[[Any], T]) -> Callable[[Any], T | None]:
    """Return a check that raises ``ValueError`` as that of an argument that may be left out."""

    def callback(value: Any) -> T | None:
        try:
            return None if value is None else check(value)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None

    return callback


def _name_or_file(value: str) -> str:
    """Check, without loading anything, that a model can be got by its name or from a file."""
    if value not in NAMES["models"]():
        if Path(value).suffix != ".keras":
            names = ", ".join(NAMES["models"]())
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

Model = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        callback=one_of("models"),
        autocompletion=completed("models"),
        help="One of {models}.",
    ),
]
NameOrFile = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        callback=_name_or_file,
        autocompletion=completed("models"),
        help="A .keras file, or a name for the trained model of the package: {models}.",
    ),
]
NameOrFileOption = Annotated[
    str,
    typer.Option(
        "--model",
        "-m",
        metavar="MODEL",
        callback=_name_or_file,
        autocompletion=completed("models"),
        help="A .keras file, or a name for the trained model of the package: {models}.",
    ),
]
Data = Annotated[
    DataChoice,
    typer.Option(
        help="auto: MNIST if it can be found or downloaded, else the sample of 5,000 digits."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the results as JSON.")]
Force = Annotated[bool, typer.Option("--force", "-f", help="Replace existing files.")]
Plot = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        callback=checked(_plot_file),
        help=f"Draw the results to this {', '.join(PLOT_ENDINGS)}.",
    ),
]


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
