"""Find the digits in a picture, and redraw each one in the form of MNIST.

A digit in the form of MNIST is light on a dark background. It fits into 20 by 20 pixels, and lies
in an image of 28 by 28 pixels with its centre of mass in the middle.

Functions here get the foreground of a picture from :mod:`mnist_zoo.pictures.foreground`. A *piece*
is a connected region of ink. A digit consists of one piece or, if its stroke is broken, of several.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnist_zoo.errors import PictureError
from mnist_zoo.pictures import filters
from mnist_zoo.pictures.filters import Mask, boxes_of
from mnist_zoo.pictures.foreground import find_ink
from mnist_zoo.pictures.forms import fit, shrunk
from mnist_zoo.pictures.opening import Picture, Plane, open_grey
from mnist_zoo.pictures.pages import Ink

# A quarter of the shapes of a page are darker than its DARK quantile. Ink with less than the share
# PALE of that is a crease, or the edge of a shadow, unless so many digits of a line are as pale:
# these were written with another pen. They are about as large as the page's digits, and as dark as
# each other: the logarithms differ by less than LIKE_SIZE and LIKE_DARKNESS.
# `python -m benchmarks.phone_pages --split train` measures what other values change.
PALE, DARK, COMPANY, LIKE_SIZE, LIKE_DARKNESS = 0.35, 0.75, 3, 0.5, 0.3
# A digit that is lower than this share of the usual size is a dash, or lies on its side. A piece
# that is at least so many times as wide as it is high is a part of a line.
LOWEST, FLAT = 0.35, 4.0
# If the usual digit is more than so many times as large as the usual piece of ink, pieces are
# joined again, by the size of the digits.
GROWN = 1.1
# The steepest slope of a line: 17 degrees.
STEEPEST = 0.3
# What bounds the time that a picture may take: the pieces of ink that are compared with each other,
# the digits, and the pixels in their boxes, each counted for every box that it lies in. What
# pictures at these bounds cost is measured by `python -m benchmarks.patterns`.
MAX_PIECES, MAX_DIGITS, MAX_DRAWN = 10_000, 2_000, 30_000_000


class Box(NamedTuple):
    """A rectangle in an upright picture, in pixels counted from the top left corner.

    Attributes
    ----------
    left, top, right, bottom : int
        It covers the pixels ``picture[top:bottom, left:right]``.
    """

    left: int
    top: int
    right: int
    bottom: int


class FoundDigit(NamedTuple):
    """A digit in a picture.

    Attributes
    ----------
    box : Box
        Where the digit is.
    line : int
        Which line of digits it belongs to; the line at the top is 0.
    digit : ndarray of float32, shape (28, 28)
        The digit in the form of MNIST, in [0, 1], as :func:`~mnist_zoo.prepare_digit` would return
        it.
    """

    box: Box
    line: int
    digit: NDArray[np.float32]


class Shape(NamedTuple):
    """What may be a digit of a picture: one, a part of one, or several that touch each other.

    Attributes
    ----------
    box : Box
        Where it is in the picture.
    digit : ndarray of float32, shape (28, 28)
        The shape in the form of MNIST, in [0, 1].
    ink : ndarray of uint8, shape (height, width)
        The ink of this shape alone, in its box, from 0 (paper) to 255. It is shrunk to at most
        10,000 pixels.
    """

    box: Box
    digit: NDArray[np.float32]
    ink: NDArray[np.uint8]


class Candidates(NamedTuple):
    """What may be the digits of a picture, if it is turned.

    Attributes
    ----------
    shapes : list of Shape
        The shapes, in no order.
    usual : float
        Their usual size, in pixels of the picture.
    """

    shapes: list[Shape]
    usual: float


class _Shapes(NamedTuple):
    """The pieces of ink in a picture: its connected regions. Piece `i` has the label ``i + 1``."""

    labels: NDArray[np.int32]  # (height, width): the label of each pixel, 0 on paper
    boxes: NDArray[np.intp]  # (pieces, 4): left, top, right, bottom
    areas: NDArray[np.intp]  # (pieces,): the number of pixels
    sizes: NDArray[np.intp]  # (pieces,): the longer side of the box, in pixels


def prepare_digit(image: Picture) -> NDArray[np.float32]:
    """Bring a picture of one digit into the form of MNIST.

    The ink is separated from the paper; it may be darker or lighter than the paper. Uneven light,
    noise and ruled lines are removed. The digit is then scaled to fit into 20 by 20 pixels, with
    its proportions kept, and placed in 28 by 28 pixels with its centre of mass in the middle
    [1]_. Strokes that are thinner than nearly all strokes of MNIST are thickened.

    Parameters
    ----------
    image : path, bytes, PIL.Image.Image or ndarray
        One of: the path of a file that Pillow reads (the first frame of an animation is used); the
        content of such a file; a Pillow image; an array of shape (height, width) or
        (height, width, channels), of uint8 or of floats in [0, 1]. The channels are grey, grey and
        alpha, RGB, or RGBA. The picture may have 1 to 50 million pixels. A picture that its camera
        marked as rotated is turned upright.

    Returns
    -------
    ndarray of float32, shape (28, 28)
        The digit, in [0, 1]: 1 is ink, 0 is paper.

    Raises
    ------
    PictureError
        If the picture is blank, cannot be read, is too large, or is a texture: if its largest digit
        is in more than 10,000 pieces.
    OSError
        If there is no such file.
    TypeError, ValueError
        If an array has another shape, type or range.

    See Also
    --------
    find_digits : For a picture of several digits.

    References
    ----------
    .. [1] Y. LeCun, C. Cortes and C. J. C. Burges, "The MNIST database of handwritten digits",
       web page, 1998.

    Examples
    --------
    >>> import numpy as np
    >>> from mnist_zoo.pictures import prepare_digit
    >>> paper = np.full((200, 300), 230, np.uint8)
    >>> paper[40:160, 100:115] = 20  # a one
    >>> digit = prepare_digit(paper)
    >>> digit.shape, digit.dtype, int(digit.any(axis=1).sum())
    ((28, 28), dtype('float32'), 20)
    """
    grey = open_grey(image)
    ink = find_ink(grey.plane, grey.step)
    if ink is None:
        raise PictureError("the picture is blank: no ink was found on its paper")
    shapes = _shapes(ink.mask)
    ((own, _),) = _render(ink, shapes, [_largest(shapes)])
    return fit(own)


def find_digits(image: Picture) -> list[FoundDigit]:
    """Find the digits in a picture, in reading order: line by line, from left to right.

    The parts of a broken stroke are joined into one digit. Specks are ignored. Digits that touch
    each other are returned as one digit: only :func:`~mnist_zoo.read_digits` cuts them apart.

    Parameters
    ----------
    image : path, bytes, PIL.Image.Image or ndarray
        The picture, as for :func:`prepare_digit`.

    Returns
    -------
    list of FoundDigit
        The digits; an empty list if the picture is blank.

    Raises
    ------
    PictureError
        If the picture cannot be read, is too large, or has more than 2,000 digits, more than 10,000
        separate pieces of ink, or boxes of digits that overlap many times.
    OSError
        If there is no such file.
    TypeError, ValueError
        If an array has another shape, type or range.

    Examples
    --------
    >>> import numpy as np
    >>> from mnist_zoo.pictures import find_digits
    >>> paper = np.full((200, 300), 230, np.uint8)
    >>> paper[40:160, 100:115] = paper[40:160, 200:215] = 20  # two ones
    >>> [found.box.left for found in find_digits(paper)]
    [100, 200]
    """
    candidates = find_candidates(image)
    shapes = candidates.shapes
    return [
        FoundDigit(shapes[number].box, line, shapes[number].digit)
        for line, number in in_order(candidates)
    ]


def find_candidates(image: Picture) -> Candidates:
    """Find the digits in a picture, upright or on their side, as for :func:`find_digits`."""
    plane, factor, step = open_grey(image)
    ink = find_ink(plane, step)
    if ink is None:
        return Candidates([], 0.0)
    shapes = _shapes(ink.mask)
    digits, usual = _digits(shapes)
    if not digits:
        return Candidates([], 0.0)
    if len(digits) > MAX_DIGITS:
        raise PictureError(
            f"at most {MAX_DIGITS:,} digits are read in a picture; found {len(digits):,}"
        )
    digits = _without_creases(digits, shapes, ink)
    boxes = [Box(*(int(factor * edge) for edge in box)) for box in _boxes_around(digits, shapes)]
    drawn = _render(ink, shapes, digits)
    found = [
        Shape(box, fit(own), shrunk(inside))
        for box, (own, inside) in zip(boxes, drawn, strict=True)
    ]
    return Candidates(found, factor * usual)


def in_order(candidates: Candidates) -> list[tuple[int, int]]:
    """Return the reading order of the shapes of an upright picture.

    Parameters
    ----------
    candidates : Candidates
        What was found in it.

    Returns
    -------
    list of (int, int)
        The line and the number of each shape that is not flat.
    """
    boxes = np.array([shape.box for shape in candidates.shapes]).reshape(-1, 4)
    high = np.flatnonzero(boxes[:, 3] - boxes[:, 1] >= LOWEST * candidates.usual)
    return [(line, int(high[place])) for line, place in _reading_order(boxes[high])]


def turned(candidates: Candidates, quarters: int) -> Candidates:
    """Return what was found in a picture as it is in the turned picture.

    Parameters
    ----------
    candidates : Candidates
        What was found.
    quarters : int
        From 0 to 3: by how many times 90 degrees to turn the picture, counter-clockwise. Its top
        left corner stays where it is.

    Returns
    -------
    Candidates
    """
    return candidates._replace(
        shapes=[
            Shape(
                turned_box(shape.box, quarters),
                turned_images(shape.digit, quarters),
                np.rot90(shape.ink, quarters),
            )
            for shape in candidates.shapes
        ]
    )


def turned_box(box: Box, quarters: int) -> Box:
    """Turn a box around the top left corner of the picture, counter-clockwise."""
    for _ in range(quarters):
        box = Box(box.top, -box.right, box.bottom, -box.left)
    return box


def turned_images(images: NDArray[np.float32], quarters: int) -> NDArray[np.float32]:
    """Turn digits around their centres of mass, half a pixel off the middle of the image.

    Parameters
    ----------
    images : ndarray of float32, shape (..., 28, 28)
        Digits in the form of MNIST.
    quarters : int
        From 0 to 3: by how many times 90 degrees, counter-clockwise.

    Returns
    -------
    ndarray of float32, shape (..., 28, 28)
    """
    axes = (-2, -1)
    return np.roll(np.rot90(images, quarters, axes), (quarters in {1, 2}, quarters in {2, 3}), axes)


def _shapes(mask: Mask) -> _Shapes:
    """Return the pieces of ink in a mask: its connected regions."""
    labels = filters.label_regions(mask)
    boxes = boxes_of(labels)
    areas = np.bincount(labels.ravel())[1:]
    return _Shapes(labels, boxes, areas, filters.sizes_of(boxes))


def _check_pieces(count: int) -> None:
    if count > MAX_PIECES:
        raise PictureError(
            f"at most {MAX_PIECES:,} separate pieces of ink are read in a picture; found "
            f"{count:,}: is it a texture, or noise?"
        )


def _around(boxes: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the smallest box around all `boxes`."""
    return np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)])


