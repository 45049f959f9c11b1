"""How a training is run: the same batches and steps as Keras's, for fewer calls."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import islice

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_zoo import dense_relu, dense_relu_dropout, execution, fit_and_evaluate, linear


def test_a_model_with_layers_that_xla_may_not_compile_is_not_compiled_by_it():
    class Own(keras.layers.Layer):
        def call(self, x):
            return x

    inputs = keras.Input((28, 28))
    outputs = keras.layers.Dense(10, activation="softmax")(keras.layers.Flatten()(Own()(inputs)))
    assert "jit_compile" not in execution.execution_settings(keras.Model(inputs, outputs), 10**6)


def test_xla_compiles_only_what_is_trained_for_long(monkeypatch):
    monkeypatch.setattr(execution.platform, "system", lambda: "Linux")
    assert execution.execution_settings(linear(), 10**6)["jit_compile"] is True
    assert "jit_compile" not in execution.execution_settings(linear(), 100)
    assert "jit_compile" not in execution.execution_settings(dense_relu_dropout(), 10**6)


@given(
    digits=st.integers(1, 200),
    batch_size=st.integers(1, 50),
    per_call=st.integers(1, 20),
    epochs=st.integers(1, 3),
)
def test_every_epoch_has_each_digit_once_in_the_calls_that_fit_makes(
    digits, batch_size, per_call, epochs
):
    blocks = execution._blocks(digits, batch_size, per_call)
    batches = -(-digits // batch_size)
    for _ in range(epochs):
        calls = list(islice(blocks, -(-batches // per_call)))
        runs = [
            [block.batches[number] for block in call for number in range(block.start, block.stop)]
            for call in calls
        ]
        assert [len(run) for run in runs[:-1]] == [per_call] * (len(runs) - 1)
        assert sum(map(len, runs)) == batches
        sizes = [len(batch) for run in runs for batch in run]
        assert sizes[:-1] == [batch_size] * (batches - 1)
        seen = np.concatenate([batch for run in runs for batch in run])
        np.testing.assert_array_equal(np.sort(seen), np.arange(digits))


# The oracle is Keras's own step, given the same batches in the same order.
SAME_STEPS = """
import random
import keras, numpy as np
from itertools import islice
from mnist_zoo import dense_relu, execution

rng = np.random.default_rng(0)
x, y = rng.random((103, 28, 28), np.float32), rng.integers(0, 10, 103)
models = [dense_relu(seed=0) for _ in range(2)]
for model in models:
    options = {"metrics": ["accuracy"], "steps_per_execution": 3}
    model.compile("sgd", "sparse_categorical_crossentropy", **options)
ours, plain = models
random.seed(1)
with execution.compiled_loop(ours, x, y, 10) as pictures:
    history = ours.fit(pictures, y, batch_size=10, epochs=2, verbose=0).history
random.seed(1)
sizes, logs = [], []
for call in islice(execution._blocks(103, 10, 3), 8):
    for block in call:
        for digits in block.batches[block.start : block.stop]:
            plain.reset_metrics()  # Older versions of Keras go on with the mean.
            sizes.append(len(digits))
            logs.append(plain.train_on_batch(x[digits], y[digits], return_dict=True))
for one, other in zip(ours.get_weights(), plain.get_weights(), strict=True):
    np.testing.assert_allclose(one, other, atol=1e-5)
for name in ("loss", "accuracy"):
    values = np.array([log[name] for log in logs]).reshape(2, 11)
    means = np.average(values, axis=1, weights=sizes[:11])
    np.testing.assert_allclose(history[name], means, rtol=1e-4)
print(keras.backend.backend(), len(history["loss"]))
"""


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_the_loop_takes_the_steps_that_keras_takes_on_the_same_batches(backend):
    environment = {**os.environ, "KERAS_BACKEND": backend}
    command = [sys.executable, "-c", SAME_STEPS]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [backend, "2"]


def compiled(model, **options):
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], **options)
    return model


def digits_and_labels():
    rng = np.random.default_rng(0)
    return rng.random((40, 28, 28), np.float32), rng.integers(0, 10, 40)


class OwnStep(keras.Model):
    def train_step(self, data):
        return super().train_step(data)


def own_step():
    inputs = keras.Input((28, 28))
    outputs = keras.layers.Dense(10, "softmax")(keras.layers.Flatten()(inputs))
    return OwnStep(inputs, outputs)


@pytest.mark.parametrize(
    "model",
    [
        compiled(linear(), run_eagerly=True),
        compiled(own_step(), steps_per_execution=4),
    ],
    ids=["eager", "own train_step"],
)
def test_what_may_not_be_the_same_is_left_to_keras(model):
    x, y = digits_and_labels()
    with execution.compiled_loop(model, x, y, 10) as pictures:
        assert pictures is x
        assert model.train_function is None


def test_bytes_are_left_to_keras():
    x, y = digits_and_labels()
    model, x = compiled(linear(), steps_per_execution=4), np.uint8(255 * x)
    with execution.compiled_loop(model, x, y, 10) as pictures:
        assert pictures is x


def look(batch, logs):
    assert logs["loss"] > 0


@pytest.mark.parametrize(
    "callbacks", [[], [keras.callbacks.LambdaCallback(on_train_batch_end=look)]]
)
def test_no_two_epochs_have_the_same_batches_though_a_seed_is_given(callbacks, monkeypatch):
    orders = []
    plain = execution._blocks

    def spy(*arguments):
        for call in plain(*arguments):
            orders.append(np.asarray(call[0].batches).tolist())
            yield call

    monkeypatch.setattr(execution, "_blocks", spy)
    x, y = digits_and_labels()
    options = {"validation_fraction": 0, "callbacks": callbacks, "seed": 0, "verbose": 0}
    fit_and_evaluate(linear(), ((x, y), (x + 0, y)), epochs=3, batch_size=40, **options)
    assert len(orders) == 3
    assert orders[0] != orders[1] != orders[2] != orders[0]


def test_keras_trains_the_model_on_by_itself_afterwards():
    x, y = digits_and_labels()
    model = dense_relu(seed=0)
    fit_and_evaluate(model, ((x, y), (x + 0, y)), epochs=1, validation_fraction=0, verbose=0)
    assert model.train_function is None
    history = model.fit(x, y, batch_size=7, epochs=2, verbose=0).history
    assert len(history["loss"]) == 2


def test_the_loop_is_taken_out_again_when_training_fails():
    def fail(epoch, logs):
        assert model.train_function is not None
        raise KeyError(epoch)

    x, y = digits_and_labels()
    model = linear()
    failing = keras.callbacks.LambdaCallback(on_epoch_end=fail)
    with pytest.raises(KeyError):
        fit_and_evaluate(model, ((x, y), (x + 0, y)), validation_fraction=0, callbacks=[failing])
    assert model.train_function is None


@pytest.mark.parametrize("build", [dense_relu, dense_relu_dropout])
def test_the_global_seed_decides_where_no_seed_is_given(build):
    x, y = digits_and_labels()

    def history():
        keras.utils.set_random_seed(3)
        options = {"epochs": 2, "batch_size": 7, "verbose": 0, "validation_fraction": 0}
        return fit_and_evaluate(build(seed=0), ((x, y), (x + 0, y)), **options).history

    assert history() == history()
