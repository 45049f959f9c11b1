"""Draw ink in the form of MNIST's digits: in their size and place, with strokes of their width."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mnist_zoo.data.datasets import MNIST
from mnist_zoo.pictures import filters
from mnist_zoo.pictures.opening import Plane

# The side of an MNIST image, the side of the box that its digit fits into, and the middle of the
# image, where the centre of mass of the digit lies; all in pixels.
SIDE, BOX, MIDDLE = MNIST.image_shape[0], 20, 14
# Strokes thinner than THINNEST are redrawn with the width USUAL, both in pixels of the 28 x 28
# image. They are the 5th percentile and the median of the stroke width in MNIST's training split.
# `python -m benchmarks.picture_thresholds` measures both, and what other values change.
THINNEST, USUAL = 2.1, 2.9
# The ink of a digit is kept for parting with at most so many pixels: 100 by 100.
KEPT = 10_000
# The stroke width is measured, and changed, on a grid with this many times as many pixels a side.
# `python -m benchmarks.picture_thresholds` measures what other values change.
FINE = 4


def shrunk(amount: Plane) -> NDArray[np.uint8]:
    """Return ink with at most :data:`KEPT` pixels, from 0 to 255."""
    scale = min(1.0, math.sqrt(KEPT / amount.size))
    shape = tuple(max(1, int(scale * side)) for side in amount.shape)
    ink: NDArray[np.uint8] = np.rint(255.0 * filters.shrink(amount, shape)).astype(np.uint8)
    return ink


def fit(amount: Plane) -> NDArray[np.float32]:
    """Scale a digit to fit into the box, and place its centre of mass in the middle."""
    finest = FINE * BOX / max(amount.shape)
    if finest < 1.0:
        thin = filters.shrink_thin(amount, tuple(math.ceil(finest * side) for side in amount.shape))
        amount = amount if thin is None else thin
    (left, right), (top, bottom) = (
        filters.extent(amount.max(axis=0)),
        filters.extent(amount.max(axis=1)),
    )
    scale = BOX / max(right - left, bottom - top)
    width, height = (max(1, round(scale * side)) for side in (right - left, bottom - top))
    # The result is a whole number of pixels wide and high. The region to resize has the middle of
    # the digit, and the proportions of the result.
    pad = 2 + max(amount.shape) // 4
    middle_x, middle_y = (left + right) / 2 + pad, (top + bottom) / 2 + pad
    half_x, half_y = width / scale / 2, height / scale / 2
    box = (middle_x - half_x, middle_y - half_y, middle_x + half_x, middle_y + half_y)
    digit = redrawn(Image.fromarray(np.pad(amount, pad)), (width, height), box)
    placed = np.zeros((SIDE, SIDE), np.float32)
    y, x = (
        int(np.clip(round(MIDDLE - middle), 0, SIDE - side))
        for middle, side in zip(filters.centre_of_mass(digit), digit.shape, strict=True)
    )
    placed[y : y + height, x : x + width] = digit
    return placed


def redrawn(
    image: Image.Image, size: tuple[int, int], box: tuple[float, float, float, float]
) -> Plane:
    """Scale a part of some ink; strokes that are too thin then become as wide as usual."""
    scaled = np.asarray(image.resize(size, Image.Resampling.BICUBIC, box), np.float32)
    finer = FINE * size[0], FINE * size[1]
    fine = image.resize(finer, Image.Resampling.BICUBIC, box)
    drawn = _thickened(np.asarray(fine, np.float32))
    if drawn is not None:
        scaled = np.asarray(Image.fromarray(drawn).resize(size, Image.Resampling.BOX))
    return np.clip(scaled, 0.0, 1.0)


def stroke_width(depth: NDArray[np.float64]) -> float:
    """Return the width of strokes, in pixels of MNIST, from each fine pixel's distance to paper.

    Across a stroke of width w the distance rises from 0 to w / 2 and falls again, so its mean is
    w / 4.
    """
    return float(4.0 * depth[depth > 0.0].mean() / FINE)


def _thickened(fine: Plane) -> Plane | None:
    """Redraw strokes that are too thin with the usual width; return None if none are too thin."""
    room = FINE * 2
    inside = np.pad(fine, room) > 0.5
    if not inside.any():
        return None
    depth = filters.distances(inside)
    width = stroke_width(depth)
    if width >= THINNEST:
        return None
    grown = FINE * (USUAL - width) / 2.0
    distance = filters.distances(~inside) - depth
    drawn = np.clip(0.5 + grown - distance, 0.0, 1.0).astype(np.float32)
    edge = round(room - grown)
    return np.ascontiguousarray(drawn[edge:-edge, edge:-edge])