def _boxes_around(digits: list[NDArray[np.intp]], shapes: _Shapes) -> NDArray[np.intp]:
    """Return the box around each digit, given by its pieces."""
    return np.array([_around(shapes.boxes[pieces]) for pieces in digits])


def _largest(shapes: _Shapes) -> NDArray[np.intp]:
    """Return the pieces of the largest digit: the largest piece, and the pieces near it."""
    first = int(np.argmax(shapes.areas))
    worth = np.flatnonzero(shapes.areas >= 0.004 * shapes.areas[first])
    _check_pieces(len(worth))
    boxes, chosen = shapes.boxes[worth], worth == first
    near = 0.25 * shapes.sizes[first]
    while True:
        left, top, right, bottom = _around(boxes[chosen])
        more = (boxes[:, 0] - right <= near) & (left - boxes[:, 2] <= near) & ~chosen
        more &= (boxes[:, 1] - bottom <= near) & (top - boxes[:, 3] <= near)
        if not more.any():
            pieces: NDArray[np.intp] = worth[chosen]
            return pieces
        chosen |= more


def _digits(shapes: _Shapes) -> tuple[list[NDArray[np.intp]], int]:
    """Return the pieces of each digit, upright or on its side, and the usual size."""
    # What is left of lines does not count.
    widths, heights = (shapes.boxes[:, 2:] - shapes.boxes[:, :2]).T
    flat = widths >= FLAT * heights
    areas = np.where(flat & ~flat.all(), 0, shapes.areas)
    usual = _usual(shapes.sizes, areas)
    digits, boxes = _joined(shapes, usual)
    # Where most digits are broken, the usual piece is smaller than the usual digit.
    inks = np.array([areas[pieces].sum() for pieces in digits])
    larger = _usual(filters.sizes_of(boxes), inks)
    if larger > GROWN * usual:
        usual = larger
        digits, boxes = _joined(shapes, usual)
    # Digits that are too small are specks; those that are too wide are lines under the digits.
    lefts, ups, rights, downs = boxes.T
    widths, heights = rights - lefts, downs - ups
    whole = np.maximum(widths, heights) >= LOWEST * usual
    whole &= widths < 2.5 * np.maximum(usual, heights)
    return [digits[number] for number in np.flatnonzero(whole)], usual


