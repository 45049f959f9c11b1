"""Regions, distances, openings and means of pictures, by NumPy and Pillow.

Each function computes what one of ``scipy.ndimage`` computes; the tests compare them. They are here
because the import of ``scipy.ndimage`` takes longer than all else that reading a picture takes:
``python -X importtime -c "import scipy.ndimage"`` shows it.
"""

from __future__ import annotations

from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from mnist_zoo.pictures.opening import Plane

Mask = NDArray[np.bool_]
T = TypeVar("T", bound=np.generic)
# What is beyond the rim of a picture: its last pixel, or the picture in a mirror.
Beyond = Literal["edge", "symmetric"]
# Strokes are thin if they grow by more than this factor where each pixel takes the maximum of what
# it covers: if they are narrower than 1.7 pixels.
THIN = 1.6


def label_regions(mask: Mask, *, corners: bool = True) -> NDArray[np.int32]:
    """Give each connected region of a mask a number.

    Parameters
    ----------
    mask : ndarray of bool, shape (height, width)
    corners : bool, default True
        Whether pixels that touch at a corner alone are connected.

    Returns
    -------
    ndarray of int32, shape (height, width)
        The number of each pixel's region: from 1 on, in the order of their first pixels, row by
        row; 0 outside of the mask.
    """
    # A run is a row of neighbouring pixels of the mask. Pixels are counted along all rows, with an
    # empty one between two rows.
    stride = mask.shape[1] + 1
    flat = np.zeros((mask.shape[0], stride), bool)
    flat[:, :-1] = mask
    edges = np.flatnonzero(np.diff(flat.ravel(), prepend=False))
    starts, stops = edges[::2], edges[1::2]
    # The runs that each touches in the row above it have numbers from `first` up to `last`.
    near, far = stops, starts
    if not corners:  # Then runs are as far apart as if each were a pixel shorter.
        near, far = stops - 1, starts + 1
    first = np.searchsorted(near, starts - stride, side="left")
    last = np.searchsorted(far, stops - stride, side="right")
    counts = np.maximum(last - first, 0)
    lower = np.repeat(np.arange(len(starts)), counts)
    upper = np.arange(len(lower)) - np.repeat(np.cumsum(counts) - counts - first, counts)
    # Each run refers to one with a smaller number, or to itself if it is the first of its region.
    # All that is left to do is to join the regions of runs that touch, until none is left to join.
    region = np.arange(len(starts))
    while len(lower):
        np.minimum.at(region, np.maximum(lower, upper), np.minimum(lower, upper))
        while not np.array_equal(further := region[region], region):
            region = further
        lower, upper = region[lower], region[upper]
        apart = lower != upper
        lower, upper = lower[apart], upper[apart]
    numbers = np.cumsum(region == np.arange(len(region)), dtype=np.int32)[region]
    labels = np.zeros(mask.shape, np.int32)
    labels[mask] = np.repeat(numbers, stops - starts)
    return labels


def distances(mask: Mask) -> NDArray[np.float64]:
    """Return the distance of each pixel of a mask to the nearest pixel outside of it; 0 outside.

    Time and memory grow with the third power of the side, so this is for small pictures.

    Parameters
    ----------
    mask : ndarray of bool, shape (height, width)
        At least one pixel is outside.

    Returns
    -------
    ndarray of float64, shape (height, width)
    """
    height, width = mask.shape
    rows, columns = np.arange(height, dtype=np.int32)[:, None], np.arange(width, dtype=np.int32)
    # The distance within the column, in which there may be no pixel outside: then it is too far.
    far = height + width
    above = np.maximum.accumulate(np.where(mask, -far, rows))
    below = np.minimum.accumulate(np.where(mask, height + far, rows)[::-1])[::-1]
    within = np.minimum(rows - above, below - rows)
    across = (columns[:, None] - columns) ** 2
    nearest: NDArray[np.float64] = np.sqrt(
        (within[:, None, :] ** 2 + across).min(axis=2), dtype=np.float64
    )
    return nearest


def grow(mask: NDArray[T], reach: int) -> NDArray[T]:
    """Add to a mask every pixel that is at most so many rows and columns away from it.

    In a plane of values above 0, each pixel becomes the largest of those around it.
    """
    padded = np.pad(mask, reach)
    return _extreme(_extreme(padded, 2 * reach + 1, np.maximum).T, 2 * reach + 1, np.maximum).T


