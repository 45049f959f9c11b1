"""What the loop for JAX computes in its own way, against what Keras computes."""

from __future__ import annotations

import itertools

import keras
import numpy as np
import pytest

from mnist_zoo.training import jax_loop
from mnist_zoo.training.kernels import computed_by

pytestmark = pytest.mark.skipif(keras.backend.backend() != "jax", reason="JAX is not the backend")


def outputs_and_gradients(layer, x, kernels):
    """Return what a layer returns, and the gradients of its parameters and its inputs."""
    import jax

    inputs = keras.Input(x.shape[1:])
    model = keras.Model(inputs, layer(inputs))
    values = [variable.value for variable in model.trainable_variables]

    def forward(values, x):
        with computed_by(kernels, model):
            outputs, _ = model.stateless_call(values, [], x, training=True)
        return outputs

    outputs, gradients = jax.vjp(jax.jit(forward), values, x)
    weights = np.random.default_rng(1).normal(size=outputs.shape).astype(outputs.dtype)
    return outputs, *jax.tree.leaves(gradients(weights))


def assert_same(layer, x, **tolerance):
    ours = outputs_and_gradients(layer, x, jax_loop.KERNELS)
    plain = outputs_and_gradients(layer, x, {})
    assert len(ours) == len(plain)
    for one, other in zip(ours, plain, strict=True):
        np.testing.assert_allclose(one, other, **tolerance)


def pictures(*shape):
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("size", [1, 2, 3, 5, (2, 5), (4, 1)])
def test_convolutions_have_the_gradients_that_keras_gives_them(size, padding):
    layer = keras.layers.Conv2D(7, size, padding=padding, activation="relu")
    assert_same(layer, pictures(6, 9, 8, 3), rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize(
    "options",
    [
        {"use_bias": False},
        {"strides": 2},
        {"dilation_rate": 2},
        {"groups": 3},
        {"dtype": "mixed_bfloat16"},
        {"data_format": "channels_first"},
    ],
    ids=str,
)
def test_other_convolutions_are_as_keras_computes_them(options):
    layer = keras.layers.Conv2D(6, 3, **options)
    assert_same(layer, pictures(4, 9, 9, 9), rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("options", [{}, {"padding": "same"}, {"strides": 1}], ids=str)
@pytest.mark.parametrize("size", [2, 3, (1, 2)])
def test_pooling_gives_the_gradient_to_the_first_of_equal_pixels_as_keras_does(size, options):
    x = np.maximum(pictures(5, 7, 8, 3), 0.0)  # Many windows are empty.
    assert_same(keras.layers.MaxPooling2D(size, **options), x, atol=0)


def test_pooling_does_not_hide_values_that_are_not_numbers():
    for place in itertools.product(range(2), repeat=2):
        x = np.zeros((1, 2, 2, 1), np.float32)
        x[0, place[0], place[1], 0] = np.nan
        pooled, _ = outputs_and_gradients(keras.layers.MaxPooling2D(2), x, jax_loop.KERNELS)
        assert np.isnan(pooled).all()
