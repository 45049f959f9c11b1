"""Find the ink on a page: strokes that are narrow beside the picture, in whatever light.

Paper, shadows and the table are wider than a stroke. So a morphological closing, which removes all
that is darker than its surroundings and narrower than a window, leaves them as they are, hard edges
too: what it changes is ink. In this file, *contrast* is the share of the light on the paper that
the ink takes.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnist_zoo.pictures import filters
from mnist_zoo.pictures.filters import Mask, resize
from mnist_zoo.pictures.opening import Plane
from mnist_zoo.pictures.ruling import MOST_REGIONS, without_frames, without_lines

# These values were chosen on pages of training digits, by hand:
# `python -m benchmarks.phone_pages --split train` measures how these are read.

# A page has at least so many pixels along its longer side. That side is at most so many times as
# long as the other.
LEAST_SIDE, LONGEST = 600, 20
# Strokes are narrower than the first or the second of these shares of the side of a square as large
# as the picture. Each is tried on a copy with at most so many pixels a side.
WIDTHS, COPY_SIDE = (0.0115, 0.023), 700
# A width is enough if windows of two and of four times the width find less than so many times as
# much ink: there is no wider stroke.
PLATEAU = (1.25, 1.6)
# Less ink than so many pixels of the copy is none.
LEAST_INK = 80
# A region with less ink than so many pixels is a speck.
LEAST_SURE = 3
# Of shadows and tables, the window leaves corners. These are smaller than LARGER times the window.
# A picture of more regions than MOST_LEFTOVERS is a texture.
LARGER, MOST_LEFTOVERS = 1.2, 1000
# If a window finds at least MANY larger regions, they are strokes of several digits. Then it is
# enough that half of their ink is in strokes of which wider windows find no more. Elsewhere these
# windows may find shadows.
MANY = 6
# Ink has the first contrast all over, and the second somewhere; the same in standard deviations of
# the noise around it.
LEAST_CONTRAST, SURE_CONTRAST = 0.05, 0.12
LEAST_DEVIATIONS, SURE_DEVIATIONS = 4.0, 7.0
# Strokes with less contrast than so many standard deviations are averaged along their length.
HARDLY = 10.0
# A pixel is part of the mask if it has more than this share of the contrast of its own stroke: of
# its region or, if that is longer than LONG times BLOCK, of the ink nearby.
EDGE, LONG = 0.4, 4.0
# Paper that is darker than this share of white is taken to be so, as dividing by less would amplify
# the noise. What is darker than this share of the best lit paper, along a rim, is not paper.
DIMMEST, DARKEST_PAPER = 0.05, 0.1
# What light ink is on is darker than this share of white.
LIGHTEST_BOARD = 0.5
# A table is darker than this share of the best lit paper, and nowhere much lighter than it usually
# is along the rim: what is lighter is paper in a shadow. It lies along more than this share of a
# rim, and the edge of the sheet on it is straight along at least this share of its length. Lines
# that follow it along this share of the longest length are about as good.
TABLE, LIGHTER, WHOLE, STRAIGHT, ABOUT = 0.5, 2.5, 0.95, 0.3, 0.8
# Ink with less than this share of the contrast of the darkest ink shows through from the other
# side.
PALEST = 0.15
# No digit has more loops than this. Pinholes do not count: each is smaller than a square whose side
# is this share of the digit's, and all of them have at most this share of its ink.
MOST_LOOPS, PINHOLE, MOST_PINHOLES = 6, 0.06, 0.5
# The outline of ink is at least this share as steep as is usual on the page. Its steepness is a
# power mean over its pixels. Steep ones count most, as few are left in noise and in shadows.
SOFTEST, POWER = 0.65, 4
# Beside the edge of a shadow, JPEG and the sharpening of a camera leave ripples. They are taken to
# be as large as this share of the difference of the light, at most so many pixels away from it.
RIPPLES, RIPPLED = 0.02, 8
# Noise is measured in squares with so many pixels a side. If it is more than this share of the
# light on the paper, the picture is blurred.
BLOCK, NOISY = 64, 0.03


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


class _Contrast(NamedTuple):
    """What a window shows of a picture."""

    plane: Plane  # the contrast of each pixel
    noise: Plane  # the standard deviation of the contrast on bare paper, around each pixel
    paper: Plane  # the light on the paper
    on_paper: Mask  # where there is paper, rather than a table

    @property
    def light(self) -> Plane:
        """The light that contrasts are shares of."""
        return np.maximum(self.paper, np.float32(DIMMEST))

    @property
    def sure(self) -> Mask:
        """Where there is surely ink."""
        least = np.maximum(np.float32(SURE_CONTRAST), np.float32(SURE_DEVIATIONS) * self.noise)
        sure: Mask = (self.plane > least) & self.on_paper
        return sure

    def along_strokes(self) -> _Contrast:
        """Average the contrast along strokes, so that pale ones are seen in noise."""
        plane = filters.along_strokes(self.plane)
        offset, noise = _noise(plane, np.sqrt(self.light))
        return self._replace(plane=plane - offset, noise=noise)

    def with_ripples(self, step: float) -> _Contrast:
        """Count what JPEG does to paper, and beside the edges of shadows, as noise."""
        rounding = np.float32(step / math.sqrt(12.0))  # Of numbers that are rounded to the step.
        ripples = np.float32(RIPPLES) * _differences(self.paper) + rounding
        return self._replace(noise=np.maximum(self.noise, ripples / self.light))

    def found(self, window: int) -> _Found:
        """Return how much ink there surely is, given the window in pixels."""
        sure = self.sure
        if np.count_nonzero(sure) < LEAST_INK:
            sure = np.zeros_like(sure)
        labels = filters.label_regions(sure)
        taken = np.where(sure, self.plane * self.paper, np.float32(0.0)) ** 2
        inks = np.bincount(labels.ravel(), taken.ravel()).astype(np.float64)
        is_larger = filters.sizes_of(filters.boxes_of(labels)) >= LARGER * window
        return _Found(labels, inks, np.pad(is_larger, (1, 0)))


class _Found(NamedTuple):
    """What a window finds."""

    labels: NDArray[np.int32]  # the regions of sure ink; 0 is paper
    inks: NDArray[np.float64]  # of each: the sum of squares of the light that it takes
    is_stroke: NDArray[np.bool_]  # of each: whether it is no corner of a shadow

    @property
    def ink(self) -> float:
        """How much ink there is."""
        return float(self.inks.sum())

    def growth(self, wider: _Found) -> float:
        """Return how much more ink a wider window finds in a usual stroke: a factor."""
        both = self.is_stroke[self.labels] & (wider.labels > 0)
        count = len(wider.inks)
        pairs = np.unique(self.labels[both].astype(np.int64) * count + wider.labels[both])
        mine, theirs = np.divmod(pairs, count)
        # Strokes that touch a line, or lie in a shadow, are one region of the wider window.
        own = np.bincount(theirs, self.inks[mine], minlength=count)
        growths = np.zeros_like(self.inks)
        np.maximum.at(growths, mine, wider.inks[theirs] / own[theirs])
        strokes = np.flatnonzero(self.is_stroke)
        strokes = strokes[np.argsort(growths[strokes])]
        ink = np.cumsum(self.inks[strokes])
        return float(growths[strokes[np.searchsorted(ink, ink[-1] / 2)]])  # A weighted median.


def may_be_page(shape: tuple[int, ...]) -> bool:
    """Say whether a picture is large enough for a page, and not a strip."""
    return max(shape) >= LEAST_SIDE and max(shape) <= LONGEST * min(shape)


def find_strokes(grey: Plane, step: float = 0.0) -> Ink | None:
    """Find ink whose strokes are narrow beside the picture.

    Parameters
    ----------
    grey : ndarray of float32, shape (height, width)
        From 0, black, to 1, white.
    step : float, default 0
        The steps in which its file stores shades of paper.

    Returns
    -------
    Ink or None
        None if there is no such ink. If there is some, but none that may be a digit, the mask is
        empty.
    """
    if not may_be_page(grey.shape):
        return None
    is_noisy = filters.noise(grey[::8]) > NOISY * float(np.median(grey[::8, ::8]))
    if is_noisy:
        grey = filters.blur(grey)
    chosen = _window(grey, step)
    is_hidden = chosen is None and is_noisy  # There may be pale strokes in the noise.
    if is_hidden:
        chosen = round(WIDTHS[1] * math.sqrt(grey.size)), False
    if chosen is None:
        return None
    window, is_light_on_dark = chosen
    seen = _CONTRASTS[is_light_on_dark](grey, window).with_ripples(step)
    noise = float(np.median(seen.noise[::BLOCK, ::BLOCK]))
    plane = without_frames(seen.plane, noise, max(0.15 * float(seen.plane.max()), LEAST_CONTRAST))
    plane = without_lines(plane, noise, LEAST_CONTRAST)
    plane = np.ascontiguousarray(without_lines(plane.T, noise, LEAST_CONTRAST).T)
    seen = seen._replace(plane=plane)
    if not seen.sure.any():
        return None  # It was lines only.
    mask = _strokes(seen)
    if is_noisy:
        mask |= _pale_strokes(seen, step)
    sizes = filters.sizes_of(filters.boxes_of(filters.label_regions(mask)))
    strokes = np.count_nonzero(sizes >= LARGER * window)
    if is_hidden and strokes < MANY:
        return None
    if len(sizes) <= MOST_LEFTOVERS and not strokes:
        mask = np.zeros_like(mask)
    level = float(np.median(plane[mask])) if mask.any() else 1.0
    return Ink(plane / np.float32(level), mask, noise / level)


def _window(grey: Plane, step: float) -> tuple[int, bool] | None:
    """Choose the window, in pixels, and say whether ink is light on dark.

    Return None if no window shows ink, or if there is more ink in wider strokes.
    """
    factor = -(-max(grey.shape) // COPY_SIDE)
    # Each pixel of the copy is the darkest, or the lightest, of those that it stands for: the mean
    # would hide a thin stroke.
    copies = {False: _pooled(grey, factor, np.minimum)}
    if np.median(grey[::8, ::8]) < LIGHTEST_BOARD:
        copies[True] = _pooled(grey, factor, np.maximum)
    found: list[_Found] = []
    without_ripples: list[_Found] = []
    side = math.sqrt(grey.size) / factor
    for share in (*WIDTHS, 2.0 * WIDTHS[-1], 4.0 * WIDTHS[-1]):
        window = max(3, round(share * side))
        seen = {light: _CONTRASTS[light](copy, window) for light, copy in copies.items()}
        inks = {light: each.found(window) for light, each in seen.items()}
        # Where there is ink of both kinds, one of them is the paper between strokes, or creases.
        chosen = max(inks, key=lambda light: inks[light].ink)
        found.append(inks[chosen])
        without_ripples.append(seen[chosen].with_ripples(step).found(window))
        if found[-1].ink > 0.0:
            copies = {chosen: copies[chosen]}
        if len(found) < 3:
            continue
        # With ripples and without: edges of strokes wider than a window look like those of shadows.
        if _finds_all(*found[-3:]) and _finds_all(*without_ripples[-3:]):
            return factor * window // 2, chosen
    return None


def _finds_all(narrow: _Found, *wider: _Found) -> bool:
    """Say whether a window finds some ink, and two wider ones hardly more."""
    if np.count_nonzero(narrow.is_stroke) >= MANY:
        growths = [narrow.growth(each) for each in wider]
    else:
        growths = [each.ink / max(narrow.ink, 1e-9) for each in wider]
    hardly = all(growth < most for growth, most in zip(growths, PLATEAU, strict=True))
    return narrow.ink > 0.0 and hardly


def on_paper(light: Plane) -> Mask:
    """Say where there is paper, rather than a table, given the light on both."""
    best = np.quantile(light[::8, ::8], 0.9)
    darkest = filters.label_regions(light <= DARKEST_PAPER * best)
    # A table lies along the rim, further than it reaches into the picture.
    along = np.bincount(np.concatenate(filters.rims(darkest)), minlength=darkest.max() + 1)
    is_table = along**2 >= np.bincount(darkest.ravel())
    is_table[0] = False
    found: Mask = ~is_table[darkest]
    for turns in range(4):
        # A table lies along a whole rim; a shadow seldom does.
        turned = np.rot90(light, turns)
        dark = turned < TABLE * best
        if dark[0].mean() > WHOLE:
            usual = np.median(turned[0][dark[0]])
            dark &= turned < max(LIGHTER * usual, DARKEST_PAPER * best)
            depths = np.logical_and.accumulate(dark, axis=0).sum(axis=0)
            reach = max(dark.shape) // 100  # The sheet's edge casts a shadow.
            table = np.arange(len(dark))[:, None] < _straight(depths, reach)
            found &= ~np.rot90(filters.grow(table, reach), -turns)
    return found


def _straight(depths: NDArray[np.intp], reach: int) -> NDArray[np.float64]:
    """Return how far a table reaches from a rim, without the shadows beside it.

    Shadows make it look deeper in some columns. So of the straight lines through two columns, that
    are within `reach` of about the most, the shallowest is taken for the sheet's edge.
    """
    columns = np.arange(len(depths))
    some = np.linspace(0, len(depths) - 1, 24).astype(np.intp)
    one, other = some[np.stack(np.triu_indices(len(some), 4))]
    slopes = (depths[other] - depths[one]) / (other - one)
    lines = depths[one, None] + slopes[:, None] * (columns - one[:, None])
    agreed = (np.abs(lines - depths) <= reach).mean(axis=1)
    if agreed.max() < STRAIGHT:
        return depths.astype(np.float64)
    shallowest = np.where(agreed >= ABOUT * agreed.max(), lines.mean(axis=1), np.inf).argmin()
    edge: NDArray[np.float64] = np.minimum(depths, lines[shallowest] + reach)
    return edge


def _pooled(grey: Plane, factor: int, extreme: np.ufunc) -> Plane:
    """Shrink a plane by a whole factor: each pixel is the least, or the greatest, of a square."""
    height, width = (size // factor * factor for size in grey.shape)
    squares = grey[:height, :width].reshape(height // factor, factor, width // factor, factor)
    return np.asarray(extreme.reduce(squares, axis=(1, 3)), np.float32)


def _darkness(grey: Plane, window: int) -> _Contrast:
    """Return the contrast of dark ink that is narrower than a window."""
    paper = -_wide(-grey, window)
    # Ink absorbs a share of the light that falls on it: the contrast is that share.
    light = np.maximum(paper, np.float32(DIMMEST))
    contrast = np.divide(paper - grey, light, dtype=np.float32)
    offset, noise = _noise(contrast, np.sqrt(light))
    return _Contrast(contrast - offset, noise, paper, on_paper(paper))


def _differences(paper: Plane) -> Plane:
    """Return by how much the light on the paper differs near each pixel."""
    height, width = paper.shape
    padded = np.pad(paper, ((0, -height % RIPPLED), (0, -width % RIPPLED)), mode="edge")
    highest = filters.grow(_pooled(padded, RIPPLED, np.maximum), 1)
    lowest = 1.0 - filters.grow(1.0 - _pooled(padded, RIPPLED, np.minimum), 1)
    step = (highest - lowest).repeat(RIPPLED, axis=0).repeat(RIPPLED, axis=1)
    return step[:height, :width]


def _wide(plane: Plane, window: int) -> Plane:
    """Remove what is brighter than its surroundings and narrower than a window.

    What lies along a rim goes on beyond it, so a table is wide, however little of it is seen.
    """
    padded = np.pad(plane, window, mode="edge")
    return filters.opening(padded, window)[window:-window, window:-window]


def _lightness(grey: Plane, window: int) -> _Contrast:
    """Return the contrast of light ink that is narrower than a window."""
    contrast = grey - _wide(grey, window)
    white = np.ones_like(grey)
    offset, noise = _noise(contrast, white)
    return _Contrast(contrast - offset, noise, white, np.ones(grey.shape, bool))


# By whether the ink is light on dark.
_CONTRASTS = {False: _darkness, True: _lightness}


def _noise(contrast: Plane, scale: Plane) -> tuple[Plane, Plane]:
    """Return the median and the standard deviation of the contrast on paper, around each pixel.

    Most of a block is paper, and ink is above it: so the deviation is measured below the median. It
    is taken to be in proportion to one over `scale`, within a block too.
    """
    height, width = contrast.shape
    rows, columns = max(1, height // BLOCK), max(1, width // BLOCK)
    down, across = height // rows, width // columns

    def by_block(plane: Plane) -> Plane:
        whole = plane[: rows * down, : columns * across].reshape(rows, down, columns, across)
        return whole[:, ::2, :, ::2].swapaxes(1, 2).reshape(rows, columns, -1)

    def around(plane: Plane) -> Plane:
        padded = np.pad(plane, 1, mode="edge")
        return resize(filters.median(padded, 3)[1:-1, 1:-1], contrast.shape)

    blocks = by_block(contrast)
    middle = np.median(blocks, axis=2).astype(np.float32)
    scaled = (blocks - middle[..., None]) * by_block(scale)
    deviation = -np.quantile(scaled, 0.16, axis=2).astype(np.float32)
    return around(middle), around(deviation) / scale


def _levels(seen: _Contrast, labels: NDArray[np.int32]) -> tuple[Plane, NDArray[np.intp]]:
    """Return the mean contrast of each label's pixels that surely are ink, and their number."""
    sure = np.flatnonzero(seen.sure & (labels > 0))
    owners, count = labels.ravel()[sure], int(labels.max(initial=0)) + 1
    pixels = np.bincount(owners, minlength=count)
    total = np.bincount(owners, seen.plane.ravel()[sure], minlength=count)
    return (total / np.maximum(pixels, 1)).astype(np.float32), pixels


