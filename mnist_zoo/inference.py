"""Probabilities of digits: from the shipped parameters without a framework, or from a model."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, softmax

from mnist_zoo import agreement, pretrained
from mnist_zoo._checks import check_choice

if TYPE_CHECKING:
    import keras

__all__ = ["predict_probabilities"]

DEFAULT_MODEL = "dense_relu_dropout"
PIXELS = 784
PREDICT_BATCH = 1000

Activation = Callable[[NDArray[np.float32]], NDArray[np.float32]]
ACTIVATIONS: dict[str | None, Activation] = {
    "relu": lambda x: np.maximum(x, np.float32(0.0)),
    "sigmoid": expit,
}


class _Layer(NamedTuple):
    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]
    activation: Activation


def predict_probabilities(
    images: ArrayLike, model: str | keras.Model = DEFAULT_MODEL
) -> NDArray[np.float32]:
    """Return how probable each class is for each picture.

    With the name of a model, its shipped parameters are applied by NumPy, and no framework is
    started: a single picture takes microseconds.

    Parameters
    ----------
    images : array_like of float, shape (n, 28, 28), (n, 28, 28, 1) or (n, 784)
        Pictures in the form of MNIST, in [0, 1]: as from :func:`~mnist_zoo.load_mnist` or
        :func:`~mnist_zoo.images.prepare_digit`.
    model : str or keras.Model, default "dense_relu_dropout"
        The name of a model that :func:`~mnist_zoo.list_models` lists, or a model that returns
        probabilities or logits; which of the two it finds out.

    Returns
    -------
    ndarray of float32, shape (n, classes)
        Rows that add up to 1.

    Raises
    ------
    ValueError
        If there is no model of that name, or the pictures are of another shape or range.
    ChecksumError
        If the shipped parameters were damaged.

    Examples
    --------
    >>> from mnist_zoo import load_mnist, predict_probabilities
    >>> x = load_mnist(source="sample").test.x[:3]
    >>> probabilities = predict_probabilities(x)
    >>> probabilities.shape, probabilities.sum(axis=1).round(3).tolist()
    ((3, 10), [1.0, 1.0, 1.0])
    """
    pictures = _checked(images)
    if isinstance(model, str):
        check_choice("model", model, pretrained.WEIGHTS)
        values = pictures.reshape(len(pictures), PIXELS)
        for kernel, bias, activation in _network(pretrained.WEIGHTS[model]):
            values = activation(values @ kernel + bias)
        probabilities: NDArray[np.float32] = softmax(values, axis=1)
        return probabilities
    return model_probabilities(model, pictures.reshape(-1, *model.input_shape[1:]))


def model_probabilities(
    model: keras.Model, x: Any, batch_size: int = PREDICT_BATCH
) -> NDArray[np.float32]:
    """Return a Keras model's probabilities for pictures that suit it."""
    # ``model.predict`` does the same, and first builds a data pipeline.
    batches = [
        model.predict_on_batch(x[start : start + batch_size])
        for start in range(0, len(x), batch_size)
    ]
    if not batches:
        return np.zeros((0, model.output_shape[1]), np.float32)
    outputs = np.concatenate(batches).astype(np.float32, copy=False)
    if not np.isfinite(outputs).all():
        raise ValueError(
            "the model's outputs are not all finite: its training diverged. Lower the learning rate"
        )
    if agreement.output_kind(model, x) == "logits":
        outputs = softmax(outputs.astype(np.float64), axis=1).astype(np.float32)
    return outputs


@cache
def _network(file: str) -> tuple[_Layer, ...]:
    """Return the layers whose parameters a file has, from the pictures on; verified, once."""
    card = pretrained.model_card(file)
    parameters = pretrained.read_parameters(card)
    hidden = ACTIVATIONS.get(card.architecture["activation"], _identity)
    names = [key.removesuffix("/kernel") for key in parameters if key.endswith("/kernel")]
    return tuple(
        _Layer(
            parameters[f"{name}/kernel"],
            parameters[f"{name}/bias"],
            _identity if name == "predictions" else hidden,
        )
        for name in names
    )


def _identity(x: NDArray[np.float32]) -> NDArray[np.float32]:
    return x


def _checked(images: ArrayLike) -> NDArray[np.float32]:
    pictures = np.asarray(images, np.float32)
    if pictures.shape[1:] not in ((28, 28), (28, 28, 1), (PIXELS,)):
        raise ValueError(
            "images must be of shape (n, 28, 28), (n, 28, 28, 1) or (n, 784), a single one too: "
            f"image[None]; got {pictures.shape}"
        )
    if pictures.size and not (pictures.min() >= 0.0 and pictures.max() <= 1.0):
        raise ValueError(
            f"images must be in [0, 1]; found {pictures.min():g} to {pictures.max():g}. "
            "Divide bytes by 255"
        )
    return pictures
