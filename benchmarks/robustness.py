"""Compare trained models with plain ones on spoilt digits: ``python -m benchmarks.robustness``.

A plain model is of the same kind, trained for five epochs on undistorted digits. Both read the test
digits, spoilt in fifteen ways, and pictures that are no digits. It takes about ten minutes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from rich.progress import track

from mnist_zoo import (
    Mnist,
    Robustness,
    create_model,
    fit_and_evaluate,
    list_models,
    load_mnist,
    robustness,
)
from mnist_zoo.evaluation.corruptions import CORRUPTIONS
from mnist_zoo.evaluation.nondigits import NON_DIGITS
from mnist_zoo.models.species import SPECIES
from tools import docs

EPOCHS, BATCH = 5, 128


class Pair(NamedTuple):
    """What the plain and the trained model of a name did."""

    plain: Robustness
    trained: Robustness


def measured(name: str, data: Mnist) -> Pair:
    """Train a plain model of that name, and measure it and the trained one."""
    plain = create_model(name, seed=0)
    fit_and_evaluate(plain, data, epochs=EPOCHS, batch_size=BATCH, seed=0, verbose=0)
    return Pair(robustness(plain, data), robustness(name, data))


def rows(pairs: dict[str, Pair]) -> list[tuple[str, ...]]:
    """Return the rows of the table: plain and trained side by side."""

    def row(title: str, resembles: str, value: Callable[[Robustness], float]) -> tuple[str, ...]:
        cells = [f"{value(pair.plain):.1%} → {value(pair.trained):.1%}" for pair in pairs.values()]
        return (title, resembles, *cells)

    def corrupted(kind: str) -> Callable[[Robustness], float]:
        return lambda each: each.corrupted[kind].accuracy

    def sure(kind: str) -> Callable[[Robustness], float]:
        return lambda each: each.doubts[kind].sure

    return [
        row("as they are", "", lambda each: each.clean.accuracy),
        *(row(f"`{kind}`", each.resembles, corrupted(kind)) for kind, each in CORRUPTIONS.items()),
        row("mean of the fifteen", "", lambda each: each.mean),
        row("mean of those unlike training", "", lambda each: each.mean_unlike_training),
        *(row(f"over 90 % sure of {kind}", "", sure(kind)) for kind in NON_DIGITS),
    ]


def main() -> None:
    """Measure every model with trained parameters, and write the table."""
    data = load_mnist()
    names = [name for name in list_models() if SPECIES[name].weights]
    pairs = {name: measured(name, data) for name in track(names, "models")}
    headings = ("digits", "resembles", *(f"`{name}`" for name in names))
    docs.write("robustness.md", docs.table(headings, rows(pairs)))


if __name__ == "__main__":
    main()
