"""What ``python -m benchmarks`` measured, as a table and a picture."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from tools import docs

HEADINGS = (
    "job",
    "against",
    "plain",
    "mnist-zoo",
    "times better",
    "over the rounds",
    "to reach",
)


# The jobs of the picture, in words that need no table.
DRAWN = {
    "import": "import the package",
    "load_cold": "load MNIST in a new process",
    "fit_tensorflow": "train for 5 epochs, batches of 32",
    "reach": "train to 97.73 %",
    "program": "the whole program for that",
    "predict": "evaluate on 10,000 digits",
    "latency": "read one digit in a loop",
    "picture": "read a picture on the command line",
}


def table(figures: dict[str, Any]) -> str:
    """Return what `python -m benchmarks` measured, as a Markdown table."""
    machine = figures["machine"]
    libraries = ", ".join(f"{name} {machine[name]}" for name in list(machine)[1:])
    return (
        f"{docs.table(HEADINGS, map(_cells, figures['rows']))}\n"
        f"Medians of {figures['rounds']} rounds, on {machine['system']}: {libraries}.\n"
    )


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    low, high = row["ratio_range"]
    return (
        row["job"],
        row["against"],
        _amount(statistics.median(row["plain_values"]), row["quantity"]),
        _amount(statistics.median(row["our_values"]), row["quantity"]),
        f"**{_ratio(row['ratio'])}**",
        f"{_ratio(low)} to {_ratio(high)}",
        f"{row['target']:g}",
    )


def _amount(value: float, quantity: str) -> str:
    if quantity == "memory":
        return f"{value:,.0f} MB"
    if value < 0.001:
        return f"{1e6 * value:.0f} µs"
    return f"{1e3 * value:.0f} ms" if value < 1.0 else f"{value:.1f} s"


def _ratio(value: float) -> str:
    """Return a ratio as text: near 1, where it matters most, with two decimals."""
    return f"{value:.{0 if value >= 20.0 else 1 if value >= 2.0 else 2}f}"


def draw(figures: dict[str, Any], path: Path) -> None:
    """Draw the ratios of some benchmarks as bars, each with a mark at the ratio to reach."""
    rows = [row for row in figures["rows"][::-1] if row["name"] in DRAWN]
    figure = Figure(figsize=(9.0, 0.45 * len(rows) + 1.2), layout="constrained")
    ax = figure.add_subplot()
    ratios = np.array([row["ratio"] for row in rows])
    ranges = np.array([row["ratio_range"] for row in rows])
    places = np.arange(len(rows))
    ax.barh(places, ratios, xerr=np.abs(ranges.T - ratios), color="#0072B2", height=0.6, capsize=3)
    ax.plot([row["target"] for row in rows], places, "|", color="#D55E00", ms=18, mew=2.5)
    for place, ratio, reach in zip(places, ratios, ranges[:, 1], strict=True):
        ax.text(1.1 * max(ratio, reach), float(place), _ratio(ratio), va="center")
    ax.set(xscale="log", xlabel="times better than the plain program (bar); to reach (mark)")
    ax.set_yticks(places, [DRAWN[row["name"]] for row in rows])
    ax.xaxis.set_major_formatter("{x:g}")
    ax.set_xlim(0.5, 3.0 * ranges.max())
    ax.axvline(1.0, color="0.55", linewidth=1)
    ax.grid(axis="x", alpha=0.3)
    ax.set_axisbelow(True)
    figure.savefig(path, dpi=100)
