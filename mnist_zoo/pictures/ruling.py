"""Remove what is ruled around digits from the contrast of a picture: lines, boxes and circles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnist_zoo.pictures import filters
from mnist_zoo.pictures.filters import Mask, boxes_of
from mnist_zoo.pictures.opening import Plane

# A frame holds a region that is at least FILLED of the height of the loop that it is in, or two of
# at least BARELY. Both are at least so many times as high as the frame's own lines are wide.
FILLED, BARELY, HIGHER = 0.3, 0.05, 2.0
# Somewhere it has so many times the least contrast of ink: what is paler, as in the loop of a zero,
# may be print that shows through.
DARKER = 2.4
# Lines across the picture reach along this share of its width. A region that does, and has more
# loops than MOST_CELLS, is squared paper.
ACROSS, MOST_CELLS = 0.6, 20
# In a picture of more regions, which no page has, nothing is looked for inside of them: that bounds
# the time.
MOST_REGIONS = 5_000


# Of a line, by column: its first row, and the one after its last.
_Place = tuple[NDArray[np.intp], NDArray[np.intp]]


class _Lines(NamedTuple):
    """What is taken for lines.

    Attributes
    ----------
    part : float
        The length of their straight parts, as a share of the picture's width.
    across : float
        The least distance from where a line begins to where it ends, as a share of the width.
    bridged : float
        How far apart the parts of a line are at most, as a share of the width.
    marked : float
        The least share of the width along which there is ink near the line.
    fewest : int
        How many lines there are at least.
    """

    part: float
    across: float
    bridged: float
    marked: float
    fewest: int


# A line of ruled paper may be interrupted by light and noise. It counts only if there are four of
# them, as the strokes of a digit are fewer. Then others may be hidden in a shadow for most of their
# length.
SINGLE = _Lines(1 / 3, ACROSS, 0.0, 0.85, 1)
RULED = _Lines(1 / 8, ACROSS, 1 / 6, 0.6, 4)
HIDDEN = _Lines(1 / 8, 0.25, 1 / 6, 0.2, 1)


class _Slopes(NamedTuple):
    """What is looked for among lines of some slopes.

    Attributes
    ----------
    least, most : float
        The slopes, in either direction.
    gathered : float
        How much more the ink gathers in few lines at the best slope than at a usual one, at least:
        a factor.
    kinds : tuple of _Lines
        What is looked for.
    """

    least: float
    most: float
    gathered: float
    kinds: tuple[_Lines, ...]


# Up to 6 degrees, and up to 18. A single line is not looked for there: a digit may have a stroke
# that is as steep.
SLOPES = (_Slopes(0.0, 0.1, 0.0, (SINGLE, RULED)), _Slopes(0.1, 0.33, 1.5, (RULED,)))
# There may be lines of two slopes: those of a table on the other side may show through.
MOST_RULINGS = 2


def without_frames(contrast: Plane, noise: float, least: float) -> Plane:
    """Remove boxes, circles and tables that are drawn around digits and do not touch them."""
    marked = contrast > max(least, 3.0 * noise)
    labels = filters.label_regions(marked)
    if labels.max(initial=0) > MOST_REGIONS:
        return contrast
    papers = filters.label_regions(~marked, corners=False)
    paper_of, frame_of = filters.around(labels, papers), filters.around(papers, labels)
    for rim in filters.rims(papers):
        frame_of[rim] = 0
    if not frame_of[paper_of].any():  # Nothing is inside of anything.
        return contrast
    boxes, loops = (np.pad(boxes_of(each), ((1, 0), (0, 0))) for each in (labels, papers))
    sizes = boxes[:, 2:] - boxes[:, :2]
    areas = np.bincount(labels.ravel())
    width = areas / np.maximum(2 * sizes.sum(axis=1), 1)
    cells = np.bincount(frame_of, minlength=len(sizes))
    is_ruled = (sizes[:, 0] > ACROSS * contrast.shape[1]) & (cells > MOST_CELLS)
    may_be = (frame_of > 0) & ~is_ruled[frame_of]
    height = sizes[:, 1]
    share = height / np.maximum(loops[paper_of, 3] - loops[paper_of, 1], 1)
    high = may_be[paper_of] & (height >= np.maximum(6, HIGHER * width[frame_of[paper_of]]))
    dark = np.zeros(len(sizes), bool)
    dark[labels[contrast > DARKER * max(least, 3.0 * noise)]] = True
    high &= dark
    holds = np.bincount(paper_of[high & (share >= BARELY)], minlength=len(loops)) >= 2
    holds[paper_of[high & (share >= FILLED)]] = True
    frames = np.unique(frame_of[holds])
    # Empty cells look like those with a digit.
    gone = np.zeros(len(sizes), bool)
    for frame in frames:
        is_like = (np.abs(sizes - sizes[frame]) <= 0.06 * sizes[frame] + 1).all(axis=1)
        gone |= is_like & (cells > 0)
    gone[frames] = True
    removed = filters.grow(gone[labels], 1) & ~(marked & ~gone[labels])
    return np.where(removed, np.minimum(contrast, np.float32(0.0)), contrast)


def without_lines(contrast: Plane, noise: float, least: float) -> Plane:
    """Remove lines that run across the picture, as on ruled paper, and keep strokes on them.

    Removed pixels are filled in from the pixels above and below, so that strokes that cross a line
    are not cut.
    """
    marked = contrast > max(least, 3.0 * noise)
    lines = np.zeros_like(marked)
    for slopes in SLOPES:
        for _ in range(MOST_RULINGS):
            places = _places(marked & ~lines, slopes)
            if not places:
                break
            for place in places:
                _mark(lines, contrast, marked, place, noise)
    return _filled_in(contrast, lines)


def _mark(lines: Mask, contrast: Plane, marked: Mask, place: _Place, noise: float) -> None:
    """Mark the pixels of a line, but not those of strokes on it, which are darker."""
    top, bottom = place
    away = np.arange((bottom - top).max())[:, None]
    inside = away < bottom - top
    rows = np.minimum(top + away, len(contrast) - 1)
    columns = np.broadcast_to(np.arange(len(top)), rows.shape)
    values = contrast[rows, columns]
    # Where nothing is marked, a shadow hides the line.
    inside &= (inside & marked[rows, columns]).any(axis=0)
    # The middle of a line is darker than its edges, and may lie a pixel further up or down.
    beside = np.abs(2 * away - (bottom - top - 1)) // 2
    limits = np.zeros(beside.max() + 1, np.float32)
    some = slice(None, None, 1 + len(top) // 1000)  # So many columns are enough.
    for distance in range(len(limits)):
        ring = values[:, some][inside[:, some] & (beside[:, some] == distance)]
        if ring.size:
            # Lines vary more than the noise says where JPEG has changed them, block by block.
            low, darkness = np.quantile(ring, (0.16, 0.5))
            limits[distance] = darkness + max(0.4 * darkness + 3.0 * noise, 3.0 * (darkness - low))
    is_line = inside & (values < limits[np.maximum(beside - 1, 0)])
    lines[rows[is_line], columns[is_line]] = True


def _filled_in(contrast: Plane, lines: Mask) -> Plane:
    """Fill in lines from the pixels above and below."""
    mended = contrast.copy()
    rows = np.arange(len(contrast))
    for column in np.flatnonzero(lines.any(axis=0)):
        gone = lines[:, column]
        if not gone.all():
            mended[gone, column] = np.interp(rows[gone], rows[~gone], contrast[~gone, column])
    return mended


def _places(marked: Mask, slopes: _Slopes) -> list[_Place]:
    """Return where there are thin straight lines that run from side to side across the picture."""
    slope = _slope(marked, slopes) if marked.shape[1] >= 24 else None
    return [] if slope is None else _found(marked, slope, slopes.kinds)


def _found(marked: Mask, slope: float, kinds: tuple[_Lines, ...]) -> list[_Place]:
    """Return where there are lines of that slope."""
    height, width = marked.shape
    # The lines become rows of a higher picture.
    drop = np.rint(slope * np.arange(width)).astype(np.intp)
    first = -drop.max()
    rows = np.arange(first, height - drop.min())[:, None] + drop
    inside = np.take_along_axis(marked, np.clip(rows, 0, height - 1), axis=0)
    levelled = (inside & (rows >= 0) & (rows < height)).astype(np.float32)
    # How many pixels are marked above each: thickness is a difference of two of these.
    above = np.pad(np.cumsum(marked, axis=0, dtype=np.int32), ((1, 0), (0, 0)))
    places: list[_Place] = []
    for kind in kinds:
        found = list(_places_of(kind, levelled, above, first, slope))
        if len(found) >= kind.fewest:
            places += found
            if kind is RULED:  # What may be hidden has looser bounds, so these are among it.
                places = list(_places_of(HIDDEN, levelled, above, first, slope))
    return places


def _places_of(
    kind: _Lines, levelled: Plane, above: NDArray[np.int32], first: int, slope: float
) -> Iterator[_Place]:
    """Yield, by column, the first row of each line and the one after its last."""
    height, width = len(above) - 1, levelled.shape[1]
    columns = np.arange(width)
    runs = filters.mean_along(levelled, max(8, int(kind.part * width)), "symmetric") > 0.9
    if runs.mean() > 0.5:  # Lines have paper between them.
        return
    bridged = runs
    if kind.bridged:
        gap = int(kind.bridged * width)
        bridged = filters.mean_along(runs.astype(np.float32), gap, "edge") > 0.5 / gap
    labels = filters.label_regions(filters.grow(bridged, 1))
    boxes = boxes_of(labels)
    wide = np.flatnonzero(boxes[:, 2] - boxes[:, 0] >= kind.across * width) + 1
    if not wide.size:
        return
    reach = 0.04 * width
    for found_rows, found_columns in _pixels_of(np.where(runs, labels, 0), wide):
        if np.ptp(found_columns) + 1 < kind.across * width:
            continue
        # Its position is fitted where it is thinnest: in other columns, strokes run along it.
        counts = np.bincount(found_columns, minlength=width)
        thin = np.flatnonzero(counts[found_columns] <= np.quantile(counts[counts > 0], 0.25))
        thin = thin[:: 1 + len(thin) // 10_000]  # Enough for a straight line.
        tilt, start = np.polyfit(found_columns[thin], found_rows[thin], 1)
        middle = first + start + (tilt + slope) * columns
        inside = (middle >= 0) & (middle < height)
        top, bottom = _rows_within(middle, reach, height)
        near = above[bottom, columns] - above[top, columns]
        # Strokes cross it in few of its columns, so the median thickness is that of the line.
        thickness = float(np.median(near[inside]))
        if 0.0 < thickness <= 0.5 * reach and (near[inside] > 0).mean() >= kind.marked:
            yield _rows_within(middle, 0.5 * thickness + 1.0, height)


def _rows_within(middle: NDArray[np.float64], reach: float, height: int) -> _Place:
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


def _slope(marked: Mask, among: _Slopes) -> float | None:
    """Return the slope at which the ink gathers in the fewest lines; None if it hardly does."""
    step = 1 + max(marked.shape) // 400
    rows, columns = np.nonzero(marked[::step, ::step])
    slopes = np.linspace(-among.most, among.most, 1 + 2 * round(400 * among.most))
    slopes = slopes[np.abs(slopes) >= among.least]

    def gathered(slope: float) -> float:
        level = np.rint(rows - slope * columns).astype(np.intp)
        return float((np.bincount(level - level.min()) ** 2.0).sum())

    if not rows.size:
        return None
    found = [gathered(slope) for slope in slopes]
    best = int(np.argmax(found))
    return float(slopes[best]) if found[best] >= among.gathered * np.median(found) else None
