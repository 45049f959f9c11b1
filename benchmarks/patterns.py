"""Measure pictures that are made to cost much: ``python -m benchmarks.patterns``.

Each picture has up to 50 million pixels, the most that are read. Each is read in a process of its
own. The time is what the call takes of one core, the memory the largest that the process had.
``python -m benchmarks.faults`` writes the table of them for the docs.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage

from mnist_zoo import PictureError, find_digits, prepare_digit

Grey = NDArray[np.uint8]
PAPER, INK = 255, 0
# What no picture may exceed, in seconds and in megabytes.
MOST_SECONDS, MOST_MEGABYTES = 10.0, 1000.0
# The sides of the largest square that is read, and of the largest that is not shrunk first.
LARGEST, UNSHRUNK = 7071, 2999
CALLS: dict[str, Callable[[Any], Any]] = {
    "find_digits": find_digits,
    "prepare_digit": prepare_digit,
}


def paper(height: int, width: int | None = None) -> Grey:
    """Return a blank page."""
    return np.full((height, width or height), PAPER, np.uint8)


def dots(side: int, spacing: int, size: int) -> Grey:
    """Draw squares on a grid."""
    picture = paper(side)
    for row in range(size):
        for column in range(size):
            picture[row::spacing, column::spacing] = INK
    return picture


def two_sizes(side: int) -> Grey:
    """Draw large squares on a grid, and small ones between them, just too far away to join."""
    picture = dots(side, 16, 8)
    for row, column in ((11, 11), (11, 13), (13, 11), (13, 13)):
        picture[row::16, column::16] = INK
    return picture


def near_sizes(side: int) -> Grey:
    """Draw one square on a grid for each size from 4 to 28 pixels, small ones beside large ones."""
    picture = paper(side)
    for number, corner in enumerate(range(0, side - 32, 32)):
        size = 4 + number % 25
        picture[corner : corner + size, ::32] = INK
        picture[corner : corner + size, 1::32] = INK
        picture[corner : corner + size, 2:side:32] = INK
    return picture


def salt(side: int, share: float) -> Grey:
    """Set a share of the pixels to ink, at random."""
    return np.where(np.random.default_rng(0).random((side, side)) < share, INK, PAPER).astype("u1")


def noise(side: int, smooth: float = 0.0) -> Grey:
    """Draw noise, or clouds of noise."""
    plane = np.random.default_rng(0).standard_normal((side, side), np.float32)
    if smooth:
        plane = ndimage.gaussian_filter(plane, smooth)
    return np.where(plane > 0.0, PAPER, INK).astype(np.uint8)


def grey_noise(side: int) -> Grey:
    """Draw every pixel with a random grey."""
    return np.random.default_rng(0).integers(0, 256, (side, side), np.uint8)


def spiral(side: int, pitch: int) -> Grey:
    """Draw one thin line from the edge to the middle."""
    picture, corners = Image.fromarray(paper(side)), []
    low, high = 2, side - 3
    while low < high:
        corners += [(low, low), (high, low), (high, high), (low, high)]
        low, high = low + pitch, high - pitch
    points = [
        (x - pitch if number % 4 == 0 and number else x, y) for number, (x, y) in enumerate(corners)
    ]
    ImageDraw.Draw(picture).line(points, fill=INK, width=1)
    return np.asarray(picture)


def frames(side: int, pitch: int) -> Grey:
    """Draw squares, each within the next."""
    picture = paper(side)
    for edge in range(0, side // 2, pitch):
        picture[edge, edge : side - edge] = picture[side - 1 - edge, edge : side - edge] = INK
        picture[edge : side - edge, edge] = picture[edge : side - edge, side - 1 - edge] = INK
    return picture


def hooks(side: int, pitch: int) -> Grey:
    """Draw angles, each within the next: their boxes overlap, and none is closed."""
    picture = paper(side)
    for edge in range(0, side - 4, pitch):
        picture[edge, edge:] = picture[edge:, edge] = INK
    return picture


def diagonals(side: int, pitch: int) -> Grey:
    """Draw lines from edge to edge, at 45 degrees."""
    rows, columns = np.ogrid[:side, :side]
    return np.where((rows + columns) % pitch < 2, INK, PAPER).astype(np.uint8)


def dashes(side: int, pitch: int) -> Grey:
    """Draw lines across the picture, as on ruled paper but close together."""
    picture = paper(side)
    picture[2::pitch] = INK
    return picture


def sloping(side: int, pitch: int) -> Grey:
    """Draw lines across the picture with a slope of 1 in 12."""
    rows, columns = np.ogrid[:side, :side]
    return np.where((rows * 12 + columns) % (pitch * 12) < 12, INK, PAPER).astype(np.uint8)


def dense_lines(side: int) -> Grey:
    """Draw rows of ink with just so many gaps that half of them are taken for lines."""
    picture = np.random.default_rng(0).random((side, side)) < 0.9
    return np.where(picture, INK, PAPER).astype(np.uint8)


def staircase(side: int, size: int) -> Grey:
    """Draw squares along the diagonal, each close to the last, and a field of them elsewhere."""
    picture = dots(side, 12, 2)
    picture[np.tri(side, k=40 * size, dtype=bool)] = PAPER
    for corner in range(0, side - size, size + 1):
        picture[corner : corner + size, corner : corner + size] = INK
    return picture


def comb(side: int, pitch: int) -> Grey:
    """Draw a line with long teeth."""
    picture = paper(side)
    picture[:3] = INK
    picture[: side - 5, ::pitch] = INK
    return picture


def maze(side: int) -> Grey:
    """Draw a piece of ink whose edge is as long as can be: a fractal."""
    rows, columns = np.ogrid[:side, :side]
    return np.where((rows & columns) == 0, INK, PAPER).astype(np.uint8)


def checkers(side: int, size: int) -> Grey:
    """Draw a chess board."""
    rows, columns = np.ogrid[:side, :side]
    return np.where((rows // size + columns // size) % 2 == 0, INK, PAPER).astype(np.uint8)


def rings(side: int, pitch: int) -> Grey:
    """Draw circles about one middle."""
    rows, columns = np.ogrid[:side, :side]
    radius = np.hypot(rows - side / 2, columns - side / 2)
    return np.where(radius % pitch < 2, INK, PAPER).astype(np.uint8)


def digits_page(side: int, size: int) -> Grey:
    """Draw a page full of sevens, each somewhere in a square of so many pixels a side."""
    page = Image.fromarray(paper(side))
    pen, rng, room = ImageDraw.Draw(page), np.random.default_rng(0), size // 6
    for top in range(0, side - size + 1, size):
        for left in range(0, side - size + 1, size):
            across, down = rng.integers(room, 2 * room, 2)
            x, y = left + across, top + down
            right, bottom = x + size // 2, y + size // 2
            pen.line([(x, y), (right, y), (x + size // 6, bottom)], INK, max(1, size // 10))
    return np.asarray(page)


def large_digit(side: int) -> Grey:
    """Draw one digit that fills the picture."""
    return digits_page(side, side)


def gradient(side: int) -> Grey:
    """Draw light that falls from white to black."""
    return np.linspace(255, 0, side).astype(np.uint8)[:, None].repeat(side, 1)


def encoded(picture: NDArray[Any], form: str, **options: Any) -> bytes:
    """Return a picture as the content of a file."""
    with io.BytesIO() as file:
        Image.fromarray(picture).save(file, form, **options)
        return file.getvalue()


def colours(side: int, channels: int) -> NDArray[np.uint8]:
    """Draw noise in colours, with or without transparency."""
    return np.random.default_rng(0).integers(0, 256, (side, side, channels), np.uint8)


def many_scans(side: int, scans: int) -> bytes:
    """Return a progressive JPEG that sends its last scan again and again."""
    content = encoded(large_digit(side), "JPEG", progressive=True, quality=50)
    last, end = content.rindex(b"\xff\xda"), content.rindex(b"\xff\xd9")
    return content[:last] + content[last:end] * scans + content[end:]


class Pattern(NamedTuple):
    """A picture that is made to cost much: what it is, and how to make it."""

    name: str
    make: Callable[[], NDArray[Any] | bytes]


PATTERNS = (
    Pattern("dots, 300 x 300", lambda: encoded(dots(300, 3, 1), "PNG")),
    Pattern("dots, 2999 x 2999", lambda: dots(UNSHRUNK, 3, 1)),
    Pattern("dots of one pixel in two, 2999 x 2999", lambda: dots(UNSHRUNK, 2, 1)),
    Pattern("squares of 12 pixels, 2999 x 2999", lambda: dots(UNSHRUNK, 16, 12)),
    Pattern("squares of 60 pixels, 7071 x 7071", lambda: dots(LARGEST, 100, 60)),
    Pattern("squares of two sizes", lambda: two_sizes(UNSHRUNK)),
    Pattern("squares of many sizes", lambda: near_sizes(UNSHRUNK)),
    Pattern("0.1 % of salt", lambda: salt(UNSHRUNK, 0.001)),
    Pattern("1 % of salt", lambda: salt(UNSHRUNK, 0.01)),
    Pattern("10 % of salt", lambda: salt(UNSHRUNK, 0.1)),
    Pattern("10 % of salt, 7071 x 7071", lambda: salt(LARGEST, 0.1)),
    Pattern("black and white noise", lambda: noise(UNSHRUNK)),
    Pattern("grey noise", lambda: grey_noise(UNSHRUNK)),
    Pattern("grey noise, 7071 x 7071", lambda: grey_noise(LARGEST)),
    Pattern("fine clouds", lambda: noise(UNSHRUNK, 2.0)),
    Pattern("coarse clouds", lambda: noise(UNSHRUNK, 12.0)),
    Pattern("a spiral", lambda: spiral(UNSHRUNK, 4)),
    Pattern("a spiral, 7071 x 7071", lambda: spiral(LARGEST, 12)),
    Pattern("squares within squares", lambda: frames(UNSHRUNK, 3)),
    Pattern("angles within angles", lambda: hooks(UNSHRUNK, 3)),
    Pattern("diagonal lines", lambda: diagonals(UNSHRUNK, 5)),
    Pattern("lines across", lambda: dashes(UNSHRUNK, 6)),
    Pattern("lines down", lambda: dashes(UNSHRUNK, 6).T),
    Pattern("sloping lines across", lambda: sloping(UNSHRUNK, 6)),
    Pattern("rows of dense ink", lambda: dense_lines(UNSHRUNK)),
    Pattern("squares that join one after the other", lambda: staircase(UNSHRUNK, 8)),
    Pattern("a comb", lambda: comb(UNSHRUNK, 3)),
    Pattern("a fractal", lambda: maze(UNSHRUNK)),
    Pattern("a chess board", lambda: checkers(UNSHRUNK, 3)),
    Pattern("rings", lambda: rings(UNSHRUNK, 6)),
    Pattern("1,600 digits", lambda: digits_page(UNSHRUNK, 74)),
    Pattern("10,000 digits", lambda: digits_page(UNSHRUNK, 29)),
    Pattern("one digit, 2999 x 2999", lambda: large_digit(UNSHRUNK)),
    Pattern("one digit, 7071 x 7071", lambda: large_digit(LARGEST)),
    Pattern("a gradient", lambda: gradient(LARGEST)),
    Pattern("blank", lambda: paper(LARGEST)),
    Pattern("one row of 50 million pixels", lambda: dots(7071, 3, 1)[:7070].reshape(1, -1)),
    Pattern("one column of 50 million pixels", lambda: dots(7071, 3, 1)[:7070].reshape(-1, 1)),
    Pattern("two rows of 25 million pixels", lambda: dots(7070, 3, 1).reshape(2, -1)),
    Pattern("noise in colours, transparent", lambda: colours(LARGEST, 4)),
    Pattern("the same as PNG", lambda: encoded(colours(LARGEST, 4), "PNG", compress_level=1)),
    Pattern("grey noise as floats", lambda: grey_noise(LARGEST) / np.float64(255.0)),
    Pattern(
        "grey noise as TIFF of floats", lambda: encoded(grey_noise(LARGEST).astype("f4"), "TIFF")
    ),
    Pattern("noise in colours as JPEG", lambda: encoded(colours(LARGEST, 3), "JPEG")),
    Pattern("noise in colours as WebP", lambda: encoded(colours(LARGEST, 3), "WEBP", method=0)),
    Pattern("noise in colours as AVIF", lambda: encoded(colours(LARGEST, 3), "AVIF", speed=10)),
    Pattern("noise as text (PPM)", lambda: b"P2\n2000 2000\n9\n" + b"1 " * 4_000_000),
    Pattern("salt as GIF", lambda: encoded(salt(LARGEST, 0.1), "GIF")),
    Pattern("a JPEG of 1,000 scans", lambda: many_scans(LARGEST, 1000)),
)


class Measured(NamedTuple):
    """What a call did with a pattern."""

    pattern: str
    call: str
    seconds: float
    megabytes: float
    outcome: str

    @property
    def within(self) -> bool:
        """Whether it kept to the bounds."""
        return self.seconds <= MOST_SECONDS and self.megabytes <= MOST_MEGABYTES


def measure(pattern: Pattern, call: str, limit: float = 120.0) -> Measured:
    """Make a picture, and read it in another process on one core."""
    with tempfile.TemporaryDirectory() as folder:
        made = pattern.make()
        path = Path(folder) / ("picture" if isinstance(made, bytes) else "picture.npy")
        if isinstance(made, bytes):
            path.write_bytes(made)
        else:
            np.save(path, made)
        command = [sys.executable, "-m", "benchmarks.patterns", "--read", str(path), call]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=limit)
        except subprocess.TimeoutExpired:
            return Measured(pattern.name, call, limit, float("nan"), "stopped")
    if done.returncode:
        return Measured(pattern.name, call, float("nan"), float("nan"), done.stderr[-300:])
    return Measured(pattern.name, call, **json.loads(done.stdout))


def read(path: Path, call: str) -> dict[str, Any]:
    """Read a picture in this process; return its time, the process's memory, and the outcome."""
    picture: Any = np.load(path) if path.suffix == ".npy" else path
    started = time.process_time()
    try:
        result = CALLS[call](picture)
        outcome = f"{len(result)} digits" if call == "find_digits" else "a digit"
    except PictureError as error:
        outcome = str(error)
    seconds = time.process_time() - started
    return {
        "seconds": seconds,
        "megabytes": largest_memory() / 1e6,
        "outcome": outcome.replace(f"{path}: ", ""),
    }


def largest_memory() -> int:
    """Return the most memory that this process has had, in bytes.

    The system's ``getrusage`` counts what the process that started this one had, so it is asked
    only where there is no ``/proc``.
    """
    status = Path("/proc/self/status")
    if status.exists():
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
        if found:
            return 1024 * int(found[1])
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> None:
    """Measure the patterns, and print what each cost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--read", nargs=2, metavar=("FILE", "CALL"), help=argparse.SUPPRESS)
    parser.add_argument("--only", default="", help="only the patterns with this text in the name")
    options = parser.parse_args()
    if options.read:
        print(json.dumps(read(Path(options.read[0]), options.read[1])))
        return
    rows = []
    for pattern in PATTERNS:
        if options.only not in pattern.name:
            continue
        for call in CALLS:
            row = measure(pattern, call)
            print(
                f"{row.pattern:42} {row.call:14} {row.seconds:6.2f} s {row.megabytes:6.0f} MB  "
                f"{'' if row.within else 'TOO MUCH '}{row.outcome}",
                flush=True,
            )
            rows.append(row)
    if not all(row.within for row in rows):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