def _usual(sizes: NDArray[np.intp], areas: NDArray[np.intp]) -> int:
    """Return the median of the sizes, weighted by area: half of the ink is in larger ones."""
    by_size = np.argsort(sizes)
    drops = np.cumsum(areas[by_size])
    return int(sizes[by_size][np.searchsorted(drops, drops[-1] / 2)])


def _joined(shapes: _Shapes, usual: int) -> tuple[list[NDArray[np.intp]], NDArray[np.intp]]:
    """Return the pieces of each digit and the boxes around them; specks are left out."""
    by_size = np.argsort(-shapes.sizes, kind="stable")
    by_size = by_size[shapes.sizes[by_size] >= 0.04 * usual]
    _check_pieces(len(by_size))
    # From the largest piece to the smallest: a small piece joins the nearest digit that it fits.
    # Any other piece begins a digit.
    digits: list[list[int]] = []
    boxes = np.zeros((4, len(by_size)), np.intp)  # Column by column, as this is much faster.
    for piece in by_size:
        left, top, right, bottom = box = shapes.boxes[piece]
        if shapes.sizes[piece] < 0.75 * usual and digits:
            lefts, tops, rights, bottoms = boxes[:, : len(digits)]
            across = np.maximum(np.maximum(lefts - right, left - rights), 0)
            down = np.maximum(np.maximum(tops - bottom, top - bottoms), 0)
            fits = (across <= 0.15 * usual) & (down <= 0.3 * usual)
            slim = np.maximum(rights, right) - np.minimum(lefts, left) <= 1.4 * usual
            slim &= np.maximum(bottoms, bottom) - np.minimum(tops, top) <= 1.4 * usual
            gaps = across + down
            fits &= slim | (gaps == 0)
            if fits.any():
                nearest = int(np.argmin(np.where(fits, gaps, np.inf)))
                digits[nearest].append(piece)
                boxes[:, nearest] = _around(np.stack([box, boxes[:, nearest]]))
                continue
        boxes[:, len(digits)] = box
        digits.append([piece])
    return [np.array(pieces) for pieces in digits], boxes[:, : len(digits)].T


