"""Separate the foreground of a grey picture (the ink) from its background (the paper).

The ink may be darker or lighter than the paper. Uneven light, shadows, noise, ruled lines and the
surroundings of the paper are removed. In this file, *contrast* is how far a pixel differs from the
paper: about 0 on paper, and positive on ink.
"""

from __future__ import annotations

import numpy as np

from mnist_zoo.pictures import filters
from mnist_zoo.pictures.filters import Mask, boxes_of, resize
from mnist_zoo.pictures.opening import Plane
from mnist_zoo.pictures.pages import WIDTHS, Ink, find_strokes, may_be_page, on_paper
from mnist_zoo.pictures.ruling import without_frames, without_lines

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

# The thresholds from here on are for large pictures. Thin strokes are found there by `pages`, so
# what is found here is wider than the first share of the side of a square as large as the picture.
# With less contrast than the second value, it is a shadow, a stain or a crease.
LEAST_WIDTH, LEAST_OF_WIDE = 0.5 * WIDTHS[-1], 0.25
# A region whose longer side is less than this share of the picture's is not a digit.
LEAST_OF_LARGE = 0.03
# If a square of the first share of a region's longer side fits into the region, it is a shadow. If
# the region's area is less than the second share of that side's square, it is a line. At
# least so many regions that are neither are taken for digits.
WIDEST_PART, THINNEST_PART, COMPANY = 0.4, 0.05, 3
# Ink is a digit that fills the picture if it reaches along CUT_OUT of a side, covers at most
# COVERED of each rim, and covers less than CONVEX of its convex hull. A picture whose sides have a
# ratio of at most SLIM may show a one, which is convex.
CUT_OUT, COVERED, CONVEX, SLIM = 0.95, 0.9, 0.8, 0.5


def find_ink(grey: Plane, step: float = 0.0) -> Ink | None:
    """Find the ink in a grey picture.

    Parameters
    ----------
    grey : ndarray of float32, shape (height, width)
        From 0, black, to 1, white.
    step : float, default 0
        The steps in which its file stores shades of paper, as of :class:`.opening.Grey`.

    Returns
    -------
    Ink or None
        None if the picture is blank.
    """
    strokes = find_strokes(grey, step)
    if strokes is not None:
        return strokes if strokes.mask.any() else None
    contrast, light = _without_light(grey)
    is_large = may_be_page(grey.shape)
    if is_large:
        contrast = np.where(on_paper(light), contrast, np.float32(0.0))
    noise = filters.noise(contrast) if min(grey.shape) >= LEAST_SIDE_FOR_NOISE else 0.0
    if noise > 0.02:
        contrast = filters.blur(contrast)
        noise /= 2.0 * np.sqrt(np.pi)  # The share of white noise that this filter leaves.
    contrast = without_frames(contrast, noise, 0.15 * float(contrast.max()))
    contrast = without_lines(contrast, noise, 0.15 * float(contrast.max()))
    contrast = without_lines(contrast.T, noise, 0.15 * float(contrast.max())).T
    least = max(LEAST_OF_WIDE if is_large else LEAST_CONTRAST, LEAST_DEVIATIONS * noise)
    contrast = _without_surroundings(contrast, least)
    level = float(contrast.max())
    if level < least:
        return None
    level = float(np.median(contrast[contrast >= 0.5 * level]))
    amount = np.ascontiguousarray(contrast / np.float32(level))
    mask = amount > max(EDGE, least / level)
    if is_large and mask.any() and not _fills(mask):
        mask &= ~_shadows(mask)
    return Ink(amount, mask, noise / level) if mask.any() else None


def _fills(mask: Mask) -> bool:
    """Say whether the ink is a digit that fills the picture, as one that was cut out closely.

    It reaches from rim to rim. So do shadows, but they are convex, and no digit is, except a one;
    and so does a table, but it covers a whole rim.
    """
    ((left, top, right, bottom),) = boxes_of(mask.astype(np.int32))
    inside = mask[top:bottom, left:right]
    down, across = (
        side >= CUT_OUT * whole for side, whole in zip(inside.shape, mask.shape, strict=True)
    )
    if not (down or across) or inside.sum() < THINNEST_PART * max(inside.shape) ** 2:
        return False
    if max(map(np.mean, filters.rims(mask))) > COVERED or _has_wide_part(inside):
        return False
    if down and across and min(inside.shape) <= SLIM * max(inside.shape):
        return True  # A picture of a one.
    from scipy.spatial import ConvexHull  # Its import takes long, and is seldom needed.

    rows = np.flatnonzero(inside.any(axis=1))
    first, last = inside.argmax(axis=1), inside.shape[1] - inside[:, ::-1].argmax(axis=1)
    ends = np.concatenate([np.stack([rows, ends[rows]], axis=1) for ends in (first, last)])
    hull = ConvexHull(np.concatenate([ends, ends + np.array([1, 0])]))
    return bool(inside.sum() < CONVEX * hull.volume)  # In a plane, this is the area.


