"""Measure how far trainings with one seed differ: ``python -m benchmarks.seeds``.

A training on the sample runs in a process of its own: once more, with one thread, with the
instructions of an older CPU, and on the other backends.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from importlib.util import find_spec
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.rows import BACKENDS
from tools import docs

Probabilities = NDArray[np.float64]

SEED, EPOCHS = 0, 3
# What lets a backend use no more than the instructions of an older CPU.
OLDER_CPU = {
    "tensorflow": {"ONEDNN_MAX_CPU_ISA": "AVX2", "XLA_FLAGS": "--xla_cpu_max_isa=AVX2"},
    "jax": {"XLA_FLAGS": "--xla_cpu_max_isa=AVX2"},
    "torch": {"ATEN_CPU_CAPABILITY": "avx2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"},
}
ONE_THREAD = {"OMP_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1"}
HEADINGS = ("backend", "change", "accuracy", "compared with", "probabilities differ by")


class Run(NamedTuple):
    """A training.

    Attributes
    ----------
    backend : str
        Keras's backend.
    change : str
        How it differs from the first training of that backend; empty for the first.
    settings : dict of str to str
        What is set in the environment.
    """

    backend: str
    change: str
    settings: dict[str, str]


def runs() -> list[Run]:
    """Return the trainings, on the backends that are installed."""
    return [
        Run(backend, change, settings)
        for backend in BACKENDS
        if find_spec(backend)
        for change, settings in (
            ("", {}),
            ("once more", {}),
            ("one thread", ONE_THREAD),
            ("a CPU without AVX-512", OLDER_CPU[backend]),
        )
    ]


def train() -> dict[str, object]:
    """Train in this process."""
    from mnist_zoo import dense_relu, fit_and_evaluate, load_mnist

    model = dense_relu(seed=SEED)
    # Drawn by NumPy, as each backend draws others from one seed.
    rng = np.random.default_rng(SEED)
    model.set_weights([rng.normal(0.0, 0.05, each.shape) for each in model.get_weights()])
    data = load_mnist(source="sample")
    result = fit_and_evaluate(model, data, epochs=EPOCHS, seed=SEED, verbose=0)
    return {"accuracy": result.accuracy, "probabilities": result.probabilities.tolist()}


def outcome(run: Run) -> tuple[float, Probabilities]:
    """Train in another process; return the accuracy and the probabilities."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.seeds", "--train"],
        stdout=subprocess.PIPE,
        check=True,
        env={
            **os.environ,
            "KERAS_BACKEND": run.backend,
            "TF_CPP_MIN_LOG_LEVEL": "3",
            **run.settings,
        },
    )
    facts = json.loads(done.stdout.splitlines()[-1])
    return facts["accuracy"], np.array(facts["probabilities"])


def main() -> None:
    """Measure, print and publish the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", action="store_true", help=argparse.SUPPRESS)
    if parser.parse_args().train:
        print(json.dumps(train()))
        return
    rows: list[tuple[str, ...]] = []
    first: dict[str, Probabilities] = {}
    for run in runs():
        accuracy, probabilities = outcome(run)
        # The first training of a backend is compared with that of the first backend.
        other = run.backend if run.change else next(iter(first), "")
        first.setdefault(run.backend, probabilities)
        largest = np.abs(probabilities - first[other]).max() if other else 0.0
        differ = f"up to {largest:.1g}" if largest else "nothing" if other else ""
        rows.append((run.backend, run.change, f"{accuracy:.2%}", other, differ))
        print(*rows[-1], sep=", ", flush=True)
    docs.write("seeds.md", docs.table(HEADINGS, rows))


if __name__ == "__main__":
    main()
