"""Make the tables of the docs' results page: ``python -m tools.results_table``.

It reads the cards of the trained parameters, and the JSON files in ``docs/results``. These
commands write the JSON files:

- ``mnist-zoo reproduce --seeds 5 --output docs/results/reproduction.json``
- ``python -m tools.sigmoid_study``
- ``python -m benchmarks.pictures``
- ``python -m benchmarks``
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tools import docs, species
from tools.docs import percent


def recipes_table(rows: list[dict[str, Any]]) -> str:
    """Return what the published recipes reach."""
    headings = (
        "recipe",
        "claimed",
        "measured, mean",
        "spread (s.d.)",
        "95 % interval",
        "lowest, highest",
        "reached",
    )
    return docs.table(headings, map(_recipe_cells, rows))


def _recipe_cells(row: dict[str, Any]) -> tuple[str, ...]:
    accuracies = [result["accuracy"] for result in row["results"]]
    low, high = row["interval_95"]
    return (
        f"{row['title']} (`{row['name']}`)",
        "not stated" if row["claim"] is None else percent(row["claim"]),
        f"{percent(row['mean'])} of {len(accuracies)} seeds",
        percent(row["spread"]),
        f"{percent(low)} to {percent(high)}",
        f"{percent(min(accuracies))}, {percent(max(accuracies))}",
        {None: "", True: "yes", False: "no"}[row["reached"]],
    )


def sigmoid_table(rows: list[dict[str, Any]]) -> str:
    """Return what the variants of the sigmoid recipe reach."""
    losses = {"sum": "sum over its digits", "sum_over_batch_size": "mean over its digits"}
    weights = {
        "glorot_uniform": "Glorot's uniform, as here",
        "random_normal": "normal, of deviation 0.05",
    }
    seeds = ", ".join(map(str, rows[0]["seeds"]))
    return docs.table(
        ("loss of a batch", "first weights", "steps", f"test accuracy, seeds {seeds}"),
        (
            (
                losses[row["reduction"]],
                weights[row["initializer"]],
                f"{row['steps']:,}",
                ", ".join(map(percent, row["test_accuracy"])),
            )
            for row in rows
        ),
    )


def pictures_tables(figures: dict[str, Any]) -> str:
    """Return how well digits in other people's pictures are read and found."""
    untouched = figures["untouched"]
    conditions = docs.table(
        ("drawn", "accuracy", "difference, in points", "allowed"),
        [
            ("untouched, not prepared", percent(untouched), "", ""),
            *(
                (
                    row["name"],
                    percent(row["accuracy"]),
                    f"{100.0 * (row['accuracy'] - untouched):+.1f}",
                    f"{-100.0 * row['allowed']:.1f}",
                )
                for row in figures["conditions"]
            ),
        ],
    )
    pages = docs.table(
        ("pages", "their digits", "found", "false", "in the right order", "read rightly"),
        (
            (
                f"{row['pages']}, frames of {row['frame']:g} pixels, {row['pitch']:g} apart",
                f"{row['digits']:,}",
                percent(row["found"] / row["digits"]),
                percent(row["false"] / row["digits"]),
                f"{row['in_order']} pages",
                percent(row["read"] / row["digits"]),
            )
            for row in figures["pages"]
        ),
    )
    other, photo = figures["scikit_learn_digits"], figures["photo"]
    return (
        f"{conditions}\n{pages}\n"
        f"Digits of other people and another scanner, the {other['digits']:,} of scikit-learn's "
        f"`load_digits` (8 by 8 pixels): {percent(other['accuracy'])} read rightly.\n\n"
        f"Preparing a photo of 12 megapixels (JPEG): {photo['seconds']:.1f} s, and "
        f"{photo['peak_mb']} MB at the peak, Python and its libraries included.\n"
    )


# The figures, and the table that is made of each.
TABLES: dict[str, tuple[str, Callable[[Any], str]]] = {
    "reproduction.json": ("table.md", recipes_table),
    "sigmoid.json": ("sigmoid.md", sigmoid_table),
    "pictures.json": ("pictures.md", pictures_tables),
}


def main() -> None:
    """Write the tables beside their figures."""
    for figures, (name, make) in TABLES.items():
        docs.write(name, make(docs.read(figures)))
    docs.write("species.md", species.table())


if __name__ == "__main__":
    main()
