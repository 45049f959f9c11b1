"""Digits of MNIST drawn as people's pictures have them: on paper, in bad light, with other pens."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

Picture = NDArray[np.float32]
PAPER, INK = 0.92, 0.12


class Condition(NamedTuple):
    """A way to draw a digit, and by how much the accuracy may fall (as a fraction)."""

    name: str
    draw: Callable[[Picture, np.random.Generator], bytes | NDArray[np.uint8]]
    allowed: float


def place(ink: Picture, side: int, rng: np.random.Generator) -> Picture:
    """Put a digit anywhere on a square of `side` pixels, its frame 60 to 95 % as wide."""
    size = max(28, round(side * rng.uniform(0.6, 0.95)))
    frame = np.asarray(Image.fromarray(ink).resize((size, size), Image.Resampling.BICUBIC))
    canvas = np.zeros((side, side), np.float32)
    top, left = rng.integers(0, side - size + 1, 2)
    canvas[top : top + size, left : left + size] = np.clip(frame, 0.0, 1.0)
    return canvas


def on_paper(ink: Picture) -> Picture:
    """Return dark ink on light paper."""
    paper: Picture = PAPER + (INK - PAPER) * ink
    return paper


def lit(picture: Picture, rng: np.random.Generator) -> Picture:
    """Let the light fall from 100 to 50 % across the picture, in any direction."""
    angle = rng.uniform(0.0, 2.0 * np.pi)
    rows, columns = np.mgrid[-1 : 1 : picture.shape[0] * 1j, -1 : 1 : picture.shape[1] * 1j]
    along = np.cos(angle) * rows + np.sin(angle) * columns
    light = 0.5 + 0.5 * (along - along.min()) / np.ptp(along)
    dimmed: Picture = picture * light.astype(np.float32)
    return dimmed


def noisy(picture: Picture, rng: np.random.Generator, deviation: float = 0.1) -> Picture:
    """Add Gaussian noise, of a standard deviation given as a share of white."""
    noise: Picture = rng.normal(0.0, deviation, picture.shape).astype(np.float32)
    return picture + noise


def ruled(picture: Picture, rng: np.random.Generator, spacing: int, level: float) -> Picture:
    """Draw lines across, `spacing` pixels apart, a sixteenth of that wide; ink covers them."""
    lines = picture.copy()
    width = max(1, spacing // 16)
    for top in range(int(rng.integers(0, spacing)), len(picture), spacing):
        lines[top : top + width] = np.minimum(lines[top : top + width], level)
    return lines


def with_pen(ink: Picture, change: float, side: int = 200) -> Picture:
    """Draw the digit, in a frame of `side` pixels, with its edge moved out by `change` of them."""
    frame = Image.fromarray(ink).resize((side, side), Image.Resampling.BICUBIC)
    inside = np.asarray(frame) > 0.5
    if not inside.any():
        return np.asarray(frame).clip(0.0, 1.0)
    distance = ndimage.distance_transform_edt(~inside) - ndimage.distance_transform_edt(inside)
    # A pen is never so thin that a stroke ends: the ridge of the stroke stays.
    depth = ndimage.distance_transform_edt(inside)
    ridge = inside & (depth >= ndimage.maximum_filter(depth, 3))
    drawn: Picture = np.clip(0.5 + change - distance, 0.0, 1.0).astype(np.float32)
    thinnest: Picture = ndimage.grey_dilation(ridge.astype(np.float32), 3)
    return np.maximum(drawn, thinnest)


def to_uint8(picture: Picture) -> NDArray[np.uint8]:
    """Return what a camera would: whole numbers from 0 to 255."""
    values: NDArray[np.uint8] = np.rint(255.0 * np.clip(picture, 0.0, 1.0)).astype(np.uint8)
    return values


def encode(picture: NDArray[np.uint8], form: str, **options: int) -> bytes:
    """Return the bytes of a picture's file."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, form, **options)
    return file.getvalue()


def transparent(ink: Picture) -> bytes:
    """Return a PNG of black ink on nothing."""
    channels = np.zeros((*ink.shape, 4), np.uint8)
    channels[..., 3] = to_uint8(ink)
    return encode(channels, "PNG")


SIDE = 200


def _canvas(side: int, light_on_dark: bool = False) -> Condition:
    def draw(ink: Picture, rng: np.random.Generator) -> NDArray[np.uint8]:
        paper = on_paper(place(ink, side, rng))
        return to_uint8(1.0 - paper if light_on_dark else paper)

    polarity = "light on dark" if light_on_dark else "dark on light"
    return Condition(f"{side} x {side} pixels, off-centre, {polarity}", draw, 0.01)


