"""layers: NumPy computes of each kind of layer what Keras computes."""

from __future__ import annotations

import itertools

import keras
import numpy as np
import pytest
from scipy import special

from mnist_zoo.models.layers import (
    ACTIVATIONS,
    LAYERS,
    LayerSpec,
    describe_layers,
    is_chain,
    run_layers,
    runs_without_framework,
    without_normalization,
)

layers = keras.layers
RNG = np.random.default_rng(0)

# At least one layer of every kind that has a function, by a name for it.
EXAMPLES = {
    "InputLayer": lambda: layers.Flatten(),
    "Flatten": lambda: layers.Flatten(),
    "Reshape": lambda: layers.Reshape((7, 30)),
    "Dense": lambda: layers.Dense(4, "relu"),
    "Dense, sigmoid": lambda: layers.Dense(4, "sigmoid"),
    "Dense, softmax, without bias": lambda: layers.Dense(4, "softmax", use_bias=False),
    "Activation": lambda: layers.Activation("tanh"),
    "Dropout": lambda: layers.Dropout(0.5),
    "Conv2D": lambda: layers.Conv2D(5, 3, activation="relu"),
    "Conv2D, same": lambda: layers.Conv2D(5, (3, 4), padding="same"),
    "Conv2D, same, strides": lambda: layers.Conv2D(5, 3, strides=(2, 3), padding="same"),
    "Conv2D, strides": lambda: layers.Conv2D(5, 2, strides=2, use_bias=False),
    "MaxPooling2D": lambda: layers.MaxPooling2D(),
    "MaxPooling2D, overlapping": lambda: layers.MaxPooling2D(3, strides=2),
    "MaxPooling2D, same": lambda: layers.MaxPooling2D(3, strides=2, padding="same"),
    "AveragePooling2D": lambda: layers.AveragePooling2D(2),
    "AveragePooling2D, same": lambda: layers.AveragePooling2D(3, strides=2, padding="same"),
    "GlobalAveragePooling2D": lambda: layers.GlobalAveragePooling2D(),
    "GlobalAveragePooling2D, kept": lambda: layers.GlobalAveragePooling2D(keepdims=True),
    "BatchNormalization": lambda: layers.BatchNormalization(),
    "BatchNormalization, bare": lambda: layers.BatchNormalization(scale=False, center=False),
}


def model_of(*kinds):
    inputs = outputs = keras.Input((7, 10, 3))
    for layer in kinds:
        outputs = layer(outputs)
    model = keras.Model(inputs, outputs)
    for weight in model.weights:  # Fresh normalisation would do nothing.
        weight.assign(RNG.uniform(0.2, 1.0, weight.shape))
    return model


def parameters_of(model):
    return {
        layer.name: {weight.name: np.asarray(weight) for weight in layer.weights}
        for layer in model.layers
        if layer.weights
    }


def by_numpy(model, x):
    return run_layers(describe_layers(model), parameters_of(model), x)


@pytest.mark.parametrize(
    ("activation", "oracle"),
    [("sigmoid", special.expit), ("softmax", lambda x: special.softmax(x, axis=-1))],
)
def test_activations_are_those_of_scipy_and_nothing_overflows(activation, oracle):
    x = np.concatenate([RNG.normal(scale=scale, size=(50, 10)) for scale in (0.1, 1, 10, 1000)])
    x = x.astype(np.float32)
    found = ACTIVATIONS[activation](x)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, oracle(x), rtol=1e-6, atol=1e-37)


def test_every_kind_that_has_a_function_has_an_example():
    kinds = {name for name, kind in LAYERS.items() if kind.run is not None}
    assert kinds == {name.split(",")[0] for name in EXAMPLES}


def padding_is_averaged():
    """Say whether this Keras averages the padding too, as Keras 3.15 does on torch.

    There, where one side has more padding than the other, it repeats the pixels of the rim, and
    takes them for pixels of the picture. All other backends leave the padding out, as NumPy does
    here, and so does Keras on torch after https://github.com/keras-team/keras/pull/23233.
    """
    if keras.backend.backend() != "torch":
        return False
    row = keras.ops.reshape([0.0, 0.0, 0.0, 1.0], (1, 1, 4, 1))
    averages = keras.ops.average_pool(row, (1, 3), (1, 2), "same")  # Of 0, 0, 0 and of 0, 1.
    return float(averages[0, 0, 1, 0]) != 0.5


@pytest.mark.parametrize("build", EXAMPLES.values(), ids=EXAMPLES)
def test_numpy_computes_what_keras_computes(build):
    layer = build()
    padded = isinstance(layer, layers.AveragePooling2D) and layer.padding == "same"
    if padded and padding_is_averaged():
        pytest.skip("on torch, this Keras takes padding for pixels in average pooling")
    model = model_of(layer)
    assert runs_without_framework(describe_layers(model))
    x = RNG.normal(size=(4, 7, 10, 3)).astype(np.float32)
    expected = model.predict(x, verbose=0)
    found = by_numpy(model, x)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("size", [3, (2, 5)])
