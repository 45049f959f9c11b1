"""Make the tables of the docs' results page: ``python -m tools.results_table``.

It reads what ``mnist-zoo reproduce --seeds 5 --output docs/results/reproduction.json`` and
``python -m tools.sigmoid_study`` wrote.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent.parent / "docs" / "results"
HEADER = (
    "| recipe | claimed | measured, mean | spread (s.d.) | 95 % interval | lowest, highest "
    "| reached |\n"
    "|---|---|---|---|---|---|---|\n"
)


def table(rows: list[dict[str, Any]]) -> str:
    """Return the results as a Markdown table."""
    return HEADER + "".join(_row(row) for row in rows)


def _row(row: dict[str, Any]) -> str:
    accuracies = [result["accuracy"] for result in row["results"]]
    low, high = row["interval_95"]
    cells = (
        f"{row['title']} (`{row['name']}`)",
        "not stated" if row["claim"] is None else _percent(row["claim"]),
        f"{_percent(row['mean'])} of {len(accuracies)} seeds",
        _percent(row["spread"]),
        f"{_percent(low)} to {_percent(high)}",
        f"{_percent(min(accuracies))}, {_percent(max(accuracies))}",
        {None: "", True: "yes", False: "no"}[row["reached"]],
    )
    return f"| {' | '.join(cells)} |\n"


def sigmoid_table(rows: list[dict[str, Any]]) -> str:
    """Return what the variants of the sigmoid recipe reach, as a Markdown table."""
    losses = {"sum": "sum over its digits", "sum_over_batch_size": "mean over its digits"}
    weights = {
        "glorot_uniform": "Glorot's uniform, as here",
        "random_normal": "normal, of deviation 0.05",
    }
    lines = [
        f"| {losses[row['reduction']]} | {weights[row['initializer']]} | {row['steps']:,} "
        f"| {', '.join(map(_percent, row['test_accuracy']))} |\n"
        for row in rows
    ]
    seeds = ", ".join(map(str, rows[0]["seeds"]))
    header = f"| loss of a batch | first weights | steps | test accuracy, seeds {seeds} |\n"
    return header + "|---|---|---|---|\n" + "".join(lines)


def _percent(value: float) -> str:
    return f"{100 * value:.2f} %"


# The figures, and the table that is made of each.
TABLES = {
    "reproduction.json": ("table.md", table),
    "sigmoid.json": ("sigmoid.md", sigmoid_table),
}


def main() -> None:
    """Write the tables beside their figures."""
    for figures, (name, make) in TABLES.items():
        rows = json.loads((RESULTS / figures).read_text(encoding="utf-8"))
        (RESULTS / name).write_text(make(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
