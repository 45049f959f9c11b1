"""Export each model in each format on each backend, and measure: ``python -m benchmarks.formats``.

Let the machine do nothing else meanwhile. Each result is kept in ``docs/results/formats.json`` as
it comes, and what is there is not measured again: so an interrupted run goes on, and ``--anew``
measures all of it once more. A format that is not installed is left out. The table in the docs and
the pages of the models are made from this file.
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
from tools.formats_table import BACKENDS, RESULTS, key_of, order, table_of

# One of each kind is written on all backends, as on some of them this takes half a minute.
EVERYWHERE = ("dense_relu", "convnet_small", "vision_transformer")


def measure(name: str, form: str, *, whole: bool) -> dict[str, Any]:
    """Export a model on this backend; return what came of it, and how fast the export runs."""
    import keras

    data = load_mnist()
    weights = "mnist" if SPECIES[name].weights else None
    row = FORMATS[form]
    found: dict[str, Any] = {
        "model": name,
        "format": form,
        "backend": keras.backend.backend(),
    }
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


def main() -> None:
    """Measure what is not measured yet, and write the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.formats", description=__doc__)
    parser.add_argument(
        "--only", nargs=2, metavar=("MODEL", "FORMAT"), help="print one result as JSON"
    )
    parser.add_argument("--whole", action="store_true", help="measure its accuracy and speed too")
    parser.add_argument(
        "--models", nargs="+", default=list_models(), choices=list_models(), help="by default all"
    )
    parser.add_argument("--anew", action="store_true", help="measure also what is measured")
    options = parser.parse_args()
    if options.only:
        print(json.dumps(measure(*options.only, whole=options.whole)))
        return
    results = {key_of(found): found for found in docs.read(RESULTS)}
    wanted = [
        (name, form, backend)
        for name in options.models
        for form in FORMATS
        for backend in (BACKENDS if name in EVERYWHERE else BACKENDS[:1])
        if options.anew or (name, form, backend) not in results
    ]
    for name, form, backend in track(wanted, "exports"):
        lacking = [module for module in FORMATS[form].modules if find_spec(module) is None]
        if lacking or find_spec(backend) is None:
            print(f"{form} on {backend}: not measured, as it is not installed", file=sys.stderr)
            continue
        results[name, form, backend] = measured(backend, name, form)
        docs.write(RESULTS, [results[key] for key in sorted(results, key=order)])
    if results:
        docs.write("formats.md", table_of(docs.read(RESULTS)))
    else:
        docs.leave("formats.md", "nothing was measured")


if __name__ == "__main__":
    main()
