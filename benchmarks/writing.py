"""Sheets of handwritten digits: MNIST's strokes drawn anew, with any pen, at any size and tilt."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

Plane = NDArray[np.float32]
Colour = tuple[float, float, float]

# The longer and the shorter side of a sheet, in pixels: what is left of a photo of 12 megapixels.
LONG, SHORT = 1400, 1050
# A digit's strokes are found on a grid with so many times MNIST's pixels a side.
FINE = 6
BLACK: Colour = (0.06, 0.06, 0.07)


class Pen(NamedTuple):
    """What a digit is written with.

    Attributes
    ----------
    width : float
        Of its stroke, in pixels.
    darkness : float
        The share of the light that it takes where it is black.
    grain : float
        How much the darkness varies along the stroke, as that of a pencil does.
    colour : tuple of float
        The red, green and blue that its ink reflects.
    """

    width: float
    darkness: float
    grain: float = 0.0
    colour: Colour = BLACK


class Style(NamedTuple):
    """How a sheet is written.

    Attributes
    ----------
    height : tuple of float
        The least and the greatest height of its digits, in pixels. A sheet has one height.
    lines, columns : tuple of int
        The fewest and the most lines, and digits in a line.
    pens : tuple of Pen
        Those in use, by turns: one pen a line.
    tilt : float
        The angle of its lines, in degrees.
    margin : float
        The share of a side that is left empty at each rim.
    gap : float
        The width of the gaps in broken digits, as a share of a digit's height; 0 breaks none.
    ruled : float
        The contrast of its printed lines; 0 for blank paper.
    touching : float
        By how much of their height the boxes of neighbours overlap at most, in groups of two or
        three digits; 0 writes every digit apart.
    """

    height: tuple[float, float] = (60.0, 110.0)
    lines: tuple[int, int] = (3, 6)
    columns: tuple[int, int] = (4, 8)
    pens: tuple[Pen, ...] = (Pen(5.0, 0.75),)
    tilt: float = 0.0
    margin: float = 0.06
    gap: float = 0.0
    ruled: float = 0.0
    touching: float = 0.0


class Sheet(NamedTuple):
    """A written sheet.

    Attributes
    ----------
    ink : ndarray of float32, shape (height, width, 3)
        The share of red, green and blue light that the ink takes.
    lines : tuple of str
        The digits that are written on it, line by line.
    """

    ink: Plane
    lines: tuple[str, ...]


def thinned(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the middle lines of strokes (Zhang and Suen's thinning)."""
    thin = np.pad(mask, 1)
    while True:
        before = int(thin.sum())
        for first in (True, False):
            # The eight neighbours, clockwise from the one above.
            around = [
                np.roll(thin, shift, (0, 1))
                for shift in ((1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1))
            ]
            count = np.sum(around, axis=0)
            starts = sum(
                ~one & other for one, other in zip(around, around[1:] + around[:1], strict=True)
            )
            up, right, down, left = around[::2]
            ends = ~(up & right & down) if first else ~(up & right & left)
            ends &= ~(right & down & left) if first else ~(up & down & left)
            thin &= ~((count >= 2) & (count <= 6) & (starts == 1) & ends)
        if thin.sum() == before:
            return thin[1:-1, 1:-1]


def strokes(digit: Plane) -> NDArray[np.bool_]:
    """Return the middle lines of a digit of MNIST, cut to its box, on the fine grid."""
    side = FINE * len(digit)
    fine = np.asarray(Image.fromarray(digit).resize((side, side), Image.Resampling.BICUBIC))
    # A blur, as thinning makes a branch of every bump.
    inside = ndimage.gaussian_filter(fine, FINE / 6) > 0.4
    if not inside.any():
        inside = fine >= fine.max()
    rows, columns = (np.flatnonzero(inside.any(axis=axis)) for axis in (1, 0))
    return thinned(inside[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])


# How many loops a digit may have, by its label.
LOOPS = ({1}, {0}, {0, 1}, {0}, {0, 1}, {0}, {1}, {0}, {2}, {1})


def has_its_loops(lines: NDArray[np.bool_], label: int) -> bool:
    """Say whether the strokes of a digit have as many loops as its label asks for.

    In MNIST a small loop may be filled with ink, and then its middle line is a stick: an eight with
    one loop looks like a nine. A third of the sixes, eights and nines are left out for this, some
    of which a person could read. No model is asked.
    """
    away = ndimage.distance_transform_edt(~np.pad(lines, 3 * FINE))
    return int(ndimage.label(away > FINE)[1]) - 1 in LOOPS[label]


def chosen_digits(
    digits: Plane, labels: NDArray[np.integer], count: int, rng: np.random.Generator
) -> list[int]:
    """Choose digits at random of those that have their loops; return their numbers."""
    chosen: list[int] = []
    while len(chosen) < count:
        number = int(rng.integers(0, len(digits)))
        if has_its_loops(strokes(digits[number]), int(labels[number])):
            chosen.append(number)
    return chosen


