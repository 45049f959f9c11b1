"""How well digits that touch are told from one digit: ``python -m benchmarks.touching``.

Groups of two and three digits that touch, single digits, single digits of a wide hand, and broken
ones are written by :mod:`benchmarks.writing` and photographed in good light. The digits are those
of MNIST's training split that the shipped models were not trained on: the plan digits, on which
thresholds are chosen, and the seed digits. The tables are printed: the share of each kind that is
read rightly, for several thresholds of :mod:`mnist_zoo.pictures.parting`.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import NamedTuple

import numpy as np
from PIL import Image

from benchmarks import phone, writing
from benchmarks.picture_thresholds import Threshold
from benchmarks.writing import Pen, Plane, Style
from mnist_zoo import Split, load_mnist
from mnist_zoo.models.forward import DEFAULT_MODEL
from mnist_zoo.pictures.digits import Candidates, find_candidates
from mnist_zoo.pictures.reading import read_found
from mnist_zoo.training.reproducing import parts_of
from tools import docs

# By how much of their height digits of a group overlap at most; how wide a wide hand writes, as a
# multiple; and the gaps of broken digits, as a share of their height.
OVERLAP, STRETCH, GAP = 0.15, (1.0, 1.6), (0.02, 0.1)
# What is tried for `parting.SEVERAL`.
SHARES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)


class Kind(NamedTuple):
    """A kind of shape."""

    name: str
    digits: int
    wide: bool = False
    broken: bool = False


KINDS = (
    Kind("one digit", 1),
    Kind("one digit of a wide hand", 1, wide=True),
    Kind("one broken digit", 1, broken=True),
    Kind("two that touch", 2),
    Kind("three that touch", 3),
)


class Written(NamedTuple):
    """Digits, and what was found in their photo."""

    digits: str
    found: Candidates


def ink_of(kind: Kind, digits: Plane, rng: np.random.Generator) -> Plane:
    """Write digits of a kind onto a small sheet."""
    size = float(rng.uniform(50.0, 110.0))
    pen = Pen(float(rng.uniform(0.05, 0.13)) * size, 0.8)
    ink = np.zeros((round(2.2 * size), round((1.1 * len(digits) + 1.2) * size), 3), np.float32)
    start = np.array([1.1 * size, 0.2 * size])
    style = Style(touching=OVERLAP, gap=float(rng.uniform(*GAP)) if kind.broken else 0.0)
    writing.write_group(ink, digits, start, size, style, pen, rng)
    if kind.wide:
        width = round(ink.shape[1] * rng.uniform(*STRETCH))
        ink = np.stack(
            [
                np.asarray(
                    Image.fromarray(plane).resize((width, len(ink)), Image.Resampling.BICUBIC)
                )
                for plane in np.moveaxis(ink, -1, 0)
            ],
            axis=-1,
        )
    return ink.clip(0.0, 1.0)


def written(job: tuple[int, int], digits: Split) -> Written:
    """Write and photograph digits of a kind."""
    kind, number = job
    rng = np.random.default_rng([kind, number])
    chosen = rng.integers(0, len(digits.x), KINDS[kind].digits)
    ink = ink_of(KINDS[kind], digits.x[chosen], rng)
    found = find_candidates(phone.photo(phone.scene(ink, rng), rng))
    return Written("".join(map(str, digits.y[chosen])), found)


def right(each: Written, share: float) -> bool:
    """Say whether digits are read as they were written."""
    with Threshold("parting", "SEVERAL").replaced(share):
        return str(read_found(each.found, DEFAULT_MODEL, 0.0)).replace("\n", "") == each.digits


def table(pool: ProcessPoolExecutor, digits: Split, count: int) -> str:
    """Return the share of each kind that is read rightly, for each value of SEVERAL."""
    kinds = [
        list(pool.map(partial(written, digits=digits), [(k, n) for n in range(count)]))
        for k in range(len(KINDS))
    ]
    rows = []
    for several in SHARES:
        shares = [
            float(np.mean(list(pool.map(partial(right, share=several), own)))) for own in kinds
        ]
        rows.append((f"{several:g}", *map(docs.percent, shares)))
    return docs.table(("share of several", *(kind.name for kind in KINDS)), rows)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.touching", description=__doc__)
    parser.add_argument("--shapes", type=int, default=500, help="shapes of each kind")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    options = parser.parse_args()
    parts = parts_of(load_mnist().train)
    with ProcessPoolExecutor(options.workers) as pool:
        for name, digits in (("plan", parts.plan), ("seed", parts.seed)):
            print(f"\nThe {name} digits\n\n{table(pool, digits, options.shapes)}")


if __name__ == "__main__":
    main()
