"""outputs: what a model returns is told by its last layer, or by trying."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from mnist_zoo import dense_relu
from mnist_zoo.models import outputs


@pytest.fixture
def good():
    rng = np.random.default_rng(0)
    return rng.random((20, 28, 28), np.float32), np.arange(20) % 10


def test_the_kind_of_output_is_read_off_the_last_layer(good):
    x, _ = good
    logits = dense_relu(classifier_activation=None)
    softmax_layer = keras.Sequential([keras.Input((28, 28)), logits, keras.layers.Softmax()])
    assert outputs.output_kind(dense_relu(), x) == "probabilities"
    assert outputs.output_kind(logits, x) == "logits"
    assert outputs.output_kind(softmax_layer, x) == "probabilities"


@pytest.mark.parametrize(("activation", "kind"), [("softmax", "probabilities"), (None, "logits")])
def test_where_no_layer_says_it_the_kind_of_output_is_tried(good, activation, kind):
    model = keras.Sequential(
        [
            keras.Input((28, 28)),
            dense_relu(classifier_activation=activation, seed=0),
            keras.layers.Reshape((10,)),
        ]
    )
    assert outputs.output_kind(model, good[0]) == kind


@pytest.mark.parametrize(
    "layers",
    [
        lambda: [keras.layers.Flatten(), keras.layers.Dense(10, "softmax"), keras.layers.Softmax()],
        lambda: [dense_relu(), keras.layers.Activation("softmax")],
        lambda: [keras.layers.Flatten(), keras.layers.Softmax(), keras.layers.Softmax()],
    ],
    ids=["dense and layer", "nested model", "two layers"],
)
def test_softmax_in_the_last_two_layers_is_told(layers):
    inputs = x = keras.Input((28, 28))
    own = layers()
    for layer in own:
        x = layer(x)
    for model in (keras.Model(inputs, x), keras.Sequential([keras.Input((28, 28)), *layers()])):
        with pytest.raises(ValueError, match="the model applies softmax twice, in the layers"):
            outputs.check_softmax_once(model)


def test_softmax_once_is_right(good):
    logits = dense_relu(classifier_activation=None)

    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.inner = dense_relu()

        def call(self, x):
            return self.inner(x)

    for model in (
        dense_relu(),
        logits,
        keras.Sequential([keras.Input((28, 28)), logits, keras.layers.Softmax()]),
        keras.Sequential([keras.Input((28, 28)), dense_relu()]),
        keras.Sequential([keras.Input((28, 28)), dense_relu(), keras.layers.Dense(2, "softmax")]),
        keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10)]),
        Own(),
    ):
        outputs.check_softmax_once(model)


def test_outputs_that_are_no_classes_probabilities_are_refused(good):
    model = keras.Sequential(
        [keras.Input((28, 28)), keras.layers.Flatten(), keras.layers.Dense(10, "sigmoid")]
    )
    with pytest.raises(ValueError, match="must end in a softmax.* got sigmoid"):
        outputs.output_kind(model, good[0])


def functional(end):
    inputs = keras.Input((28, 28))
    return keras.Model(inputs, end(keras.layers.Dense(10)(keras.layers.Flatten()(inputs))))


class Subclassed(keras.Model):
    """Its layers are in another order than they are applied."""

    def __init__(self):
        super().__init__()
        self.classify = keras.layers.Dense(10)
        self.hidden = keras.layers.Dense(8, "relu")
        self.flatten = keras.layers.Flatten()

    def call(self, x):
        return keras.ops.softmax(self.classify(self.hidden(self.flatten(x))))


@pytest.mark.parametrize(
    "build",
    [
        lambda: functional(keras.ops.softmax),
        lambda: functional(keras.activations.softmax),
        Subclassed,
    ],
    ids=["an operation", "an activation", "a subclass"],
)
def test_a_softmax_that_is_no_layer_is_not_applied_twice(build, good):
    x, _ = good
    model = build()
    expected = keras.ops.convert_to_numpy(model(x))
    assert outputs.output_kind(model, x) == "probabilities"
    np.testing.assert_allclose(outputs.model_probabilities(model, x), expected, atol=1e-6)


def test_an_operation_that_makes_no_probabilities_makes_logits(good):
    model = functional(lambda x: keras.ops.multiply(x, 3.0))
    assert outputs.output_kind(model, good[0]) == "logits"
