"""Compare trained models with plain ones on spoilt digits: ``python -m benchmarks.robustness``.

A plain model is of the same kind, trained for five epochs on undistorted digits. Both read the test
digits, spoilt in fifteen ways, and pictures that are no digits. It takes about ten minutes. One
seed may be lucky: ``--seeds 3 --models linear`` shows the mean and the spread of three.
"""

from __future__ import annotations

import argparse
import statistics
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
    """What the plain models of a name did, one for each seed, and the trained one."""

    plain: tuple[Robustness, ...]
    trained: Robustness


def plain_reading(name: str, data: Mnist, seed: int) -> Robustness:
    """Train a plain model of that name, and measure it."""
    model = create_model(name, seed=seed)
    fit_and_evaluate(model, data, epochs=EPOCHS, batch_size=BATCH, seed=seed, verbose=0)
    return robustness(model, data)


def measured(name: str, data: Mnist, seeds: int) -> Pair:
    """Measure so many plain models of that name, and the trained one."""
    plain = tuple(plain_reading(name, data, seed) for seed in range(seeds))
    return Pair(plain, robustness(name, data))


def rows(pairs: dict[str, Pair]) -> list[tuple[str, ...]]:
    """Return the rows of the table: plain and trained side by side.

    Of several plain models, these are the mean and the sample standard deviation in points.
    """

    def row(title: str, resembles: str, value: Callable[[Robustness], float]) -> tuple[str, ...]:
        cells = []
        for pair in pairs.values():
            plain = [value(each) for each in pair.plain]
            spread = f" ± {100.0 * statistics.stdev(plain):.1f}" if len(plain) > 1 else ""
            cells.append(f"{statistics.fmean(plain):.1%}{spread} → {value(pair.trained):.1%}")
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
    trained = [name for name in list_models() if SPECIES[name].weights]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.robustness", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1, help="plain models of each kind")
    parser.add_argument("--models", nargs="+", choices=trained, default=trained)
    options = parser.parse_args()
    data = load_mnist()
    pairs = {name: measured(name, data, options.seeds) for name in track(options.models, "models")}
    text = docs.table(("digits", "resembles", *(f"`{name}`" for name in pairs)), rows(pairs))
    if options.models == trained:
        docs.write("robustness.md", text)
    else:
        print(text)
        docs.leave("robustness.md", "all models are needed")


if __name__ == "__main__":
    main()