def _without_creases(
    digits: list[NDArray[np.intp]], shapes: _Shapes, ink: Ink
) -> list[NDArray[np.intp]]:
    """Leave out what is much paler than the digits of a page."""
    labels = shapes.labels[ink.mask]
    amounts = np.bincount(labels, ink.amount[ink.mask])[1:]
    darkness = np.array([amounts[own].sum() / shapes.areas[own].sum() for own in digits])
    pale = darkness < PALE * np.quantile(darkness, DARK)
    if not pale.any():
        return digits
    boxes = _levelled(_boxes_around(digits, shapes))
    middles = (boxes[:, 1] + boxes[:, 3]) / 2.0
    sizes = filters.sizes_of(boxes)
    size = np.median(sizes)
    usual = np.abs(np.log(sizes / size)) < LIKE_SIZE
    kept = ~pale
    for number in np.flatnonzero(pale & usual):
        beside = usual & (np.abs(middles - middles[number]) < 0.5 * size)
        alike = np.abs(np.log(darkness[beside] / darkness[number])) < LIKE_DARKNESS
        kept[number] = np.count_nonzero(alike) >= COMPANY
    return [own for own, is_kept in zip(digits, kept, strict=True) if is_kept]


def _reading_order(boxes: NDArray[np.intp]) -> list[tuple[int, int]]:
    """Return (line, index of the box) for each box, line by line and from left to right."""
    boxes = _levelled(boxes)
    lines: list[list[int]] = []
    last = np.zeros_like(boxes)  # The last box of each line.
    for number in np.argsort(boxes[:, 0], kind="stable"):
        _, up, _, down = boxes[number]
        # A box belongs to the line whose last box shares the most of its height, so that lines may
        # slope. Without such a line, it begins a new one.
        ups, downs = last[: len(lines), 1], last[: len(lines), 3]
        shared = np.minimum(down, downs) - np.maximum(up, ups)
        shared = shared / np.minimum(down - up, downs - ups)
        best = int(np.argmax(shared)) if lines else 0
        if not lines or shared[best] < 0.4:
            best = len(lines)
            lines.append([])
        lines[best].append(int(number))
        last[best] = boxes[number]
    lines.sort(key=lambda line: float(boxes[line][:, [1, 3]].mean()))
    return [(index, number) for index, line in enumerate(lines) for number in line]


