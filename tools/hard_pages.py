"""Draw ten hard pages and what is read on them, for the docs: ``python -m tools.hard_pages``.

The pages are those of :mod:`benchmarks.phone_pages`, at full strength. Their digits are strokes of
a pen: none is of MNIST, whose digits are never kept here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from benchmarks import phone_pages
from benchmarks.phone_pages import Page, edits
from mnist_zoo import plots, read_digits
from mnist_zoo.data import MNIST
from tools import docs
from tools.written_page import STROKES, curve, strokes

SEED = 0
#: The file of each picture, and what makes its page hard.
HARD = {
    "shadow": ("a phone's shadow",),
    "band": ("a hard band of shadow",),
    "table": ("a dark table",),
    "through": ("print showing through",),
    "crumpled": ("crumpled paper",),
    "pencil": ("felt pen and pencil",),
    "small": ("small digits",),
    "broken": ("broken digits",),
    "touching": ("touching digits",),
    "mixed": ("a hard band of shadow", "crumpled paper", "pale pencil", "ruled paper"),
}
# Digits are drawn so many times as large as MNIST's, and shrunk.
FINE = 8
# The longer side of a picture in pixels, and the quality of its JPEG file.
LONGER, QUALITY = 800, 80


def drawn(digit: str, rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw a digit in the form of MNIST, slanted and wobbled at random."""
    height, width = MNIST.image_shape
    image = Image.new("L", (FINE * width, FINE * height))
    pen = ImageDraw.Draw(image)
    slant, slim = rng.uniform(-0.25, 0.25), rng.uniform(0.75, 1.0)
    for points in strokes(digit):
        line = curve(points + rng.normal(0.0, 0.02, points.shape)) - 0.5
        line[:, 0] = slim * line[:, 0] - slant * line[:, 1]
        at = (0.5 + 0.7 * line) * image.width
        pen.line([tuple(point) for point in at], fill=255, width=2 * FINE, joint="curve")
    small = image.resize((width, height), Image.Resampling.BOX)
    return np.asarray(small, np.float32) / np.float32(255.0)


def pages(files: Iterable[str] = HARD) -> dict[str, Page]:
    """Return the page of each file."""
    rng = np.random.default_rng(SEED)
    labels = np.repeat(np.arange(len(STROKES)), 20)
    digits = np.array([drawn(str(label), rng) for label in labels])
    conditions = {condition.name: condition for condition in phone_pages.CONDITIONS}

    def page(file: str) -> Page:
        chosen = [conditions[name] for name in HARD[file]]
        rng = np.random.default_rng([SEED, list(HARD).index(file)])
        return phone_pages.page(chosen, phone_pages.FULL, digits, labels, rng)

    return {file: page(file) for file in files}


def main() -> None:
    """Write ``docs/images/hard-*.jpg`` and ``docs/results/hard_pages.md``."""
    rows = []
    for name, page in pages().items():
        reading = read_digits(page.photo)
        figure: Any = plots.reading(page.photo, reading, ink=True).figure
        figure.savefig(
            docs.IMAGES / f"hard-{name}.jpg",
            dpi=LONGER / max(figure.get_size_inches()),
            pil_kwargs={"quality": QUALITY, "optimize": True},
        )
        wrong = edits("\n".join(page.lines), str(reading))
        counts = f"{sum(map(len, page.lines))}", f"{len(reading.boxes)}", f"{wrong}"
        rows.append((", ".join(HARD[name]), *counts))
        print(*rows[-1], sep=" | ", flush=True)
    headings = ("what makes it hard", "digits written", "digits read", "errors")
    docs.write("hard_pages.md", docs.table(headings, rows))


if __name__ == "__main__":
    main()
