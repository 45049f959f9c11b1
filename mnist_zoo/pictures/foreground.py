"""Separate the foreground of a grey picture (the ink) from its background (the paper).

The ink may be darker or lighter than the paper. Uneven light, shadows, noise, ruled lines and the
surroundings of the paper are removed. In this file, *contrast* is how far a pixel differs from the
paper: about 0 on paper, and positive on ink.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mnist_zoo.pictures import filters
from mnist_zoo.pictures.filters import Mask
from mnist_zoo.pictures.opening import Plane

# The thresholds down to LEAST_SIDE_FOR_NOISE were chosen by measuring. What other values change is
# measured by `python -m benchmarks.picture_thresholds`.

# Light changes slowly. So it is estimated on a copy with at most this many pixels a side, which
# takes less time.
COARSE_SIDE = 192
# The polarity (dark ink on light paper, or the reverse) is found on a copy with at most so many
# pixels a side, in neighbourhoods with so many pixels a side.
POLARITY_SIDE, POLARITY_WINDOW = 48, 19
# What is wider than a stroke is a shadow. No stroke is wider than the first share of the picture's
# longer side, and few are wider than the second.
WIDEST_STROKE, USUAL_STROKE = 0.4, 0.12
# Less contrast than either of these is not ink: the first is a share of white, the second a number
# of standard deviations of the noise.
LEAST_CONTRAST, LEAST_DEVIATIONS = 0.06, 8.0
# The darkness of ink is measured as a share of the light on the paper. Where there is less light
# than this share of white, this share is used, as dividing by less would amplify the noise.
DIMMEST = 0.05
# A pixel is part of the mask if it has more than this share of the usual contrast of the ink.
EDGE = 0.35
# In pictures with fewer pixels a side than this, noise is not measured: strokes are one or two
# pixels wide there, and would be taken for noise.
LEAST_SIDE_FOR_NOISE = 20


class Ink(NamedTuple):
    """The foreground of a picture.

    Attributes
    ----------
    amount : ndarray of float32, shape (height, width)
        How much ink there is: about 0 on paper, and about 1 where the ink has its usual darkness.
        Noise may take it below 0, and dark ink above 1.
    mask : ndarray of bool, shape (height, width)
        True where there is ink.
    noise : float
        The standard deviation of `amount` on bare paper.
    """

    amount: Plane
    mask: Mask
    noise: float


def find_ink(grey: Plane) -> Ink | None:
    """Find the ink in a grey picture.

    Parameters
    ----------
    grey : ndarray of float32, shape (height, width)
        From 0, black, to 1, white.

    Returns
    -------
    Ink or None
        None if the picture is blank.
    """
    contrast = _without_light(grey)
    noise = _noise(contrast) if min(grey.shape) >= LEAST_SIDE_FOR_NOISE else 0.0
    if noise > 0.02:
        contrast = filters.blur(contrast)
        noise /= 2.0 * np.sqrt(np.pi)  # The share of white noise that this filter leaves.
    contrast = _without_lines(contrast, noise)
    contrast = _without_lines(contrast.T, noise).T
    least = max(LEAST_CONTRAST, LEAST_DEVIATIONS * noise)
    contrast = _without_surroundings(contrast, least)
    level = float(contrast.max())
    if level < least:
        return None
    level = float(np.median(contrast[contrast >= 0.5 * level]))
    amount = np.ascontiguousarray(contrast / np.float32(level))
    return Ink(amount, amount > max(EDGE, least / level), noise / level)


def _without_light(grey: Plane) -> Plane:
    """Return the contrast: how much darker than the paper each pixel is.

    For light ink on dark paper: how much lighter.
    """
    coarse = resize(grey, _coarse_shape(grey.shape, COARSE_SIDE))
    paper = _paper(coarse)
    difference = coarse - paper
    if _is_light_on_dark(grey):
        shadow = _shadow(difference)
        contrast: Plane = grey - resize(paper + shadow, grey.shape)
    else:
        # Ink absorbs a share of the light that falls on it: the contrast is that share.
        share: Plane = np.maximum(paper, np.float32(DIMMEST), dtype=np.float32)
        shadow = _shadow(-difference / share).clip(max=np.float32(1.0 - DIMMEST))
        level = resize(paper * (1.0 - shadow), grey.shape)
        contrast = (level - grey) / level.clip(min=np.float32(DIMMEST))
    # In noise, the shadow follows the lowest values, so the contrast on paper comes out above 0.
    # Its median there is subtracted.
    low = contrast[contrast <= 0.5 * contrast.max()]
    offset = np.float32(np.median(low)) if low.size else np.float32(0.0)
    return np.subtract(contrast, offset, dtype=np.float32)


def _is_light_on_dark(grey: Plane) -> bool:
    """Say whether the ink is lighter than the paper.

    Most of a neighbourhood is paper, so its median is the paper. What differs from the median is
    ink: if it is lighter on average, the ink is lighter.
    """
    small = resize(grey, _coarse_shape(grey.shape, POLARITY_SIDE))
    paper = filters.median(small, POLARITY_WINDOW)
    return bool((small - paper).mean() > 0.0)


def _shadow(contrast: Plane) -> Plane:
    """Return the part of the contrast that is wider than a stroke: a shadow, not ink.

    A morphological opening removes everything that is narrower than its window.
    """
    side = max(contrast.shape)
    wide, narrow = (max(12, round(share * side)) for share in (WIDEST_STROKE, USUAL_STROKE))
    shadow = filters.opening(contrast, wide)
    # A region at a corner is a shadow if it is wider than a usual stroke. Elsewhere such a region
    # is a wide stroke, as of a digit that fills the picture.
    closer = filters.opening(contrast, narrow)
    around = _at_corners(closer > shadow + LEAST_CONTRAST)
    shadow = np.where(around, closer, shadow)
    return filters.mean(shadow, 3 + narrow // 8)


def _at_corners(mask: Mask) -> Mask:
    """Return the connected regions of a mask that reach a corner of the picture."""
    labels = filters.label_regions(mask)
    at_corner = np.zeros(labels.max() + 1, bool)
    at_corner[labels[[0, 0, -1, -1], [0, -1, 0, -1]]] = True
    at_corner[0] = False
    reaching: Mask = at_corner[labels]
    return reaching


def _paper(picture: Plane) -> Plane:
    """Fit a plane to the brightness of the paper.

    The fit minimises the sum of the absolute deviations, so that ink, as an outlier, hardly
    matters.
    """
    y, x = np.meshgrid(*(np.linspace(-1.0, 1.0, size) for size in picture.shape), indexing="ij")
    terms = np.stack([np.ones_like(x), x, y], -1).reshape(-1, 3)
    values = picture.ravel().astype(np.float64)
    # There is less ink near the edges of a picture, so pixels there weigh more.
    rim = (1.0 + 2.0 * np.maximum(np.abs(x), np.abs(y)) ** 4).ravel()
    weights = rim
    surface = values
    for _ in range(20):  # Iteratively reweighted least squares.
        weighted = (terms * weights[:, None]).T
        # `solve` would fail on a picture of one row or column, where a slope is undetermined.
        surface = terms @ np.linalg.lstsq(weighted @ terms, weighted @ values, rcond=1e-9)[0]
        weights = rim / np.maximum(np.abs(values - surface), 1e-3)
    return surface.reshape(picture.shape).astype(np.float32)


def _noise(contrast: Plane) -> float:
    """Estimate the standard deviation of the noise, from differences of neighbouring pixels."""
    # The larger differences are edges of strokes, so a low quantile is taken. 0.2533 is the same
    # quantile for the absolute value of a standard normal variable. The difference of two pixels
    # has sqrt(2) times the deviation of one.
    quantile = np.quantile(np.abs(np.diff(contrast, axis=1)), 0.2)
    return float(quantile / 0.2533 / np.sqrt(2.0))


def _without_lines(contrast: Plane, noise: float) -> Plane:
    """Remove lines that run across the picture, as on ruled paper, and keep strokes on them.

    Removed pixels are filled in from the pixels above and below, so that strokes that cross a line
    are not cut.
    """
    lines = _lines(contrast > max(0.15 * float(contrast.max()), 3.0 * noise))
    if not lines.any():
        return contrast
    # Pixels that are darker than the lines belong to strokes on top of them, and stay.
    darkness = float(np.median(contrast[lines]))
    lines &= contrast < 1.4 * darkness + 3.0 * noise
    mended = contrast.copy()
    rows = np.arange(len(contrast))
    for column in np.flatnonzero(lines.any(axis=0)):
        gone = lines[:, column]
        if not gone.all():
            mended[gone, column] = np.interp(rows[gone], rows[~gone], contrast[~gone, column])
    return mended


def _lines(marked: Mask) -> Mask:
    """Return the pixels of thin straight lines that run from side to side across the picture."""
    height, width = marked.shape
    lines = np.zeros(marked.shape, bool)
    length = width // 3
    if length < 8:
        return lines
    slope = _slope(marked)
    rows, columns = np.arange(height)[:, None], np.arange(width)
    level = np.clip(rows + np.rint(slope * columns).astype(np.intp), 0, height - 1)
    levelled = np.take_along_axis(marked, level, axis=0)
    runs = filters.mean_along(levelled.astype(np.float32), length, "symmetric") > 0.9
    if runs.mean() > 0.5:  # Lines have paper between them.
        return lines
    labels = filters.label_regions(filters.grow(runs, 1))
    boxes = boxes_of(labels)
    wide = np.flatnonzero(boxes[:, 2] - boxes[:, 0] >= 0.6 * width) + 1
    if not wide.size:
        return lines
    # How many pixels are marked above each: thickness is a difference of two of these.
    above = np.pad(np.cumsum(marked, axis=0, dtype=np.int32), ((1, 0), (0, 0)))
    # Where lines begin (1) and end (-1) in each column, going down.
    edges = np.zeros((height + 1, width), np.int32)
    reach = 0.04 * width
    for found_rows, found_columns in _pixels_of(np.where(runs, labels, 0), wide):
        if np.ptp(found_columns) + 1 < 0.6 * width:
            continue
        # Its position is fitted where it is thinnest: in other columns, strokes run along it.
        counts = np.bincount(found_columns, minlength=width)
        thin = np.flatnonzero(counts[found_columns] <= np.quantile(counts[counts > 0], 0.25))
        thin = thin[:: 1 + len(thin) // 10_000]  # Enough for a straight line.
        tilt, start = np.polyfit(found_columns[thin], found_rows[thin], 1)
        middle = start + (tilt + slope) * columns
        top, bottom = _rows_within(middle, reach, height)
        near = above[bottom, columns] - above[top, columns]
        # Strokes cross it in few of its columns, so the median thickness is that of the line.
        thickness = float(np.median(near))
        if 0.0 < thickness <= 0.5 * reach and (near > 0).mean() >= 0.85:
            top, bottom = _rows_within(middle, 0.5 * thickness + 1.0, height)
            edges[top, columns] += 1
            edges[bottom, columns] -= 1
    return np.cumsum(edges[:-1], axis=0) > 0


def _rows_within(
    middle: NDArray[np.float64], reach: float, height: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the first row within `reach` of the middle, and the one after the last, by column."""
    first, last = np.ceil(middle - reach), np.floor(middle + reach)
    return (
        np.clip(first, 0, height).astype(np.intp),
        np.clip(last + 1, 0, height).astype(np.intp),
    )