def broken(lines: NDArray[np.bool_], gap: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Cut a digit's strokes where they meet, or anywhere, by a gap of a share of its height."""
    rows, columns = np.nonzero(lines)
    meeting = ndimage.convolve(lines.astype(int), np.ones((3, 3), int), mode="constant")[lines] > 3
    choice = (
        np.flatnonzero(meeting) if meeting.any() and rng.random() < 0.7 else np.arange(len(rows))
    )
    at = rng.choice(choice)
    # The ink on both sides of the middle line closes half of a stroke's width again.
    reach = gap * len(lines) / 2.0 + FINE * 0.4
    far = (rows - rows[at]) ** 2 + (columns - columns[at]) ** 2 > reach**2
    cut = np.zeros_like(lines)
    cut[rows[far], columns[far]] = True
    return cut if cut.sum() > 0.6 * lines.sum() else lines


def draw(
    ink: Plane,
    lines: NDArray[np.bool_],
    middle: tuple[float, float],
    height: float,
    tilt: float,
    pen: Pen,
    rng: np.random.Generator,
) -> None:
    """Draw a digit onto `ink`, around a point (row, column), turned by `tilt` degrees."""
    room = 2 * FINE
    distance = ndimage.distance_transform_edt(~np.pad(lines, room)).astype(np.float32)
    scale = height / max(lines.shape)
    reach = int(0.75 * height + 2 * pen.width)
    top, left = (int(place) - reach for place in middle)
    rows, columns = np.mgrid[top : top + 2 * reach, left : left + 2 * reach]
    down, across = rows - middle[0], columns - middle[1]
    sine, cosine = np.sin(np.radians(tilt)), np.cos(np.radians(tilt))
    places = np.stack([cosine * down - sine * across, sine * down + cosine * across]) / scale
    places += np.array(distance.shape)[:, None, None] / 2.0
    away = scale * ndimage.map_coordinates(distance, places, order=1, mode="constant", cval=1e3)
    cover = np.clip(0.5 + pen.width / 2.0 - away, 0.0, 1.0)
    if pen.grain:
        grain = ndimage.gaussian_filter(rng.normal(size=cover.shape), 0.8) / 0.35
        cover = cover * np.clip(1.0 - pen.grain * np.abs(grain), 0.0, 1.0)
    add(ink, top, left, cover.astype(np.float32), pen)


def add(ink: Plane, top: int, left: int, cover: Plane, pen: Pen) -> None:
    """Lay a pen's cover over a part of the sheet; what is outside of the sheet is left out."""
    height, width = ink.shape[:2]
    rows = slice(max(0, top), min(height, top + cover.shape[0]))
    columns = slice(max(0, left), min(width, left + cover.shape[1]))
    inside = cover[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    taken = pen.darkness * (1.0 - np.array(pen.colour, np.float32)) / (1.0 - BLACK[0])
    ink[rows, columns] = np.maximum(ink[rows, columns], inside[..., None] * taken)


def rule(ink: Plane, spacing: float, tilt: float, pen: Pen) -> None:
    """Draw printed lines across the whole sheet, `spacing` pixels apart."""
    rows, columns = np.indices(ink.shape[:2], np.float32)
    sine, cosine = np.sin(np.radians(tilt)), np.cos(np.radians(tilt))
    along = (cosine * rows - sine * columns) % np.float32(spacing)
    away = np.minimum(along, spacing - along)
    add(ink, 0, 0, np.clip(0.5 + pen.width / 2.0 - away, 0.0, 1.0).astype(np.float32), pen)


def blank(rng: np.random.Generator) -> Plane:
    """Return the ink of an empty sheet, upright or lying."""
    shape = (LONG, SHORT) if rng.random() < 0.5 else (SHORT, LONG)
    return np.zeros((*shape, 3), np.float32)


def write(
    digits: Plane, labels: NDArray[np.integer], style: Style, rng: np.random.Generator
) -> Sheet:
    """Write digits, drawn at random of those given, onto a sheet."""
    ink = blank(rng)
    size, tilt = rng.uniform(*style.height), np.radians(style.tilt)
    middle = np.array(ink.shape[:2]) / 2.0
    # The room for lines: the largest upright rectangle that, tilted, stays within the margins.
    room = np.array(ink.shape[:2]) * (1.0 - 2.0 * style.margin)
    room = room * np.cos(tilt) - room[::-1] * np.abs(np.sin(tilt)) * 0.8 - size
    pitch = np.array([1.7, 1.15]) * size
    most = np.maximum(1, (room / pitch).astype(int) + 1)
    lines = min(int(rng.integers(style.lines[0], style.lines[1] + 1)), most[0])
    turn = np.array([[np.cos(tilt), np.sin(tilt)], [-np.sin(tilt), np.cos(tilt)]])
    if style.ruled:
        rule(ink, float(pitch[0] / 2), style.tilt, Pen(1.6, style.ruled, 0.0, (0.3, 0.4, 0.7)))
    room = np.maximum(room, 0.0)
    spacing = np.minimum(np.array([rng.uniform(1.7, 2.6), rng.uniform(1.15, 1.8)]) * size, room)
    down = (np.arange(lines) - (lines - 1) / 2) * min(spacing[0], room[0] / max(1, lines - 1))
    # The block of lines lies anywhere.
    middle = middle + turn.T @ [rng.uniform(-0.5, 0.5) * (room[0] - np.ptp(down)), 0.0]
    text = []
    for line in range(lines):
        count = min(int(rng.integers(style.columns[0], style.columns[1] + 1)), most[1])
        across = (np.arange(count) - (count - 1) / 2) * min(spacing[1], room[1] / max(1, count - 1))
        across += rng.uniform(-0.5, 0.5) * (room[1] - np.ptp(across))
        pen = style.pens[line % len(style.pens)]
        chosen = chosen_digits(digits, labels, count, rng)
        if style.touching:
            start = middle + turn.T @ [down[line], -room[1] / 2.0]
            groups = write_groups(ink, digits[chosen], start, room[1], size, style, pen, rng)
            text.append("".join(str(labels[number]) for number in chosen[: sum(groups)]))
            continue
        for place, number in zip(across, chosen, strict=True):
            jitter = rng.uniform(-0.04, 0.04, 2) * size
            lines_of = strokes(digits[number])
            if style.gap:
                lines_of = broken(lines_of, style.gap, rng)
            at = middle + turn.T @ (np.array([down[line], place]) + jitter)
            height = size * rng.uniform(0.88, 1.0)
            draw(ink, lines_of, (at[0], at[1]), height, style.tilt, pen, rng)
        text.append("".join(str(labels[number]) for number in chosen))
    return Sheet(ink, tuple(text))


# Digits of a group are turned by up to so many degrees each, and are so many of their heights apart
# from the next group.
SLANT, BETWEEN_GROUPS = 12.0, (0.3, 0.7)


def write_groups(
    ink: Plane,
    digits: Plane,
    start: NDArray[np.floating],
    room: float,
    size: float,
    style: Style,
    pen: Pen,
    rng: np.random.Generator,
) -> list[int]:
    """Write a line of digits in groups of one to three that touch; return the groups' sizes.

    The line begins at a point (row, column) and ends where there is no more room. Digits that are
    left then are not written.
    """
    angle = np.radians(style.tilt)
    along = np.array([-np.sin(angle), np.cos(angle)])
    groups: list[int] = []
    left = 0.0
    while sum(groups) < len(digits) and (not groups or left + 2.0 * size < room):
        written = sum(groups)
        count = min(int(rng.choice([1, 2, 2, 3])), len(digits) - written)
        group = digits[written : written + count]
        width = write_group(ink, group, start + left * along, size, style, pen, rng)
        left += width + rng.uniform(*BETWEEN_GROUPS) * size
        groups.append(count)
    return groups


def write_group(
    ink: Plane,
    digits: Plane,
    start: NDArray[np.floating],
    size: float,
    style: Style,
    pen: Pen,
    rng: np.random.Generator,
) -> float:
    """Write digits that touch, from a point (row, column) on; return how wide they are."""
    angle = np.radians(style.tilt)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    shapes = [strokes(digit) for digit in digits]
    if style.gap:
        shapes = [broken(shape, style.gap, rng) for shape in shapes]
    heights = size * rng.uniform(0.88, 1.0, len(digits))
    tilts = rng.uniform(-SLANT, SLANT, len(digits))
    places = beside_each_other(shapes, heights, tilts, pen, style.touching * size, rng)
    for shape, height, tilt, place in zip(shapes, heights, tilts, places, strict=True):
        row, column = start + turn @ (place + np.array([0.0, 0.5 * size]))
        draw(ink, shape, (row, column), height, style.tilt + tilt, pen, rng)
    return float(places[:, 1].max()) + size


def beside_each_other(
    shapes: list[NDArray[np.bool_]],
    heights: NDArray[np.floating],
    tilts: NDArray[np.floating],
    pen: Pen,
    most: float,
    rng: np.random.Generator,
) -> NDArray[np.floating]:
    """Return places (row, column) for the middles of digits, so that neighbours touch.

    Each is moved to the left until its ink touches that of the digit before it, and then further by
    0 to `most` pixels.
    """
    places: list[NDArray[np.floating]] = []
    last: NDArray[np.floating] | None = None
    for shape, height, tilt in zip(shapes, heights, tilts, strict=True):
        points = np.argwhere(shape) - np.array(shape.shape) / 2.0
        sine, cosine = np.sin(np.radians(tilt)), np.cos(np.radians(tilt))
        points = points @ np.array([[cosine, -sine], [sine, cosine]]) * height / max(shape.shape)
        place = np.array([rng.uniform(-0.04, 0.04) * height, 0.0])
        points += place
        if last is not None:
            down = points[:, None, 0] - last[None, :, 0]
            across = points[:, None, 1] - last[None, :, 1]
            # Strokes touch where their middle lines are as far apart as they are wide.
            near = np.abs(down) < pen.width
            gap = across - np.sqrt(np.maximum(pen.width**2 - down**2, 0.0))
            place[1] = -(gap[near].min() if near.any() else across.min()) - rng.uniform(0.0, most)
        last = points + np.array([0.0, place[1]])
        places.append(place)
    return np.array(places)
