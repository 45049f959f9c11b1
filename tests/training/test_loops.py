"""loops: the same batches and steps as Keras's, for fewer calls."""

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

from mnist_zoo import dense_relu, dense_relu_dropout, fit_and_evaluate, linear
from mnist_zoo.training import loops
from mnist_zoo.training.batches import Batches


@given(
    digits=st.integers(1, 200),
    batch_size=st.integers(1, 50),
    per_call=st.integers(1, 20),
    epochs=st.integers(1, 3),
)
def test_every_epoch_has_each_digit_once_in_the_calls_that_fit_makes(
    digits, batch_size, per_call, epochs
):
    x, random = np.zeros((digits, 1)), np.random.default_rng(0)
    made = Batches(x, x, batch_size, per_call, random).calls()
    batches = -(-digits // batch_size)
    for epoch in range(epochs):
        calls = list(islice(made, -(-batches // per_call)))
        assert {call.epoch for call in calls} == {epoch}
        runs = [
            [rows[number] for rows, start, stop in call.blocks for number in range(start, stop)]
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
import keras, numpy as np
from itertools import islice
import sys
from mnist_zoo import dense_relu
from mnist_zoo.training import loops, torch_loop
from mnist_zoo.training.batches import Batches

def convolutions():
    keras.utils.set_random_seed(0)
    layers = keras.layers
    return keras.Sequential([
        keras.Input((28, 28)), layers.Reshape((28, 28, 1)), layers.Conv2D(3, 5, strides=3),
        layers.BatchNormalization(), layers.ReLU(), layers.Conv2D(4, 3), layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(10, activation="softmax"),
    ])

rng = np.random.default_rng(0)
x, y = rng.random((103, 28, 28), np.float32), rng.integers(0, 10, 103)
build = {"dense": lambda: dense_relu(seed=0), "convolutions": convolutions}[sys.argv[1]]
models = [build() for _ in range(2)]
for model in models:
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
ours, plain = models
torch_loop.STEPS_BEFORE_RECORDING = 3
def batches():
    return Batches(x, y, 10, 3, np.random.default_rng(2))

with loops.fast_loop(ours, batches()) as feed:
    history = ours.fit(**feed.arguments, epochs=2, verbose=0).history
sizes, logs = [], []
for call in islice(batches().calls(), 8):
    for block in call.blocks:
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


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
@pytest.mark.parametrize("model", ["dense", "convolutions"])
def test_the_loop_takes_the_steps_that_keras_takes_on_the_same_batches(backend, model):
    pytest.importorskip(backend)
    environment = {**os.environ, "KERAS_BACKEND": backend}
    command = [sys.executable, "-c", SAME_STEPS, model]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [backend, "2"]


def compiled(model, **options):
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], **options)
    return model


def digits_and_labels():
    rng = np.random.default_rng(0)
    return rng.random((40, 28, 28), np.float32), rng.integers(0, 10, 40)


def fast_loop(model, x, y):
    return loops.fast_loop(model, Batches(x, y, 10, 4, np.random.default_rng(0)))


class OwnStep(keras.Model):
    def train_step(self, data):
        return super().train_step(data)


def data():
    """A data set of random digits; those to test on are others."""
    rng = np.random.default_rng(1)
    return digits_and_labels(), (rng.random((40, 28, 28), np.float32), rng.integers(0, 10, 40))


def own_step():
    inputs = keras.Input((28, 28))
    outputs = keras.layers.Dense(10, "softmax")(keras.layers.Flatten()(inputs))
    return OwnStep(inputs, outputs)


@pytest.mark.parametrize(
    "model",
    [
        compiled(linear(), run_eagerly=True),
        compiled(own_step()),
    ],
    ids=["eager", "own train_step"],
)
def test_what_may_not_be_the_same_is_left_to_keras(model):
    x, y = digits_and_labels()
    with fast_loop(model, x, y) as feed:
        assert feed.arguments["x"] is x
        assert model.train_function is None


def test_bytes_are_left_to_keras():
    x, y = digits_and_labels()
    model, x = compiled(linear()), np.uint8(255 * x)
    with fast_loop(model, x, y) as feed:
        assert feed.arguments["x"] is x


def look(batch, logs):
    assert logs["loss"] > 0


@pytest.mark.parametrize(
    "callbacks", [[], [keras.callbacks.LambdaCallback(on_train_batch_end=look)]]
)
def test_no_two_epochs_have_the_same_batches_though_a_seed_is_given(callbacks, monkeypatch):
    orders = []
    plain = Batches.calls

    def spy(*arguments):
        for call in plain(*arguments):
            orders.append(np.asarray(call.blocks[0].batches).tolist())
            yield call

    monkeypatch.setattr(Batches, "calls", spy)
    options = {"validation_fraction": 0, "callbacks": callbacks, "seed": 0, "verbose": 0}
    fit_and_evaluate(linear(), data(), epochs=3, batch_size=40, **options)
    assert len(orders) == 3
    assert orders[0] != orders[1] != orders[2] != orders[0]


def test_keras_trains_the_model_on_by_itself_afterwards():
    x, y = digits_and_labels()
    model = dense_relu(seed=0)
    fit_and_evaluate(model, data(), epochs=1, validation_fraction=0, verbose=0)
    assert model.train_function is None
    history = model.fit(x, y, batch_size=7, epochs=2, verbose=0).history
    assert len(history["loss"]) == 2


def test_the_loop_is_taken_out_again_when_training_fails():
    def fail(epoch, logs):
        assert model.train_function is not None
        raise KeyError(epoch)

    model = linear()
    failing = keras.callbacks.LambdaCallback(on_epoch_end=fail)
    with pytest.raises(KeyError):
        fit_and_evaluate(model, data(), validation_fraction=0, callbacks=[failing])
    assert model.train_function is None


@pytest.mark.parametrize("build", [dense_relu, dense_relu_dropout])
def test_the_global_seed_decides_where_no_seed_is_given(build):
    def history():
        keras.utils.set_random_seed(3)
        options = {"epochs": 2, "batch_size": 7, "verbose": 0, "validation_fraction": 0}
        return fit_and_evaluate(build(seed=0), data(), **options).history

    assert history() == history()


def test_this_keras_calls_the_loop():
    """A canary: a Keras that ignores the hook trains as well, and only slower."""
    called = []
    model = compiled(linear())
    x, y = digits_and_labels()
    with fast_loop(model, x, y) as feed:
        loop = model.train_function

        def counted(*arguments):
            called.append(arguments)
            return loop(*arguments)

        model.train_function = counted
        model.fit(**feed.arguments, epochs=1, verbose=0)
    assert called, (
        f"Keras {keras.__version__} does not call model.train_function, by which mnist_zoo's "
        "loops are run: trainings are right, but slow. See mnist_zoo/training/loops.py"
    )


def test_a_keras_that_ignores_the_hook_trains_by_itself(monkeypatch):
    plain = keras.Model.make_train_function

    def always_its_own(self, force=False):
        return plain(self, force=True)

    monkeypatch.setattr(keras.Model, "make_train_function", always_its_own)
    model = linear(seed=0)
    before = model.get_weights()
    if keras.backend.backend() == "torch":
        with pytest.raises(RuntimeError, match="does not call model.train_function"):
            fit_and_evaluate(model, data(), verbose=0, validation_fraction=0)
        return
    result = fit_and_evaluate(
        model, data(), epochs=2, batch_size=7, verbose=0, validation_fraction=0
    )
    assert len(result.history["loss"]) == 2
    assert int(model.optimizer.iterations) == 2 * 6
    assert not np.array_equal(model.get_weights()[0], before[0])


def test_nothing_of_our_way_to_train_stays_on_the_model(tmp_path):
    model = linear(seed=0)
    fit_and_evaluate(model, data(), epochs=1, verbose=0, validation_fraction=0)
    assert model.steps_per_execution == 1
    assert model.train_function is None
    assert model.test_function is None
    plain = linear(seed=0)
    plain.compile("adam", model.loss, metrics=["accuracy"])
    ours, keras_own = model.get_compile_config(), plain.get_compile_config()
    for config in (ours, keras_own):  # Keras numbers its optimizers.
        del config["optimizer"]["config"]["name"]
    assert ours == keras_own


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="TensorFlow's warning")
def test_any_number_of_trainings_in_a_process_warns_of_no_retracing(caplog):
    for seed in range(7):
        options = {"epochs": 1, "batch_size": 7, "validation_fraction": 0, "verbose": 0}
        fit_and_evaluate(linear(seed=seed), data(), **options)
    assert "retracing" not in caplog.text


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="strategies of TensorFlow")
@pytest.mark.parametrize("name", ["OneDeviceStrategy", "MirroredStrategy"])
def test_where_a_strategy_places_the_variables_keras_trains_by_itself(name):
    import tensorflow as tf

    strategies = {
        "OneDeviceStrategy": lambda: tf.distribute.OneDeviceStrategy("/cpu:0"),
        "MirroredStrategy": lambda: tf.distribute.MirroredStrategy(["/cpu:0"]),
    }
    with strategies[name]().scope():
        model = linear(seed=0)
        options = {"epochs": 2, "batch_size": 10, "validation_fraction": 0, "verbose": 0}
        result = fit_and_evaluate(model, data(), **options)
    assert len(result.history["loss"]) == 2
    assert result.history["loss"][1] < result.history["loss"][0]


def test_pictures_of_another_byte_order_are_trained_on():
    (x, y), test = data()
    options = {"epochs": 1, "batch_size": 10, "validation_fraction": 0, "verbose": 0, "seed": 0}
    result = fit_and_evaluate(linear(seed=0), ((x.astype(">f4"), y), test), **options)
    assert np.isfinite(result.history["loss"]).all()
