"""How well pages are read that a phone photographed: ``python -m benchmarks.phone_pages``.

Digits of MNIST are written on sheets by :mod:`benchmarks.writing`, and photographed in bad
conditions by :mod:`benchmarks.phone`: each condition alone, at three strengths, and several at
once. Sheets without a digit are photographed too. The digits that are read are compared with those
that were written, by edit distance.

Thresholds are chosen on digits of the training split (``--split train``). The table of the docs is
made from test digits.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage

from benchmarks import phone, writing
from benchmarks.phone import Effect, Scene
from benchmarks.writing import Pen, Plane, Style
from mnist_zoo import PictureError, load_mnist, read_digits
from tools import docs

# What the docs' figures are measured on: pages of each condition, at each strength.
PAGES = 8
STRENGTHS = (0.33, 0.66, 1.0)
MEDIUM, FULL = STRENGTHS[1], STRENGTHS[2]
# So many conditions are mixed. Mixed pages differ most, so there are so many times as many of them.
MIXED, MIXED_PAGES = 4, 24
# Few sheets without a digit are read wrongly. So there are so many times as many of each.
EMPTY_PAGES = 3

BLUE, RED, GREEN = (0.08, 0.15, 0.55), (0.65, 0.1, 0.12), (0.08, 0.42, 0.2)
Restyle = Callable[[Style, float, np.random.Generator], Style]


def same_style(style: Style, strength: float, rng: np.random.Generator) -> Style:
    """Leave a style as it is."""
    return style


def same_scene(seen: Scene, strength: float, rng: np.random.Generator) -> Scene:
    """Leave a scene as it is."""
    return seen


class Condition(NamedTuple):
    """What makes a page hard: another style of writing, or an effect on the scene."""

    name: str
    restyle: Restyle = same_style
    effect: Effect = same_scene


def any_pen(rng: np.random.Generator) -> Pen:
    """Return a ball pen, a fountain pen or a felt pen."""
    return Pen(float(rng.uniform(3.0, 7.0)), float(rng.uniform(0.6, 0.85)))


def two_pens(style: Style, strength: float, rng: np.random.Generator) -> Style:
    """Write with a felt pen and a hard pencil by turns."""
    felt = Pen(float(rng.uniform(6.0, 8.0)), 0.8)
    pencil = Pen(2.4 - 0.8 * strength, 0.45 - 0.15 * strength, 0.15 * strength)
    return style._replace(pens=(felt, pencil) if rng.random() < 0.5 else (pencil, felt))


def pale_pencil(style: Style, strength: float, rng: np.random.Generator) -> Style:
    """Write with a hard pencil only."""
    return style._replace(
        pens=(Pen(2.4 - 0.8 * strength, 0.45 - 0.15 * strength, 0.15 * strength),)
    )


def small_digits(style: Style, strength: float, rng: np.random.Generator) -> Style:
    """Write small, in up to ten lines of ten: 40 pixels high at full strength."""
    height = 80.0 - 38.0 * strength
    pens = tuple(pen._replace(width=min(pen.width, height / 11.0)) for pen in style.pens)
    return style._replace(height=(height, height + 8.0), lines=(5, 10), columns=(6, 10), pens=pens)


def broken_digits(style: Style, strength: float, rng: np.random.Generator) -> Style:
    """Break every digit: by a twelfth of its height at full strength."""
    return style._replace(gap=strength / 12.0)


def touching_digits(style: Style, strength: float, rng: np.random.Generator) -> Style:
    """Write groups of two and three digits that overlap by up to 15 % of their height."""
    return style._replace(touching=0.15 * strength)


def tilted(style: Style, strength: float, rng: np.random.Generator) -> Style:
    """Tilt the sheet: by 15 degrees at full strength."""
    return style._replace(tilt=15.0 * strength * float(rng.choice([-1, 1])))


def ruled(style: Style, strength: float, rng: np.random.Generator) -> Style:
    """Write on ruled paper, slightly tilted."""
    return style._replace(ruled=0.4 * strength, tilt=style.tilt + float(rng.uniform(-3, 3)))


def coloured_ink(style: Style, strength: float, rng: np.random.Generator) -> Style:
    """Write in blue, red and green."""
    inks = [(BLUE, RED, GREEN)[number] for number in rng.permutation(3)]
    return style._replace(
        pens=tuple(any_pen(rng)._replace(colour=ink, darkness=0.85) for ink in inks)
    )


def on_a_table(style: Style, strength: float, rng: np.random.Generator) -> Style:
    """Leave room for the table at the rims."""
    return style._replace(margin=0.06 + 0.1 * strength)


CONDITIONS = (
    Condition("good light"),
    Condition("vignette", effect=phone.vignette),
    Condition("a phone's shadow", effect=phone.phone_shadow),
    Condition("a hard band of shadow", effect=phone.shadow_band),
    Condition("two shadows", effect=phone.two_shadows),
    Condition("a dark table", on_a_table, phone.table),
    Condition("print showing through", effect=phone.show_through),
    Condition("crumpled paper", effect=phone.crumpled),
    Condition("felt pen and pencil", two_pens),
    Condition("pale pencil", pale_pencil),
    Condition("small digits", small_digits),
    Condition("broken digits", broken_digits),
    Condition("tilt", tilted),
    Condition("ruled paper", ruled),
    Condition("coloured light", effect=phone.coloured_light),
    Condition("coloured ink", coloured_ink),
    Condition("sensor noise", effect=phone.sensor_noise),
    Condition("JPEG blocks", effect=phone.jpeg_blocks),
    Condition("on its side", effect=phone.on_its_side),
    Condition("upside down", effect=phone.upside_down),
    Condition("touching digits", touching_digits),
)
# These three and good light are not mixed with others.
MIXABLE = CONDITIONS[1:-3]


class Page(NamedTuple):
    """A photo of a page, and the digits that are written on it, line by line."""

    photo: bytes
    lines: tuple[str, ...]


def page(
    conditions: Sequence[Condition],
    strength: float,
    digits: Plane,
    labels: NDArray[np.integer],
    rng: np.random.Generator,
) -> Page:
    """Write a page, and photograph it, under several conditions at once."""
    style = Style(pens=(any_pen(rng),))
    for condition in conditions:
        style = condition.restyle(style, strength, rng)
    sheet = writing.write(digits, labels, style, rng)
    seen = phone.scene(sheet.ink, rng)
    for condition in conditions:
        seen = condition.effect(seen, strength, rng)
    return Page(phone.photo(seen, rng), sheet.lines)


def mixture(rng: np.random.Generator) -> list[Condition]:
    """Choose conditions to mix, in the order of the table."""
    chosen = np.sort(rng.permutation(len(MIXABLE))[:MIXED])
    return [MIXABLE[number] for number in chosen]


# Sheets without a digit.


def nothing(ink: Plane, rng: np.random.Generator) -> None:
    """Draw nothing."""


def ruled_lines(ink: Plane, rng: np.random.Generator) -> None:
    """Print lines across."""
    pen = Pen(1.6, float(rng.uniform(0.1, 0.5)), 0.0, (0.3, 0.4, 0.7))
    writing.rule(ink, float(rng.uniform(35, 90)), float(rng.uniform(-4, 4)), pen)


def squares(ink: Plane, rng: np.random.Generator) -> None:
    """Print squares, as for arithmetic."""
    pen, tilt = Pen(1.4, float(rng.uniform(0.1, 0.4)), 0.0, (0.3, 0.4, 0.7)), rng.uniform(-3, 3)
    spacing = float(rng.uniform(24, 45))
    writing.rule(ink, spacing, float(tilt), pen)
    writing.rule(ink, spacing, float(tilt) + 90.0, pen)


def _curve(ink: Plane, points: NDArray[Any], pen: Pen) -> None:
    """Draw a line through points (row, column)."""
    image = Image.new("L", (ink.shape[1], ink.shape[0]))
    flat = [(float(x), float(y)) for y, x in points]
    ImageDraw.Draw(image).line(flat, 255, max(1, round(pen.width)), joint="curve")
    cover = ndimage.gaussian_filter(np.asarray(image, np.float32) / 255.0, 0.5)
    writing.add(ink, 0, 0, cover, pen)


def doodle(ink: Plane, rng: np.random.Generator) -> None:
    """Scribble: a curve that goes to and fro, and a spiral."""
    time_ = np.linspace(0.0, 1.0, 600)[:, None]
    for _ in range(int(rng.integers(1, 4))):
        size = rng.uniform(60, 260)
        middle = rng.uniform(0.25, 0.75, 2) * ink.shape[:2]
        speeds = rng.uniform(4, 14, (1, 2)) * 2 * np.pi
        wave = np.sin(speeds * time_ + rng.uniform(0, 6, (1, 2)))
        drift = (time_ - 0.5) * rng.uniform(-1, 1, (1, 2))
        _curve(ink, middle + size * (0.6 * wave + drift), any_pen(rng))


def coffee_ring(ink: Plane, rng: np.random.Generator) -> None:
    """Leave the ring of a cup, its edge darker than its inside."""
    down, across = np.indices(ink.shape[:2], np.float32)
    middle = rng.uniform(0.2, 0.8, 2) * ink.shape[:2]
    angle = np.arctan2(down - middle[0], across - middle[1])
    radius = rng.uniform(110, 220)
    away = np.abs(np.hypot(down - middle[0], across - middle[1]) - radius)
    away += 2.0 * np.sin(3 * angle)
    width = 7.0 + 4.0 * np.sin(2 * angle + rng.uniform(0, 6))
    cover = np.clip(1.3 - away / width, 0.0, 1.0) * (0.6 + 0.4 * np.sin(angle + rng.uniform(0, 6)))
    pen = Pen(0, 0.35, 0.0, (0.5, 0.35, 0.15))
    writing.add(ink, 0, 0, cover.clip(0.0, 1.0).astype(np.float32), pen)


def paper_clip(ink: Plane, rng: np.random.Generator) -> None:
    """Lay a paper clip on the sheet."""
    half = np.linspace(-np.pi / 2, np.pi / 2, 20)
    parts = []
    for across, radius, sign in ((60, 20, 1), (-50, 17, -1), (45, 13, 1)):
        parts.append(
            np.stack([sign * radius * np.sin(half), across + sign * radius * np.cos(half)], 1)
        )
    points = np.concatenate([[[-20, -40]], *parts, [[13, -30]]])
    angle = rng.uniform(0, 2 * np.pi)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    middle = rng.uniform(0.2, 0.8, 2) * ink.shape[:2]
    _curve(ink, points @ turn.T + middle, Pen(5.0, 0.7, 0.0, (0.15, 0.15, 0.17)))


def printed_words(ink: Plane, rng: np.random.Generator) -> None:
    """Print lines of words and a table."""
    writing.add(ink, 0, 0, phone.printed_page(ink.shape[:2], rng), Pen(0, 0.85))


class Blank(NamedTuple):
    """A kind of sheet without a digit, and how it is photographed."""

    name: str
    draw: Callable[[Plane, np.random.Generator], None]
    effects: tuple[Effect, ...] = ()


BLANKS = (
    Blank("blank", nothing),
    Blank("blank, vignette and noise", nothing, (phone.vignette, phone.sensor_noise)),
    Blank("blank, a phone's shadow", nothing, (phone.phone_shadow,)),
    Blank("blank, a hard band of shadow", nothing, (phone.shadow_band,)),
    Blank("blank, two shadows", nothing, (phone.two_shadows,)),
    Blank("blank, a dark table", nothing, (phone.table,)),
    Blank("blank, print showing through", nothing, (phone.show_through,)),
    Blank("blank, crumpled", nothing, (phone.crumpled,)),
    Blank("ruled", ruled_lines, (phone.phone_shadow,)),
    Blank("squares", squares),
    Blank("doodle", doodle),
    Blank("coffee ring", coffee_ring),
    Blank("paper clip", paper_clip),
    Blank("printed words", printed_words),
)


def empty_page(kind: Blank, rng: np.random.Generator) -> Page:
    """Photograph a sheet without a digit, at full strength."""
    ink = writing.blank(rng)
    kind.draw(ink, rng)
    seen = phone.scene(ink, rng)
    for effect in kind.effects:
        seen = effect(seen, FULL, rng)
    return Page(phone.photo(seen, rng), ())


def edits(one: str, other: str) -> int:
    """Return the edit distance: how many characters must be put in, taken out or replaced."""
    row = list(range(len(other) + 1))
    for above, mine in enumerate(one, 1):
        last, row[0] = row[0], above
        for place, theirs in enumerate(other, 1):
            last, row[place] = (
                row[place],
                min(row[place] + 1, row[place - 1] + 1, last + (mine != theirs)),
            )
    return row[-1]


class Job(NamedTuple):
    """A page to make and read: the number of its condition, its strength and its own number."""

    condition: int
    strength: float
    number: int


MIX = len(CONDITIONS)


def name_of(condition: int) -> str:
    """Return the name of a condition, given by its number, or of their mixture."""
    return f"{MIXED} of them, mixed" if condition == MIX else CONDITIONS[condition].name


def make(job: Job, digits: Plane, labels: NDArray[np.integer]) -> Page:
    """Make the page of a job."""
    rng = np.random.default_rng([job.condition, round(100 * job.strength), job.number])
    conditions = mixture(rng) if job.condition == MIX else [CONDITIONS[job.condition]]
    return page(conditions, job.strength, digits, labels, rng)


def read(photo: bytes) -> str:
    """Return the digits of a photo, line by line; a refused photo has none."""
    try:
        return str(read_digits(photo))
    except PictureError:
        return ""


def mistakes(job: Job, digits: Plane, labels: NDArray[np.integer]) -> tuple[int, int]:
    """Return how many edits a page's reading is away from what was written, and its length."""
    made = make(job, digits, labels)
    return edits("\n".join(made.lines), read(made.photo)), sum(map(len, made.lines))


