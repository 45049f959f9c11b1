"""What ``python -m benchmarks.faults`` found, as tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tools import docs

Figures = dict[str, Any]
# The signs that mean something in Markdown. The first must be escaped before the others.
SIGNS = "\\|<>[]*_$"


def summary(figures: Figures) -> str:
    """Return a line for each stage: how much was done, and how often a rule was broken."""
    rows = []
    for stage in dict.fromkeys(row["stage"] for row in figures["rows"]):
        mine = [row for row in figures["rows"] if row["stage"] == stage]
        broken = sum(bool(row["broken"]) for row in mine)
        rows.append(
            (
                stage,
                f"{len(mine):,}",
                f"{sum(row['count'] for row in mine):,}",
                f"{broken:,}" if broken else "none",
            )
        )
    versions = ", ".join(f"{name} {version}" for name, version in figures["versions"].items())
    table = docs.table(("stage", "kinds of faults", "times", "kinds that broke a rule"), rows)
    return f"{table}\nWith {versions}.\n"


def loader(figures: Figures) -> str:
    """Return the faults of the loader."""
    return _told(figures, ("loader",), ("what was done", "what the program did"))


def others(figures: Figures) -> str:
    """Return the rows of processes, damaged pictures and full disks."""
    stages = ("kills", "stampede", "pictures", "disks")
    return _told(figures, stages, ("what was done", "what the program did"))


def patterns(figures: Figures) -> str:
    """Return the time and the memory of each pattern."""
    rows = [
        (
            cell(row["done"]),
            f"{row['seconds']:.1f} s",
            f"{row['megabytes']:,.0f} MB" if "megabytes" in row else "",
            _outcome(row),
        )
        for row in figures["rows"]
        if row["stage"] == "patterns"
    ]
    return docs.table(("call and picture", "time", "memory", "outcome"), rows)


# By file of the docs' results: the function that makes it.
TABLES: dict[str, Callable[[Figures], str]] = {
    "faults.md": summary,
    "faults_loader.md": loader,
    "faults_others.md": others,
    "faults_patterns.md": patterns,
}


def _told(figures: Figures, stages: tuple[str, ...], headings: tuple[str, str]) -> str:
    rows = [
        (_done(row), _outcome(row))
        for stage in stages
        for row in figures["rows"]
        if row["stage"] == stage
    ]
    return docs.table(headings, rows)


def _done(row: dict[str, Any]) -> str:
    times = f" ({row['count']:,} times)" if row["count"] > 1 else ""
    return cell(row["done"]) + times


def _outcome(row: dict[str, Any]) -> str:
    rules = f" **Broke a rule:** {cell(row['broken'])}" if row["broken"] else ""
    return cell(row["observed"]) + rules


def cell(text: str) -> str:
    """Return a text as a cell: outside code, the signs that Markdown takes for its own are escaped.

    An upright stroke ends a cell even within code.
    """
    parts = text.split("`")
    if len(parts) % 2 == 0:  # A single sign of code is none.
        return _escaped(text, SIGNS + "`")
    return "`".join(
        _escaped(part, "|" if number % 2 else SIGNS) for number, part in enumerate(parts)
    )


def _escaped(text: str, signs: str) -> str:
    for sign in signs:
        text = text.replace(sign, f"\\{sign}")
    return text
