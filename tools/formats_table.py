"""Tables of what exports of the models take, as ``python -m benchmarks.formats`` measured it."""

from __future__ import annotations

from typing import Any

from mnist_zoo import list_models
from mnist_zoo.export import FORMATS
from tools import docs

#: The file of the measurements, in the docs' results.
RESULTS = "formats.json"
#: On the first of these, accuracy and times are measured too.
BACKENDS = ("tensorflow", "jax", "torch")
MEASURES = ("size", "accuracy", "1 digit", "10,000 digits")


def key_of(found: dict[str, Any]) -> tuple[str, str, str]:
    """Return of what a result is."""
    return found["model"], found["format"], found["backend"]


def order(key: tuple[str, str, str]) -> tuple[int, int, int]:
    """Return the place of a result: that of its model, format and backend in their lists."""
    name, form, backend = key
    return list_models().index(name), list(FORMATS).index(form), BACKENDS.index(backend)


def table_of(results: list[dict[str, Any]]) -> str:
    """Return a row for each model and format, and what could not be written."""
    by_key = {key_of(found): found for found in results}
    rows = [cells(found, by_key) for found in results if is_measured(found)]
    headings = (
        *("model", "format", *MEASURES),
        *(f"difference, {backend}" for backend in BACKENDS),
    )
    errors = [
        f"- `{found['model']}` as `{found['format']}`: {found['error']}"
        for found in results
        if "error" in found and found["backend"] == BACKENDS[0]
    ]
    text = docs.table(headings, rows)
    return text + "\n".join(["\nNot written:\n", *errors, ""]) if errors else text


def is_measured(found: dict[str, Any]) -> bool:
    """Say whether a result has an accuracy and times: the others are of the difference alone."""
    return "one" in found


def cells(found: dict[str, Any], by_key: dict[tuple[str, str, str], dict[str, Any]]) -> list[str]:
    """Return a row of the table."""
    name, form, _ = key_of(found)
    others = (by_key.get((name, form, backend), {}) for backend in BACKENDS)
    differences = (other.get("difference") for other in others)
    return [
        f"`{name}`",
        f"`{form}`",
        *measures(found),
        *("" if difference is None else f"{difference:.0e}" for difference in differences),
    ]


def measures(found: dict[str, Any]) -> list[str]:
    """Return size, accuracy and times of an export, as text."""
    return [
        f"{found['bytes'] / 1e3:,.0f} kB",
        "" if found["accuracy"] is None else docs.percent(found["accuracy"]),
        f"{found['one']:.2f} ms",
        f"{found['many']:,.0f} ms",
    ]


def table_of_model(name: str) -> str:
    """Return a row for each format of one model; empty if none was measured."""
    found = [each for each in docs.read(RESULTS) if each["model"] == name and is_measured(each)]
    rows = [(f"`{each['format']}`", *measures(each)) for each in found]
    return docs.table(("format", *MEASURES), rows) if rows else ""