def false_digits(kind: int, number: int) -> int:
    """Return how many digits are read on a sheet without any."""
    rng = np.random.default_rng([99, kind, number])
    return len(read(empty_page(BLANKS[kind], rng).photo).replace("\n", ""))


def measure(
    pool: ProcessPoolExecutor, digits: Plane, labels: NDArray[np.integer], pages: int
) -> tuple[list[list[str]], list[list[str]]]:
    """Read pages of every condition and sheets without a digit; return the rows of two tables."""
    rows, empty = [], []
    for condition in range(MIX + 1):
        count = MIXED_PAGES * pages if condition == MIX else pages
        cells = []
        for strength in STRENGTHS:
            jobs = [Job(condition, strength, number) for number in range(count)]
            results = list(pool.map(partial(mistakes, digits=digits, labels=labels), jobs))
            wrong, written = (sum(column) for column in zip(*results, strict=True))
            cells.append(f"{docs.percent(1.0 - wrong / written)} of {written}")
        rows.append([name_of(condition), *cells])
        print(*rows[-1], sep=" | ", flush=True)
    for kind, blank in enumerate(BLANKS):
        found = list(pool.map(partial(false_digits, kind), range(EMPTY_PAGES * pages)))
        empty.append([blank.name, f"{np.mean(found):.2f}"])
        print(*empty[-1], sep=" | ", flush=True)
    return rows, empty


