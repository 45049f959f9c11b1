"""backends: the shipped models compute the same on each backend of Keras, without TensorFlow."""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mnist_zoo import create_model, list_models, predict_probabilities
from mnist_zoo.models.species import SPECIES

pytestmark = pytest.mark.slow

# By Keras's names of its backends: the package that each needs.
BACKENDS = {
    "tensorflow": "tensorflow",
    "jax": "jax",
    "torch": "torch",
    "openvino": "openvino",
    "numpy": "jax",  # Keras's code for NumPy uses parts of JAX.
}

# Keras lets OpenVINO compute with bfloat16, of 8 bits of precision, where the processor can.
TOLERANCES = {"openvino": 0.02}

# What is done with a model that is there already. It runs in a process of its own for each backend.
PROGRAM = """
import json, sys
import keras
import numpy as np
import mnist_zoo
from mnist_zoo import cli, export
from mnist_zoo.models.species import SPECIES

x = np.load("x.npy")
jobs_with_tensorflow = []

def done(job):
    if "tensorflow" in sys.modules:
        jobs_with_tensorflow.append(job)

def save(name, model):
    np.save(name, model.predict(x, verbose=0))

done("import keras")
for name in mnist_zoo.list_models():
    if SPECIES[name].weights:
        model = mnist_zoo.create_model(name, weights="mnist")
        save(f"{name}-shipped.npy", model)
    save(f"{name}-own.npy", mnist_zoo.create_model(name, weights=f"{name}.weights.h5"))
done("create_model, predict")
mnist_zoo.predict_probabilities(x, model)
done("predict_probabilities")
mnist_zoo.read_digits(np.pad(x[0], 10), model)
done("read_digits")
data = mnist_zoo.load_mnist(source="sample")
done("load_mnist")
model = mnist_zoo.create_model("linear", seed=0)
accuracy = mnist_zoo.evaluate(model, data).accuracy
done("evaluate")
model.compile("adam", "sparse_categorical_crossentropy")
export.save_model(model, "linear.keras")
done("save_model")
loaded = export.load_model("linear.keras")
assert mnist_zoo.evaluate(loaded, data).accuracy == accuracy
done("load_model")
sys.argv = ["mnist-zoo", "evaluate", "linear.keras", "--data", "sample"]
try:
    cli.main()
except SystemExit as stop:
    assert not stop.code, stop.code
done("mnist-zoo evaluate")
print(json.dumps([keras.backend.backend(), jobs_with_tensorflow]))
"""


@pytest.fixture(scope="module")
def run_on(tmp_path_factory, sample):
    """Run the program on a backend, once; return its folder, and the jobs that need TensorFlow."""

    @functools.cache
    def run(backend: str) -> tuple[Path, list[str]]:
        if importlib.util.find_spec(BACKENDS[backend]) is None:
            pytest.skip(f"the package {BACKENDS[backend]} is not installed")
        folder = tmp_path_factory.mktemp(backend)
        np.save(folder / "x.npy", sample.test.x[:100])
        for name in list_models():
            create_model(name, seed=0).save_weights(folder / f"{name}.weights.h5")
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "KERAS_BACKEND": backend},
            cwd=folder,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        used, jobs_with_tensorflow = json.loads(done.stdout.splitlines()[-1])
        assert used == backend
        return folder, jobs_with_tensorflow

    return run


@pytest.mark.parametrize("backend", BACKENDS)
def test_shipped_models_compute_what_numpy_computes_of_their_parameters(backend, run_on, sample):
    folder, _ = run_on(backend)
    for name in (name for name, row in SPECIES.items() if row.weights):
        expected = predict_probabilities(sample.test.x[:100], name)
        found = np.load(folder / f"{name}-shipped.npy")
        np.testing.assert_allclose(found, expected, atol=TOLERANCES.get(backend, 1e-5))


@pytest.mark.parametrize("backend", BACKENDS)
def test_weights_of_one_backend_are_loaded_on_another(backend, run_on, sample):
    folder, _ = run_on(backend)
    for name in list_models():
        model = create_model(name, seed=0)
        expected = model.predict(sample.test.x[:100], verbose=0)
        found = np.load(folder / f"{name}-own.npy")
        np.testing.assert_allclose(found, expected, atol=TOLERANCES.get(backend, 1e-5))


@pytest.mark.parametrize("backend", [name for name in BACKENDS if name != "tensorflow"])
def test_tensorflow_is_not_loaded_to_use_a_model_on_another_backend(backend, run_on):
    _, jobs_with_tensorflow = run_on(backend)
    assert jobs_with_tensorflow == []
