"""Measure the layers that distort digits against Keras's: ``python -m benchmarks.distortions``.

Each distorts 10,000 digits, compiled as ``fit_and_evaluate`` compiles it, in a process of its own
for each backend. Keras's layers are set to about the same amounts.
"""

from __future__ import annotations

import importlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, NamedTuple

from benchmarks.rows import BACKENDS
from tools import docs

DIGITS, ROUNDS = 10_000, 5
ALL = 60_000  # What the times are stated for.


class Case(NamedTuple):
    """A distortion, by this package and by Keras."""

    what: str
    ours: Callable[[], Any]
    plain: Callable[[], Any]


def cases() -> tuple[Case, ...]:
    """Return what is compared."""
    from keras import Sequential, layers

    from mnist_zoo import RandomDistortion, RandomPhotometry

    none: dict[str, Any] = dict.fromkeys(RandomDistortion.LIMITS, 0.0)

    def shapes() -> Any:
        return Sequential(
            [
                layers.RandomRotation(12 / 360, fill_mode="constant"),
                layers.RandomZoom(0.12, fill_mode="constant"),
                layers.RandomShear(0.2, 0.0, fill_mode="constant"),
                layers.RandomTranslation(2 / 28, 2 / 28, fill_mode="constant"),
                elastic(),
            ]
        )

    def elastic() -> Any:
        return layers.RandomElasticTransform(
            factor=1.0, scale=1.0, fill_mode="constant", value_range=(0, 1)
        )

    def looks() -> Any:
        return Sequential(
            [
                layers.RandomGaussianBlur(factor=0.3, kernel_size=5, sigma=1.0, value_range=(0, 1)),
                layers.RandomContrast(0.7, value_range=(0, 1)),
                layers.RandomBrightness(0.2, value_range=(0, 1)),
                layers.RandomErasing(factor=0.3, value_range=(0, 1)),
                layers.GaussianNoise(0.1),
            ]
        )

    return (
        Case(
            "rotation",
            lambda: RandomDistortion(**{**none, "rotation": 12.0}),
            lambda: layers.RandomRotation(12 / 360, fill_mode="constant"),
        ),
        Case("elastic bending", lambda: RandomDistortion(**{**none, "elastic": 1.2}), elastic),
        Case("all of the shape", RandomDistortion, shapes),
        Case("all of the look", RandomPhotometry, looks),
    )


def measure(backend: str) -> list[list[float]]:
    """Return the seconds of each case, by this package and by Keras, for :data:`ALL` digits."""
    import keras
    import numpy as np

    from mnist_zoo.training.distorting import by_epoch

    loop = importlib.import_module(f"mnist_zoo.training.{backend}_loop")
    x = np.random.default_rng(0).random((DIGITS, 28, 28, 1), np.float32)
    pictures = keras.ops.convert_to_tensor(x)

    def seconds(layer: Any) -> float:
        distorted = by_epoch(pictures, layer, loop.compiled_layer)
        times = []
        for epoch in range(ROUNDS + 1):
            started = time.perf_counter()
            keras.ops.convert_to_numpy(distorted(epoch))
            times.append(time.perf_counter() - started)
        return statistics.median(times[1:]) * ALL / DIGITS

    return [[seconds(case.ours()), seconds(case.plain())] for case in cases()]


def main() -> None:
    """Measure on each backend that is installed, and write the table."""
    if len(sys.argv) > 1:
        print(json.dumps(measure(sys.argv[1])))
        return
    names = [case.what for case in cases()]
    rows = []
    for backend in filter(find_spec, BACKENDS):
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.distortions", backend],
            stdout=subprocess.PIPE,
            check=True,
            env={**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"},
        )
        measured = json.loads(done.stdout.splitlines()[-1])
        for name, (ours, plain) in zip(names, measured, strict=True):
            rows.append((backend, name, f"{plain:.1f} s", f"{ours:.1f} s", f"{plain / ours:.1f}"))
            print(*rows[-1], sep=", ", flush=True)
    headings = ("backend", "distortion", "Keras's layers", "ours", "times as fast")
    docs.write("distortions.md", docs.table(headings, rows))


if __name__ == "__main__":
    main()
