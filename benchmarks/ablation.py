"""What each way to run a training gains, on its own: ``python -m benchmarks.ablation``."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from typing import NamedTuple

import numpy as np

from mnist_zoo.training.batches import Batches
from mnist_zoo.training.loops import Feed, LoopSettings
from tools import docs

EPOCHS = 5
HEADINGS = (
    "backend",
    "run as",
    "batch",
    "dropout",
    "before the first epoch, and it",
    "a later epoch",
)


class Case(NamedTuple):
    """A way to train the 128-64 network.

    Attributes
    ----------
    backend : str
        Keras's backend.
    batch_size : int
        Digits a batch.
    dropout : float
        Of the hidden layers; 0 for none.
    settings : LoopSettings or None
        Batches a call, and XLA; None for Keras's defaults.
    loop : bool
        Whether the package's compiled loop runs it, in place of Keras's.
    """

    backend: str
    batch_size: int
    dropout: float
    settings: LoopSettings | None = None
    loop: bool = False

    def __str__(self) -> str:
        if self.settings is None:
            return "Keras's defaults"
        way = "compiled loop" if self.loop else f"{self.settings.batches_per_call} batches a call"
        return f"{way}, XLA" if self.settings.xla else way


MANY, XLA, NO_XLA = LoopSettings(100, None), LoopSettings(100, True), LoopSettings(100, False)
CASES = (
    Case("tensorflow", 32, 0.0),
    Case("tensorflow", 32, 0.0, NO_XLA),
    Case("tensorflow", 32, 0.0, XLA),
    Case("tensorflow", 32, 0.0, NO_XLA, loop=True),
    Case("tensorflow", 32, 0.0, XLA, loop=True),
    Case("tensorflow", 128, 0.2),
    Case("tensorflow", 128, 0.2, NO_XLA),
    Case("tensorflow", 128, 0.2, NO_XLA, loop=True),
    Case("tensorflow", 128, 0.2, XLA, loop=True),
    Case("jax", 32, 0.0),
    Case("jax", 32, 0.0, MANY),
    Case("jax", 32, 0.0, MANY, loop=True),
    Case("jax", 128, 0.2, MANY, loop=True),
)


def measure(case: Case) -> list[float]:
    """Train; return the seconds of what comes before the epochs, and of each epoch."""
    import keras

    from mnist_zoo import dense_relu, dense_relu_dropout, load_mnist
    from mnist_zoo.training.loops import fast_loop

    (x, y), _ = load_mnist()
    model = dense_relu_dropout(dropout=case.dropout, seed=0) if case.dropout else dense_relu(seed=0)
    options: dict[str, int | bool] = {}
    if case.settings is not None:
        options["steps_per_execution"] = case.settings.batches_per_call
        if case.settings.xla is not None:
            options["jit_compile"] = case.settings.xla
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], **options)
    moments = [time.perf_counter()]
    clock = keras.callbacks.LambdaCallback(
        on_train_begin=lambda logs: moments.append(time.perf_counter()),
        on_epoch_end=lambda epoch, logs: moments.append(time.perf_counter()),
    )
    plain = Feed({"x": x, "y": y, "batch_size": case.batch_size}, 1)
    loop: contextlib.AbstractContextManager[Feed] = contextlib.nullcontext(plain)
    if case.loop and case.settings is not None:
        random = np.random.default_rng(0)
        batches = Batches(x, y, case.batch_size, case.settings.batches_per_call, random)
        loop = fast_loop(model, batches, case.settings.xla)
    with loop as feed:
        model.fit(**feed.arguments, epochs=EPOCHS, verbose=0, callbacks=[clock])
    return [after - before for before, after in itertools.pairwise(moments)]


def cells(number: int, case: Case) -> tuple[str, ...]:
    """Measure a case in a process of its own, and return its row of the table."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.ablation", str(number)],
        stdout=subprocess.PIPE,
        check=True,
        env={**os.environ, "KERAS_BACKEND": case.backend, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    before, first, *later = json.loads(done.stdout.splitlines()[-1])
    return (
        case.backend,
        str(case),
        str(case.batch_size),
        str(case.dropout or "none"),
        f"{before + first:.1f} s",
        f"{statistics.median(later):.2f} s",
    )


def main() -> None:
    """Measure each case in a process of its own, print the rows, and write the table."""
    if len(sys.argv) > 1:
        print(json.dumps(measure(CASES[int(sys.argv[1])])))
        return
    rows = []
    for number, case in enumerate(CASES):
        rows.append(cells(number, case))
        print(*rows[-1], sep=", ", flush=True)
    docs.write("ablation.md", docs.table(HEADINGS, rows))


if __name__ == "__main__":
    main()