@pytest.mark.parametrize("padding", ["same", "valid"])
def test_a_single_channel_is_convolved_as_keras_does(size, padding):
    model = model_of(layers.Conv2D(1, 1), layers.Conv2D(4, size, strides=(1, 2), padding=padding))
    x = RNG.random((5, 7, 10, 3), np.float32)
    np.testing.assert_allclose(by_numpy(model, x), model.predict(x, verbose=0), atol=1e-5)


@pytest.mark.parametrize("count", [1, 3])
def test_an_axis_that_was_added_for_the_channel_is_taken(count):
    inputs = keras.Input((7, 10, 1))
    model = keras.Model(inputs, layers.Conv2D(4, 3)(inputs))
    x = RNG.random((count, 7, 10), np.float32)[..., None]
    expected = keras.ops.convert_to_numpy(model(x))
    np.testing.assert_allclose(by_numpy(model, x), expected, atol=1e-5)


@pytest.mark.parametrize("channels", [1, 3])
def test_no_pictures_give_no_outputs(channels):
    inputs = keras.Input((7, 10, channels))
    pooled = layers.MaxPooling2D()(layers.Conv2D(4, 3, padding="same")(inputs))
    model = keras.Model(inputs, layers.Dense(2)(layers.Flatten()(pooled)))
    assert by_numpy(model, np.zeros((0, 7, 10, channels), np.float32)).shape == (0, 2)


def test_normalizations_are_folded_into_what_comes_before_and_compute_the_same():
    model = model_of(
        layers.Conv2D(4, 3, use_bias=False, name="a"),
        layers.BatchNormalization(name="b"),
        layers.Conv2D(4, 3, activation="relu", name="c"),
        layers.BatchNormalization(name="stays"),
        layers.Flatten(name="d"),
        layers.Dense(5, name="e"),
        layers.BatchNormalization(scale=False, name="f"),
    )
    specs, parameters = describe_layers(model), parameters_of(model)
    fewer, folded = without_normalization(specs, parameters)
    left = [spec.name for spec in fewer if spec.kind != "InputLayer"]
    assert left == ["a", "c", "stays", "d", "e"]
    assert parameters.keys() == parameters_of(model).keys()
    x = RNG.random((5, 7, 10, 3), np.float32)
    np.testing.assert_allclose(
        run_layers(fewer, folded, x), model.predict(x, verbose=0), rtol=1e-4, atol=1e-5
    )


def test_layers_run_one_after_the_other():
    model = model_of(
        layers.Conv2D(6, 3, padding="same"),
        layers.BatchNormalization(),
        layers.Activation("relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(4, 2),
        layers.GlobalAveragePooling2D(),
        layers.Dense(10, "softmax"),
    )
    x = RNG.normal(size=(4, 7, 10, 3)).astype(np.float32)
    np.testing.assert_allclose(
        by_numpy(model, x), model.predict(x, verbose=0), rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize(
    "layer",
    [
        lambda: layers.LayerNormalization(),
        lambda: layers.Conv2D(4, 2, dilation_rate=2),
        lambda: layers.Conv2D(3, 2, groups=3),
        lambda: layers.BatchNormalization(axis=1),
        lambda: layers.Dense(4, "gelu"),
    ],
    ids=["unknown kind", "dilated", "in groups", "of rows", "other activation"],
)
def test_what_numpy_is_not_taught_is_said_so(layer):
    assert not runs_without_framework(describe_layers(model_of(layer())))


def test_a_model_with_branches_is_no_chain():
    inputs = keras.Input((4,))
    one, other = layers.Dense(3)(inputs), layers.Dense(3)(inputs)
    assert not is_chain(keras.Model(inputs, layers.Add()([one, other])))
    assert is_chain(keras.Model(inputs, one))


def test_layers_are_described_in_types_that_json_has():
    described = describe_layers(model_of(layers.Conv2D(5, 3, strides=2), layers.Flatten()))
    assert [layer.kind for layer in described] == ["InputLayer", "Conv2D", "Flatten"]
    assert described[1].settings["strides"] == (2, 2)
    assert described[1].output_shape == (3, 4, 5)
    assert described[1].parameters == 5 * (9 * 3 + 1)
    for layer in described:
        assert LayerSpec.from_dict(layer.to_dict()) == layer


def test_kinds_are_named_as_keras_names_them():
    for name in LAYERS:
        assert hasattr(layers, name) or name == "InputLayer"
    assert all(itertools.chain(LAYERS))
