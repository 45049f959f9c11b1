"""Cut digits that touch each other apart, and join the parts of broken ones, as a model believes.

A *cut* is a path from the top of a shape to its bottom that crosses as little ink as possible. Cuts
are found by the form of the ink alone. The model reads what is between any two cuts, and shapes
that lie close together as one. :class:`Evidence` then weighs several digits against one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnist_zoo.data.datasets import MNIST
from mnist_zoo.models.forward import predict_probabilities
from mnist_zoo.pictures import filters
from mnist_zoo.pictures.digits import Box, Candidates, Shape, fit, shrunk
from mnist_zoo.pictures.filters import Mask
from mnist_zoo.pictures.opening import Plane

if TYPE_CHECKING:
    import keras

# A shape that is wider than WIDE of its heights is wide, and a part that is lower than LOW of them
# is low.
WIDE, LOW = 0.8, 0.85
# What a row of parts costs: for each stroke that is crossed, and for the squares by which each part
# is wider than SLIM heights of the shape, and lower than LOW of them.
ROW_CROSSED, ROW_WIDTH, ROW_LACKING, SLIM = 0.17, 2.0, 9.0, 0.35
# A path costs so much for each row in which it moves to a side, besides the ink that it crosses.
SIDEWAYS = 0.02
# The most cuts that are tried in a shape, and the least share of its ink between two of them. A
# part is at most so many times as wide as the shape is high, and at least so high.
MOST_CUTS, LEAST_PART, WIDEST_PART, LOWEST_PART = 6, 0.08, 1.4, 0.4
# Shapes are close if they are at most so many usual heights apart. Together they are at most so
# many of them wide and high; in a picture of at most FEW shapes, all of which may be parts, more.
CLOSE, LARGEST, FEW, LARGEST_OF_FEW = 0.2, 1.25, 3, 2.2
# What bounds the time: the shapes that are cut on trial, and the images that the model reads then.
MOST_SHAPES, MOST_IMAGES = 100, 500
# The least probability that is distinguished from 0.
LEAST = 1e-6


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


class Evidence(NamedTuple):
    """What is known of a shape and of the parts that it may have.

    Attributes
    ----------
    doubt : float
        The logarithm of the probability that the whole is another digit than that which it is read
        as.
    belief : float
        The logarithm of the probability that all parts are what they are read as.
    width : float
        By how many of its heights the whole is wider than :data:`WIDE` of them.
    crossings : float
        How often each cut goes into ink, on average.
    lacking : float
        By how many heights of the whole its lowest part is lower than :data:`LOW` of them.
    """

    doubt: float
    belief: float
    width: float
    crossings: float
    lacking: float


# The weights of the evidence, and what is added: the sum is the logarithm of how many times more
# likely several digits are than one. A shape with a sum above CUT is cut; two shapes are joined if
# that of the whole is below JOIN. `python -m benchmarks.touching` fits the weights, and measures
# what other values of CUT change: CUT is high, as single digits are far more frequent.
WEIGHTS, CONSTANT = Evidence(0.4, 3.4, 3.8, -1.6, -8.8), 5.1
CUT, JOIN = 3.0, 1.5


class Cuts(NamedTuple):
    """Where a shape may be cut.

    Attributes
    ----------
    paths : ndarray of int, shape (cuts, height)
        For each row, the first column to the right of the cut. From left to right.
    strokes : ndarray of float, shape (cuts,)
        How many strokes each crosses: its ink, divided by the width of the strokes.
    crossings : ndarray of int, shape (cuts,)
        How often each goes into ink.
    """

    paths: NDArray[np.intp]
    strokes: NDArray[np.float64]
    crossings: NDArray[np.intp]


class _Part(NamedTuple):
    """What is between two cuts, and its width and height as shares of the shape's height."""

    shape: Shape
    width: float
    height: float


class _Row(NamedTuple):
    """A row of parts from the left edge of a shape."""

    cost: float
    images: tuple[int, ...]  # the number of each part
    cuts: tuple[int, ...]  # the number of each cut


