"""Count the digits of a shape, and say where each one is: a network that reads whole strings.

A *string* is ink from left to right: a digit, several that touch, or none. The network gives, for
each of :data:`STEPS` columns, the probabilities of "nothing new here" and of the ten digits. A
reading is what is left when columns that repeat a digit, and then those of nothing, are left out
(Graves et al. 2006, "Connectionist temporal classification").

``python -m tools.train_strings`` draws the strings that it learns from, and trains it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mnist_zoo.data.datasets import MNIST
from mnist_zoo.models.forward import numpy_model
from mnist_zoo.models.layers import Array, LayerSpec
from mnist_zoo.models.shipped import read_facts, read_parameters
from mnist_zoo.pictures import filters
from mnist_zoo.pictures.forms import BOX, redrawn
from mnist_zoo.pictures.opening import Plane

# The pixels of a string for the network: BOX of them are the height of its ink, which begins EDGE
# pixels from the left. The network sees every second column.
HEIGHT, WIDTH, EDGE, EVERY = 24, 88, 2, 2
STEPS = WIDTH // EVERY
# What a column may say: nothing new, or one of the ten digits.
SYMBOLS = 1 + MNIST.classes
# Strings of more digits than this count as of this many.
MOST = 4
FILE = "digit_strings"


class Strings(NamedTuple):
    """What the network says of strings.

    Attributes
    ----------
    counts : ndarray of float64, shape (n, MOST + 1)
        How probable each number of digits is, from none to :data:`MOST`.
    steps : ndarray of float32, shape (n, STEPS, SYMBOLS)
        For each column, how probable it is that there is nothing new, or which digit.
    widths : ndarray of int, shape (n,)
        The columns that each string takes.
    """

    counts: NDArray[np.float64]
    steps: NDArray[np.float32]
    widths: NDArray[np.intp]


def read_strings(inks: Sequence[Plane]) -> Strings:
    """Count the digits in shapes.

    Parameters
    ----------
    inks : sequence of ndarray of float32, shape (height, width)
        The ink of each, cut to its box: from 0, paper, to 1.

    Returns
    -------
    Strings
    """
    forms = [string_form(ink) for ink in inks]
    images = np.array([image for image, _ in forms], np.float32).reshape(-1, HEIGHT, WIDTH, 1)
    steps = _network()(images) if len(images) else np.zeros((0, STEPS, SYMBOLS), np.float32)
    widths = np.array([width for _, width in forms], np.intp)
    return Strings(count_probabilities(steps), steps, widths)


def string_form(ink: Plane) -> tuple[NDArray[np.float32], int]:
    """Return ink as the network sees it, of shape (HEIGHT, WIDTH), and the columns it takes."""
    if ink.max() <= 0.5:
        ink = ink / ink.max()  # Thin strokes that were shrunk are pale.
    left, right = filters.extent(ink.max(axis=0))
    top, bottom = filters.extent(ink.max(axis=1))
    scale = min(BOX / (bottom - top), (WIDTH - 2 * EDGE) / (right - left))
    height, width = max(1, round(scale * (bottom - top))), max(1, round(scale * (right - left)))
    down, across = ink.shape
    box = (max(0.0, left), max(0.0, top), min(across, right), min(down, bottom))
    drawn = redrawn(Image.fromarray(ink), (width, height), box)
    image = np.zeros((HEIGHT, WIDTH), np.float32)
    above = (HEIGHT - height) // 2
    image[above : above + height, EDGE : EDGE + width] = drawn
    return image, width


def count_probabilities(steps: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return how probable each number of digits is, over all ways to read the columns.

    Parameters
    ----------
    steps : ndarray of float32, shape (n, columns, symbols)
        As of :class:`Strings`.

    Returns
    -------
    ndarray of float64, shape (n, MOST + 1)
        The last one is for :data:`MOST` digits and more.
    """
    n, columns, symbols = steps.shape
    # How probable the columns so far are, by their number of digits and their last symbol.
    ways = np.zeros((n, MOST + 1, symbols))
    ways[:, 0, 0] = 1.0
    for column in range(columns):
        total = ways.sum(axis=2, keepdims=True)
        new = np.zeros_like(ways)
        new[:, :, 0] = total[..., 0]
        new[:, :, 1:] = ways[:, :, 1:]
        # A digit that is not the one of the column before is one more.
        new[:, 1:, 1:] += total[:, :-1] - ways[:, :-1, 1:]
        new[:, MOST, 1:] += total[:, MOST] - ways[:, MOST, 1:]
        ways = new * steps[:, column, None, :]
    counts: NDArray[np.float64] = ways.sum(axis=2)
    return counts


class Digits(NamedTuple):
    """The digits of the most probable reading of a string, from left to right.

    Attributes
    ----------
    places : list of float
        Where the middle of each is, from 0, the left edge of the string, to 1, its right edge.
    probabilities : ndarray of float32, shape (digits, 10)
        How probable it is that each is a zero, a one, and so on.
    """

    places: list[float]
    probabilities: NDArray[np.float32]


def most_probable(strings: Strings, number: int) -> Digits:
    """Return the digits of one of the strings."""
    steps = strings.steps[number]
    best = steps.argmax(axis=1)
    starts = np.flatnonzero(np.diff(best, prepend=-1))
    ends = np.append(starts[1:], len(best))
    columns = [(start, end) for start, end in zip(starts, ends, strict=True) if best[start]]
    middles = [EVERY * (start + end) / 2 - EDGE for start, end in columns]
    totals = np.array([steps[start:end, 1:].sum(axis=0) for start, end in columns], np.float32)
    totals = totals.reshape(-1, steps.shape[1] - 1)
    return Digits(
        [min(max(float(middle / strings.widths[number]), 0.0), 1.0) for middle in middles],
        totals / totals.sum(axis=1, keepdims=True),
    )


@cache
def _network() -> Callable[[Array], Array]:
    layers = tuple(map(LayerSpec.from_dict, read_facts(FILE)["architecture"]["layers"]))
    return numpy_model(layers, read_parameters(FILE))
