"""Draw strings to learn from: digits of MNIST that touch each other, and ink that is no digit.

What is no digit is drawn as it is found on photos of pages: pieces of lines and creases, corners
and wedges of shadows, blots, scribbles, paper clips, letters. Some of it lies across digits.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from scipy import ndimage

from benchmarks.writing import strokes
from mnist_zoo import Split
from mnist_zoo.data.datasets import MNIST
from mnist_zoo.pictures.opening import Plane
from mnist_zoo.pictures.strings import HEIGHT, MOST, WIDTH, string_form

Rng = np.random.Generator
# Ink with at most so many dark pixels is drawn again.
LEAST_INK, LEAST_DIGIT = 15, 20
# The letters that do not look like digits, and other characters.
LETTERS = "abcdefhjkmnprtuvwxyACDEFGHJKLMNPQRTUVWXY?&%@#+=*/<>~^{}[]()MWmwHNKRX"
# How many digits are drawn by a pen.
PENNED = 12_000
# Fonts of matplotlib that have no letters.
NO_LETTERS = ("STIXSiz", "STIXNon", "cmex", "cmsy", "cmmi")


@cache
def fonts() -> tuple[Path, ...]:
    """Return the fonts that come with matplotlib."""
    files = sorted(Path(matplotlib.get_data_path(), "fonts", "ttf").glob("*.ttf"))
    return tuple(file for file in files if not any(name in file.name for name in NO_LETTERS))


def cropped(ink: Plane) -> Plane:
    """Cut ink to its box; what has none becomes a square."""
    rows, columns = (np.flatnonzero((ink > 0.3).any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return np.ones((4, 4), np.float32)
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def plane(image: Image.Image) -> Plane:
    """Return a grey picture with pixels from 0 to 1."""
    scaled: Plane = np.divide(np.asarray(image), 255, dtype=np.float32)
    return scaled


def picture(ink: Plane) -> Image.Image:
    """Return ink as a grey picture of bytes."""
    return Image.fromarray((ink * 255).astype(np.uint8))


def blurred(ink: Plane, radius: float) -> Plane:
    """Smooth ink."""
    return plane(picture(ink).filter(ImageFilter.GaussianBlur(radius)))


def redrawn_digit(digit: Plane, rng: Rng, height: float) -> Plane | None:
    """Scale a digit, stretch and turn it, and change its strokes; None if nothing is left."""
    digit = cropped(digit)
    scale = height / max(digit.shape)
    wide = rng.uniform(1.0, 1.5) if rng.random() < 0.2 else rng.uniform(0.85, 1.1)
    down, across = (
        max(2, round(scale * digit.shape[0])),
        max(2, round(scale * digit.shape[1] * wide)),
    )
    size = across + round(4 * scale * wide), down + round(4 * scale)
    image = Image.fromarray(np.pad(digit, 2)).resize(size, Image.Resampling.BICUBIC)
    image = image.rotate(rng.uniform(-12, 12), Image.Resampling.BICUBIC, expand=True)
    threshold, softness = rng.uniform(0.35, 0.65), rng.uniform(0.1, 0.35)
    ink = np.clip((np.asarray(image, np.float32) - threshold) / softness + 0.5, 0, 1)
    return cropped(ink) if (ink > 0.5).sum() > LEAST_DIGIT else None


@cache
def middle_lines(digit: bytes) -> NDArray[np.bool_]:
    """Return the middle lines of the strokes of a digit of MNIST, given as bytes, enlarged."""
    return strokes(np.frombuffer(digit, np.float32).reshape(MNIST.image_shape))


def by_pen(digit: Plane, rng: Rng) -> Plane:
    """Draw the strokes of a digit anew, with a pen that is as wide everywhere."""
    lines = middle_lines(digit.tobytes())
    width = rng.uniform(0.05, 0.14) * max(lines.shape)
    room = round(width)
    away = ndimage.distance_transform_edt(~np.pad(lines, room))
    ink: Plane = np.clip(0.5 + width / 2 - away, 0, 1).astype(np.float32)
    return ink


def side_by_side(parts: list[Plane], rng: Rng, apart: float) -> Plane:
    """Put digits beside each other so that neighbours touch or overlap; a share is just apart."""
    height = max(len(part) for part in parts)
    room = round(height * 1.35)
    nowhere = 10**6
    placed: list[tuple[int, int, Plane]] = []
    before: NDArray[np.intp] | None = None
    x = 0
    for part in parts:
        slack = room - len(part)
        y = int(np.clip(round(slack / 2 + rng.uniform(-0.12, 0.12) * height), 0, slack))
        dark = part > 0.5
        own = np.where(dark.any(axis=1), dark.argmax(axis=1), nowhere)
        other = np.where(dark.any(axis=1), dark.shape[1] - dark[:, ::-1].argmax(axis=1), -nowhere)
        left, right = np.full(room, nowhere), np.full(room, -nowhere)
        left[y : y + len(part)], right[y : y + len(part)] = own, other
        if before is not None:
            reach = before.copy()
            for shift in (1, 2):
                reach[shift:] = np.maximum(reach[shift:], before[:-shift])
                reach[:-shift] = np.maximum(reach[:-shift], before[shift:])
            gaps = (left - reach)[(left < nowhere / 10) & (reach > -nowhere / 10)]
            x = int(-gaps.min() if len(gaps) else before.max())
            if rng.random() < apart:
                x += int(rng.uniform(0.02, 0.25) * height)
            else:
                most = rng.uniform(0, 0.22) if rng.random() < 0.85 else rng.uniform(0.2, 0.4)
                x -= int(most * height)
            x = max(x, placed[-1][1] + int(0.3 * placed[-1][2].shape[1]))
        placed.append((y, x, part))
        before = np.where(right > -nowhere / 10, right + x, -nowhere)
    start = min(x for _, x, _ in placed)
    ink = np.zeros((room, max(x - start + part.shape[1] for _, x, part in placed)), np.float32)
    for y, x, part in placed:
        there = ink[y : y + part.shape[0], x - start : x - start + part.shape[1]]
        np.maximum(there, part, out=there)
    if len(parts) > 1 and rng.random() < 0.15:
        return tied([(y, x - start, part) for y, x, part in placed], ink, height, rng)
    return ink


def tied(placed: list[tuple[int, int, Plane]], ink: Plane, height: int, rng: Rng) -> Plane:
    """Draw a stroke from one digit to the next."""
    first = rng.integers(0, len(placed) - 1)
    ends = []
    for y, x, part in placed[first : first + 2]:
        rows, columns = np.nonzero(part > 0.5)
        if not len(rows):
            return ink
        at = rng.integers(0, len(rows))
        ends.append((x + int(columns[at]), y + int(rows[at])))
    if abs(ends[1][0] - ends[0][0]) < 0.6 * height:
        image = picture(ink)
        width = max(1, round(rng.uniform(0.06, 0.12) * height))
        ImageDraw.Draw(image).line(ends, 255, width)
        ink = plane(image)
    return ink


def spoiled(ink: Plane, rng: Rng) -> Plane:
    """Break strokes, blur them, make them noisy; each at times."""
    if rng.random() < 0.1:
        height, width = ink.shape
        y, x = rng.uniform(0, height), rng.uniform(0, width)
        radius = rng.uniform(0.03, 0.09) * height
        down, across = np.ogrid[:height, :width]
        if rng.random() < 0.5:
            kept = np.hypot(down - y, across - x) > radius
        else:
            angle = rng.uniform(0, np.pi)
            away = (down - y) * np.cos(angle) + (across - x) * np.sin(angle)
            kept = np.abs(away) > radius * 0.5
        ink = (ink * kept).astype(np.float32)
    if rng.random() < 0.3:
        ink = blurred(ink, rng.uniform(0.3, 1.5))
    if rng.random() < 0.2:
        ink = np.clip(ink + rng.normal(0, 0.15, ink.shape) * (ink > 0.05), 0, 1)
    return ink.astype(np.float32)


def text(characters: str, rng: Rng, size: int = 40) -> Plane:
    """Print characters in any font."""
    font = ImageFont.truetype(fonts()[rng.integers(len(fonts()))], size)
    left, top, right, bottom = font.getbbox(characters)
    image = Image.new("L", (int(right - left) + 8, int(bottom - top) + 8))
    ImageDraw.Draw(image).text((4 - left, 4 - top), characters, 255, font)
    image = image.rotate(rng.uniform(-8, 8), Image.Resampling.BICUBIC, expand=True)
    return cropped(plane(image))


def letter(rng: Rng) -> str:
    """Return any letter."""
    return LETTERS[rng.integers(len(LETTERS))]


# What is no digit. Each function draws on a square, with a pen of a width.

Drawn = Callable[[Any, Rng, int], None]


def scribble(draw: Any, rng: Rng, width: int) -> None:
    """Draw a smooth curve that crosses itself."""
    time = np.linspace(0, 1, 80)[:, None]
    count = rng.integers(2, 6)
    phases = rng.uniform(0, 2 * np.pi, (count, 2))
    sizes = rng.normal(0, 1, (count, 2)) / np.arange(1, count + 1)[:, None] ** rng.uniform(0.2, 1.2)
    points = sum(
        sizes[k] * np.sin((k + 1) * np.pi * time * rng.uniform(0.6, 1.4) + phases[k])
        for k in range(count)
    )
    points = points + time * rng.normal(0, 1.5, 2)
    points -= points.min(axis=0)
    points *= rng.uniform(40, 140) / max(points.max(), 1e-3)
    points = 8 + np.minimum(points, 145)
    draw.line([tuple(map(float, point)) for point in points], 255, width, joint="curve")


def lines(draw: Any, rng: Rng, width: int) -> None:
    """Draw a few straight lines."""
    for _ in range(rng.integers(2, 6)):
        draw.line(list(map(float, rng.uniform(8, 8 + rng.uniform(30, 140), 4))), 255, width)


def slanted(draw: Any, rng: Rng, width: int) -> None:
    """Draw a line that is not upright, bent a little, of uneven width."""
    angle = rng.uniform(-50, 50) if rng.random() < 0.8 else rng.uniform(0, 180)
    length, bend = rng.uniform(20, 70), rng.normal(0, 0.15)
    time = np.linspace(-1, 1, 20)
    x, y = length * time, length * bend * time**2
    cosine, sine = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    points = np.stack([80 + cosine * x - sine * y, 80 + sine * x + cosine * y], axis=1)
    uneven = rng.uniform(0, 1)
    for k in range(19):
        share = 1 - uneven + uneven * abs(np.sin(3 * time[k] + rng.uniform(-0.3, 0.3)))
        draw.line([tuple(points[k]), tuple(points[k + 1])], 255, max(1, round(width * share)))


def blot(draw: Any, rng: Rng, width: int) -> None:
    """Draw a blot."""
    radii = rng.uniform(10, 50) * (1 + 0.3 * rng.normal(0, 1, 12))
    angles = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    wide, high = rng.uniform(0.4, 1.3, 2)
    draw.polygon(
        [
            (80 + wide * radius * np.cos(angle), 80 + high * radius * np.sin(angle))
            for radius, angle in zip(radii, angles, strict=True)
        ],
        fill=255,
    )


def star(draw: Any, rng: Rng, width: int) -> None:
    """Draw lines from one point: a corner, a cross."""
    middle = rng.uniform(50, 110, 2)
    for _ in range(rng.integers(2, 5)):
        angle, length = rng.uniform(0, 2 * np.pi), rng.uniform(15, 60)
        end = middle + length * np.array([np.cos(angle), np.sin(angle)])
        draw.line([tuple(middle), tuple(end)], 255, width)


def grid(draw: Any, rng: Rng, width: int) -> None:
    """Draw upright and level lines."""
    spacing = rng.uniform(15, 40)
    for k in range(rng.integers(1, 4)):
        ends = (10 + k * spacing, rng.uniform(0, 20)), (10 + k * spacing, rng.uniform(60, 140))
        draw.line(ends, 255, width)
    for k in range(rng.integers(1, 4)):
        ends = (rng.uniform(0, 20), 15 + k * spacing), (rng.uniform(60, 140), 15 + k * spacing)
        draw.line(ends, 255, width)


# How often each kind is drawn, and those that are drawn with a pen.
SHARES = {
    "scribble": 0.27,
    "lines": 0.13,
    "letter": 0.2,
    "slanted": 0.15,
    "blot": 0.07,
    "letters": 0.05,
    "star": 0.08,
    "grid": 0.05,
}
BY_PEN: dict[str, Drawn] = {
    "scribble": scribble,
    "lines": lines,
    "slanted": slanted,
    "blot": blot,
    "star": star,
    "grid": grid,
}


def no_digit(rng: Rng) -> Plane:
    """Draw ink that is no digit, of a simple kind."""
    kind = str(rng.choice([*SHARES], p=[*SHARES.values()]))
    if kind not in BY_PEN:
        count = 1 if kind == "letter" else rng.integers(2, 5)
        return text("".join(letter(rng) for _ in range(count)), rng)
    image = Image.new("L", (160, 160))
    BY_PEN[kind](ImageDraw.Draw(image), rng, int(rng.integers(2, 9)))
    ink = plane(image.rotate(rng.uniform(-8, 8), Image.Resampling.BICUBIC))
    ink = cropped(blurred(ink, rng.uniform(0.2, 1.5)))
    return no_digit(rng) if ink.shape[0] < 6 or ink.shape[1] < 3 else ink


# The same as it is on photos of pages, on a square of PAGE pixels a side.
PAGE = 200


def wedge(draw: Any, rng: Rng, width: int) -> None:
    """Draw a piece of a shadow: a triangle or a square that is none."""
    count = rng.integers(3, 5)
    middle, reach = rng.uniform(60, 140, 2), rng.uniform(10, 80, 2)
    draw.polygon([tuple(middle + reach * rng.uniform(-1, 1, 2)) for _ in range(count)], fill=255)


def corner(draw: Any, rng: Rng, width: int) -> None:
    """Draw the rounded corner of a shadow."""
    radius = rng.uniform(2, 30)
    wide, high = rng.uniform(15, 90, 2)
    draw.line([(50 + radius, 50), (50 + radius + wide, 50)], 255, width)
    draw.line([(50, 50 + radius), (50, 50 + radius + high)], 255, width)
    box = [50 - width / 2, 50 - width / 2, 50 + 2 * radius, 50 + 2 * radius]
    draw.arc(box, 180, 270, 255, width)


def arc(draw: Any, rng: Rng, width: int) -> None:
    """Draw a piece of a ring."""
    wide, high = rng.uniform(20, 80, 2)
    start, length = rng.uniform(0, 360), rng.uniform(60, 200)
    box = [100 - wide, 100 - high, 100 + wide, 100 + high]
    draw.arc(box, start, start + length, 255, width)


def dash(draw: Any, rng: Rng, width: int) -> None:
    """Draw a piece of a printed line, with blocks of JPEG on it."""
    half, end = rng.uniform(30, 90), 100 + rng.normal(0, 5)
    draw.line([(100 - half, 100), (100 + half, end)], 255, width)
    for _ in range(rng.integers(0, 4)):
        x, side = 100 + rng.uniform(-half, half), rng.uniform(4, 20)
        y = 100 + rng.uniform(-20, 20)
        box = [x, min(y, 100), x + side, max(y, 100) + side / 2]
        draw.rectangle(box, fill=int(rng.integers(100, 256)))


def creases(draw: Any, rng: Rng, width: int, branches: bool = False) -> None:
    """Draw straight creases, one after the other, and others that branch off."""
    point, angle = rng.uniform(30, 170, 2), rng.uniform(0, 2 * np.pi)
    points = [tuple(point)]
    for _ in range(rng.integers(2, 6)):
        length = rng.uniform(15, 70)
        point = np.clip(point + length * np.array([np.cos(angle), np.sin(angle)]), 5, 195)
        points.append(tuple(point))
        angle += rng.uniform(-1.6, 1.6)
    for ends in itertools.pairwise(points):
        draw.line(ends, 255, int(rng.integers(1, width + 1)))
    for _ in range(rng.integers(1, 4) if branches else 0):
        x, y = points[rng.integers(len(points))]
        angle, length = rng.uniform(0, 2 * np.pi), rng.uniform(15, 70)
        end = x + length * np.cos(angle), y + length * np.sin(angle)
        draw.line([(x, y), end], 255, int(rng.integers(1, width + 1)))


def net(draw: Any, rng: Rng, width: int) -> None:
    """Draw creases that branch off each other."""
    creases(draw, rng, width, branches=True)


def clip(draw: Any, rng: Rng, width: int) -> None:
    """Draw a paper clip."""
    width = int(rng.integers(3, 8))
    wide, high = rng.uniform(60, 90), rng.uniform(20, 40)
    for k in range(rng.integers(2, 4)):
        inset, shift = k * (width + rng.uniform(3, 9)), rng.uniform(-12, 12)
        left, top = 100 - wide + inset + shift, 100 - high + inset
        right = max(left + 20, 100 + wide - inset + shift)
        box = [left, top, right, max(top + 6, 100 + high - inset)]
        draw.rounded_rectangle(box, max(3, high - inset), None, 255, width)


def bulge(draw: Any, rng: Rng, width: int) -> None:
    """Draw a dark spot that is cut off at the top."""
    wide, high = rng.uniform(15, 60, 2)
    draw.ellipse([100 - wide, 100 - high, 100 + wide, 100 + high], fill=255)
    if rng.random() < 0.6:
        draw.rectangle([0, 0, PAGE, 100 + rng.uniform(-high, high)], fill=0)


def blocks(rng: Rng) -> Image.Image:
    """Draw blocks of JPEG."""
    high, wide = rng.integers(3, 9), rng.integers(3, 9)
    dark = rng.random((high, wide)) < rng.uniform(0.4, 0.8)
    grey = (255 * dark * rng.uniform(0.4, 1, (high, wide))).astype(np.uint8)
    size = int(wide * 10), int(high * 10)
    return Image.fromarray(grey).resize(size, Image.Resampling.NEAREST)


# All kinds are as frequent. Those but blocks are drawn with a pen.
ON_PAGES = ("wedge", "corner", "arc", "dash", "blocks", "crease", "clip", "blob", "net")
BY_PEN_ON_PAGES: dict[str, Drawn] = {
    "wedge": wedge,
    "corner": corner,
    "arc": arc,
    "dash": dash,
    "crease": creases,
    "clip": clip,
    "blob": bulge,
    "net": net,
}


def no_digit_of_a_page(rng: Rng) -> Plane:
    """Draw ink that is no digit, as on photos of pages."""
    kind = str(rng.choice(ON_PAGES))
    width = int(rng.integers(2, 14))
    if kind == "blocks":
        image = blocks(rng)
    else:
        image = Image.new("L", (PAGE, PAGE))
        BY_PEN_ON_PAGES[kind](ImageDraw.Draw(image), rng, width)
    if kind == "corner":
        turn = 90 * rng.integers(4) + rng.uniform(-15, 15)
        image = image.rotate(turn, Image.Resampling.BICUBIC)
    elif kind == "clip":
        image = image.rotate(rng.uniform(0, 360), Image.Resampling.BICUBIC)
    ink = plane(image.filter(ImageFilter.GaussianBlur(rng.uniform(0.2, 2))))
    if rng.random() < 0.5:
        ink = fading(ink, rng)
    if ink.max() <= 0.3:
        return no_digit_of_a_page(rng)
    ink = cropped(ink / ink.max())
    if min(ink.shape) < 3 or max(ink.shape) < 10:
        return no_digit_of_a_page(rng)
    # What is upright and narrow looks like a one.
    if ink.shape[1] < 0.45 * ink.shape[0] and rng.random() < 0.8:
        ink = np.ascontiguousarray(ink.T)
    return ink


def fading(ink: Plane, rng: Rng) -> Plane:
    """Make ink paler towards one side."""
    height, width = ink.shape
    down, across = np.mgrid[:height, :width] / max(height, width)
    angle = rng.uniform(0, 2 * np.pi)
    along = np.cos(angle) * across + np.sin(angle) * down
    along = (along - along.min()) / np.ptp(along)
    faded: Plane = (ink * np.clip(rng.uniform(0.2, 1) + along, 0, 1)).astype(np.float32)
    return faded


def with_debris(ink: Plane, rng: Rng) -> Plane:
    """Lay pieces of lines, blocks or shadows over digits, or beside them."""
    height, width = ink.shape
    room = int(0.3 * height)
    ink = np.pad(ink, room)
    image = Image.new("L", ink.shape[::-1])
    draw = ImageDraw.Draw(image)
    grey = int(rng.integers(70, 256))
    for _ in range(rng.integers(1, 3)):
        if rng.random() < 0.5:
            x, y = rng.uniform(0, width), rng.uniform(0, height)
            angle, length = rng.uniform(0, 2 * np.pi), rng.uniform(0.2, 0.8) * height
            end = room + x + length * np.cos(angle), room + y + length * np.sin(angle)
            draw.line([(room + x, room + y), end], grey, int(rng.integers(1, 4)))
        elif rng.random() < 0.5:
            side = rng.uniform(0.05, 0.3) * height
            x, y = room + rng.uniform(0, width), room + rng.uniform(0, height)
            draw.rectangle([x - side, y - side / 2, x + side, y + side / 2], fill=grey)
        else:
            middle = room + rng.uniform(0, 1, 2) * [width, height]
            corners = [tuple(middle + rng.uniform(-0.3, 0.3, 2) * height) for _ in range(3)]
            draw.polygon(corners, fill=grey)
    other = plane(image)
    laid: Plane = np.maximum(ink, other if rng.random() < 0.6 else other * (ink < 0.2))
    return laid


Sample = tuple[NDArray[np.float32], NDArray[np.int32]]


def digits_of(
    split: Split, count: int, rng: Rng, *, printed: float = 0.0, pen: bool = False
) -> tuple[Plane, list[int]] | None:
    """Draw so many digits side by side, a share of them printed, or all by a pen.

    Return them with their labels; None if one is lost.
    """
    parts, labels = [], []
    base = rng.uniform(30, 60)
    for _ in range(count):
        if printed and rng.random() < printed:
            label = int(rng.integers(10))
            part = redrawn_digit(text(str(label), rng, 44), rng, base * rng.uniform(0.8, 1))
        else:
            number = int(rng.integers(len(split.x)))
            digit, label = split.x[number], int(split.y[number])
            if pen:
                digit = by_pen(digit, rng)
            part = redrawn_digit(digit, rng, base * rng.uniform(0.78, 1))
        if part is None:
            return None
        parts.append(part)
        labels.append(label)
    return (side_by_side(parts, rng, apart=0.25) if count > 1 else parts[0]), labels


def string(split: Split, rng: Rng) -> tuple[Plane, list[int]] | None:
    """Draw up to four digits, or ink that is none; return it with the labels."""
    kind = rng.random()
    if kind < 0.15:
        return no_digit(rng), []
    count = 1 if kind < 0.5 else 2 if kind < 0.8 else 3 if kind < 0.95 else 4
    return digits_of(split, count, rng, printed=0.03)


def string_on_a_page(split: Split, rng: Rng) -> tuple[Plane, list[int]] | None:
    """Draw what pages have: ink that is no digit, or one or two digits with such ink on them."""
    if rng.random() < 0.5:
        return no_digit_of_a_page(rng), []
    digits = digits_of(split, 1 if rng.random() < 0.75 else 2, rng)
    return digits and (with_debris(digits[0], rng), digits[1])


def string_by_pen(split: Split, rng: Rng) -> tuple[Plane, list[int]] | None:
    """Draw up to four digits by a pen, some with other ink on them, or ink that is none."""
    kind = rng.random()
    if kind < 0.12:
        return (no_digit if rng.random() < 0.5 else no_digit_of_a_page)(rng), []
    count = 1 if kind < 0.55 else 2 if kind < 0.82 else 3 if kind < 0.95 else 4
    # The middle lines of each digit are found once, which takes long, so fewer digits are used.
    few = Split(split.x[:PENNED], split.y[:PENNED])
    digits = digits_of(few, count, rng, pen=True)
    return digits and (with_debris(digits[0], rng) if rng.random() < 0.2 else digits[0], digits[1])


Draw = Callable[[Split, Rng], "tuple[Plane, list[int]] | None"]


def sample(draw: Draw, split: Split, rng: Rng) -> Sample:
    """Return a string as the network sees it, and its labels: digits plus 1, then zeros."""
    while True:
        drawn = draw(split, rng)
        if drawn is None:
            continue
        ink, digits = drawn
        ink = spoiled(ink, rng)
        if (ink > 0.5).sum() > LEAST_INK:
            labels = np.zeros(MOST, np.int32)
            labels[: len(digits)] = np.array(digits, np.int32) + 1
            return string_form(ink)[0], labels


def samples(
    draw: Draw, split: Split, count: int, seed: int
) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Return so many strings, (count, HEIGHT, WIDTH), from 0 to 255, and their labels."""
    rng = np.random.default_rng(seed)
    images = np.empty((count, HEIGHT, WIDTH), np.float16)
    labels = np.empty((count, MOST), np.int32)
    for number in range(count):
        images[number], labels[number] = sample(draw, split, rng)
    return np.rint(255 * images.astype(np.float32)).astype(np.uint8), labels