def images_of(shapes: Sequence[Shape]) -> NDArray[np.float32]:
    """Return the digits of shapes as one array, of shape (n, 28, 28)."""
    images = np.array([shape.digit for shape in shapes], np.float32)
    return images.reshape(-1, *MNIST.image_shape)


def resolved(read: Read, model: str | keras.Model) -> Read:
    """Join shapes that the model believes to be one digit; cut those that are several.

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


def weighed(evidence: Evidence) -> float:
    """Return how likely several digits are: the logarithm of their odds against one."""
    return CONSTANT + sum(weight * each for weight, each in zip(WEIGHTS, evidence, strict=True))


def _evidence(
    whole: NDArray[np.float32],
    parts: NDArray[np.float32],
    width: float,
    lowest: float,
    crossings: float = 0.0,
) -> Evidence:
    """Return the evidence, given the probabilities of the whole, (classes,), and of each part."""
    return Evidence(
        doubt=float(np.log(max(1.0 - float(whole.max()), LEAST))),
        belief=float(np.log(np.maximum(parts.max(axis=1), LEAST)).sum()),
        width=max(0.0, width - WIDE),
        crossings=crossings,
        lacking=max(0.0, LOW - lowest),
    )


def _joined(read: Read, model: str | keras.Model) -> Read:
    """Join pairs of shapes that are close, where the model believes them to be one digit."""
    shapes, probabilities = read.candidates.shapes, read.probabilities
    pairs = _close(np.array([shape.box for shape in shapes]).reshape(-1, 4))[:MOST_IMAGES]
    if not len(pairs):
        return read
    wholes = [_union(shapes[one], shapes[other]) for one, other in pairs]
    believed = predict_probabilities(images_of(wholes), model)
    scores = []
    for pair, whole, probability in zip(pairs, wholes, believed, strict=True):
        width, height = _size(whole.box)
        lowest = min(_size(shapes[number].box)[1] for number in pair) / height
        evidence = _evidence(probability, probabilities[pair], width / height, lowest)
        scores.append(weighed(evidence))
    gone: set[int] = set()
    new = []
    for number in np.argsort(scores, kind="stable"):
        pair = {int(each) for each in pairs[number]}
        if scores[number] < JOIN and not pair & gone:
            gone |= pair
            new.append(int(number))
    return _replaced(read, gone, [wholes[number] for number in new], believed[new])


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
    """Cut shapes where the model believes that they are several digits."""
    # The most likely first.
    likely = np.array(
        [
            _at_best(probability, shape.box, 1.0)
            for shape, probability in zip(read.candidates.shapes, read.probabilities, strict=True)
        ]
    )
    order = np.argsort(-likely, kind="stable")
    numbers = [int(number) for number in order[:MOST_SHAPES] if likely[number] > CUT]
    gone: set[int] = set()
    new: list[Shape] = []
    probabilities = [np.zeros((0, read.probabilities.shape[1]), np.float32)]
    for number, trial in zip(numbers, trials(read, numbers, model, CUT), strict=True):
        if trial is not None and weighed(trial.evidence) > CUT:
            gone.add(number)
            new += trial.parts
            probabilities.append(trial.probabilities)
    return _replaced(read, gone, new, np.concatenate(probabilities))


class Trial(NamedTuple):
    """The best way to cut a shape.

    Attributes
    ----------
    parts : list of Shape
        From left to right.
    probabilities : ndarray of float32, shape (parts, classes)
        What the model says of each.
    evidence : Evidence
        Of the shape and these parts.
    """

    parts: list[Shape]
    probabilities: NDArray[np.float32]
    evidence: Evidence


def _at_best(whole: NDArray[np.float32], box: Box, crossings: float) -> float:
    """Return how likely several digits are if the model believes in parts as high as the whole."""
    width, height = _size(box)
    sure = np.ones((1, 1), np.float32)
    return weighed(_evidence(whole, sure, width / height, 1.0, crossings))


def trials(
    read: Read, numbers: Sequence[int], model: str | keras.Model, least: float = -np.inf
) -> list[Trial | None]:
    """Cut shapes in the best way.

    All their parts are read in one call. Where there are too many parts, the last shapes are left.

    Parameters
    ----------
    read : Read
        An upright picture.
    numbers : sequence of int
        The shapes to cut.
    model : str or keras.Model
        As for :func:`~mnist_zoo.predict_probabilities`.
    least : float, optional
        Cuts by which several digits cannot be more likely than this are not tried, to save time.

    Returns
    -------
    list of Trial or None
        One for each number; None if there is no way to cut that shape.
    """
    cuts: list[Cuts] = []
    places: list[dict[tuple[int, int], int]] = []
    parts: list[_Part] = []
    for number in numbers:
        shape = read.candidates.shapes[number]
        found = {}
        if len(parts) < MOST_IMAGES:
            own = find_cuts(np.divide(shape.ink, 255.0, dtype=np.float32))
            hopeful = [
                _at_best(read.probabilities[number], shape.box, crossings) > least
                for crossings in own.crossings.tolist()
            ]
            cuts.append(Cuts(own.paths[hopeful], own.strokes[hopeful], own.crossings[hopeful]))
            for between, part in _parts(shape, cuts[-1]).items():
                found[between] = len(parts)
                parts.append(part)
        places.append(found)
    if not parts:
        return [None] * len(numbers)
    believed = predict_probabilities(images_of([part.shape for part in parts]), model)
    results: list[Trial | None] = [None] * len(numbers)
    for trial, (number, own, found) in enumerate(zip(numbers, cuts, places, strict=False)):
        row = _best_row(own, found, parts, believed)
        if row is None:
            continue
        images, crossed = list(row.images), list(row.cuts)
        width, height = _size(read.candidates.shapes[number].box)
        evidence = _evidence(
            read.probabilities[number],
            believed[images],
            width / height,
            min(parts[image].height for image in images),
            float(own.crossings[crossed].mean()),
        )
        results[trial] = Trial([parts[each].shape for each in images], believed[images], evidence)
    return results


def _parts(shape: Shape, cuts: Cuts) -> dict[tuple[int, int], _Part]:
    """Return what is between any two cuts; 0 is the left edge, and the last is the right one."""
    ink = np.divide(shape.ink, 255.0, dtype=np.float32)
    height, width = ink.shape
    edges = np.concatenate(
        [np.zeros((1, height), np.intp), cuts.paths, np.full((1, height), width, np.intp)]
    )
    columns = np.arange(width)
    found = {}
    for first in range(len(edges) - 1):
        for last in range(first + 1, len(edges)):
            if (first, last) == (0, len(edges) - 1):
                continue
            inside = (columns >= edges[first][:, None]) & (columns < edges[last][:, None])
            own = np.where(inside, ink, np.float32(0.0))
            down, across = (np.flatnonzero((own > 0.5).any(axis=axis)) for axis in (1, 0))
            if not len(down):
                continue
            top, bottom, left, right = down[0], down[-1] + 1, across[0], across[-1] + 1
            if bottom - top < LOWEST_PART * height or right - left > WIDEST_PART * height:
                continue
            # From pixels of the ink to pixels of the picture.
            scale_x, scale_y = (
                side / pixels
                for side, pixels in zip(_size(shape.box), (width, height), strict=True)
            )
            box = Box(
                shape.box.left + int(scale_x * left),
                shape.box.top + int(scale_y * top),
                shape.box.left + round(scale_x * right),
                shape.box.top + round(scale_y * bottom),
            )
            own_ink = np.rint(255.0 * own[top:bottom, left:right]).astype(np.uint8)
            part = Shape(box, fit(own), own_ink)
            found[first, last] = _Part(part, (right - left) / height, (bottom - top) / height)
    return found


def _best_row(
    cuts: Cuts,
    places: dict[tuple[int, int], int],
    parts: Sequence[_Part],
    believed: NDArray[np.float32],
) -> _Row | None:
    """Return the best row of parts from the left edge to the right one; None if there is none."""
    best = {0: _Row(0.0, (), ())}
    for (first, last), image in sorted(places.items(), key=lambda place: place[0][1]):
        if first not in best:
            continue
        before, part = best[first], parts[image]
        strokes = float(cuts.strokes[first - 1]) if first else 0.0
        cost = before.cost - float(np.log(max(float(believed[image].max()), LEAST)))
        cost += ROW_CROSSED * strokes + ROW_WIDTH * max(0.0, part.width - SLIM) ** 2
        cost += ROW_LACKING * max(0.0, LOW - part.height) ** 2
        if last not in best or cost < best[last].cost:
            own = (first - 1,) if first else ()
            best[last] = _Row(cost, (*before.images, image), before.cuts + own)
    return best.get(len(cuts.strokes) + 1)


def find_cuts(ink: Plane, most: int = MOST_CUTS) -> Cuts:
    """Find paths from the top of a shape to its bottom that cross little ink, and open no loop.

    Parameters
    ----------
    ink : ndarray of float32, shape (height, width)
        From 0, paper, to 1.
    most : int, default 6
        At most so many are found.

    Returns
    -------
    Cuts
    """
    height = len(ink)
    middle = height // 2
    above, steps_above = _cheapest(ink[: middle + 1])
    below, steps_below = _cheapest(ink[middle:][::-1])
    upper, lower = _traced(steps_above), _traced(steps_below)
    # The cheapest path through each column of the middle row.
    paths = np.concatenate([upper[::-1], lower[1:]])
    rows = np.arange(height)[:, None]
    before = np.cumsum(np.pad(ink, ((0, 0), (1, 0))), axis=1, dtype=np.float64)
    share = before[rows, paths].sum(axis=0) / max(float(before[:, -1].sum()), LEAST)
    allowed = (share > LEAST_PART) & (share < 1.0 - LEAST_PART)
    allowed &= ~_loops(ink <= 0.5)[rows, np.minimum(paths, ink.shape[1] - 1)].any(axis=0)
    cost = np.where(allowed, above + below - ink[middle], np.inf)
    chosen: list[int] = []
    while len(chosen) < most and np.isfinite(cost).any():
        cheapest = np.flatnonzero(cost <= cost.min() + 1e-4)
        column = int(cheapest[len(cheapest) // 2])
        chosen.append(column)
        cost[np.abs(share - share[column]) < LEAST_PART] = np.inf
    chosen.sort()
    crossed = ink[rows, paths[:, chosen]]
    entered = np.diff(crossed > 0.5, axis=0, prepend=False) & (crossed > 0.5)
    strokes = crossed.sum(axis=0) / _stroke_width(ink > 0.5)
    return Cuts(paths[:, chosen].T, strokes, entered.sum(axis=0))


def _loops(paper: Mask) -> Mask:
    """Return the paper that ink encloses, as in a zero: what does not reach the rim."""
    labels = filters.label_regions(paper, corners=False)
    outside = np.zeros(labels.max(initial=0) + 1, bool)
    for rim in filters.rims(labels):
        outside[rim] = True
    outside[0] = True
    loops: Mask = ~outside[labels]
    return loops


def _stroke_width(mask: Mask) -> float:
    """Return the width of strokes, in pixels: twice their area, divided by their outline."""
    outline = (mask[1:] != mask[:-1]).sum() + (mask[:, 1:] != mask[:, :-1]).sum()
    # An outline in any direction has 4 / pi as many edges of pixels as its length.
    return float(max(1.0, 2.0 * mask.sum() / max(1.0, outline * np.pi / 4.0)))


def _cheapest(ink: Plane) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Return what it costs to reach each pixel of the last row, and the steps that lead there."""
    steps = np.ones(ink.shape, np.intp)
    cost = ink[0]
    around = np.full((3, ink.shape[1]), np.inf, np.float32)
    for row in range(1, len(ink)):
        around[0, 1:], around[1], around[2, :-1] = cost[:-1], cost, cost[1:]
        # A slanted step is longer.
        around[::2] += np.float32(SIDEWAYS) + np.float32(0.41) * ink[row]
        steps[row] = around.argmin(axis=0)
        cost = ink[row] + around.min(axis=0)
    return cost, steps - 1


def _traced(steps: NDArray[np.intp]) -> NDArray[np.intp]:
    """Follow the steps back from each pixel of the last row; return the columns, last row first."""
    at = np.arange(steps.shape[1])
    columns = [at]
    for row in range(len(steps) - 1, 0, -1):
        at = at + steps[row][at]
        columns.append(at)
    return np.array(columns)
