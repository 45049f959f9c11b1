"""Make the tables of the docs' results page: ``python -m tools.results_table``.

It reads what ``mnist-zoo reproduce --seeds 5 --output docs/results/reproduction.json``,
``python -m tools.sigmoid_study`` and ``python -m benchmarks.pictures`` wrote, and the cards of the
trained parameters.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mnist_zoo import list_models, model_card

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


def pictures_tables(figures: dict[str, Any]) -> str:
    """Return how well digits in other people's pictures are read and found, as Markdown."""
    untouched = figures["untouched"]
    lines = [
        "| drawn | accuracy | difference, in points | allowed |",
        "|---|---|---|---|",
        f"| untouched, not prepared | {_percent(untouched)} | | |",
    ]
    for row in figures["conditions"]:
        points = 100.0 * (row["accuracy"] - untouched)
        lines.append(
            f"| {row['name']} | {_percent(row['accuracy'])} | {points:+.1f} "
            f"| {-100.0 * row['allowed']:.1f} |"
        )
    lines += [
        "",
        "| pages | their digits | found | false | in the right order | read rightly |",
        "|---|---|---|---|---|---|",
    ]
    for row in figures["pages"]:
        lines.append(
            f"| {row['pages']}, frames of {row['frame']:g} pixels, {row['pitch']:g} apart "
            f"| {row['digits']:,} | {_percent(row['found'] / row['digits'])} "
            f"| {_percent(row['false'] / row['digits'])} | {row['in_order']} pages "
            f"| {_percent(row['read'] / row['digits'])} |"
        )
    other, photo = figures["scikit_learn_digits"], figures["photo"]
    lines += [
        "",
        f"Digits of other people and another scanner, the {other['digits']:,} of scikit-learn's "
        f"`load_digits` (8 by 8 pixels): {_percent(other['accuracy'])} read rightly.",
        "",
        f"Preparing a photo of 12 megapixels (JPEG): {photo['seconds']:.1f} s, and "
        f"{photo['peak_mb']} MB at the peak, Python and its libraries included.",
    ]
    return "\n".join(lines) + "\n"


def _percent(value: float) -> str:
    return f"{100 * value:.2f} %"


def cards_page(names: list[str]) -> str:
    """Return the cards of the trained parameters: a table of all, then each on its own."""
    cards = {name: model_card(name) for name in names}
    lines = [
        "| model | parameters | test accuracy | 95 % interval | labels corrected | log loss "
        "| calibration error |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, card in cards.items():
        low, high = card.test["accuracy_interval_95"]
        cells = (
            f"`{name}`",
            f"{card.architecture['parameters']:,}",
            _percent(card.test["accuracy"]),
            f"{_percent(low)} to {_percent(high)}",
            _percent(card.test["corrected_labels"]["accuracy"]),
            f"{card.test['log_loss']:.4f}",
            _percent(card.test["expected_calibration_error"]),
        )
        lines.append(f"| {' | '.join(cells)} |")
    for name, card in cards.items():
        speed = {key.removeprefix("milliseconds_"): value for key, value in card.speed.items()}
        machine = speed.pop("machine")
        timing = ", ".join(
            f"{value} ms for a batch of {int(count):,}" for count, value in speed.items()
        )
        misclassified = ", ".join(map(str, card.test["misclassified"]))
        lines += [
            f"\n## {name}\n",
            f"```text\n{card}\n```\n",
            f"One forward pass: {timing} ({machine}).\n",
            f"![Reliability of {name}](../images/reliability-{Path(card.file).stem}.png)\n",
            f"Confusion matrix, true classes in rows:\n\n{_matrix(card.test['confusion_matrix'])}",
        ]
        if len(card.test["misclassified"]) < 500:
            lines.append(f"Misclassified test digits, by index: {misclassified}.")
    return "\n".join(lines) + "\n"


def _matrix(rows: list[list[int]]) -> str:
    header = f"| |{'|'.join(map(str, range(len(rows))))}|\n|---|{'---|' * len(rows)}\n"
    return header + "".join(
        f"|**{number}**|{'|'.join(map(str, row))}|\n" for number, row in enumerate(rows)
    )


# The figures, and the table that is made of each.
TABLES: dict[str, tuple[str, Callable[[Any], str]]] = {
    "reproduction.json": ("table.md", table),
    "sigmoid.json": ("sigmoid.md", sigmoid_table),
    "pictures.json": ("pictures.md", pictures_tables),
}


def main() -> None:
    """Write the tables beside their figures."""
    for figures, (name, make) in TABLES.items():
        rows = json.loads((RESULTS / figures).read_text(encoding="utf-8"))
        (RESULTS / name).write_text(make(rows), encoding="utf-8")
    (RESULTS / "cards.md").write_text(cards_page(list_models()), encoding="utf-8")


if __name__ == "__main__":
    main()
