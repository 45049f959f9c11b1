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
# Lines across the picture reach along this share of its width. A region that does, and has more
# loops than MOST_CELLS, is squared paper.
ACROSS, MOST_CELLS = 0.6, 20
# In a picture of more regions, which no page has, nothing is looked for inside of them: that bounds
# the time.
MOST_REGIONS = 5_000


class _Lines(NamedTuple):
    """What is taken for lines.

    Attributes
    ----------
    part : float
        The length of their straight parts, as a share of the picture's width.
    bridged : float
        How far apart the parts of a line are at most, as a share of the width.
    marked : float
        The least share of the width along which there is ink near the line.
    fewest : int
        How many lines there are at least.
    """

    part: float
    bridged: float
    marked: float
    fewest: int


# The first kind is a single line. The second is a line of ruled paper, which light and noise may
# interrupt. It counts only if there are four of them, as the strokes of a digit are fewer.
KINDS = (_Lines(1 / 3, 0.0, 0.85, 1), _Lines(1 / 8, 1 / 6, 0.6, 4))


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
    width = np.bincount(labels.ravel()) / np.maximum(2 * sizes.sum(axis=1), 1)
    cells = np.bincount(frame_of, minlength=len(sizes))
    is_ruled = (sizes[:, 0] > ACROSS * contrast.shape[1]) & (cells > MOST_CELLS)
    may_be = (frame_of > 0) & ~is_ruled[frame_of]
    height = sizes[:, 1]
    share = height / np.maximum(loops[paper_of, 3] - loops[paper_of, 1], 1)
    high = may_be[paper_of] & (height >= np.maximum(6, HIGHER * width[frame_of[paper_of]]))
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
    lines = _lines(marked)
    if not lines.any():
        return contrast
    # Pixels that are darker than the lines belong to strokes on top of them, and stay. Lines vary
    # more than the noise says where JPEG has changed them, block by block.
    low, darkness = np.quantile(contrast[lines & marked], (0.16, 0.5))
    lines &= contrast < darkness + max(0.4 * darkness + 3.0 * noise, 3.0 * (darkness - low))
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
    # Where lines begin (1) and end (-1) in each column, going down.
    edges = np.zeros((height + 1, width), np.int32)
    if width < 24:
        return edges[:-1] > 0
    slope = _slope(marked)
    rows, columns = np.arange(height)[:, None], np.arange(width)
    level = np.clip(rows + np.rint(slope * columns).astype(np.intp), 0, height - 1)
    levelled = np.take_along_axis(marked, level, axis=0).astype(np.float32)
    # How many pixels are marked above each: thickness is a difference of two of these.
    above = np.pad(np.cumsum(marked, axis=0, dtype=np.int32), ((1, 0), (0, 0)))
    for kind in KINDS:
        found = list(_places_of(kind, levelled, above, slope))
        if len(found) >= kind.fewest:
            for top, bottom in found:
                edges[top, columns] += 1
                edges[bottom, columns] -= 1
    return np.cumsum(edges[:-1], axis=0) > 0


def _places_of(
    kind: _Lines, levelled: Plane, above: NDArray[np.int32], slope: float
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Yield, by column, the first row of each line and the one after its last."""
    height, width = levelled.shape
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
    wide = np.flatnonzero(boxes[:, 2] - boxes[:, 0] >= ACROSS * width) + 1
    if not wide.size:
        return
    reach = 0.04 * width
    for found_rows, found_columns in _pixels_of(np.where(runs, labels, 0), wide):
        if np.ptp(found_columns) + 1 < ACROSS * width:
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
        if 0.0 < thickness <= 0.5 * reach and (near > 0).mean() >= kind.marked:
            yield _rows_within(middle, 0.5 * thickness + 1.0, height)


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


def _slope(marked: Mask) -> float:
    """Return the slope of the lines: the small slope for which they fall on the fewest rows."""
    step = 1 + max(marked.shape) // 400
    rows, columns = np.nonzero(marked[::step, ::step])
    slopes = np.linspace(-0.1, 0.1, 81)

    def gathered(slope: float) -> float:
        level = np.rint(rows - slope * columns).astype(np.intp)
        return float((np.bincount(level - level.min()) ** 2.0).sum())

    return float(max(slopes, key=gathered)) if rows.size else 0.0
