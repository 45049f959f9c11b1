"""Cut digits that touch each other apart, join the parts of broken ones, leave out what is none.

:mod:`.strings` says how many digits a shape is, and where they are. A *cut* is a path from the top
of a shape to its bottom, between two digits, that crosses as little ink as possible.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnist_zoo.data.datasets import MNIST
from mnist_zoo.models.forward import predict_probabilities
from mnist_zoo.pictures import filters
from mnist_zoo.pictures.digits import Box, Candidates, Shape, in_order
from mnist_zoo.pictures.forms import fit, shrunk
from mnist_zoo.pictures.opening import Plane
from mnist_zoo.pictures.strings import Strings, most_probable, read_strings

if TYPE_CHECKING:
    import keras

# How many shapes of a picture are several digits is estimated from them and OTHERS more, of which
# the share SEVERAL is. A shape is left out if the probability of no digit is above NONE, unless the
# model is sure of a digit, above SURE, or the shape is one stroke, narrower than NARROW of its
# height, as a one is. Two are joined if that of one digit is above JOINED. Chosen on pages of
# training digits; `python -m benchmarks.touching` measures what other values of SEVERAL change.
SEVERAL, OTHERS, NONE, SURE, NARROW, JOINED = 0.1, 5, 0.8, 0.95, 0.5, 0.5
# After so many rounds the estimate hardly changes.
ROUNDS = 5
# What is narrow and HIGHEST times as high as usual, or alone in its line while more than the share
# COMPANY of the digits is not, is left out if the probability of no digit is above DOUBTED; but not
# what is narrow and as high as usual, up to a factor of ALIKE: a one may be alone.
HIGHEST, COMPANY, DOUBTED, ALIKE = 1.5, 0.8, 0.7, 1.25
# Besides the ink that it crosses, a path costs so much for each row in which it moves to a side,
# and in each row for its distance from the middle between two digits, in heights of the shape.
SIDEWAYS, AWAY = 0.02, 1.6
# A part that is lower than this share of the shape is given all of its height.
LOW = 0.5
# Shapes are close if they are at most so many usual heights apart. Together they are at most so
# many of them wide and high; in a picture of at most FEW shapes, all of which may be parts, more.
CLOSE, LARGEST, FEW, LARGEST_OF_FEW = 0.2, 1.5, 3, 2.2
# What bounds the time: the pairs of shapes that may be joined.
MOST_PAIRS = 500


class Read(NamedTuple):
    """What was found in an upright picture, and read.

    Attributes
    ----------
    candidates : Candidates
        The shapes.
    probabilities : ndarray of float32, shape (shapes, classes)
        What the model says of each.
    """

    candidates: Candidates
    probabilities: NDArray[np.float32]


def images_of(shapes: Sequence[Shape]) -> NDArray[np.float32]:
    """Return the digits of shapes as one array, of shape (n, 28, 28)."""
    images = np.array([shape.digit for shape in shapes], np.float32)
    return images.reshape(-1, *MNIST.image_shape)


def resolved(read: Read, model: str | keras.Model) -> Read:
    """Join shapes that are one digit, cut those that are several, leave out those that are none.

    Parameters
    ----------
    read : Read
        An upright picture.
    model : str or keras.Model
        As for :func:`~mnist_zoo.predict_probabilities`.

    Returns
    -------
    Read
        With the shapes that are one digit each, in no order.
    """
    return _parted(_joined(read, model), model)


def _strings(shapes: Sequence[Shape]) -> Strings:
    return read_strings([np.divide(shape.ink, 255.0, dtype=np.float32) for shape in shapes])


def _joined(read: Read, model: str | keras.Model) -> Read:
    """Join pairs of shapes that are close, and more likely one digit than none, or one each."""
    shapes = read.candidates.shapes
    pairs = _close(np.array([shape.box for shape in shapes]).reshape(-1, 4))[:MOST_PAIRS]
    wholes = [_union(shapes[one], shapes[other]) for one, other in pairs]
    single = _strings(wholes).counts[:, 1]
    numbers, places = np.unique(pairs, return_inverse=True)
    alone = _strings([shapes[number] for number in numbers]).counts[:, 1]
    apart = alone[places.reshape(pairs.shape)].prod(axis=1)
    gone: set[int] = set()
    new = []
    for number in np.argsort(-single, kind="stable"):
        pair = {int(each) for each in pairs[number]}
        if single[number] > max(JOINED, apart[number]) and not pair & gone:
            gone |= pair
            new.append(wholes[number])
    believed = predict_probabilities(images_of(new), model)
    return _replaced(read, gone, new, believed)


def _replaced(
    read: Read, gone: set[int], new: list[Shape], probabilities: NDArray[np.float32]
) -> Read:
    """Put other shapes in the place of some."""
    kept = [number for number in range(len(read.probabilities)) if number not in gone]
    shapes = [read.candidates.shapes[number] for number in kept] + new
    return Read(
        read.candidates._replace(shapes=shapes),
        np.concatenate([read.probabilities[kept], probabilities]),
    )


def _size(box: Box) -> tuple[int, int]:
    return box.right - box.left, box.bottom - box.top


def _close(boxes: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the pairs of boxes that may be parts of one digit, those that overlap most first."""
    if len(boxes) < 2:
        return np.zeros((0, 2), np.intp)
    usual = float(np.median(boxes[:, 3] - boxes[:, 1]))
    low, high = boxes[:, :2], boxes[:, 2:]
    pairs = np.stack(np.triu_indices(len(boxes), 1), axis=1)
    one, other = pairs.T
    gaps = np.maximum(low[one], low[other]) - np.minimum(high[one], high[other])
    sizes = np.maximum(high[one], high[other]) - np.minimum(low[one], low[other])
    largest = (LARGEST if len(boxes) > FEW else LARGEST_OF_FEW) * usual
    close = (gaps.max(axis=1) <= CLOSE * usual) & (sizes.max(axis=1) <= largest)
    order = np.argsort(gaps[close].sum(axis=1), kind="stable")
    found: NDArray[np.intp] = pairs[close][order]
    return found


