"""losses: what contradicts labels or outputs is refused, and what fits is kept."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from mnist_zoo.training.losses import check_loss, loss_for

keras_losses = keras.losses


@pytest.fixture
def good():
    rng = np.random.default_rng(0)
    return rng.random((20, 28, 28), np.float32), np.arange(20) % 10


SPARSE = "sparse_categorical_crossentropy"


@pytest.mark.parametrize(
    ("loss", "labels", "output"),
    [
        (SPARSE, "integers", "probabilities"),
        (keras_losses.sparse_categorical_crossentropy, "integers", "probabilities"),
        (keras_losses.SparseCategoricalCrossentropy(from_logits=True), "integers", "logits"),
        ("categorical_crossentropy", "one-hot", "probabilities"),
        (keras_losses.CategoricalCrossentropy(from_logits=True), "one-hot", "logits"),
        ([keras_losses.CategoricalFocalCrossentropy()], "one-hot", "probabilities"),
        ("mean_squared_error", "one-hot", "logits"),
        (lambda truth, predicted: 0.0, "integers", "logits"),
    ],
)
def test_a_loss_that_fits_is_kept(loss, labels, output):
    check_loss(loss, labels, output)


@pytest.mark.parametrize(
    ("loss", "labels", "output", "message"),
    [
        (SPARSE, "one-hot", "probabilities", "use categorical_crossentropy, or load_mnist"),
        ("categorical_crossentropy", "integers", "probabilities", "use sparse_categorical_cros"),
        ("mean_squared_error", "integers", "probabilities", "is for one-hot rows"),
        (SPARSE, "integers", "logits", "use from_logits=True, or build"),
        (
            keras_losses.sparse_categorical_crossentropy,
            "integers",
            "logits",
            "is for probabilities, and",
        ),
        (
            keras_losses.SparseCategoricalCrossentropy(from_logits=True),
            "integers",
            "probabilities",
            "from_logits=False, or build the model with classifier_activation=None",
        ),
        (
            keras_losses.CategoricalFocalCrossentropy(from_logits=True),
            "one-hot",
            "probabilities",
            "categorical_focal_crossentropy",
        ),
    ],
)
def test_a_loss_that_contradicts_is_refused_with_what_to_change(loss, labels, output, message):
    with pytest.raises(ValueError, match=message):
        check_loss(loss, labels, output)


@pytest.mark.parametrize("labels", ["integers", "one-hot"])
@pytest.mark.parametrize("output", ["probabilities", "logits"])
def test_the_loss_that_is_chosen_fits_and_is_the_cross_entropy(good, labels, output):
    _, y = good
    loss = loss_for(labels, output)
    check_loss(loss, labels, output)
    logits = np.random.default_rng(1).normal(size=(20, 10)).astype(np.float32)
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = y if labels == "integers" else np.eye(10)[y]
    value = loss(truth, logits if output == "logits" else probabilities)
    assert float(value) == pytest.approx(-np.log(probabilities[np.arange(20), y]).mean(), abs=1e-5)
