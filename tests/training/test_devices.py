"""A model that is trained on two devices is the one that a single device trains."""

from __future__ import annotations

import contextlib
import io
import os
import re
import socket
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

pytest.importorskip("jax")
# They start several processes that train.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

EXAMPLE = Path(__file__).parents[2] / "examples" / "data_parallel.py"
ENVIRONMENT = {
    **os.environ,
    "KERAS_BACKEND": "jax",
    "XLA_FLAGS": "--xla_backend_optimization_level=0",
    # The tests run on all cores already.
    "OMP_NUM_THREADS": "1",
}

TWO_DEVICES = """
import jax, keras, numpy as np
from mnist_zoo import RandomDistortion, create_model, fit_and_evaluate, predict_probabilities
from mnist_zoo.training import jax_loop

rng = np.random.default_rng(0)
x, y = rng.random((301, 28, 28), np.float32), rng.integers(0, 10, 301)
data = (x[:198], y[:198]), (x[198:], y[198:])
options = {"epochs": 2, "seed": 0, "verbose": 0, "validation_fraction": 0.17}

def train(name, distort, batch_size):
    distortion = RandomDistortion(seed=1) if distort else None
    model = create_model(name, seed=0)
    return fit_and_evaluate(
        model, data, batch_size=batch_size, distortion=distortion, **options
    )

for case in (
    ("dense_relu_dropout", False, 20),  # 164 digits, of which the last batch has four.
    ("dense_relu", False, 11),  # An odd number a batch.
    ("dense_relu", True, 20),
    ("convnet_small", False, 41),
):
    plain = train(*case)
    distribution = keras.distribution.DataParallel(devices=["cpu:0", "cpu:1"])
    with distribution.scope():
        put, divide = jax_loop._placement()
        batch = jax.jit(lambda x: divide(x[:20]))(put(x))
        assert {part.data.shape for part in batch.addressable_shards} == {(10, 28, 28)}
        divided = train(*case)
        assert keras.distribution.distribution() is distribution
        weights = divided.model.weights
        assert all(len(weight.value.sharding.device_set) == 2 for weight in weights)
        again = predict_probabilities(data[1][0], divided.model)
    for one, other in zip(plain.model.get_weights(), divided.model.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)  # Adam divides by small gradients.
    assert plain.history.keys() == divided.history.keys()
    for name, values in plain.history.items():
        np.testing.assert_allclose(values, divided.history[name], atol=1e-5)
    np.testing.assert_allclose(plain.probabilities, divided.probabilities, atol=1e-5)
    np.testing.assert_array_equal(divided.probabilities, again)
print("same")
"""


def test_two_devices_train_as_one_whatever_the_batch():
    flags = ENVIRONMENT["XLA_FLAGS"] + " --xla_force_host_platform_device_count=2"
    done = subprocess.run(
        [sys.executable, "-c", TWO_DEVICES],
        env={**ENVIRONMENT, "XLA_FLAGS": flags},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["same"]


@contextlib.contextmanager
def running(folder, count):
    """Run the example in so many processes on this machine."""
    folder.mkdir(exist_ok=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    together = {
        "KERAS_DISTRIBUTION_JOB_ADDRESSES": f"127.0.0.1:{port}",
        "KERAS_DISTRIBUTION_NUM_PROCESSES": str(count),
    }
    processes = [
        subprocess.Popen(
            [sys.executable, str(EXAMPLE)],
            cwd=folder,
            env={**ENVIRONMENT, **together, "KERAS_DISTRIBUTION_PROCESS_ID": str(number)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for number in range(count)
    ]
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def finish(processes):
    """Wait for all; return what the first wrote."""
    texts = [process.communicate(timeout=180)[0] for process in processes]
    assert not any(process.returncode for process in processes), texts
    return texts[0]


def parameters(folder, number=0):
    """The parameters that a process saved."""
    with zipfile.ZipFile(folder / f"parallel-{number}.keras") as archive:
        content = archive.read("model.weights.h5")
    found = []
    with h5py.File(io.BytesIO(content)) as file:
        layers = file["layers"]
        layers.visititems(
            lambda _, item: found.append(np.array(item)) if isinstance(item, h5py.Dataset) else None
        )
    return found


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """What one process trains."""
    folder = tmp_path_factory.mktemp("alone")
    with running(folder, 1) as processes:
        finish(processes)
    return parameters(folder)


def assert_close(some, others):
    assert len(some) == len(others) == 6  # Kernels and biases of three layers.
    for one, other in zip(some, others, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-3)  # Adam divides by small gradients.


def test_two_processes_train_as_one(alone, tmp_path):
    with running(tmp_path, 2) as processes:
        assert "trained   10 epochs" in finish(processes)
    for number in range(2):
        assert_close(parameters(tmp_path, number), alone)


def test_if_one_process_dies_the_other_fails_and_a_second_run_goes_on(alone, tmp_path):
    with running(tmp_path, 2) as (first, second):
        while not (tmp_path / "backups" / "1" / "training_metadata.json").exists():
            assert first.poll() is None
            time.sleep(0.01)
        second.kill()
        # It ends after another 100 seconds, in which JAX waits for the one that is gone.
        assert any(re.search(r"Error: .*Gloo \w+ failed", line) for line in first.stdout)
    assert not (tmp_path / "parallel-0.keras").exists()
    with running(tmp_path, 2) as processes:
        text = finish(processes)
    assert "trained" in text
    assert "trained   10 epochs" not in text
    assert_close(parameters(tmp_path), alone)