def _union(one: Shape, other: Shape) -> Shape:
    """Return two shapes as one."""
    low = np.minimum(one.box[:2], other.box[:2])
    high = np.maximum(one.box[2:], other.box[2:])
    # The ink of both is drawn with as many pixels as that which has fewer for its size.
    scale = min(
        shape.ink.shape[axis] / max(1, _size(shape.box)[1 - axis])
        for shape in (one, other)
        for axis in (0, 1)
    )
    width, height = (max(1, round(scale * side)) for side in high - low)
    amount = np.zeros((height, width), np.float32)
    for shape in (one, other):
        across, down = (
            max(1, min(side, round(scale * own)))
            for own, side in zip(_size(shape.box), (width, height), strict=True)
        )
        small = filters.shrink(np.divide(shape.ink, 255.0, dtype=np.float32), (down, across))
        left, top = (
            min(round(scale * start), side - own)
            for start, side, own in zip(
                np.array(shape.box[:2]) - low, (width, height), (across, down), strict=True
            )
        )
        there = amount[top : top + down, left : left + across]
        np.maximum(there, small, out=there)
    return Shape(Box(*map(int, (*low, *high))), fit(amount), shrunk(amount))


def _parted(read: Read, model: str | keras.Model) -> Read:
    """Cut shapes that are several digits; leave out those that are none.

    The parts are read by :mod:`.strings`, as it sees each digit with what touches it, while a model
    sees it without some of its strokes. Only a model of other classes reads them itself.
    """
    shapes = read.candidates.shapes
    strings = _strings(shapes)
    several = _are_several(strings.counts[:, 2:].sum(axis=1))
    sizes = np.array([_size(shape.box) for shape in shapes]).reshape(-1, 2)
    narrow = sizes[:, 0] < NARROW * sizes[:, 1]
    narrow &= np.array([_is_one_stroke(shape.ink) for shape in shapes], bool)
    none = (strings.counts[:, 0] > NONE) & (read.probabilities.max(axis=1) < SURE) & ~narrow
    high = sizes[:, 1] / max(1.0, read.candidates.usual)
    as_a_one = narrow & (high > 1 / ALIKE) & (high < ALIKE)
    doubted = strings.counts[:, 0] > DOUBTED
    alone = _are_alone(read.candidates, ~doubted)
    none |= doubted & ((narrow & (high > HIGHEST)) | (alone & ~as_a_one))
    gone: set[int] = set(np.flatnonzero(none).tolist())
    new: list[Shape] = []
    rows = [np.zeros((0, MNIST.classes), np.float32)]
    for number in np.flatnonzero(several).tolist():
        digits = most_probable(strings, number)
        parts = cut(shapes[number], digits.places)
        if len(parts) == len(digits.places) > 1:
            gone.add(number)
            new += parts
            rows.append(digits.probabilities)
    believed = np.concatenate(rows)
    if read.probabilities.shape[1] != MNIST.classes:
        believed = predict_probabilities(images_of(new), model)
    left = _replaced(read, gone, new, believed)
    if new:
        # Shapes of several digits are larger than digits usually are.
        longer = [max(_size(shape.box)) for shape in left.candidates.shapes]
        usual = min(left.candidates.usual, float(np.median(longer)))
        left = left._replace(candidates=left.candidates._replace(usual=usual))
    return left


def _is_one_stroke(ink: NDArray[np.uint8]) -> bool:
    """Say whether most rows of a shape cross a single stroke."""
    starts = np.diff(ink > 127, axis=1, prepend=False) & (ink > 127)
    return bool(np.median(starts.sum(axis=1)) <= 1)


