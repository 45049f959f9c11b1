"""inputs: digits and labels that do not suit the model are refused."""

from __future__ import annotations

import keras
import ml_dtypes
import numpy as np
import pytest

from mnist_zoo import evaluate, fit_and_evaluate, linear
from mnist_zoo.evaluation import inputs


@pytest.fixture
def good():
    rng = np.random.default_rng(0)
    return rng.random((20, 28, 28), np.float32), np.arange(20) % 10


def test_integers_and_one_hot_rows_are_told_apart(good):
    x, y = good
    assert inputs.check_split("train", x, y, linear()) == "integers"
    assert inputs.check_split("train", x, np.eye(10)[y], linear()) == "one-hot"


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
        inputs.check_split("test", x, y, linear())


def test_standardised_pixels_are_no_mistake(good):
    x, y = good
    inputs.check_split("train", (x - x.mean()) / x.std(), y, linear())


def test_a_model_that_rescales_takes_raw_pixels(good):
    x, y = good
    model = keras.Sequential([keras.Input((28, 28)), keras.layers.Rescaling(1 / 255), linear()])
    inputs.check_split("train", x * 255, y, model)


def test_a_model_of_no_fixed_shape_is_tried(good):
    x, y = good
    model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10)])
    assert inputs.check_split("train", x, y, model) == "integers"


@pytest.mark.parametrize("units", [None, 1])
def test_a_model_that_does_not_return_classes_is_refused(good, units):
    layers = [keras.layers.Flatten(), keras.layers.Dense(units)] if units else []
    model = keras.Sequential([keras.Input((28, 28)), *layers])
    with pytest.raises(ValueError, match="must return an array of shape"):
        inputs.check_split("train", *good, model)


@pytest.mark.parametrize("data", [None, 3, np.zeros(3), [(1, 2)]])
def test_what_does_not_unpack_as_two_pairs_is_refused(data):
    with pytest.raises(
        ValueError, match=r"must unpack as \(x_train, y_train\), \(x_test, y_test\)"
    ):
        inputs.check_training_data(linear(), data)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "bfloat16"])
def test_pixels_of_any_type_that_were_divided_twice_or_never_are_refused(good, dtype):
    dtype = ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype
    x, y = good
    x = change(x, (0, 0, 0), 1.0)
    inputs.check_split("train", x.astype(dtype), y, linear())
    for pixels in (x / 255.0, x.astype(dtype) / np.asarray(255.0, dtype)):
        with pytest.raises(ValueError, match="divided by 255 once more"):
            inputs.check_split("train", pixels.astype(dtype), y, linear())
    with pytest.raises(ValueError, match=r"looks like 0\.\.255"):
        inputs.check_split("train", (255 * x).astype(dtype), y, linear())


def test_digits_divided_twice_are_neither_trained_nor_tested_on(sample):
    (x_train, y_train), (x_test, y_test) = sample
    twice = (x_train / 255.0, y_train), (x_test / 255.0, y_test)
    for call in (fit_and_evaluate, evaluate):
        with pytest.raises(ValueError, match="divided by 255 once more"):
            call(linear(seed=0), twice)


def test_a_model_may_scale_pixels_within_another_model_or_by_an_operation(good):
    x, y = good
    inner = keras.Sequential([keras.Input((28, 28)), keras.layers.Rescaling(1 / 255)])
    raw = keras.Input((28, 28))
    for scaled in (inner(raw), raw / 255.0):
        model = keras.Model(raw, linear()(scaled))
        inputs.check_split("train", x * 255, y, model)


SHAPES = [(28, 28), (784,), (28, 28, 1), (1, 28, 28)]


@pytest.mark.parametrize("given", SHAPES)
@pytest.mark.parametrize("wanted", SHAPES)
def test_pictures_take_the_shape_of_the_models_input(good, given, wanted):
    x = good[0].reshape(20, *given)
    model = keras.Sequential([keras.Input(wanted), keras.layers.Flatten(), keras.layers.Dense(10)])
    np.testing.assert_array_equal(
        inputs.in_shape_of(model, x), good[0].reshape(20, *wanted), strict=True
    )


@pytest.mark.parametrize("wanted", [(14, 56), (28, 28, 3), (32, 32)])
def test_pictures_of_another_shape_are_left_and_then_refused(good, wanted):
    x, _ = good
    model = keras.Sequential([keras.Input(wanted), keras.layers.Flatten(), keras.layers.Dense(10)])
    assert inputs.in_shape_of(model, x) is x
    with pytest.raises(ValueError, match=r"x_test must be of shape \(None, "):
        inputs.check_test_data(model, (good, good))


def test_a_model_of_pictures_of_any_size_gets_a_channel(good):
    model = keras.Sequential(
        [
            keras.Input((None, None, 1)),
            keras.layers.Conv2D(4, 3),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(10),
        ]
    )
    assert inputs.check_test_data(model, (good, good)).x.shape == (20, 28, 28, 1)
