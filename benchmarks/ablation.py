"""What each way to run a training gives, alone: ``python -m benchmarks.ablation``."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

OUTPUT = Path(__file__).parent.parent / "docs" / "results" / "ablation.md"
EPOCHS = 5


class Case(NamedTuple):
    """A way to train the 128-64 network: a backend, settings of Keras, and whether in our loop."""

    backend: str
    how: str
    batch_size: int
    dropout: float
    options: dict[str, Any]
    loop: bool = False


MANY = {"steps_per_execution": 100}
XLA = {**MANY, "jit_compile": True}
NO_XLA = {**MANY, "jit_compile": False}
CASES = (
    Case("tensorflow", "Keras's defaults", 32, 0.0, {}),
    Case("tensorflow", "100 batches a call", 32, 0.0, NO_XLA),
    Case("tensorflow", "100 batches a call, XLA", 32, 0.0, XLA),
    Case("tensorflow", "compiled loop", 32, 0.0, NO_XLA, loop=True),
    Case("tensorflow", "compiled loop, XLA", 32, 0.0, XLA, loop=True),
    Case("tensorflow", "Keras's defaults", 128, 0.2, {}),
    Case("tensorflow", "100 batches a call", 128, 0.2, NO_XLA),
    Case("tensorflow", "compiled loop", 128, 0.2, NO_XLA, loop=True),
    Case("tensorflow", "compiled loop, XLA", 128, 0.2, XLA, loop=True),
    Case("jax", "Keras's defaults", 32, 0.0, {}),
    Case("jax", "100 batches a call", 32, 0.0, MANY),
    Case("jax", "compiled loop", 32, 0.0, MANY, loop=True),
    Case("jax", "compiled loop", 128, 0.2, MANY, loop=True),
)


def measure(case: Case) -> list[float]:
    """Train; return the seconds of what comes before the epochs, and of each epoch."""
    import keras

    from mnist_zoo import dense_relu, dense_relu_dropout, execution, load_mnist

    (x, y), _ = load_mnist()
    model = dense_relu_dropout(dropout=case.dropout, seed=0) if case.dropout else dense_relu(seed=0)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], **case.options)
    moments = [time.perf_counter()]
    clock = keras.callbacks.LambdaCallback(
        on_train_begin=lambda logs: moments.append(time.perf_counter()),
        on_epoch_end=lambda epoch, logs: moments.append(time.perf_counter()),
    )
    loop = execution.compiled_loop(model, x, y, case.batch_size)
    with loop if case.loop else contextlib.nullcontext(x) as pictures:
        model.fit(
            pictures, y, batch_size=case.batch_size, epochs=EPOCHS, verbose=0, callbacks=[clock]
        )
    return [after - before for before, after in itertools.pairwise(moments)]


def main() -> None:
    """Measure each case in a process of its own, print the table, and write it."""
    if len(sys.argv) > 1:
        print(json.dumps(measure(CASES[int(sys.argv[1])])))
        return
    lines = [
        "| backend | run as | batch | dropout | before the first epoch, and it | a later epoch |"
    ]
    lines.append("|---|---|---|---|---|---|")
    for number, case in enumerate(CASES):
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.ablation", str(number)],
            stdout=subprocess.PIPE,
            check=True,
            env={**os.environ, "KERAS_BACKEND": case.backend, "TF_CPP_MIN_LOG_LEVEL": "3"},
        )
        before, first, *later = json.loads(done.stdout.splitlines()[-1])
        lines.append(
            f"| {case.backend} | {case.how} | {case.batch_size} | {case.dropout or 'none'} "
            f"| {before + first:.1f} s | {statistics.median(later):.2f} s |"
        )
        print(lines[-1], flush=True)
    OUTPUT.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
