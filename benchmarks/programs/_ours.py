"""What the programs that train with mnist-zoo share."""

import os

from _emit import emit

from mnist_zoo import fit_and_evaluate, load_mnist

SEED = int(os.environ["BENCHMARK_SEED"])


def train(model, epochs, batch_size):
    """Train without validation, as the plain programs do; print what the benchmarks read."""
    result = fit_and_evaluate(
        model,
        load_mnist(),
        epochs=int(os.environ.get("BENCHMARK_EPOCHS", epochs)),
        batch_size=batch_size,
        validation_fraction=0.0,
        verbose=0,
        seed=SEED,
    )
    emit(work={"accuracy": result.accuracy}, seconds={"fit": result.seconds})