def _levelled(boxes: NDArray[np.intp]) -> NDArray[np.intp]:
    """Move boxes up or down so that tilted lines become level."""
    if len(boxes) < 3:
        return boxes
    across, down = (boxes[:, :2] + boxes[:, 2:]).T / 2.0
    height = float(np.median(boxes[:, 3] - boxes[:, 1]))
    slopes = np.linspace(-STEEPEST, STEEPEST, 61)

    def gathered(slope: float) -> float:
        # The more boxes are close to each other in height, the better; a little less counts for
        # a slope, as it is rarer.
        levels = np.sort(down - slope * across)
        near = np.searchsorted(levels, levels + 0.3 * height) - np.arange(len(levels))
        return float((near**1.5).sum()) * (1.0 - 0.3 * abs(slope))

    slope = max(slopes, key=gathered)
    moved: NDArray[np.intp] = np.rint(slope * across).astype(np.intp)
    return boxes - np.outer(moved, [0, 1, 0, 1])


def _render(
    ink: Ink, shapes: _Shapes, digits: list[NDArray[np.intp]]
) -> Iterator[tuple[Plane, Plane]]:
    """Cut digits, given by their pieces, out of the picture.

    Yield the ink of each with some paper around it, and what of it is in the box of its pieces.
    """
    # The digit that a pixel is of, by the label of its piece: 1 is the first, 0 is none.
    digit_of = np.zeros(len(shapes.boxes) + 1, np.int32)
    places = []
    for number, pieces in enumerate(digits, 1):
        digit_of[pieces + 1] = number
        left, top, right, bottom = _around(shapes.boxes[pieces])
        size = int(max(right - left, bottom - top))
        margin = 2 + size // 4
        rows = slice(max(0, top - margin), min(len(ink.mask), bottom + margin))
        columns = slice(max(0, left - margin), right + margin)
        box = (
            slice(top - rows.start, bottom - rows.start),
            slice(left - columns.start, right - columns.start),
        )
        places.append((number, size, (rows, columns), box))
    area = sum(shapes.labels[place].size for _, _, place, _ in places)
    if area > MAX_DRAWN:
        raise PictureError(
            f"the boxes of its {len(digits):,} digits overlap too much: they have {area:,} pixels; "
            f"at most {MAX_DRAWN:,} are read. Are these digits?"
        )
    owner = digit_of[shapes.labels]
    for number, size, place, box in places:
        mine = owner[place] == number
        own = _own_ink(ink.amount[place], shapes.labels[place] > 0, mine, size, ink.noise)
        yield own, own[box]


def _own_ink(amount: Plane, marked: Mask, mine: Mask, size: int, noise: float) -> Plane:
    """Return one digit's ink in its part of the picture: `mine` is its part of what is `marked`."""
    # The pale edge of a stroke lies outside of the mask, and is kept too. Other pieces are not.
    reach = max(1, round(0.05 * size))
    near = filters.grow(mine, reach)
    near &= mine | ~marked
    amount = np.where(near, amount, np.float32(0.0))
    full = float(np.percentile(amount[mine], 75))
    amount = np.clip(amount / np.float32(full), 0.0, 1.0)
    # Whatever the noise, the darkest part of the digit stays.
    amount[amount < min(0.5, 2.0 * noise / full)] = 0.0
    return amount
