"""Fit how digits that touch are told from one digit: ``python -m benchmarks.touching``.

Groups of two and three digits that touch, single digits, single digits of a wide hand, and broken
ones are written by :mod:`benchmarks.writing` and photographed in good light. The digits are those
of MNIST's training split that the shipped models were not trained on: the plan digits to fit on,
the seed digits to measure on. Every shape is cut in the best way by
:func:`mnist_zoo.pictures.parting.trials`, and a logistic regression of the evidence gives the
weights. The tables are printed: weights, and what other thresholds would change.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.linear_model import LogisticRegression

from benchmarks import phone, writing
from benchmarks.writing import Pen, Plane, Style
from mnist_zoo import Split, load_mnist
from mnist_zoo.models.forward import DEFAULT_MODEL, predict_probabilities
from mnist_zoo.pictures import parting
from mnist_zoo.pictures.digits import find_candidates
from mnist_zoo.pictures.parting import Evidence, Read, images_of, trials
from mnist_zoo.training.reproducing import parts_of
from tools import docs

# By how much of their height digits of a group overlap at most; how wide a wide hand writes, as a
# multiple; and the gaps of broken digits, as a share of their height.
OVERLAP, STRETCH, GAP = 0.15, (1.0, 1.6), (0.02, 0.1)
THRESHOLDS = (-1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0)


class Kind(NamedTuple):
    """A kind of shape, and how much each counts in the fit."""

    name: str
    digits: int
    weight: float
    wide: bool = False
    broken: bool = False


# A single digit that is cut does more harm than a pair that is not, and there are far more of them.
KINDS = (
    Kind("one digit", 1, 4.0),
    Kind("one digit of a wide hand", 1, 1.0, wide=True),
    Kind("one broken digit", 1, 2.0, broken=True),
    Kind("two that touch", 2, 1.0),
    Kind("three that touch", 3, 1.0),
)


class Outcome(NamedTuple):
    """What is known of one shape: its digits, its readings whole and in parts, and the evidence."""

    digits: str
    whole: str
    parts: str
    evidence: Evidence


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


def outcome(job: tuple[int, int], digits: Split) -> Outcome | None:
    """Write, photograph and cut one shape; return None if it is found as several shapes."""
    kind, number = job
    rng = np.random.default_rng([kind, number])
    chosen = rng.integers(0, len(digits.x), KINDS[kind].digits)
    ink = ink_of(KINDS[kind], digits.x[chosen], rng)
    candidates = find_candidates(phone.photo(phone.scene(ink, rng), rng))
    if len(candidates.shapes) != 1:
        return None
    probabilities = predict_probabilities(images_of(candidates.shapes))
    (trial,) = trials(Read(candidates, probabilities), [0], DEFAULT_MODEL)
    if trial is None:
        return None
    return Outcome(
        "".join(str(label) for label in digits.y[chosen]),
        _text(probabilities),
        _text(trial.probabilities),
        trial.evidence,
    )


def _text(probabilities: NDArray[np.float32]) -> str:
    return "".join(str(label) for label in probabilities.argmax(axis=1))


def outcomes(pool: ProcessPoolExecutor, digits: Split, count: int) -> list[list[Outcome]]:
    """Return the outcomes of so many shapes of each kind."""
    work = partial(outcome, digits=digits)
    return [
        [each for each in pool.map(work, [(k, n) for n in range(count)], chunksize=10) if each]
        for k in range(len(KINDS))
    ]


def fitted(kinds: list[list[Outcome]]) -> tuple[Evidence, float]:
    """Return the weights of the evidence, and what is added."""
    evidence = [each.evidence for kind in kinds for each in kind]
    several = [len(each.digits) > 1 for kind in kinds for each in kind]
    weights = [kind.weight for kind, own in zip(KINDS, kinds, strict=True) for _ in own]
    model = LogisticRegression(C=10.0, max_iter=10_000)
    model.fit(np.array(evidence), several, weights)
    return Evidence(*model.coef_[0].tolist()), float(model.intercept_[0])


def rows(kinds: list[list[Outcome]], weights: Evidence, constant: float) -> list[list[str]]:
    """Return a row for each threshold: the share of each kind that is read rightly."""
    table = []
    for threshold in THRESHOLDS:
        cells = [f"{threshold:g}"]
        for own in kinds:
            right = [
                (
                    each.parts
                    if constant + np.dot(weights, each.evidence) > threshold
                    else each.whole
                )
                == each.digits
                for each in own
            ]
            cells.append(docs.percent(float(np.mean(right))))
        table.append(cells)
    before = [docs.percent(np.mean([x.whole == x.digits for x in own]).item()) for own in kinds]
    return [["never cut", *before], *table]


def main() -> None:
    """Fit, measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.touching", description=__doc__)
    parser.add_argument("--shapes", type=int, default=1500, help="shapes of each kind")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    options = parser.parse_args()
    parts = parts_of(load_mnist().train)
    headings = ("cut above", *(kind.name for kind in KINDS))
    with ProcessPoolExecutor(options.workers) as pool:
        plan, seed = (outcomes(pool, part, options.shapes) for part in (parts.plan, parts.seed))
    weights, constant = fitted(plan)
    print("fitted on the plan digits:", weights, constant)
    for name, digits in (("plan", plan), ("seed", seed)):
        table = docs.table(headings, rows(digits, weights, constant))
        print(f"\nThe {name} digits, with these weights\n\n{table}")
    in_use = rows(seed, parting.WEIGHTS, parting.CONSTANT)
    print(f"\nThe seed digits, with the weights in use\n\n{docs.table(headings, in_use)}")


if __name__ == "__main__":
    main()