def opening(plane: Plane, side: int) -> Plane:
    """Remove what is brighter than its surroundings and narrower than a square of that side."""
    before, after = side // 2, side - 1 - side // 2
    for extreme, around in ((np.minimum, (before, after)), (np.maximum, (after, before))):
        for _ in range(2):  # Along the columns, then along the rows.
            plane = _extreme(np.pad(plane, (around, (0, 0)), mode="edge"), side, extreme).T
    return plane


def _extreme(values: NDArray[Any], size: int, extreme: np.ufunc) -> NDArray[Any]:
    """Return the least, or the largest, of each `size` neighbours in a column."""
    reach = 1
    while reach < size:
        step = min(reach, size - reach)
        values = extreme(values[:-step], values[step:])
        reach += step
    return values


def median(plane: Plane, side: int) -> Plane:
    """Return the median of the square of that side around each pixel; `side` is odd."""
    return np.asarray(Image.fromarray(plane).filter(ImageFilter.MedianFilter(side)))


def mean(plane: Plane, side: int) -> Plane:
    """Return the mean of the square of that side around each pixel."""
    return mean_along(mean_along(plane.T, side, "edge").T, side, "edge")


def mean_along(plane: Plane, size: int, beyond: Beyond) -> Plane:
    """Return the mean of so many neighbours in the row of each pixel."""
    around = ((0, 0), (size // 2, size - 1 - size // 2))
    padded = np.pad(plane, around, mode=beyond).astype(np.float64)
    # From each sum to the next, one neighbour comes in, and one goes out.
    sums = np.empty(plane.shape)
    sums[:, 0] = padded[:, :size].cumsum(axis=1)[:, -1]
    np.subtract(padded[:, size:], padded[:, :-size], out=sums[:, 1:])
    del padded  # Large pictures take much memory here.
    np.cumsum(sums, axis=1, out=sums)
    sums /= size
    return sums.astype(np.float32)


def noise(plane: Plane) -> float:
    """Estimate the standard deviation of the noise, from differences of neighbouring pixels."""
    # The larger differences are edges of strokes, so a low quantile is taken. 0.2533 is the same
    # quantile for the absolute value of a standard normal variable. The difference of two pixels
    # has sqrt(2) times the deviation of one.
    quantile = np.quantile(np.abs(np.diff(plane, axis=1)), 0.2)
    return float(quantile / 0.2533 / np.sqrt(2.0))


def centre_of_mass(plane: Plane) -> tuple[float, float]:
    """Return the row and the column of the centre of mass of a plane."""
    rows, columns = np.ogrid[: plane.shape[0], : plane.shape[1]]
    total = plane.sum(dtype=np.float64)
    return float((plane * rows).sum() / total), float((plane * columns).sum() / total)


def extent(profile: NDArray[np.float32]) -> tuple[float, float]:
    """Return where the ink begins and ends along an axis, to a fraction of a pixel."""
    padded = np.pad(profile, 1)
    inside = np.flatnonzero(padded > 0.5)
    first, last = inside[0], inside[-1]
    # The pixel before the first and the one after the last count by the share that ink covers.
    return float(first - 1 - padded[first - 1]), float(last + padded[last + 1])


def blur(plane: Plane) -> Plane:
    """Smooth a plane by a Gaussian with a standard deviation of one pixel."""
    reach = 4
    weights = np.exp(-0.5 * np.arange(-reach, reach + 1) ** 2)
    weights /= weights.sum()
    for _ in range(2):  # Along the columns, then along the rows.
        size = len(plane)
        padded = np.pad(plane, ((reach, reach), (0, 0)), mode="symmetric").astype(np.float64)
        total = padded[reach : reach + size] * weights[reach]
        for k in range(reach):
            total += (padded[k : k + size] + padded[2 * reach - k :][:size]) * weights[k]
        plane = total.astype(np.float32).T
    return plane


# Steps along straight lines in eight directions, and how many of them reach four pixels or so.
DIRECTIONS = {
    **dict.fromkeys(((0, 1), (1, 0)), 4),
    **dict.fromkeys(((1, 1), (1, -1)), 3),
    **dict.fromkeys(((1, 2), (2, 1), (1, -2), (2, -1)), 2),
}


def along_strokes(plane: Plane) -> Plane:
    """Average a plane along short straight lines, each pixel in the direction of the largest mean.

    This keeps strokes that are longer than the lines, and leaves less than half of the noise.
    """
    height, width = plane.shape
    margin = 4
    padded = np.pad(plane, margin, mode="edge")
    best = np.full(plane.shape, -np.inf, np.float32)
    for (down, across), reach in DIRECTIONS.items():
        total = plane.copy()
        for k in range(1, reach + 1):
            for sign in (-k, k):
                top, left = margin + sign * down, margin + sign * across
                total += padded[top : top + height, left : left + width]
        np.maximum(best, total / np.float32(2 * reach + 1), out=best)
    return best


def boxes_of(labels: NDArray[np.integer[Any]]) -> NDArray[np.intp]:
    """Return the box around the pixels of each label: left, top, right, bottom.

    Parameters
    ----------
    labels : ndarray of int, shape (height, width)
        0, or labels from 1 on; each label is used.

    Returns
    -------
    ndarray of int, shape (labels, 4)
    """
    # Pixels are in the order of their rows, and of several values that are assigned to one label,
    # the last is kept.
    ink = np.flatnonzero(labels > 0).astype(np.uint32)
    rows, columns = np.divmod(ink, np.uint32(labels.shape[1]))
    found = labels.ravel()[ink] - 1
    # 16 bits are sorted in linear time, and no plane has more columns.
    by_column = np.argsort(columns.astype(np.uint16), kind="stable")
    boxes = np.zeros((int(labels.max(initial=0)), 4), np.intp)
    for axis, places, owners in ((1, rows, found), (0, columns[by_column], found[by_column])):
        boxes[owners[::-1], axis] = places[::-1]
        boxes[owners, axis + 2] = places + 1
    return boxes


def sizes_of(boxes: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the longer side of each box, given as by :func:`boxes_of`, in pixels."""
    sizes: NDArray[np.intp] = (boxes[:, 2:] - boxes[:, :2]).max(axis=1)
    return sizes


def loops_of(labels: NDArray[np.integer[Any]]) -> NDArray[np.intp]:
    """Return how many loops each region has: how many parts of the paper it encloses.

    Parameters
    ----------
    labels : ndarray of int, shape (height, width)
        As of :func:`label_regions`.

    Returns
    -------
    ndarray of int, shape (labels,)
    """
    # Euler's formula: corners - edges + pixels = 1 - loops, for pixels that are closed squares.
    count = int(labels.max(initial=0)) + 1
    padded = np.pad(labels, 1)
    beside = np.maximum(padded[:, 1:], padded[:, :-1])
    below = np.maximum(padded[1:], padded[:-1])
    corners = np.maximum(beside[1:], beside[:-1])
    corners, edges, more, pixels = (
        np.bincount(each.ravel(), minlength=count) for each in (corners, beside, below, labels)
    )
    loops: NDArray[np.intp] = (1 - corners + edges + more - pixels)[1:]
    return loops


def rims(plane: NDArray[Any]) -> tuple[NDArray[Any], ...]:
    """Return the first and the last row, and the first and the last column."""
    return plane[0], plane[-1], plane[:, 0], plane[:, -1]


def around(labels: NDArray[np.int32], others: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return in which region of the rest of a picture each region lies.

    Parameters
    ----------
    labels, others : ndarray of int32, shape (height, width)
        The regions of a mask with corners, and those of its inverse without; or the reverse.

    Returns
    -------
    ndarray of int32, shape (labels + 1,)
        For each label the label of `others` on the left of its first pixel; 0 at the rim, and for
        the label 0.
    """
    # Labels are in the order of their first pixels.
    first = np.flatnonzero(np.diff(np.maximum.accumulate(labels.ravel()), prepend=0))
    beside = others.ravel()[np.maximum(first - 1, 0)]
    beside[first % labels.shape[1] == 0] = 0
    return np.concatenate([np.zeros(1, np.int32), beside])


def resize(plane: Plane, shape: tuple[int, ...]) -> Plane:
    """Resize a plane: by averaging if it shrinks, by bilinear interpolation if it grows."""
    if plane.shape == shape:
        return plane
    method = Image.Resampling.BOX if shape[0] < plane.shape[0] else Image.Resampling.BILINEAR
    image = Image.fromarray(np.ascontiguousarray(plane, np.float32))
    return np.asarray(image.resize((shape[1], shape[0]), method), np.float32)


def shrink(ink: Plane, shape: tuple[int, ...]) -> Plane:
    """Shrink ink, from 0 to 1: by averaging, or by the maximum if its strokes are thin."""
    thin = shrink_thin(ink, shape)
    return resize(ink, shape) if thin is None else thin


def shrink_thin(ink: Plane, shape: tuple[int, ...]) -> Plane | None:
    """Shrink ink whose strokes averaging would lose, by the maximum; return None for other ink."""
    most = ink
    for axis, side in enumerate(shape):
        starts = np.arange(side) * ink.shape[axis] // side
        most = np.maximum.reduceat(most, starts, axis=axis)
    return most if (most > 0.5).mean() > THIN * (ink > 0.5).mean() else None
