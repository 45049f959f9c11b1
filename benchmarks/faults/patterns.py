"""Patterns that are made to cost much: those of :mod:`benchmarks.patterns`, each as a row."""

from __future__ import annotations

import math
import re
from multiprocessing.connection import Connection

from benchmarks import patterns
from benchmarks.faults.processes import call
from benchmarks.faults.rows import Progress, Row

# The longest that it may take to make a picture and to read it; what is longer is an error.
PATIENCE = 300.0
# The picture's path, with which messages begin.
PATH = r"^\S*/picture(\.npy)?: "


def pattern_rows(most: int | None) -> list[Row]:
    """Measure the patterns, or the first so many of them."""
    numbers = range(len(patterns.PATTERNS[:most]))
    jobs = [(number, name) for number in numbers for name in patterns.CALLS]
    progress, rows = Progress("patterns", len(jobs)), []
    for number, name in jobs:
        rows.append(row_of(measured(number, name)))
        progress.step()
    return rows


def measured(number: int, name: str) -> patterns.Measured:
    """Measure a pattern in a process of its own: this one's memory would count into the figure."""
    try:
        figures: patterns.Measured = call(measure, PATIENCE, number, name)
    except (TimeoutError, ChildProcessError) as error:
        pattern = patterns.PATTERNS[number].name
        return patterns.Measured(pattern, name, math.nan, math.nan, str(error))
    return figures


def measure(line: Connection, number: int, name: str) -> None:
    """In a process of its own: measure a pattern."""
    line.send(patterns.measure(patterns.PATTERNS[number], name))


def row_of(figures: patterns.Measured) -> Row:
    """Return what a call did with a pattern. A process that failed has no time and no memory."""
    bounds = f"{patterns.MOST_SECONDS:g} seconds and {patterns.MOST_MEGABYTES:,.0f} MB"
    known = not math.isnan(figures.seconds)
    return Row(
        "patterns",
        f"{figures.call}: {figures.pattern}",
        f"digits, or a PictureError, within {bounds}",
        re.sub(PATH, "", figures.outcome),
        1,
        figures.seconds if known else 0.0,
        "" if figures.within else f"not within {bounds}",
        None if math.isnan(figures.megabytes) else round(figures.megabytes),
    )