def main() -> None:
    """Measure, and write the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.phone_pages", description=__doc__)
    parser.add_argument("--pages", type=int, default=PAGES, help="pages of each condition")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    parser.add_argument("--split", choices=("train", "test"), default="test")
    parser.add_argument("--keep", type=Path, help="a folder to write one photo of each kind to")
    options = parser.parse_args()
    data = load_mnist()
    chosen = data.test if options.split == "test" else data.train
    # The last digits of the training split, as in `picture_thresholds`.
    digits, labels = chosen.x[-12_000:], chosen.y[-12_000:]
    if options.keep:
        keep(options.keep, digits, labels)
        return
    with ProcessPoolExecutor(options.workers) as pool:
        rows, empty = measure(pool, digits, labels, options.pages)
    text = "\n".join(
        [
            docs.table(("condition", "a third", "two thirds", "full strength"), rows),
            docs.table(("sheet without a digit", "digits read on it"), empty),
        ]
    )
    if options.pages < PAGES or options.split != "test":
        docs.leave("phone_pages.md", f"{PAGES} pages of test digits are needed")
    else:
        docs.write("phone_pages.md", text)


def keep(folder: Path, digits: Plane, labels: NDArray[np.integer]) -> None:
    """Write a photo of each kind at full strength to a folder, to be looked at."""
    folder.mkdir(parents=True, exist_ok=True)
    for condition in range(MIX + 1):
        name = "mixed" if condition == MIX else CONDITIONS[condition].name
        made = make(Job(condition, FULL, 0), digits, labels)
        (folder / f"{name.replace(' ', '-')}.jpg").write_bytes(made.photo)
    for kind in BLANKS:
        made = empty_page(kind, np.random.default_rng(0))
        (folder / f"sheet-{kind.name.replace(' ', '-')}.jpg").write_bytes(made.photo)


if __name__ == "__main__":
    main()
