"""Draw a page of digits and what is read on it, for the docs: ``python -m tools.written_page``.

The digits are drawn as strokes of a pen. None is of MNIST, whose digits are never kept here.
"""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter
from scipy.interpolate import make_interp_spline

from mnist_zoo import plots, read_digits
from tools.docs import IMAGES

#: What is written, line by line.
LINES = ("314159", "265358", "970246")
HEIGHT, WIDTH, TOP, PEN = 550, 900, 30, 9
# How each digit is written: points of each stroke, as percentages from the left and from the top.
STROKES = {
    "0": "60,5 25,20 20,70 50,97 80,65 70,15 50,5",
    "1": "35,20 55,3 53,50 50,98",
    "2": "20,25 45,3 72,25 50,65 18,95 / 18,95 50,90 85,95",
    "3": "22,10 60,5 65,30 42,46 / 42,46 72,55 68,88 20,92",
    "4": "35,5 20,55 85,55 / 65,25 63,60 60,98",
    "5": "75,5 32,7 / 32,7 27,42 62,45 70,80 22,93",
    "6": "65,3 30,40 25,85 60,95 70,65 40,58 26,75",
    "7": "18,10 78,7 / 78,7 55,50 42,98",
    "8": "68,15 35,8 35,40 68,65 50,97 25,75 60,42 70,15",
    "9": "70,20 40,5 25,35 60,42 70,20 66,60 55,98",
}


def strokes(digit: str) -> list[NDArray[np.float64]]:
    """Return the points of each stroke of a digit, in a square of side 1."""
    return [
        np.array([point.split(",") for point in stroke.split()], np.float64) / 100.0
        for stroke in STROKES[digit].split("/")
    ]


def curve(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return many points on a smooth line through a few."""
    if len(points) == 2:
        return points
    at = np.linspace(0.0, 1.0, len(points))
    smooth: NDArray[np.float64] = make_interp_spline(at, points, k=2)(np.linspace(0.0, 1.0, 60))
    return smooth


def photo(seed: int = 0) -> NDArray[np.float64]:
    """Draw the page, as a camera sees it: ruled paper, uneven light and noise; 0 is black."""
    rng = np.random.default_rng(seed)
    page = Image.new("L", (WIDTH, HEIGHT), 238)
    pen = ImageDraw.Draw(page)
    step = (HEIGHT - TOP) // len(LINES)
    for number, line in enumerate(LINES):
        base = TOP + (number + 1) * step - 20
        pen.line([(0, base), (WIDTH, base)], fill=205, width=2)
        for column, digit in enumerate(line):
            size = 0.66 * step * rng.uniform(0.9, 1.1)
            corner = 60 + 138 * column + rng.uniform(-12, 12), base - size - rng.uniform(6, 18)
            for points in strokes(digit):
                points += rng.normal(0.0, 0.012, points.shape)
                drawn = [tuple(point) for point in curve(points) * size + corner]
                pen.line(drawn, fill=55, width=PEN, joint="curve")
                for x, y in (drawn[0], drawn[-1]):
                    pen.ellipse([x - PEN / 2, y - PEN / 2, x + PEN / 2, y + PEN / 2], fill=55)
    paper = np.asarray(page.filter(ImageFilter.GaussianBlur(1.2)), np.float64) / 255.0
    light = np.linspace(1.0, 0.55, WIDTH) * np.linspace(1.0, 0.85, HEIGHT)[:, None]
    return np.clip(light * paper + rng.normal(0.0, 0.008, paper.shape), 0.0, 1.0)


def main() -> None:
    """Write ``docs/images/page.png``, and print what was read."""
    page = photo()
    reading = read_digits(page)
    print(reading)
    figure = Figure(figsize=(8.0, 8.0 * HEIGHT / WIDTH))
    ax = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    plots.reading(page, reading, ax=ax)
    figure.savefig(IMAGES / "page.png", dpi=100)


if __name__ == "__main__":
    main()
