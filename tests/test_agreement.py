"""agreement: digits, labels, output and loss that do not fit are refused, and the fit ones not."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from mnist_zoo import agreement, dense_relu, linear

losses = keras.losses


@pytest.fixture
def good():
    rng = np.random.default_rng(0)
    return rng.random((20, 28, 28), np.float32), np.arange(20) % 10


def test_integers_and_one_hot_rows_are_told_apart(good):
    x, y = good
    assert agreement.check_split("train", x, y, linear()) == "integers"
    assert agreement.check_split("train", x, np.eye(10)[y], linear()) == "one-hot"


def change(array, index, value):
    array = np.array(array)
    array[index] = value
    return array


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda x, y: (x * 255, y), r"looks like 0\.\.255"),
        (lambda x, y: ((x * 255).astype(np.uint8), y), r"looks like 0\.\.255"),
        (lambda x, y: (x / 255, y), "divided by 255 once more"),
        (lambda x, y: (change(x, (3, 4, 5), np.nan), y), "NaN or infinite"),
        (lambda x, y: (change(x, (3, 4, 5), np.inf), y), "NaN or infinite"),
        (lambda x, y: (x.astype(str), y), "x_test must be numbers"),
        (lambda x, y: (x[:0], y[:0]), "not empty"),
        (lambda x, y: (x[:-1], y), "19 pictures and 20 labels"),
        (lambda x, y: (x.reshape(20, 784), y), r"must be of shape \(None, 28, 28\)"),
        (lambda x, y: (x[:, :27], y), r"got \(20, 27, 28\)"),
        (lambda x, y: (x, change(y, 0, 10)), r"must be in 0\.\.9, .* got 0\.\.10"),
        (lambda x, y: (x, change(y, 0, -1)), r"got -1\.\.9"),
        (lambda x, y: (x, y.astype(float)), "must be integers"),
        (lambda x, y: (x, y[:, None]), r"one-hot rows of shape \(n, 10\)"),
        (lambda x, y: (x, np.eye(11)[y]), r"one-hot rows of shape \(n, 10\)"),
        (lambda x, y: (x, change(np.eye(10)[y], (0, 5), 1)), "a single 1 in each row"),
        (lambda x, y: (x, np.full((20, 10), 0.1)), "a single 1 in each row"),
    ],
)
def test_a_split_that_does_not_suit_the_model_is_refused(good, spoil, message):
    x, y = spoil(*good)
    with pytest.raises(ValueError, match=message):
        agreement.check_split("test", x, y, linear())


def test_standardised_pixels_are_no_mistake(good):
    x, y = good
    agreement.check_split("train", (x - x.mean()) / x.std(), y, linear())


def test_a_model_that_rescales_takes_raw_pixels(good):
    x, y = good
    model = keras.Sequential([keras.Input((28, 28)), keras.layers.Rescaling(1 / 255), linear()])
    agreement.check_split("train", x * 255, y, model)


def test_a_model_of_no_fixed_shape_is_tried(good):
    x, y = good
    model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10)])
    assert agreement.check_split("train", x, y, model) == "integers"


@pytest.mark.parametrize("units", [None, 1])
def test_a_model_that_does_not_return_classes_is_refused(good, units):
    layers = [keras.layers.Flatten(), keras.layers.Dense(units)] if units else []
    model = keras.Sequential([keras.Input((28, 28)), *layers])
    with pytest.raises(ValueError, match="must return an array of shape"):
        agreement.check_split("train", *good, model)


@pytest.mark.parametrize("data", [None, 3, np.zeros(3), [(1, 2)], ((1, 2), 3)])
def test_what_does_not_unpack_as_two_pairs_is_refused(data):
    with pytest.raises(
        ValueError, match=r"must unpack as \(x_train, y_train\), \(x_test, y_test\)"
    ):
        agreement.check_structure(data)


def test_training_on_the_test_split_is_refused(good):
    with pytest.raises(ValueError, match="must not be the same array"):
        agreement.check_structure((good, good))


def test_the_kind_of_output_is_read_off_the_last_layer(good):
    x, _ = good
    logits = dense_relu(classifier_activation=None)
    softmax_layer = keras.Sequential([keras.Input((28, 28)), logits, keras.layers.Softmax()])
    assert agreement.output_kind(dense_relu(), x) == "probabilities"
    assert agreement.output_kind(logits, x) == "logits"
    assert agreement.output_kind(softmax_layer, x) == "probabilities"


@pytest.mark.parametrize(("activation", "kind"), [("softmax", "probabilities"), (None, "logits")])
def test_where_no_layer_says_it_the_kind_of_output_is_tried(good, activation, kind):
    model = keras.Sequential(
        [
            keras.Input((28, 28)),
            dense_relu(classifier_activation=activation, seed=0),
            keras.layers.Reshape((10,)),
        ]
    )
    assert agreement.output_kind(model, good[0]) == kind


def test_outputs_that_are_no_classes_probabilities_are_refused(good):
    model = keras.Sequential(
        [keras.Input((28, 28)), keras.layers.Flatten(), keras.layers.Dense(10, "sigmoid")]
    )
    with pytest.raises(ValueError, match="must end in a softmax.* got sigmoid"):
        agreement.output_kind(model, good[0])


SPARSE = "sparse_categorical_crossentropy"


@pytest.mark.parametrize(
    ("loss", "labels", "output"),
    [
        (SPARSE, "integers", "probabilities"),
        (losses.sparse_categorical_crossentropy, "integers", "probabilities"),
        (losses.SparseCategoricalCrossentropy(from_logits=True), "integers", "logits"),
        ("categorical_crossentropy", "one-hot", "probabilities"),
        (losses.CategoricalCrossentropy(from_logits=True), "one-hot", "logits"),
        ([losses.CategoricalFocalCrossentropy()], "one-hot", "probabilities"),
        ("mean_squared_error", "one-hot", "logits"),
        (lambda truth, predicted: 0.0, "integers", "logits"),
    ],
)
def test_a_loss_that_fits_is_kept(loss, labels, output):
    agreement.check_loss(loss, labels, output)


@pytest.mark.parametrize(
    ("loss", "labels", "output", "message"),
    [
        (SPARSE, "one-hot", "probabilities", "compile it with categorical_crossentropy, or use "),
        ("categorical_crossentropy", "integers", "probabilities", "with sparse_categorical_cros"),
        ("mean_squared_error", "integers", "probabilities", "is for one-hot labels"),
        (SPARSE, "integers", "logits", "compile it with from_logits=True, or build"),
        (losses.sparse_categorical_crossentropy, "integers", "logits", "for probabilities, and"),
        (
            losses.SparseCategoricalCrossentropy(from_logits=True),
            "integers",
            "probabilities",
            "from_logits=False, or build it with classifier_activation=None",
        ),
        (
            losses.CategoricalFocalCrossentropy(from_logits=True),
            "one-hot",
            "probabilities",
            "categorical_focal_crossentropy",
        ),
    ],
)
def test_a_loss_that_contradicts_is_refused_with_what_to_change(loss, labels, output, message):
    with pytest.raises(ValueError, match=message):
        agreement.check_loss(loss, labels, output)


@pytest.mark.parametrize("labels", ["integers", "one-hot"])
@pytest.mark.parametrize("output", ["probabilities", "logits"])
def test_the_loss_that_is_chosen_fits_and_is_the_cross_entropy(good, labels, output):
    _, y = good
    loss = agreement.loss_for(labels, output)
    agreement.check_loss(loss, labels, output)
    logits = np.random.default_rng(1).normal(size=(20, 10)).astype(np.float32)
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = y if labels == "integers" else np.eye(10)[y]
    value = loss(truth, logits if output == "logits" else probabilities)
    assert float(value) == pytest.approx(-np.log(probabilities[np.arange(20), y]).mean(), abs=1e-5)