CONDITIONS = (
    Condition("as in MNIST, 28 x 28", lambda ink, rng: to_uint8(ink), 0.01),
    *(_canvas(side) for side in (40, 64, 200, 600, 2000)),
    *(_canvas(side, True) for side in (40, 200, 600)),
    Condition("transparent PNG", lambda ink, rng: transparent(place(ink, SIDE, rng)), 0.01),
    Condition(
        "JPEG of quality 40",
        lambda ink, rng: encode(to_uint8(on_paper(place(ink, SIDE, rng))), "JPEG", quality=40),
        0.01,
    ),
    Condition(
        "JPEG of quality 40, 64 x 64 pixels",
        lambda ink, rng: encode(to_uint8(on_paper(place(ink, 64, rng))), "JPEG", quality=40),
        0.01,
    ),
    Condition(
        "light falls by 50 %",
        lambda ink, rng: to_uint8(lit(on_paper(place(ink, SIDE, rng)), rng)),
        0.01,
    ),
    Condition(
        "light falls by 50 %, light on dark",
        lambda ink, rng: to_uint8(lit(1.0 - on_paper(place(ink, SIDE, rng)), rng)),
        0.01,
    ),
    Condition(
        "Gaussian noise, s.d. 10 % of white",
        lambda ink, rng: to_uint8(noisy(on_paper(place(ink, SIDE, rng)), rng)),
        0.01,
    ),
    Condition(
        "Gaussian noise, s.d. 10 % of white, 40 x 40 pixels",
        lambda ink, rng: to_uint8(noisy(on_paper(place(ink, 40, rng)), rng)),
        0.01,
    ),
    Condition(
        "light falls by 50 %, noise, JPEG of quality 40",
        lambda ink, rng: encode(
            to_uint8(noisy(lit(on_paper(place(ink, SIDE, rng)), rng), rng, 0.05)),
            "JPEG",
            quality=40,
        ),
        0.01,
    ),
    Condition(
        "ruled paper, pale lines",
        lambda ink, rng: to_uint8(ruled(on_paper(place(ink, SIDE, rng)), rng, 32, 0.65)),
        0.02,
    ),
    Condition(
        "ruled paper, lines as dark as the ink",
        lambda ink, rng: to_uint8(ruled(on_paper(place(ink, SIDE, rng)), rng, 48, INK)),
        0.02,
    ),
    Condition(
        "thin pen",
        lambda ink, rng: to_uint8(on_paper(np.pad(with_pen(ink, -5.0), 20))),
        0.02,
    ),
    Condition(
        "thick pen",
        lambda ink, rng: to_uint8(on_paper(np.pad(with_pen(ink, 5.0), 20))),
        0.02,
    ),
)


class Page(NamedTuple):
    """A page of digits: the picture, and the labels and boxes of its digits in reading order."""

    picture: NDArray[np.uint8]
    labels: list[int]
    boxes: list[tuple[int, int, int, int]]


def page(
    digits: NDArray[np.uint8],
    labels: NDArray[np.integer],
    rng: np.random.Generator,
    *,
    scale: float = 2.5,
    pitch: float = 1.3,
) -> Page:
    """Compose digits in lines, `pitch` of their frames apart and jittered; uneven light, noise."""
    per_line = int(rng.integers(3, 11))
    size = round(28 * scale)
    lines = -(-len(digits) // per_line)
    height, width = round(size * (pitch * lines + 1)), round(size * (pitch * per_line + 1.2))
    ink = np.zeros((height, width), np.float32)
    boxes = []
    for number, digit in enumerate(digits):
        line, place_in_line = divmod(number, per_line)
        frame = Image.fromarray(digit).resize((size, size), Image.Resampling.BICUBIC)
        top = round(size * (0.5 + pitch * line) + rng.uniform(-0.06, 0.06) * size)
        left = round(size * (0.5 + pitch * place_in_line) + rng.uniform(-0.12, 0.12) * size)
        there = np.asarray(frame, np.float32) / 255.0
        ink[top : top + size, left : left + size] = np.maximum(
            ink[top : top + size, left : left + size], there
        )
        rows, columns = np.nonzero(there > 0.5)
        boxes.append(
            (
                left + int(columns.min()),
                top + int(rows.min()),
                left + int(columns.max()) + 1,
                top + int(rows.max()) + 1,
            )
        )
    picture = to_uint8(noisy(lit(on_paper(ink), rng), rng, 0.04))
    return Page(picture, [int(label) for label in labels], boxes)
