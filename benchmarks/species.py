"""Measure what each model of the zoo costs: ``python -m benchmarks.species``.

Let the machine do nothing else meanwhile. Models without trained parameters are measured with
random ones, which take as long.
"""

from __future__ import annotations

import time
from typing import Any

import keras
import numpy as np
from rich.progress import track

from benchmarks.ceilings import best
from mnist_zoo import create_model, fit_and_evaluate, list_models, load_mnist
from mnist_zoo.models.forward import numpy_model
from mnist_zoo.models.layers import describe_layers, is_chain, runs_without_framework
from mnist_zoo.models.outputs import model_probabilities
from mnist_zoo.models.shipped import FOLDER
from mnist_zoo.models.species import SPECIES
from tools import docs
from tools.species import multiply_adds_of

DIGITS, BATCH, EPOCHS = 10_000, 128, 3
ALL = 60_000  # What the time of an epoch is stated for.


def seconds_of_an_epoch(name: str, x: Any, y: Any) -> float:
    """Return the time of the fastest epoch after the first, for all of MNIST."""
    ends: list[float] = []
    clock = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: ends.append(time.perf_counter())
    )
    data = (x[:-100], y[:-100]), (x[-100:], y[-100:])
    options: dict[str, Any] = {"epochs": EPOCHS, "batch_size": BATCH, "validation_fraction": 0}
    fit_and_evaluate(name, data, callbacks=clock, seed=0, verbose=0, **options)
    return float(np.diff(ends).min()) * ALL / (len(x) - 100)


def cells(name: str, x: Any, y: Any) -> tuple[str, ...]:
    """Return a model's row of the table."""
    model = create_model(name, seed=0)
    weights = SPECIES[name].weights
    size = (FOLDER / f"{weights.file}.npz").stat().st_size / 1e3 if weights else None
    layers = describe_layers(model)
    times = ["", ""]
    if is_chain(model) and runs_without_framework(layers):
        parameters = {weight.path: np.asarray(weight) for weight in model.weights}
        by_numpy = numpy_model(layers, parameters)
        times = [
            f"{1e3 * best(lambda: by_numpy(x[:1]), 50):.2f} ms",
            f"{1e3 * best(lambda: by_numpy(x)):.0f} ms",
        ]
    return (
        f"`{name}`",
        f"{model.count_params():,}",
        f"{multiply_adds_of(model):,}",
        "" if size is None else f"{size:.0f} kB",
        f"{seconds_of_an_epoch(name, x, y):.1f} s",
        *times,
        f"{1e3 * best(lambda: model_probabilities(model, x)):.0f} ms",
    )


def main() -> None:
    """Measure, and write the table."""
    x, y = load_mnist().train
    x, y = x[:DIGITS], y[:DIGITS]
    headings = (
        *("model", "parameters", "multiply-adds", "file", "an epoch"),
        *("1 digit, NumPy", "10,000, NumPy", "10,000, Keras"),
    )
    rows = [cells(name, x, y) for name in track(list_models(), "models")]
    docs.write("cost.md", docs.table(headings, rows))


if __name__ == "__main__":
    main()
