"""Anyone's picture of digits, in the form that MNIST has."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from mnist_zoo.ink import EIGHT_NEIGHBOURS, Ink, Mask, Plane, find_ink
from mnist_zoo.pictures import Picture, PictureError, open_grey

__all__ = ["Box", "FoundDigit", "PictureError", "find_digits", "prepare_digit"]

# A digit of MNIST fits into 20 x 20 pixels, and lies in 28 x 28 with its centre of mass at the
# middle.
SIDE, BOX, MIDDLE = 28, 20, 14
# Strokes thinner than nearly all of MNIST's are drawn as wide as its median, in pixels of the 28.
# Measured on the training digits: 2.1 is the 5th percentile, 2.9 the median.
THINNEST, USUAL = 2.1, 2.9
# Strokes are measured and drawn on a grid this many times as fine.
FINE = 4


class Box(NamedTuple):
    """A rectangle in a picture that is upright, in pixels from its top left corner.

    Attributes
    ----------
    left, top, right, bottom : int
        The pixels ``picture[top:bottom, left:right]``.
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
        Where it is.
    line : int
        The line of digits that it stands in, from 0 at the top.
    digit : ndarray of float32, shape (28, 28)
        What :func:`prepare_digit` would make of it, in [0, 1].
    """

    box: Box
    line: int
    digit: NDArray[np.float32]


class _Shapes(NamedTuple):
    """The connected pieces of ink in a picture; piece `i` has the label ``i + 1``."""

    labels: NDArray[np.intp]
    boxes: NDArray[np.intp]  # (pieces, 4): left, top, right, bottom
    areas: NDArray[np.intp]

    @property
    def sizes(self) -> NDArray[np.intp]:
        """The longer side of each piece's box."""
        sides: NDArray[np.intp] = self.boxes[:, 2:] - self.boxes[:, :2]
        return np.maximum(sides[:, 0], sides[:, 1])


def prepare_digit(image: Picture) -> NDArray[np.float32]:
    """Bring a picture of one digit into the form of MNIST.

    The ink is told from the paper whatever the polarity, uneven light and noise are removed, and
    so are ruled lines. The digit's box is then fitted into 20 by 20 pixels, its proportions kept,
    and placed with its centre of mass in the middle of 28 by 28 [1]_. Strokes too thin for MNIST
    are thickened.

    Parameters
    ----------
    image : path, bytes, PIL.Image.Image or ndarray
        A file that Pillow reads (of an animation, the first picture), its content, an image, or an
        array of shape (height, width) or (height, width, channels), of uint8 or of floats in
        [0, 1]: grey, grey and alpha, RGB or RGBA. From 1 pixel to 50 million. The orientation
        that a camera noted is honoured.

    Returns
    -------
    ndarray of float32, shape (28, 28)
        Light ink on dark paper, in [0, 1].

    Raises
    ------
    PictureError
        If the picture is blank, cannot be read, or is too large.
    OSError
        If there is no such file.
    TypeError, ValueError
        If an array is of another shape, type or range.

    See Also
    --------
    find_digits : For a picture of several digits.

    References
    ----------
    .. [1] Y. LeCun, C. Cortes and C. J. C. Burges, The MNIST database of handwritten digits.

    Examples
    --------
    >>> import numpy as np
    >>> from mnist_zoo.images import prepare_digit
    >>> paper = np.full((200, 300), 230, np.uint8)
    >>> paper[40:160, 100:115] = 20  # a one
    >>> digit = prepare_digit(paper)
    >>> digit.shape, digit.dtype, int(digit.any(axis=1).sum())
    ((28, 28), dtype('float32'), 20)
    """
    ink = find_ink(open_grey(image).plane)
    if ink is None:
        raise PictureError("the picture is blank: no ink was found on its paper")
    shapes = _shapes(ink.mask)
    return _render(ink, shapes, _largest(shapes))


