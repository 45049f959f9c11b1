"""How well digits are read in other people's pictures: ``python -m benchmarks.pictures``.

The first 1,000 test digits of MNIST are drawn in all the ways of :mod:`benchmarks.drawing`, each
prepared and read by the shipped ``convnet``, and compared with the digits untouched.
Pages of test digits are searched. It takes about ten minutes and writes
``docs/results/pictures.json``, from which ``python -m tools.results_table`` makes the tables. A run
with fewer digits or pages prints its figures alone.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import drawing
from mnist_zoo import PictureError, find_digits, load_mnist, predict_probabilities, prepare_digit
from mnist_zoo.data import MNIST
from mnist_zoo.pictures.digits import Box
from tools import docs

# What the docs' figures are measured on: test digits to draw, and pages of each kind.
DIGITS, PAGES = 1000, 100
# The kinds of pages of 5 to 40 digits: the side of a digit's frame, as a multiple of MNIST's 28
# pixels; and how far apart the frames are, as a multiple of that side.
PAGE_KINDS = ((1.0, 1.3), (2.5, 1.3), (6.0, 1.3), (2.5, 1.0))


def prepared(picture: bytes | NDArray[Any]) -> NDArray[np.float32]:
    """Prepare a picture; return a blank digit, nearly always read wrongly, where none is found."""
    try:
        return prepare_digit(picture)
    except PictureError:
        return np.zeros(MNIST.image_shape, np.float32)


def draw_and_prepare(condition: int, numbered: tuple[int, NDArray[Any]]) -> NDArray[np.float32]:
    """Draw a digit under a condition, as its number seeds it, and prepare what comes out."""
    number, digit = numbered
    rng = np.random.default_rng([condition, number])
    return prepared(drawing.CONDITIONS[condition].draw(digit, rng))


def accuracy(images: Any, labels: NDArray[Any]) -> float:
    """Return the share of pictures that the shipped model reads rightly."""
    return float((predict_probabilities(images).argmax(axis=1) == labels).mean())


def search_page(
    seed: int, digits: NDArray[Any], labels: NDArray[Any], scale: float, pitch: float
) -> dict[str, int]:
    """Compose a page of digits and search it."""
    rng = np.random.default_rng(seed)
    chosen = rng.choice(len(digits), int(rng.integers(5, 41)), replace=False)
    page = drawing.page(digits[chosen], labels[chosen], rng, scale=scale, pitch=pitch)
    found = find_digits(page.picture)
    overlaps = np.array([[overlap(box, each.box) for each in found] for box in page.boxes])
    overlaps = overlaps.reshape(len(page.boxes), len(found))
    hit = overlaps.max(axis=1, initial=0.0) >= 0.5
    places = overlaps[hit].argmax(axis=1) if hit.any() else np.zeros(0, int)
    images = np.array([found[place].digit for place in places]).reshape(-1, *MNIST.image_shape)
    return {
        "digits": len(chosen),
        "found": int(hit.sum()),
        "false": len(found) - int(hit.sum()),
        "in_order": int((np.diff(places) > 0).all()),
        "read": int(
            (predict_probabilities(images).argmax(axis=1) == np.array(page.labels)[hit]).sum()
        ),
    }


def overlap(one: tuple[int, int, int, int], other: Box) -> float:
    """Return the share that two boxes have in common of what they cover together."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    common = max(width, 0) * max(height, 0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return common / (sum(areas) - common)


def photo() -> bytes:
    """Return a JPEG of 12 megapixels: a digit on a sheet, in falling light, with noise."""
    rng = np.random.default_rng(0)
    ink = np.zeros((3000, 4000), np.float32)
    ink[1000:1800, 1950:2030] = 1.0
    paper = drawing.noisy(drawing.lit(drawing.on_paper(ink), rng), rng, 0.03)
    colours = np.stack([paper, 0.97 * paper, 0.9 * paper], axis=-1)
    return drawing.encode(drawing.to_uint8(colours), "JPEG", quality=85)


def measure_photo() -> dict[str, float]:
    """Prepare a photo in a process of its own; return its seconds and its peak of memory."""
    # The peak is read from Linux: that of `resource` includes the parent's memory before the exec.
    program = (
        "import json, pathlib, re, sys, time\n"
        "from mnist_zoo import prepare_digit\n"
        "started = time.perf_counter()\n"
        "prepare_digit(sys.argv[1])\n"
        "seconds = time.perf_counter() - started\n"
        "status = pathlib.Path('/proc/self/status').read_text()\n"
        "print(json.dumps([seconds, int(re.search(r'VmHWM:\\s+(\\d+)', status)[1])]))\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "photo.jpg"
        path.write_bytes(photo())
        command = [sys.executable, "-c", program, str(path)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds, peak = json.loads(done.stdout)
    return {"seconds": round(seconds, 2), "peak_mb": round(1024 * peak / 1e6)}


def measure(count: int, pages: int, workers: int) -> dict[str, Any]:
    """Measure everything, printing each row as it is done."""
    from sklearn.datasets import load_digits

    test = load_mnist().test
    digits, labels = test.x[:count], test.y[:count]
    untouched = accuracy(digits, labels)
    figures: dict[str, Any] = {"digits": count, "untouched": untouched, "conditions": []}
    with ProcessPoolExecutor(workers) as pool:

        def each(function: Callable[[Any], Any], items: Any) -> list[Any]:
            return list(pool.map(function, items, chunksize=10))

        for number, condition in enumerate(drawing.CONDITIONS):
            started = time.perf_counter()
            images = each(partial(draw_and_prepare, number), enumerate(digits))
            row = {
                "name": condition.name,
                "accuracy": accuracy(np.array(images), labels),
                "allowed": condition.allowed,
            }
            figures["conditions"].append(row)
            seconds = time.perf_counter() - started
            print(f"{row['accuracy']:.4f} {row['name']} ({seconds:.0f} s)", flush=True)
        scanned = load_digits()
        images = each(prepared, list((scanned.images / 16.0).astype(np.float32)))
        other = {"digits": len(images), "accuracy": accuracy(np.array(images), scanned.target)}
        figures["scikit_learn_digits"] = other
        print(f"{other['accuracy']:.4f} scikit-learn's digits", flush=True)
        figures["pages"] = []
        whole = np.rint(255.0 * test.x[:1000]).astype(np.uint8)
        for scale, pitch in PAGE_KINDS:
            search = partial(
                search_page, digits=whole, labels=test.y[:1000], scale=scale, pitch=pitch
            )
            results = each(search, range(pages))
            total = {key: sum(result[key] for result in results) for key in results[0]}
            figures["pages"].append(
                {"frame": MNIST.image_shape[0] * scale, "pitch": pitch, "pages": pages, **total}
            )
            print(figures["pages"][-1], flush=True)
    figures["photo"] = measure_photo()
    print(figures["photo"])
    return figures


def main() -> None:
    """Measure, and write the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pictures", description=__doc__)
    parser.add_argument("--digits", type=int, default=DIGITS, help="test digits to draw")
    parser.add_argument("--pages", type=int, default=PAGES, help="pages of each kind")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    options = parser.parse_args()
    figures = measure(options.digits, options.pages, options.workers)
    if options.digits < DIGITS or options.pages < PAGES:
        docs.leave("pictures.json", f"{DIGITS:,} digits and {PAGES} pages are needed")
    else:
        docs.write("pictures.json", figures)


if __name__ == "__main__":
    main()
