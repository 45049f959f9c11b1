"""The arguments that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import mnist_zoo
from mnist_zoo.writing import check_writable, replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class DataChoice(StrEnum):
    """Which digits a command uses."""

    auto = "auto"
    mnist = "mnist"
    sample = "sample"


def one_of(names: Callable[[], Iterable[str]]) -> Callable[[str], str]:
    """Return a check that an argument is one of some names."""

    def check(value: str) -> str:
        known = list(names())
        if value not in known:
            raise typer.BadParameter(f"{value!r} is none of {', '.join(known)}")
        return value

    return check


def completed(names: Callable[[], Iterable[str]]) -> Callable[[str], list[str]]:
    """Return what a shell completes an argument to."""

    def complete(incomplete: str) -> list[str]:
        return [name for name in names() if name.startswith(incomplete)]

    return complete


def model_names() -> list[str]:
    """Return the names of the models."""
    return mnist_zoo.list_models()


Model = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        callback=one_of(model_names),
        autocompletion=completed(model_names),
        help="A name that `list` shows.",
    ),
]
ModelFile = Annotated[Path, typer.Argument(metavar="FILE", help="A .keras file.")]
Data = Annotated[
    DataChoice,
    typer.Option(
        help="auto: MNIST if it can be found or downloaded, else the sample of 5,000 digits."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the results as JSON.")]
Force = Annotated[bool, typer.Option("--force", help="Replace existing files.")]
# What plots are written as, by the ending of the file.
PLOT_ENDINGS = (".png", ".svg", ".pdf")


def _plot_file(path: Path | None) -> Path | None:
    if path is not None and path.suffix.lower() not in PLOT_ENDINGS:
        raise typer.BadParameter(f"must end in {', '.join(PLOT_ENDINGS)}; got {str(path)!r}")
    return path


Plot = Annotated[
    Path | None,
    typer.Option(callback=_plot_file, help=f"Draw the results to this {', '.join(PLOT_ENDINGS)}."),
]


def check_outputs(*paths: Path | None, force: bool, marker: str | None = None) -> None:
    """Refuse, before any work is done, what cannot be written or nobody said may be replaced."""
    for path in paths:
        if path is not None:
            check_writable(path, force, marker)


def save_plot(figure: Figure, path: Path) -> None:
    """Write a figure whole, or not at all."""
    with replacing(path, overwrite=True) as part:
        figure.savefig(part, dpi=100)
