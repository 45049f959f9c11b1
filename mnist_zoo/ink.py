"""The ink of a picture, apart from its paper: whatever the polarity, the light and the noise."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

Plane = NDArray[np.float32]
Mask = NDArray[np.bool_]

# Light changes slowly, so it is estimated on a picture of at most this many pixels a side.
COARSE_SIDE = 192
# On how many pixels a side the polarity is found, and in how large a neighbourhood.
POLARITY_SIDE, POLARITY_WINDOW = 48, 19
# Shadows are told from strokes by their width: no stroke is as wide as this share of the picture.
WIDEST_STROKE, USUAL_STROKE = 0.4, 0.12
# The least contrast that is ink, as a share of white; and in standard deviations of the noise.
LEAST_CONTRAST, LEAST_DEVIATIONS = 0.06, 8.0
# Less light than this, as a share of white, is no light to measure a share of.
DIMMEST = 0.05
# Where ink begins, as a share of the ink's usual darkness.
EDGE = 0.35
# With fewer pixels a side than this, a stroke is a pixel or two wide, and looks like noise.
LEAST_SIDE_FOR_NOISE = 20
EIGHT_NEIGHBOURS = np.ones((3, 3), bool)


class Ink(NamedTuple):
    """The ink of a picture.

    Attributes
    ----------
    amount : ndarray of float32, shape (height, width)
        0 on paper, about 1 where the ink is as dark as most of it.
    mask : ndarray of bool, shape (height, width)
        Where there is ink at all.
    noise : float
        The standard deviation of `amount` on bare paper.
    """

    amount: Plane
    mask: Mask
    noise: float


def find_ink(grey: Plane) -> Ink | None:
    """Tell ink from paper in a grey picture in [0, 1]; return None where there is no ink."""
    contrast = _without_light(grey)
    noise = _noise(contrast) if min(grey.shape) >= LEAST_SIDE_FOR_NOISE else 0.0
    if noise > 0.02:
        contrast = ndimage.gaussian_filter(contrast, 1.0)
        noise /= 2.0 * np.sqrt(np.pi)  # What this filter leaves of white noise.
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
    """Return by how much each pixel is darker than the paper (or lighter, if the ink is)."""
    coarse = resize(grey, _coarse_shape(grey.shape, COARSE_SIDE))
    paper = _paper(coarse)
    difference = coarse - paper
    if _is_light_on_dark(grey):
        shadow = _shadow(difference)
        contrast: Plane = grey - resize(paper + shadow, grey.shape)
    else:
        # Ink swallows a share of the light that falls on it.
        share: Plane = np.maximum(paper, np.float32(DIMMEST), dtype=np.float32)
        shadow = _shadow(-difference / share).clip(max=np.float32(1.0 - DIMMEST))
        level = resize(paper * (1.0 - shadow), grey.shape)
        contrast = (level - grey) / level.clip(min=np.float32(DIMMEST))
    # In noise the shadow is that of the lowest values, where the middle ones are wanted.
    low = contrast[contrast <= 0.5 * contrast.max()]
    offset = np.float32(np.median(low)) if low.size else np.float32(0.0)
    return np.subtract(contrast, offset, dtype=np.float32)


def _is_light_on_dark(grey: Plane) -> bool:
    """Most of a neighbourhood is paper: what lies off its median, on average, is ink."""
    small = resize(grey, _coarse_shape(grey.shape, POLARITY_SIDE))
    paper = ndimage.median_filter(small, POLARITY_WINDOW, mode="nearest")
    return bool((small - paper).mean() > 0.0)


def _shadow(contrast: Plane) -> Plane:
    """Return what is wider than a stroke: an opening wipes out what is narrower than its window."""
    side = max(contrast.shape)
    wide, narrow = (max(12, round(share * side)) for share in (WIDEST_STROKE, USUAL_STROKE))
    shadow = ndimage.grey_opening(contrast, (wide, wide), mode="nearest")
    # Only a stroke that fills the picture can be so wide, and it does not reach a corner.
    closer = ndimage.grey_opening(contrast, (narrow, narrow), mode="nearest")
    around = _at_corners(closer > shadow + LEAST_CONTRAST)
    shadow = np.where(around, closer, shadow)
    return np.asarray(ndimage.uniform_filter(shadow, 3 + narrow // 8, mode="nearest"), np.float32)


def _at_corners(mask: Mask) -> Mask:
    """Return the connected parts of a mask that reach a corner."""
    labels, _ = ndimage.label(mask, EIGHT_NEIGHBOURS)
    corners = {int(labels[row, column]) for row in (0, -1) for column in (0, -1)} - {0}
    return np.isin(labels, list(corners))


def _paper(picture: Plane) -> Plane:
    """Fit a plane to the paper, by least absolute deviations: ink is an outlier."""
    y, x = np.meshgrid(*(np.linspace(-1.0, 1.0, size) for size in picture.shape), indexing="ij")
    terms = np.stack([np.ones_like(x), x, y], -1).reshape(-1, 3)
    values = picture.ravel().astype(np.float64)
    # Ink is rarer at the rim.
    rim = (1.0 + 2.0 * np.maximum(np.abs(x), np.abs(y)) ** 4).ravel()
    weights = rim
    surface = values
    for _ in range(20):  # Iteratively reweighted least squares.
        weighted = (terms * weights[:, None]).T
        # lstsq, not solve: pictures of one row or column leave a term undetermined.
        surface = terms @ np.linalg.lstsq(weighted @ terms, weighted @ values, rcond=1e-9)[0]
        weights = rim / np.maximum(np.abs(values - surface), 1e-3)
    return surface.reshape(picture.shape).astype(np.float32)


def _noise(contrast: Plane) -> float:
    """Estimate the standard deviation of the noise, from the differences between neighbours."""
    # A low quantile, as the larger differences are the edges of the ink; 0.2533 is that of the
    # absolute value of a standard normal variable.
    quantile = np.quantile(np.abs(np.diff(contrast, axis=1)), 0.2)
    return float(quantile / 0.2533 / np.sqrt(2.0))


def _without_lines(contrast: Plane, noise: float) -> Plane:
    """Take away lines that run across, as on ruled paper; strokes that cross them go on."""
    lines = _lines(contrast > max(0.15 * float(contrast.max()), 3.0 * noise))
    if not lines.any():
        return contrast
    # Where the lines are paler than the ink, strokes are seen on them.
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
    """Return where thin straight lines run from one side of a picture to the other."""
    height, width = marked.shape
    lines = np.zeros(marked.shape, bool)
    length = width // 3
    if length < 8:
        return lines
    slope = _slope(marked)
    rows, columns = np.arange(height)[:, None], np.arange(width)
    level = np.clip(rows + np.rint(slope * columns).astype(np.intp), 0, height - 1)
    levelled = np.take_along_axis(marked, level, axis=0)
    runs = ndimage.uniform_filter1d(levelled.astype(np.float32), length, axis=1) > 0.9
    labels, _ = ndimage.label(ndimage.binary_dilation(runs, EIGHT_NEIGHBOURS), EIGHT_NEIGHBOURS)
    for number, place in enumerate(ndimage.find_objects(labels), 1):
        found_rows, found_columns = np.nonzero((labels[place] == number) & runs[place])
        found_rows, found_columns = found_rows + place[0].start, found_columns + place[1].start
        if np.ptp(found_columns) + 1 < 0.6 * width:
            continue
        # Its course is read where it is thinnest: elsewhere strokes run along it.
        counts = np.bincount(found_columns, minlength=width)
        thin = counts[found_columns] <= np.quantile(counts[counts > 0], 0.25)
        tilt, start = np.polyfit(found_columns[thin], found_rows[thin], 1)
        middle = start + (tilt + slope) * columns
        reach = 0.04 * width
        band = slice(max(0, int(middle.min() - reach)), max(0, int(middle.max() + reach) + 2))
        away = np.abs(rows[band] - middle)
        near = marked[band] & (away <= reach)
        # Strokes cross it in few of its columns, so the usual thickness is its own.
        thickness = float(np.median(near.sum(axis=0)))
        if 0.0 < thickness <= 0.5 * reach and near.any(axis=0).mean() >= 0.85:
            lines[band] |= away <= 0.5 * thickness + 1.0
    return lines


def _slope(marked: Mask) -> float:
    """Return the slope, of small ones, along which the marks gather on the fewest rows."""
    step = 1 + max(marked.shape) // 400
    rows, columns = np.nonzero(marked[::step, ::step])
    slopes = np.linspace(-0.1, 0.1, 81)

    def gathered(slope: float) -> float:
        level = np.rint(rows - slope * columns).astype(np.intp)
        return float((np.bincount(level - level.min()) ** 2.0).sum())

    return float(max(slopes, key=gathered)) if rows.size else 0.0


def _without_surroundings(contrast: Plane, least: float) -> Plane:
    """Take away what reaches a corner of the picture, as a table under the paper does."""
    marked = contrast > max(least, 0.15 * float(contrast.max()))
    around = _at_corners(marked)
    if not around.any():
        return contrast
    # If nothing else of any size is there, it is the digit that reaches the corner.
    rest, _ = ndimage.label(marked & ~around, EIGHT_NEIGHBOURS)
    sizes = [max(side.stop - side.start for side in place) for place in ndimage.find_objects(rest)]
    if max(sizes, default=0) < 0.04 * max(contrast.shape):
        return contrast
    around = ndimage.binary_dilation(around, EIGHT_NEIGHBOURS, iterations=2)
    return np.where(around, np.float32(0.0), contrast)


def _coarse_shape(shape: tuple[int, ...], side: int) -> tuple[int, ...]:
    scale = min(1.0, side / max(shape))
    return tuple(max(1, round(size * scale)) for size in shape)


def resize(plane: Plane, shape: tuple[int, ...]) -> Plane:
    """Resize a plane: by averages where it shrinks, by interpolation where it grows."""
    if plane.shape == shape:
        return plane
    method = Image.Resampling.BOX if shape[0] < plane.shape[0] else Image.Resampling.BILINEAR
    image = Image.fromarray(np.ascontiguousarray(plane, np.float32))
    return np.asarray(image.resize((shape[1], shape[0]), method), np.float32)