def _are_alone(candidates: Candidates, sure: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Say which shapes have no sure digit in their line, if nearly all sure digits have another."""
    order = np.array(in_order(candidates), np.intp).reshape(-1, 2)
    lines = np.zeros(len(sure), np.intp)
    lines[order[:, 1]] = order[:, 0]
    in_line = np.bincount(lines, sure, minlength=1)[lines]
    if np.count_nonzero(sure & (in_line > 1)) <= COMPANY * np.count_nonzero(sure):
        return np.zeros_like(sure)
    return np.asarray(in_line - sure == 0)


def _are_several(probabilities: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Say which shapes are several digits, given how probable it is if half of all shapes are.

    Whoever lets some digits touch does so with others. So the share of such shapes is estimated, by
    expectation maximisation.
    """
    share, odds = SEVERAL, probabilities / np.maximum(1.0 - probabilities, 1e-9)
    for _ in range(ROUNDS):
        shared = odds * share
        posterior = shared / (shared + 1.0 - share)
        share = (SEVERAL * OTHERS + posterior.sum()) / (OTHERS + len(posterior))
    return np.asarray(posterior > 0.5)


def cut(shape: Shape, places: Sequence[float]) -> list[Shape]:
    """Cut a shape between digits.

    Parameters
    ----------
    shape : Shape
        What is cut.
    places : sequence of float
        Where the middles of its digits are, from 0, its left edge, to 1, its right one.

    Returns
    -------
    list of Shape
        From left to right.
    """
    ink = np.divide(shape.ink, 255.0, dtype=np.float32)
    height, width = ink.shape
    edges = [
        np.zeros(height, np.intp),
        *find_cuts(ink, [round(place * (width - 1)) for place in places]),
        np.full(height, width),
    ]
    columns = np.arange(width)
    parts = []
    for left_edge, right_edge in itertools.pairwise(edges):
        inside = (columns >= left_edge[:, None]) & (columns < right_edge[:, None])
        own = np.where(inside, ink, np.float32(0.0))
        down, across = (np.flatnonzero((own > 0.5).any(axis=axis)) for axis in (1, 0))
        if not len(down):
            continue
        top, bottom, left, right = down[0], down[-1] + 1, across[0], across[-1] + 1
        if bottom - top < LOW * height:  # The rest of a digit is beyond the cut.
            top, bottom = 0, height
        # From pixels of the ink to pixels of the picture.
        scale_x, scale_y = (
            side / pixels for side, pixels in zip(_size(shape.box), (width, height), strict=True)
        )
        box = Box(
            shape.box.left + int(scale_x * left),
            shape.box.top + int(scale_y * top),
            shape.box.left + round(scale_x * right),
            shape.box.top + round(scale_y * bottom),
        )
        own_ink = np.rint(255.0 * own[top:bottom, left:right]).astype(np.uint8)
        parts.append(Shape(box, fit(own), own_ink))
    return parts


def find_cuts(ink: Plane, middles: Sequence[int]) -> list[NDArray[np.intp]]:
    """Find paths from the top of a shape to its bottom, between digits, that cross little ink.

    Parameters
    ----------
    ink : ndarray of float32, shape (height, width)
        From 0, paper, to 1.
    middles : sequence of int
        The columns of the middles of the digits, from left to right.

    Returns
    -------
    list of ndarray of int, shape (height,)
        For each row, the first column to the right of the cut. One less than there are digits.
    """
    return [
        left + _cheapest(ink[:, left : max(left, right) + 1])
        for left, right in itertools.pairwise(middles)
    ]


def _cheapest(ink: Plane) -> NDArray[np.intp]:
    """Return the columns of the path from the first row to the last that crosses the least ink."""
    steps = np.ones(ink.shape, np.intp)
    height, width = ink.shape
    away = np.abs(np.arange(width, dtype=np.float32) - (width - 1) / 2) / height
    ink = ink + np.float32(AWAY) * away
    cost = ink[0]
    around = np.full((3, ink.shape[1]), np.inf, np.float32)
    for row in range(1, len(ink)):
        around[0, 1:], around[1], around[2, :-1] = cost[:-1], cost, cost[1:]
        # A slanted step is longer.
        around[::2] += np.float32(SIDEWAYS) + np.float32(0.41) * ink[row]
        steps[row] = around.argmin(axis=0)
        cost = ink[row] + around.min(axis=0)
    path = np.empty(len(ink), np.intp)
    # Of paths that cost about the same, that in the middle.
    ends = np.flatnonzero(cost <= cost.min() + 1e-4)
    path[-1] = ends[len(ends) // 2]
    for row in range(len(ink) - 1, 0, -1):
        path[row - 1] = path[row] + steps[row, path[row]] - 1
    return path
