"""Measure how pictures are prepared: ``python -m benchmarks.picture_thresholds``.

Each threshold in turn is given other values. Then the shipped model reads digits of MNIST's
training split in the ways of :mod:`benchmarks.drawing`, and ink is looked for on blank pages. The
width of MNIST's strokes is measured too. It takes about ten minutes on two idle cores, and writes
``docs/results/thresholds.md``. A run with fewer digits prints its tables alone.

To measure another threshold, give it a name in its module, and a row in :data:`THRESHOLDS`.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import itertools
import os
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from benchmarks import drawing
from benchmarks.pictures import draw_and_prepare
from mnist_zoo import Split, load_mnist, predict_probabilities
from mnist_zoo.data import MNIST
from mnist_zoo.pictures import forms as rendering
from mnist_zoo.pictures.foreground import find_ink
from mnist_zoo.pictures.opening import open_grey
from tools import docs
from tools.docs import percent

# Digits that are drawn in each way, and blank pages of each kind.
DIGITS = 50
# The thresholds were chosen on the last digits of the training split: so many of them.
CHOSEN_ON = 12_000
# The class that a blank digit is given in place of a prediction.
NO_DIGIT = -1
# What a threshold's value is multiplied by.
FACTORS = (0.5, 0.75, 1.5, 2.0)
# Larger pictures are left out: they would take most of the time.
LARGEST_SIDE = 300


class Threshold(NamedTuple):
    """A constant of a module of ``mnist_zoo.pictures``."""

    module: str
    name: str

    @property
    def value(self) -> float:
        """Its value in use."""
        value: float = getattr(self._owner, self.name)
        return value

    @property
    def _owner(self) -> Any:
        return importlib.import_module(f"mnist_zoo.pictures.{self.module}")

    def candidates(self) -> list[float]:
        """Return the other values that are tried; whole numbers stay whole numbers."""
        values = [factor * self.value for factor in FACTORS]
        return [round(value) for value in values] if isinstance(self.value, int) else values

    @contextlib.contextmanager
    def replaced(self, value: float) -> Iterator[None]:
        """Give it another value for a while."""
        before = self.value
        setattr(self._owner, self.name, value)
        try:
            yield
        finally:
            setattr(self._owner, self.name, before)


THRESHOLDS = (
    Threshold("foreground", "COARSE_SIDE"),
    Threshold("foreground", "POLARITY_SIDE"),
    Threshold("foreground", "POLARITY_WINDOW"),
    Threshold("foreground", "WIDEST_STROKE"),
    Threshold("foreground", "USUAL_STROKE"),
    Threshold("foreground", "LEAST_CONTRAST"),
    Threshold("foreground", "LEAST_DEVIATIONS"),
    Threshold("foreground", "DIMMEST"),
    Threshold("foreground", "EDGE"),
    Threshold("foreground", "LEAST_SIDE_FOR_NOISE"),
    Threshold("forms", "THINNEST"),
    Threshold("forms", "USUAL"),
    Threshold("forms", "FINE"),
)


class Blank(NamedTuple):
    """A kind of page without ink.

    Attributes
    ----------
    side : int
        Its width and height, in pixels.
    noise : float
        The standard deviation of its noise, as a share of white.
    uneven : bool
        Whether the light falls by half across it.
    """

    side: int
    noise: float
    uneven: bool

    def draw(self, rng: np.random.Generator) -> NDArray[np.uint8]:
        """Return such a page."""
        paper = drawing.on_paper(np.zeros((self.side, self.side), np.float32))
        if self.uneven:
            paper = drawing.lit(paper, rng)
        return drawing.to_uint8(drawing.noisy(paper, rng, self.noise))


BLANKS = (
    Blank(28, 0.05, uneven=False),
    Blank(64, 0.10, uneven=False),
    Blank(200, 0.05, uneven=True),
    Blank(200, 0.10, uneven=True),
)


class Outcome(NamedTuple):
    """What was measured with one set of values.

    Attributes
    ----------
    right : ndarray of bool, shape (conditions, digits)
        Whether each picture is read rightly.
    blank : float
        The share of blank pages on which ink is found.
    """

    right: NDArray[np.bool_]
    blank: float


class Trial(NamedTuple):
    """A threshold with another value, and what was measured with it."""

    threshold: Threshold
    value: float
    outcome: Outcome


def prepare_with(
    threshold: Threshold, value: float, job: tuple[int, int, NDArray[Any]]
) -> NDArray[np.float32]:
    """Draw a digit under a condition and prepare it, with another value of a threshold.

    With some values the digit vanishes and the preparation fails; then a blank digit is returned.
    """
    condition, number, digit = job
    with threshold.replaced(value), contextlib.suppress(ValueError):
        return draw_and_prepare(condition, (number, digit))
    return np.zeros(MNIST.image_shape, np.float32)


def finds_ink_with(threshold: Threshold, value: float, job: tuple[int, int]) -> bool:
    """Say whether ink is found on a blank page, with another value of a threshold."""
    kind, number = job
    page = BLANKS[kind].draw(np.random.default_rng([kind, number]))
    with threshold.replaced(value):
        return find_ink(open_grey(page).plane) is not None


def measure(
    pool: Executor, digits: Split, conditions: list[int], threshold: Threshold, value: float
) -> Outcome:
    """Read every digit under every condition, and look at blank pages."""
    numbers = range(len(digits.x))
    drawn = [(c, number, digits.x[number]) for c, number in itertools.product(conditions, numbers)]
    blanks = list(itertools.product(range(len(BLANKS)), numbers))
    images = pool.map(partial(prepare_with, threshold, value), drawn, chunksize=10)
    found = pool.map(partial(finds_ink_with, threshold, value), blanks, chunksize=10)
    prepared = np.array(list(images))
    predictions = predict_probabilities(prepared).argmax(axis=1)
    predictions[~prepared.any(axis=(1, 2))] = NO_DIGIT
    right = predictions.reshape(len(conditions), -1) == digits.y
    return Outcome(right, float(np.mean(list(found))))


def measure_all(
    pool: Executor, digits: Split, conditions: list[int]
) -> tuple[Outcome, list[Trial]]:
    """Measure with the values in use, and with every candidate."""
    first = THRESHOLDS[0]
    in_use = measure(pool, digits, conditions, first, first.value)
    trials = []
    for threshold in THRESHOLDS:
        for value in threshold.candidates():
            started = time.perf_counter()
            outcome = measure(pool, digits, conditions, threshold, value)
            trials.append(Trial(threshold, value, outcome))
            seconds = time.perf_counter() - started
            text = f"{threshold.name} = {value:g}: {outcome.right.mean():.4f} ({seconds:.0f} s)"
            print(text, file=sys.stderr, flush=True)
    return in_use, trials


def small_conditions(digit: NDArray[Any]) -> list[int]:
    """Return the numbers of the conditions whose pictures are not too large."""
    pictures = [
        open_grey(condition.draw(digit, np.random.default_rng(0)))
        for condition in drawing.CONDITIONS
    ]
    return [n for n, picture in enumerate(pictures) if max(picture.plane.shape) <= LARGEST_SIDE]


def stroke_width(digit: NDArray[Any]) -> float:
    """Return the width of a digit's strokes, in pixels."""
    fine = rendering.FINE
    size = (fine * digit.shape[1], fine * digit.shape[0])
    inside = np.asarray(Image.fromarray(digit).resize(size, Image.Resampling.BICUBIC)) > 0.5
    return rendering.stroke_width(ndimage.distance_transform_edt(np.pad(inside, 1)))


