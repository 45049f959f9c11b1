"""Export each model in each format on each backend, and measure: ``python -m benchmarks.formats``.

Let the machine do nothing else meanwhile. It takes about half an hour, most of it for ``convnet``;
``--models`` makes a shorter table. A format that is not installed is left out, and the docs then
stay as they are.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rich.progress import track

from benchmarks.ceilings import best
from mnist_zoo import ExportError, create_model, list_models, load_mnist, metrics
from mnist_zoo.export import FORMATS, export_model
from mnist_zoo.models.species import SPECIES
from tools import docs

BACKENDS = ("tensorflow", "jax", "torch")
# One of each kind is written on all backends, as on some of them this takes half a minute.
EVERYWHERE = ("dense_relu", "convnet_small", "vision_transformer")


def measure(name: str, form: str, *, whole: bool) -> dict[str, Any]:
    """Export a model on this backend; return what came of it, and how fast the export runs."""
    data = load_mnist()
    weights = "mnist" if SPECIES[name].weights else None
    row = FORMATS[form]
    found: dict[str, Any] = {"model": name, "format": form}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"model{row.suffix}"
        try:
            made = export_model(
                create_model(name, weights=weights, seed=0), path, format=form, data=data
            )
        except ExportError as error:
            return {**found, "error": str(error)}
        found |= {"difference": made.largest_difference, "bytes": made.bytes}
        if whole:
            run, one = row.load(path), data.test.x[:1]
            (outputs,) = run(data.test.x)
            accuracy = metrics.accuracy(data.test.y, outputs.argmax(axis=1)) if weights else None
            many = 1e3 * best(lambda: run(data.test.x))
            found |= {"accuracy": accuracy, "many": many, "one": 1e3 * best(lambda: run(one), 50)}
    return found


def measured(backend: str, name: str, form: str) -> dict[str, Any]:
    """Measure in a process of its own, on a backend."""
    arguments = [name, form, *(["--whole"] if backend == BACKENDS[0] else [])]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.formats", "--only", *arguments],
        env={**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def cells(name: str, form: str, found: dict[str, dict[str, Any]]) -> tuple[str, ...] | None:
    """Return a row of the table; None if the model cannot be written in this format."""
    first = found[BACKENDS[0]]
    if "error" in first:
        return None
    return (
        f"`{name}`",
        f"`{form}`",
        f"{first['bytes'] / 1e3:,.0f} kB",
        "" if first["accuracy"] is None else docs.percent(first["accuracy"]),
        f"{first['one']:.2f} ms",
        f"{first['many']:,.0f} ms",
        *(f"{found[each]['difference']:.0e}" if each in found else "" for each in BACKENDS),
    )


def main() -> None:
    """Measure, and write the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.formats", description=__doc__)
    parser.add_argument(
        "--only", nargs=2, metavar=("MODEL", "FORMAT"), help="print one cell as JSON"
    )
    parser.add_argument("--whole", action="store_true", help="measure its accuracy and speed too")
    parser.add_argument(
        "--models", nargs="+", default=list_models(), choices=list_models(), help="by default all"
    )
    options = parser.parse_args()
    if options.only:
        print(json.dumps(measure(*options.only, whole=options.whole)))
        return
    lacking = sorted({m for row in FORMATS.values() for m in row.modules if find_spec(m) is None})
    rows, left_out = [], []
    pairs = [(name, form) for name in options.models for form in FORMATS]
    for name, form in track(pairs, "exports"):
        if set(FORMATS[form].modules) & set(lacking):
            continue
        backends = BACKENDS if name in EVERYWHERE else BACKENDS[:1]
        found = {each: measured(each, name, form) for each in backends}
        row = cells(name, form, found)
        if row is None:
            left_out.append(f"- {found[BACKENDS[0]]['error']}")
        else:
            rows.append(row)
    headings = (
        *("model", "format", "size", "accuracy", "1 digit", "10,000 digits"),
        *(f"difference, {backend}" for backend in BACKENDS),
    )
    text = docs.table(headings, rows)
    if left_out:
        text += "\n".join(["\nNot written:\n", *left_out, ""])
    if lacking:
        docs.leave("formats.md", f"{', '.join(lacking)} are needed")
    else:
        docs.write("formats.md", text)


if __name__ == "__main__":
    main()
