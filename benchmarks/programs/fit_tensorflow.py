"""The same training with mnist-zoo, on the backend that the environment names."""

import json
import os

from mnist_zoo import dense_relu, fit_and_evaluate, load_mnist

seed = int(os.environ["BENCHMARK_SEED"])
epochs = int(os.environ.get("BENCHMARK_EPOCHS", "5"))
result = fit_and_evaluate(
    dense_relu(seed=seed),
    load_mnist(),
    epochs=epochs,
    batch_size=32,
    validation_fraction=0.0,
    verbose=0,
    seed=seed,
)
print(json.dumps({"work": {"accuracy": result.accuracy}, "seconds": {"fit": result.seconds}}))