def widths_table(widths: NDArray[np.float64]) -> str:
    """Return the strokes' 5th percentile and median, beside the values in use."""

    def cells(name: str, values: NDArray[np.float64]) -> tuple[str, ...]:
        return (name, *(f"{np.percentile(values, share):.2f}" for share in (5, 50)))

    rows = [
        cells(f"the last {CHOSEN_ON:,} of the training split", widths[-CHOSEN_ON:]),
        cells(f"all {len(widths):,} of the training split", widths),
        ("in use: `THINNEST`, `USUAL`", f"{rendering.THINNEST:g}", f"{rendering.USUAL:g}"),
    ]
    return docs.table(("width of strokes, in pixels", "5th percentile", "median"), rows)


def thresholds_table(in_use: Outcome, trials: Iterable[Trial], conditions: list[int]) -> str:
    """Return what was measured with each value of each threshold."""
    names = [drawing.CONDITIONS[number].name for number in conditions]
    rows = [("all in use", "", percent(in_use.right.mean()), "", "", "", "", percent(in_use.blank))]
    for threshold, value, outcome in trials:
        change = outcome.right.mean(axis=1) - in_use.right.mean(axis=1)
        worst = int(change.argmin())
        rows.append(
            (
                f"`{threshold.name}`, in use {threshold.value:g}",
                f"{value:g}",
                percent(outcome.right.mean()),
                f"{100 * change.mean():+.2f}",
                str(int((in_use.right & ~outcome.right).sum())),
                str(int((outcome.right & ~in_use.right).sum())),
                f"{names[worst]}: {100 * change[worst]:+.0f}" if change[worst] < 0 else "",
                percent(outcome.blank),
            )
        )
    headings = (
        "threshold",
        "value",
        "accuracy",
        "change, in points",
        "pictures lost",
        "pictures won",
        "largest loss, in points",
        "blank pages with ink",
    )
    return docs.table(headings, rows)


def introduction(digits: int, conditions: list[int]) -> str:
    """Return how the thresholds were measured."""
    return (
        f"The last {digits} digits of MNIST's training split, drawn in {len(conditions)} ways "
        f"({digits * len(conditions):,} pictures of at most {LARGEST_SIDE} pixels a side), and "
        f"{digits * len(BLANKS):,} blank pages with noise. One threshold at a time has another "
        "value. Pictures *lost* are read rightly with the values in use and wrongly with the other "
        "one; pictures *won* are the reverse. The model has been trained on most of these digits, "
        "so only the changes count. The pictures are of few digits, so a change of a few pictures "
        "may be chance.\n"
    )


def main() -> None:
    """Measure, print the tables, and write them."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.picture_thresholds", description=__doc__
    )
    parser.add_argument("--digits", type=int, default=DIGITS, help="digits to draw in each way")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes")
    options = parser.parse_args()
    train = load_mnist().train
    digits = Split(train.x[-options.digits :], train.y[-options.digits :])
    conditions = small_conditions(digits.x[0])
    with ProcessPoolExecutor(options.workers) as pool:
        widths = np.array(list(pool.map(stroke_width, train.x, chunksize=500)))
        in_use, trials = measure_all(pool, digits, conditions)
    text = "\n".join(
        [
            widths_table(widths),
            introduction(options.digits, conditions),
            thresholds_table(in_use, trials, conditions),
        ]
    )
    print(text, end="")
    if options.digits < DIGITS:
        docs.leave("thresholds.md", f"at least {DIGITS} digits are needed; got {options.digits}")
    else:
        docs.write("thresholds.md", text)


if __name__ == "__main__":
    main()
