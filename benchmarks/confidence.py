"""How often digits that are surely read are read rightly: ``python -m benchmarks.confidence``.

Digits of MNIST's training split that the shipped models were not trained on are drawn in the ways
of :mod:`benchmarks.drawing`, but for the largest pictures, and written on the pages of
:mod:`benchmarks.phone_pages`. Each kind of picture is a row: the digits that are read on it, the
share of which the model is 99 % sure, and the share of these that are right. It writes
``docs/results/confidence.md``. A run with fewer digits or pages prints its table alone.
"""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np

from benchmarks import drawing, phone_pages
from benchmarks.phone_pages import Job
from mnist_zoo import PictureError, Split, load_mnist, read_digits
from mnist_zoo.pictures.opening import Picture
from mnist_zoo.training.reproducing import parts_of
from tools import docs

# What the docs' figures are measured on: digits of each kind, and pages at each strength.
DIGITS, PAGES = 150, 3
SURE = 0.99
LARGEST_SIDE = 1000


def certainties(picture: Picture, written: str) -> list[tuple[bool, bool]]:
    """Read a picture; say of each digit whether it is surely read, and whether it is right."""
    try:
        reading = read_digits(picture)
    except PictureError:
        return []
    text = str(reading)
    right = np.zeros(len(text), bool)
    matcher = difflib.SequenceMatcher(None, written, text, autojunk=False)
    for block in matcher.get_matching_blocks():
        right[block.b : block.b + block.size] = True
    digits = [
        is_right for is_right, character in zip(right, text, strict=True) if character != "\n"
    ]
    return [(sure >= SURE, bool(ok)) for sure, ok in zip(reading.confidences, digits, strict=True)]


def single(job: tuple[int, int], digits: Split) -> list[tuple[bool, bool]]:
    """Draw one digit under a condition, and read it."""
    condition, number = job
    rng = np.random.default_rng([condition, number])
    picture = drawing.CONDITIONS[condition].draw(digits.x[number], rng)
    return certainties(picture, str(digits.y[number]))


def page(job: Job, digits: Split) -> list[tuple[bool, bool]]:
    """Write a page, and read it."""
    made = phone_pages.make(job, digits.x, digits.y)
    return certainties(made.photo, "\n".join(made.lines))


def measure(
    pool: ProcessPoolExecutor, digits: Split, count: int, pages: int
) -> Iterator[list[str]]:
    """Yield a row for each kind of picture."""
    for number, condition in enumerate(drawing.CONDITIONS):
        if "2000" in condition.name:  # It would take most of the time.
            continue
        jobs = [(number, place) for place in range(count)]
        yield row(condition.name, pool.map(partial(single, digits=digits), jobs, chunksize=10))
    for number in range(phone_pages.MIX + 1):
        for strength in phone_pages.STRENGTHS:
            sheets = [Job(number, strength, place) for place in range(pages)]
            name = f"page: {phone_pages.name_of(number)}, {strength:g}"
            yield row(name, pool.map(partial(page, digits=digits), sheets))


def row(name: str, results: Iterator[list[tuple[bool, bool]]]) -> list[str]:
    """Return the row of a kind of picture."""
    each = [digit for result in results for digit in result]
    right = [ok for sure, ok in each if sure]
    cells = [name, f"{len(each)}", docs.percent(len(right) / max(1, len(each))), f"{len(right)}"]
    share = docs.percent(float(np.mean(right))) if right else ""
    return [*cells, f"{len(right) - sum(right)}", share]


def main() -> None:
    """Measure, and write the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.confidence", description=__doc__)
    parser.add_argument("--digits", type=int, default=DIGITS, help="digits of each kind")
    parser.add_argument("--pages", type=int, default=PAGES, help="pages of each kind")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    options = parser.parse_args()
    digits = parts_of(load_mnist().train).seed
    rows = []
    with ProcessPoolExecutor(options.workers) as pool:
        for cells in measure(pool, digits, options.digits, options.pages):
            print(*cells, sep=" | ", flush=True)
            rows.append(cells)
    headings = ("kind", "digits read", "sure", "sure ones", "wrong of these", "right of these")
    if options.digits < DIGITS or options.pages < PAGES:
        docs.leave("confidence.md", f"{DIGITS} digits and {PAGES} pages are needed")
    else:
        docs.write("confidence.md", docs.table(headings, rows))


if __name__ == "__main__":
    main()