def _shadows(mask: Mask) -> Mask:
    """Return what is no digit of a large picture: shadows, thin regions, and what the rim cuts."""
    labels = filters.label_regions(mask)
    boxes = boxes_of(labels)
    height, width = mask.shape
    sizes = filters.sizes_of(boxes)
    no_digit = (boxes[:, :2] == 0).any(axis=1) | (boxes[:, 2:] == (width, height)).any(axis=1)
    no_digit |= sizes < LEAST_OF_LARGE * max(mask.shape)
    no_digit |= np.bincount(labels.ravel())[1:] < THINNEST_PART * sizes**2
    window = round(LEAST_WIDTH * np.sqrt(mask.size))
    is_wide = filters.opening(mask.astype(np.float32), window) > 0.0
    no_digit |= np.bincount(labels[is_wide], minlength=len(no_digit) + 1)[1:] == 0
    wide = np.zeros_like(no_digit)
    for number in np.flatnonzero(~no_digit):
        left, top, right, bottom = boxes[number]
        wide[number] = _has_wide_part(labels[top:bottom, left:right] == number + 1)
    slim = sizes[~no_digit & ~wide]
    # What is wide is a bold digit if it is no larger than the digits beside it.
    largest = slim.max() if len(slim) >= COMPANY else 0
    no_digit |= wide & (sizes > largest)
    shadows: Mask = np.concatenate([[False], no_digit])[labels]
    return shadows


def _has_wide_part(region: Mask) -> bool:
    """Say whether a square fits into a region that is wide beside it: no stroke is so wide."""
    small = resize(region.astype(np.float32), _coarse_shape(region.shape, POLARITY_SIDE))
    window = max(2, round(WIDEST_PART * max(small.shape)))
    return bool((filters.opening(np.pad(small, window), window) > 0.9).any())


def _without_light(grey: Plane) -> tuple[Plane, Plane]:
    """Return the contrast, how much darker than the paper each pixel is, and the light on it.

    For light ink on dark paper: how much lighter each pixel is, and white.
    """
    coarse = resize(grey, _coarse_shape(grey.shape, COARSE_SIDE))
    paper = _paper(coarse)
    difference = coarse - paper
    if _is_light_on_dark(grey):
        shadow = _shadow(difference)
        light = np.ones_like(grey)
        contrast: Plane = grey - resize(paper + shadow, grey.shape)
    else:
        # Ink absorbs a share of the light that falls on it: the contrast is that share.
        share: Plane = np.maximum(paper, np.float32(DIMMEST), dtype=np.float32)
        shadow = _shadow(-difference / share).clip(max=np.float32(1.0 - DIMMEST))
        light = resize(paper * (1.0 - shadow), grey.shape)
        contrast = (light - grey) / light.clip(min=np.float32(DIMMEST))
    # In noise, the shadow follows the lowest values, so the contrast on paper comes out above 0.
    # Its median there is subtracted.
    low = contrast[contrast <= 0.5 * contrast.max()]
    offset = np.float32(np.median(low)) if low.size else np.float32(0.0)
    return np.subtract(contrast, offset, dtype=np.float32), light


def _is_light_on_dark(grey: Plane) -> bool:
    """Say whether the ink is lighter than the paper.

    Most of a neighbourhood is paper, so its median is the paper. What differs from the median is
    ink: if it is lighter on average, the ink is lighter.
    """
    small = resize(grey, _coarse_shape(grey.shape, POLARITY_SIDE))
    # By itself the median would repeat the pixels of the rim, which may be a border.
    reach = POLARITY_WINDOW // 2
    padded = np.pad(small, reach, mode="symmetric")
    paper = filters.median(padded, POLARITY_WINDOW)[reach:-reach, reach:-reach]
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


def _without_surroundings(contrast: Plane, least: float) -> Plane:
    """Remove regions that reach a corner of the picture, such as a table under the paper."""
    marked = contrast > max(least, 0.15 * float(contrast.max()))
    around = _at_corners(marked)
    if not around.any():
        return contrast
    # If nothing larger than a speck would be left, the region at the corner is the digit itself.
    rest = filters.label_regions(marked & ~around)
    if filters.sizes_of(boxes_of(rest)).max(initial=0) < 0.04 * max(contrast.shape):
        return contrast
    around = filters.grow(around, 2)
    return np.where(around, np.float32(0.0), contrast)


def _coarse_shape(shape: tuple[int, ...], side: int) -> tuple[int, ...]:
    """Return the shape that has at most `side` pixels a side, with the same proportions."""
    scale = min(1.0, side / max(shape))
    return tuple(max(1, round(size * scale)) for size in shape)