def find_digits(image: Picture) -> list[FoundDigit]:
    """Find the digits in a picture, in reading order: line by line, from left to right.

    A stroke broken in two is one digit, and a speck is none. Digits that touch are one.

    Parameters
    ----------
    image : path, bytes, PIL.Image.Image or ndarray
        As for :func:`prepare_digit`.

    Returns
    -------
    list of FoundDigit
        Empty if the picture is blank.

    Raises
    ------
    PictureError
        If the picture cannot be read, or is too large.
    OSError
        If there is no such file.
    TypeError, ValueError
        If an array is of another shape, type or range.

    Examples
    --------
    >>> import numpy as np
    >>> from mnist_zoo.images import find_digits
    >>> paper = np.full((200, 300), 230, np.uint8)
    >>> paper[40:160, 100:115] = paper[40:160, 200:215] = 20  # two ones
    >>> [found.box.left for found in find_digits(paper)]
    [100, 200]
    """
    plane, factor = open_grey(image)
    ink = find_ink(plane)
    if ink is None:
        return []
    shapes = _shapes(ink.mask)
    digits = _digits(shapes)
    boxes = np.array([_around(shapes.boxes[pieces]) for pieces in digits]).reshape(-1, 4)
    return [
        FoundDigit(
            Box(*(int(factor * edge) for edge in boxes[number])),
            line,
            _render(ink, shapes, digits[number]),
        )
        for line, number in _reading_order(boxes)
    ]


def _shapes(mask: Mask) -> _Shapes:
    labels, _ = ndimage.label(mask, EIGHT_NEIGHBOURS)
    boxes = [
        (columns.start, rows.start, columns.stop, rows.stop)
        for rows, columns in ndimage.find_objects(labels)
    ]
    return _Shapes(labels, np.array(boxes), np.bincount(labels.ravel())[1:])


