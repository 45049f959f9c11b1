"""fit_and_evaluate(distortion=...): the digits to train on are distorted, and nothing else."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from mnist_zoo import RandomDistortion, fit_and_evaluate, linear
from mnist_zoo.training import distorting


@keras.saving.register_keras_serializable("test_distorting")
class Counting(keras.layers.Layer):
    """A layer that adds up how often it was called in training, and adds that to all pixels."""

    def build(self, _):
        self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False)

    def call(self, x, training=False):
        if training:
            self.calls.assign(self.calls + 1)
        return x + self.calls / 100


def digits(count=60, seed=0):
    rng = np.random.default_rng(seed)
    return rng.random((count, 28, 28), np.float32) / 2, np.arange(count) % 10


DATA = digits(), digits(40, 1)
OPTIONS = {"epochs": 2, "validation_fraction": 0, "seed": 0, "verbose": 0}


def by_keras(model):
    """Have Keras train the model by itself."""
    model.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=True)
    return model


def test_each_digit_is_distorted_once_in_each_epoch(monkeypatch):
    monkeypatch.setattr(distorting, "CHUNK", 25)  # Three parts, the last one of ten digits.
    layer = Counting()
    fit_and_evaluate(linear(seed=0), DATA, distortion=layer, **OPTIONS)
    assert float(layer.calls.value) == 2 * 3


def test_digits_are_distorted_anew_in_each_epoch_where_keras_trains_by_itself():
    layer = Counting()
    fit_and_evaluate(by_keras(linear(seed=0)), DATA, distortion=layer, **OPTIONS)
    assert float(layer.calls.value) >= 2  # Keras looks at some batches before the first epoch.


@pytest.mark.parametrize("shape", [(28, 28), (28, 28, 1), (784,)])
def test_what_is_trained_on_is_what_the_layer_returns(shape):
    """Training on halved digits by a layer equals training on digits that were halved before."""
    half = keras.layers.Rescaling(0.5)
    (x, y), test = DATA
    one, other = linear(input_shape=shape, seed=0), linear(input_shape=shape, seed=0)
    fit_and_evaluate(one, DATA, distortion=half, **OPTIONS)
    fit_and_evaluate(other, ((x * np.float32(0.5), y), test), **OPTIONS)
    for weight, expected in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(weight, expected, atol=1e-6)


@pytest.mark.parametrize("prepare", [lambda model: model, by_keras], ids=["loop", "by Keras"])
def test_a_distorted_training_repeats_by_its_seed(prepare):
    def weights(seed):
        model = prepare(linear(seed=0))
        fit_and_evaluate(model, DATA, distortion=True, **{**OPTIONS, "seed": seed})
        return model.get_weights()[0]

    np.testing.assert_array_equal(weights(0), weights(0))
    assert not np.array_equal(weights(0), weights(1))


def test_validation_digits_stay_as_they_are(monkeypatch):
    seen = {}
    plain = keras.Model.fit

    def spy(self, *given, **options):
        seen.update(options)
        return plain(self, *given, **options)

    monkeypatch.setattr(keras.Model, "fit", spy)
    options = {**OPTIONS, "validation_fraction": 0.25}
    fit_and_evaluate(linear(), DATA, distortion=keras.layers.Rescaling(2.0), **options)
    given = {x.tobytes() for x in DATA[0][0]}
    assert {np.asarray(x).tobytes() for x in seen["validation_data"][0]} <= given


def test_the_model_does_not_contain_the_layer():
    result = fit_and_evaluate(linear(seed=0), DATA, distortion=0.5, **OPTIONS)
    names = [type(layer).__name__ for layer in result.model.layers]
    assert names == ["InputLayer", "Flatten", "Dense"]
    assert result.settings.distortion == "RandomDistortion"


def test_a_callback_changes_the_strength_in_the_middle_of_a_training():
    layer = RandomDistortion(seed=0)
    seen = []
    plain = layer.distort

    def spy(pictures, numbers):
        seen.append(pictures)
        return plain(pictures, numbers)

    layer.distort = spy
    stop = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, _: layer.strength.assign(0))
    one, other = linear(seed=0), linear(seed=0)
    fit_and_evaluate(one, DATA, distortion=layer, callbacks=[stop], **OPTIONS)
    fit_and_evaluate(other, DATA, **OPTIONS)
    assert seen
    for weight, expected in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(weight, expected, atol=1e-6)


@pytest.mark.parametrize("wrong", [-1, 0.0, "strong", float("nan"), float("inf"), lambda x: x])
def test_what_is_no_distortion_is_refused(wrong):
    with pytest.raises(ValueError, match="distortion must be True, a strength above 0, or a layer"):
        fit_and_evaluate(linear(), DATA, distortion=wrong, **OPTIONS)
