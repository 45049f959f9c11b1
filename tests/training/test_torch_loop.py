"""torch_loop: a step that is recorded computes what Keras computes, or is not recorded."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest

from mnist_zoo import dense_relu, dense_relu_dropout, fit_and_evaluate

if keras.backend.backend() != "torch":
    pytest.skip("torch is not the backend", allow_module_level=True)

import torch

from mnist_zoo.training import torch_graph, torch_loop


@pytest.fixture
def recorded(monkeypatch):
    """Have steps recorded from the second on; list the graphs."""
    graphs = []
    plain = torch_graph.take_copies_out

    def spy(graph):
        plain(graph)
        graphs.append(graph)

    monkeypatch.setattr(torch_loop, "STEPS_BEFORE_RECORDING", 2)
    monkeypatch.setattr(torch_graph, "take_copies_out", spy)
    return graphs


def train(model, epochs=2, **options):
    rng = np.random.default_rng(0)
    x, y = rng.random((96, 28, 28), np.float32), rng.integers(0, 10, 96)
    test = rng.random((40, 28, 28), np.float32), rng.integers(0, 10, 40)
    options = {"validation_fraction": 0, "verbose": 0, "seed": 0, "batch_size": 16, **options}
    return fit_and_evaluate(model, ((x, y), test), epochs=epochs, **options)


def weights_of(build, monkeypatch, **options):
    """Return what a model is after a training that is recorded, and after one that is not."""
    recorded = build()
    train(recorded, **options)
    monkeypatch.setattr(torch_loop, "STEPS_BEFORE_RECORDING", 10**9)
    plain = build()
    train(plain, **options)
    return recorded.get_weights(), plain.get_weights()


# Keras's Nadam cannot be recorded: it looks at values.
OPTIMIZERS = ("adam", "sgd", "rmsprop", "adamw", "adamax", "adagrad", "lion", "adadelta")


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_recorded_step_changes_the_parameters_as_keras_does(optimizer, recorded, monkeypatch):
    ours, plain = weights_of(lambda: dense_relu(seed=0), monkeypatch, optimizer=optimizer)
    assert len(recorded) == 1
    for one, other in zip(ours, plain, strict=True):
        np.testing.assert_allclose(one, other, atol=2e-6)


def test_a_schedule_goes_on_in_recorded_steps(recorded, monkeypatch):
    schedule = keras.optimizers.schedules.CosineDecay(0.1, 12)
    options = {"optimizer": "sgd", "learning_rate": schedule}
    ours, plain = weights_of(lambda: dense_relu(seed=0), monkeypatch, **options)
    assert len(recorded) == 1
    for one, other in zip(ours, plain, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_dropout_draws_other_masks_in_every_recorded_step(recorded):
    model = keras.Sequential(
        [keras.Input((28, 28)), keras.layers.Flatten(), keras.layers.Dropout(0.5, seed=0)]
    )
    model.add(keras.layers.Dense(10, activation="softmax"))
    train(model, epochs=1)
    (graph,) = recorded
    masks = [node for node in graph.nodes if "bernoulli" in str(node.target)]
    assert len(masks) == 1
    generator = masks[0].kwargs["generator"]
    assert generator.op == "get_attr"
    draws = [
        torch.empty(50).bernoulli_(0.5, generator=graph.owning_module.generator) for _ in range(2)
    ]
    assert not torch.equal(*draws)


def test_a_seed_decides_the_masks_whatever_the_process_draws(recorded):
    def weights(seed):
        torch.manual_seed(len(recorded))
        model = dense_relu_dropout(seed=0)
        train(model, seed=seed)
        return model.get_weights()[0]

    one, again, other = weights(0), weights(0), weights(1)
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)


class Looking(keras.layers.Layer):
    """A layer whose code depends on the values that it gets."""

    def call(self, x):
        return x * 2.0 if float(keras.ops.mean(x)) > 0.0 else x


def test_a_step_that_looks_at_values_is_not_recorded_and_trains(recorded):
    inputs = keras.Input((28, 28))
    outputs = keras.layers.Dense(10)(keras.layers.Flatten()(Looking()(inputs)))
    model = keras.Model(inputs, outputs)
    before = model.get_weights()[0]
    train(model)
    assert recorded == []
    assert not np.array_equal(model.get_weights()[0], before)


class Counted(keras.metrics.Metric):
    """A metric computed by NumPy, whose value would stay what it was if it were recorded."""

    def __init__(self):
        super().__init__(name="counted")
        self.total = self.add_weight(name="total", initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        largest = keras.ops.convert_to_numpy(y_true).max()
        self.total.assign(self.total + 1.0 + 0.0 * largest)

    def result(self):
        return self.total


def test_a_metric_computed_by_numpy_is_not_recorded(recorded):
    result = train(dense_relu(seed=0), metrics=[Counted()])
    assert recorded == []
    assert result.history["counted"] == (6.0, 6.0)


def test_batch_normalization_is_that_of_keras(recorded, monkeypatch):
    def build():
        layers = keras.layers
        keras.utils.set_random_seed(0)
        return keras.Sequential(
            [
                keras.Input((28, 28, 1)),
                layers.Conv2D(4, 3, padding="same", use_bias=False),
                layers.BatchNormalization(),
                layers.Activation("relu"),
                layers.MaxPooling2D(2),
                layers.Conv2D(8, 3, strides=2),
                layers.BatchNormalization(scale=False, center=False, momentum=0.5),
                layers.GlobalAveragePooling2D(),
                layers.Dense(10),
            ]
        )

    ours = build()
    train(ours, optimizer="sgd")
    assert len(recorded) == 1
    monkeypatch.setattr(torch_loop, "computed_by", lambda *_: contextlib.nullcontext())
    monkeypatch.setattr(torch_loop, "STEPS_BEFORE_RECORDING", 10**9)
    plain = build()
    train(plain, optimizer="sgd")
    for one, other in zip(ours.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_nothing_stays_on_the_layers():
    model = dense_relu_dropout(seed=0)
    train(model)
    assert not any("call" in vars(layer) for layer in model.layers)


def test_parameters_may_be_changed_between_batches(recorded):
    class Zero(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.set_weights([0.0 * each for each in self.model.get_weights()])

    model = dense_relu(seed=0)
    train(model, callbacks=[Zero()])
    assert all(not each.any() for each in model.get_weights())


def test_a_callback_may_test_and_predict_while_the_model_is_trained(recorded):
    rng = np.random.default_rng(2)
    x, y = rng.random((70, 28, 28), np.float32), rng.integers(0, 10, 70)
    shapes = []

    class Ask(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            shapes.append(self.model.predict(x, batch_size=8, verbose=0).shape)
            shapes.append(self.model.predict_on_batch(x[:3]).shape)
            self.model.evaluate(x, y, batch_size=8, verbose=0)

    train(dense_relu(seed=0), epochs=1, callbacks=[Ask()], validation_fraction=0.5)
    assert shapes == [(70, 10), (3, 10)]


def test_keras_compiles_by_torch_where_a_user_asked_for_it(monkeypatch):
    monkeypatch.setattr(torch, "compile", lambda function: function)
    model = dense_relu(seed=0)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=True)
    made = []
    monkeypatch.setattr(torch_loop, "_Masks", lambda *arguments: made.append(arguments))
    train(model)
    assert made == []


@pytest.mark.parametrize(
    "layers",
    [
        lambda layers: [layers.Permute((2, 1)), layers.Flatten()],
        lambda layers: [layers.LSTM(4)],
        lambda layers: [layers.GRU(4)],
    ],
    ids=["Permute", "LSTM", "GRU"],
)
def test_other_layers_are_trained_as_by_keras(layers, recorded, monkeypatch):
    def build():
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.Input((28, 28)), *layers(keras.layers)])
        model.add(keras.layers.Dense(10))
        return model

    ours, plain = weights_of(build, monkeypatch, optimizer="sgd")
    for one, other in zip(ours, plain, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


class Splitting(keras.layers.Layer):
    """Copies a part of its state before it changes the state."""

    def build(self, shape):
        self.state = self.add_weight(shape=(4,), initializer="zeros", trainable=False)

    def call(self, x):
        before, _ = keras.ops.split(self.state, 2)
        before = keras.ops.copy(before)
        self.state.assign(self.state + 1.0)
        return x * (1.0 + 0.01 * keras.ops.sum(before))


def test_a_copy_is_kept_where_the_original_is_changed(recorded, monkeypatch):
    def build():
        keras.utils.set_random_seed(0)
        return keras.Sequential(
            [keras.Input((28, 28)), keras.layers.Flatten(), Splitting(), keras.layers.Dense(10)]
        )

    ours, plain = weights_of(build, monkeypatch, optimizer="sgd")
    assert len(recorded) == 1
    for one, other in zip(ours, plain, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_a_layer_may_be_in_the_model_twice(recorded):
    inner = keras.Sequential([keras.Input((784,)), keras.layers.Dropout(0.5)])
    inputs = keras.Input((28, 28))
    features = inner.layers[-1](inner(keras.layers.Flatten()(inputs)))
    model = keras.Model(inputs, keras.layers.Dense(10)(features))
    train(model)
    assert len(recorded) == 1


def test_a_setting_that_a_callback_changes_is_seen(recorded, monkeypatch):
    def build():
        return dense_relu(seed=0)

    class Freeze(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.layers[2].trainable = False

    ours, plain = weights_of(build, monkeypatch, optimizer="sgd", callbacks=[Freeze()])
    for one, other in zip(ours, plain, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_two_threads_leave_no_mark_of_recording(recorded):
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda seed: train(dense_relu(seed=seed)), range(4)))
    assert not torch.fx._symbolic_trace.is_fx_tracing()
    assert len(recorded) == 4