def _levels_near(seen: _Contrast, labels: NDArray[np.int32], level: Plane) -> Plane:
    """Return, for each pixel, the level of its label, or of the ink around it in a long region.

    A table that shows through may join strokes of dark pens and of pale ones.
    """
    levels = level[labels]
    is_long = filters.sizes_of(filters.boxes_of(labels)) > LONG * BLOCK
    if is_long.any():
        sure = seen.sure.astype(np.float32)
        share = filters.mean(sure, BLOCK)
        is_known = (share > LEAST_SURE / BLOCK**2) & np.pad(is_long, (1, 0))[labels]
        near = filters.mean(sure * seen.plane, BLOCK)[is_known] / share[is_known]
        # What is less than half as dark is the table.
        levels[is_known] = np.clip(near, levels[is_known] / 2, levels[is_known])
    return levels


def _strokes(seen: _Contrast) -> Mask:
    """Return the strokes: regions that surely have ink somewhere, and some ink all over."""
    least = np.maximum(np.float32(LEAST_CONTRAST), np.float32(LEAST_DEVIATIONS) * seen.noise)
    labels = filters.label_regions((seen.plane > least) & seen.on_paper)
    level, pixels = _levels(seen, labels)
    level[pixels < LEAST_SURE] = np.inf
    # Ink may touch what is paler than itself, as a line, or print that shows through.
    labels = filters.label_regions(seen.plane > EDGE * _levels_near(seen, labels, level))
    level, pixels = _levels(seen, labels)
    kept = pixels >= LEAST_SURE
    if not kept.any():
        return labels < 0
    # The outline of a stroke is sharp; that of a shadow, a crease or a stain is soft.
    sharpness = _steepness(seen.plane, labels) / np.maximum(level, LEAST_CONTRAST)
    usual = np.median(np.repeat(sharpness, np.where(kept, pixels, 0)))
    kept &= sharpness >= SOFTEST * usual
    darkest = np.quantile(np.repeat(level, np.where(kept, pixels, 0)), 0.9)
    kept &= level >= PALEST * darkest
    # A scribble has many loops, and a table has many cells.
    kept[1:] &= _loops_of(labels) <= MOST_LOOPS
    # What the rim cuts is not a whole digit.
    for rim in filters.rims(labels):
        kept[rim] = False
    kept[0] = False
    strokes: Mask = kept[labels]
    return strokes