def _around(boxes: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the box around `boxes`."""
    return np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)])


def _gaps(box: NDArray[np.intp], boxes: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return how far `boxes` are from a box, as (across, down); 0 where they overlap."""
    gaps: NDArray[np.intp] = np.maximum(boxes[:, :2] - box[2:], box[:2] - boxes[:, 2:])
    return np.maximum(gaps, 0)


def _largest(shapes: _Shapes) -> NDArray[np.intp]:
    """Return the pieces of the largest digit: its largest piece, and what is near."""
    chosen = shapes.areas == shapes.areas.max()
    chosen[np.argmax(chosen) + 1 :] = False
    near = 0.25 * shapes.sizes[chosen][0]
    worth = shapes.areas >= 0.004 * shapes.areas[chosen][0]
    while True:
        gaps = _gaps(_around(shapes.boxes[chosen]), shapes.boxes)
        more = worth & (gaps.max(axis=1) <= near) & ~chosen
        if not more.any():
            return np.flatnonzero(chosen)
        chosen |= more


def _digits(shapes: _Shapes) -> list[NDArray[np.intp]]:
    """Return the pieces of each digit."""
    # The usual size: that of the piece in which the middle drop of ink is.
    by_size = np.argsort(shapes.sizes)
    drops = np.cumsum(shapes.areas[by_size])
    usual = shapes.sizes[by_size][np.searchsorted(drops, drops[-1] / 2)]
    # Fragments are joined to the nearest piece that makes one digit with them, largest first.
    digits: list[NDArray[np.intp]] = []
    boxes: list[NDArray[np.intp]] = []
    for piece in np.argsort(-shapes.sizes, kind="stable"):
        box = shapes.boxes[piece]
        if shapes.sizes[piece] < 0.04 * usual:
            break
        if shapes.sizes[piece] < 0.75 * usual and boxes:
            gaps = _gaps(box, np.array(boxes))
            joined = [_around(np.stack([box, other])) for other in boxes]
            extents = np.array([(right - left, down - up) for left, up, right, down in joined])
            fits = (gaps <= (0.15 * usual, 0.3 * usual)).all(axis=1)
            fits &= (extents <= 1.4 * usual).all(axis=1) | (gaps.max(axis=1) == 0)
            if fits.any():
                nearest = int(np.argmin(np.where(fits, gaps.sum(axis=1), np.inf)))
                digits[nearest] = np.append(digits[nearest], piece)
                boxes[nearest] = joined[nearest]
                continue
        digits.append(np.array([piece]))
        boxes.append(box)
    # What is left over are specks, and lines under the digits.
    return [
        pieces
        for pieces, (left, up, right, down) in zip(digits, boxes, strict=True)
        if down - up >= 0.35 * usual and right - left < 2.5 * max(usual, down - up)
    ]


def _reading_order(boxes: NDArray[np.intp]) -> list[tuple[int, int]]:
    """Return (line, index) of each box, line by line and from left to right."""
    lines: list[list[int]] = []
    for number in np.argsort(boxes[:, 0], kind="stable"):
        _, up, _, down = boxes[number]
        # It goes on with the line whose last box is most level with it; lines may slope.
        shared = [
            (min(down, boxes[line[-1], 3]) - max(up, boxes[line[-1], 1]))
            / min(down - up, boxes[line[-1], 3] - boxes[line[-1], 1])
            for line in lines
        ]
        best = int(np.argmax(shared)) if shared else -1
        if best >= 0 and shared[best] >= 0.4:
            lines[best].append(int(number))
        else:
            lines.append([int(number)])
    lines.sort(key=lambda line: float(boxes[line][:, [1, 3]].mean()))
    return [(index, number) for index, line in enumerate(lines) for number in line]


def _render(ink: Ink, shapes: _Shapes, pieces: NDArray[np.intp]) -> NDArray[np.float32]:
    """Draw some pieces of ink as MNIST would have them."""
    left, top, right, bottom = _around(shapes.boxes[pieces])
    size = max(right - left, bottom - top)
    margin = 2 + size // 4
    rows, columns = (
        slice(max(0, top - margin), bottom + margin),
        slice(max(0, left - margin), right + margin),
    )
    labels = shapes.labels[rows, columns]
    mine = np.isin(labels, pieces + 1)
    # The pale rim of a stroke is part of it; other pieces of ink are not.
    reach = max(1, round(0.05 * size))
    near = ndimage.binary_dilation(mine, EIGHT_NEIGHBOURS, iterations=reach)
    near &= mine | (labels == 0)
    amount = np.where(near, ink.amount[rows, columns], np.float32(0.0))
    full = np.percentile(amount[mine], 75)
    amount = np.clip(amount / np.float32(full), 0.0, 1.0)
    amount[amount < 2.0 * ink.noise / full] = 0.0
    return _fit(amount)


def _fit(amount: Plane) -> NDArray[np.float32]:
    """Fit a digit into the box, and place its centre of mass in the middle."""
    (left, right), (top, bottom) = _extent(amount.max(axis=0)), _extent(amount.max(axis=1))
    scale = BOX / max(right - left, bottom - top)
    width, height = (max(1, round(scale * side)) for side in (right - left, bottom - top))
    # Around the same middle, the box that has the proportions of whole pixels.
    pad = 2 + max(amount.shape) // 4
    middle_x, middle_y = (left + right) / 2 + pad, (top + bottom) / 2 + pad
    half_x, half_y = width / scale / 2, height / scale / 2
    box = (middle_x - half_x, middle_y - half_y, middle_x + half_x, middle_y + half_y)
    image = Image.fromarray(np.pad(amount, pad))
    small = image.resize((width, height), Image.Resampling.BICUBIC, box)
    digit = np.asarray(small, np.float32)
    fine = image.resize((FINE * width, FINE * height), Image.Resampling.BICUBIC, box)
    drawn = _thickened(np.asarray(fine, np.float32))
    if drawn is not None:
        digit = np.asarray(Image.fromarray(drawn).resize((width, height), Image.Resampling.BOX))
    digit = np.clip(digit, 0.0, 1.0)
    placed = np.zeros((SIDE, SIDE), np.float32)
    y, x = (
        int(np.clip(round(MIDDLE - middle), 0, SIDE - side))
        for middle, side in zip(ndimage.center_of_mass(digit), digit.shape, strict=True)
    )
    placed[y : y + height, x : x + width] = digit
    return placed


def _extent(profile: NDArray[np.float32]) -> tuple[float, float]:
    """Return where ink begins and ends along an axis, to a fraction of a pixel."""
    padded = np.pad(profile, 1)
    inside = np.flatnonzero(padded > 0.5)
    first, last = inside[0], inside[-1]
    # A pixel beside it that is covered in part counts in part.
    return float(first - 1 - padded[first - 1]), float(last + padded[last + 1])


def _thickened(fine: Plane) -> Plane | None:
    """Draw strokes that are too thin again, as wide as MNIST's usual ones; None if they are not."""
    room = FINE * 2
    inside = np.pad(fine, room) > 0.5
    if not inside.any():
        return None
    depth = ndimage.distance_transform_edt(inside)
    # Across a stroke of width w the depth rises from 0 to w / 2 and falls again: w / 4 on average.
    width = 4.0 * depth[inside].mean() / FINE
    if width >= THINNEST:
        return None
    grown = FINE * (USUAL - width) / 2.0
    distance = ndimage.distance_transform_edt(~inside) - depth
    drawn = np.clip(0.5 + grown - distance, 0.0, 1.0).astype(np.float32)
    edge = round(room - grown)
    return np.ascontiguousarray(drawn[edge:-edge, edge:-edge])