def _pixels_of(
    labels: NDArray[np.integer[Any]], chosen: NDArray[np.intp]
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Yield the rows and the columns of the pixels of each chosen label."""
    rows, columns = np.nonzero(labels > 0)
    found = labels[rows, columns]
    kept = np.isin(found, chosen)
    rows, columns, found = rows[kept], columns[kept], found[kept]
    order = np.argsort(found, kind="stable")
    for pixels in np.split(order, np.searchsorted(found[order], chosen[1:])):
        if pixels.size:
            yield rows[pixels], columns[pixels]


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


def _slope(marked: Mask) -> float:
    """Return the slope of the lines: the small slope for which they fall on the fewest rows."""
    step = 1 + max(marked.shape) // 400
    rows, columns = np.nonzero(marked[::step, ::step])
    slopes = np.linspace(-0.1, 0.1, 81)

    def gathered(slope: float) -> float:
        level = np.rint(rows - slope * columns).astype(np.intp)
        return float((np.bincount(level - level.min()) ** 2.0).sum())

    return float(max(slopes, key=gathered)) if rows.size else 0.0


def _without_surroundings(contrast: Plane, least: float) -> Plane:
    """Remove regions that reach a corner of the picture, such as a table under the paper."""
    marked = contrast > max(least, 0.15 * float(contrast.max()))
    around = _at_corners(marked)
    if not around.any():
        return contrast
    # If nothing larger than a speck would be left, the region at the corner is the digit itself.
    rest = filters.label_regions(marked & ~around)
    boxes = boxes_of(rest)
    if (boxes[:, 2:] - boxes[:, :2]).max(initial=0) < 0.04 * max(contrast.shape):
        return contrast
    around = filters.grow(around, 2)
    return np.where(around, np.float32(0.0), contrast)


def _coarse_shape(shape: tuple[int, ...], side: int) -> tuple[int, ...]:
    """Return the shape that has at most `side` pixels a side, with the same proportions."""
    scale = min(1.0, side / max(shape))
    return tuple(max(1, round(size * scale)) for size in shape)


def resize(plane: Plane, shape: tuple[int, ...]) -> Plane:
    """Resize a plane: by averaging if it shrinks, by bilinear interpolation if it grows."""
    if plane.shape == shape:
        return plane
    method = Image.Resampling.BOX if shape[0] < plane.shape[0] else Image.Resampling.BILINEAR
    image = Image.fromarray(np.ascontiguousarray(plane, np.float32))
    return np.asarray(image.resize((shape[1], shape[0]), method), np.float32)