def _pale_strokes(seen: _Contrast, step: float) -> Mask:
    """Return strokes that are hardly darker than the noise, by averages along them."""
    labels = filters.label_regions(_strokes(seen.along_strokes().with_ripples(step)))
    deviations = seen.plane / np.maximum(seen.noise, np.float32(1e-6))
    pixels = np.maximum(np.bincount(labels.ravel()), 1)
    clear = np.bincount(labels.ravel(), deviations.ravel()) / pixels
    clear[0] = np.inf  # Paper.
    found: Mask = (clear < HARDLY)[labels]
    return found


def _loops_of(labels: NDArray[np.int32]) -> NDArray[np.intp]:
    """Return how many loops each region has, without the pinholes of a dry pen or a poor scan."""
    if labels.max(initial=0) > MOST_REGIONS:
        return filters.loops_of(labels)
    papers = filters.label_regions(labels == 0, corners=False)
    owner, area = filters.around(papers, labels), np.bincount(papers.ravel())
    boxes = np.pad(filters.boxes_of(labels), ((1, 0), (0, 0)))
    sizes = filters.sizes_of(boxes)
    is_small = area < (PINHOLE * sizes[owner]) ** 2
    # The paper between the lines of a grid is more than its ink.
    count = len(sizes)
    total = np.bincount(owner[is_small], area[is_small], minlength=count)
    is_small &= (total <= MOST_PINHOLES * np.bincount(labels.ravel(), minlength=count))[owner]
    pinholes = np.bincount(owner[is_small], minlength=count)[1:]
    return filters.loops_of(labels) - pinholes


def _steepness(plane: Plane, labels: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return how steep the outline of each label is: how much pixels two apart differ there."""
    steep = np.zeros_like(plane)
    steep[1:-1] = np.abs(plane[2:] - plane[:-2])
    across = np.abs(plane[:, 2:] - plane[:, :-2])
    np.maximum(steep[:, 1:-1], across, out=steep[:, 1:-1])
    outline = np.flatnonzero((labels > 0) & filters.grow(labels == 0, 1))
    owners, count = labels.ravel()[outline], int(labels.max(initial=0)) + 1
    total = np.bincount(owners, steep.ravel()[outline] ** POWER, minlength=count)
    pixels = np.bincount(owners, minlength=count)
    found: NDArray[np.float64] = (total / np.maximum(pixels, 1)) ** (1.0 / POWER)
    return found
