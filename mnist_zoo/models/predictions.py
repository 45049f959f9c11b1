"""What ``keras.applications`` has beside its models: preparing pictures, and naming predictions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mnist_zoo.arguments import check_integer
from mnist_zoo.data.datasets import MNIST


class Prediction(NamedTuple):
    """A class and its probability.

    Attributes
    ----------
    label : int
        The class.
    name : str
        Its name.
    probability : float
        In [0, 1].
    """

    label: int
    name: str
    probability: float


def preprocess_input(x: ArrayLike) -> NDArray[np.float32]:
    """Bring pixels in 0..255 to what the models take: float32 in [0, 1].

    Digits of :func:`~mnist_zoo.load_mnist` are in [0, 1] already, unless ``dtype="uint8"``.

    Parameters
    ----------
    x : array_like
        Pictures, in 0..255.

    Returns
    -------
    ndarray of float32
        Of the same shape.

    Raises
    ------
    ValueError
        If the pixels are outside of 0..255, or floats that look like [0, 1] already.

    Examples
    --------
    >>> from mnist_zoo import load_mnist
    >>> from mnist_zoo.models import preprocess_input
    >>> digits = load_mnist(source="sample", dtype="uint8").test.x
    >>> float(preprocess_input(digits).max())
    1.0
    """
    pixels = np.asarray(x)
    low, high = (float(pixels.min()), float(pixels.max())) if pixels.size else (0.0, 0.0)
    scaled_already = pixels.dtype.kind == "f" and 0.0 < high <= 1.0
    if scaled_already or not 0.0 <= low <= high <= 255.0:
        raise ValueError(
            f"x must have its pixels in 0..255, to be scaled; found {low:g} to {high:g}"
        )
    return np.asarray(pixels / np.float32(255.0), np.float32)


def decode_predictions(
    predictions: ArrayLike, top: int = 5, class_names: Sequence[str] | None = None
) -> list[list[Prediction]]:
    """Name the most probable classes.

    Parameters
    ----------
    predictions : array_like of float, shape (n, classes)
        Probabilities: what a model returns.
    top : int, default 5
        How many classes to name for each picture.
    class_names : sequence of str, optional
        A name for each class; by default the digits ``"0"`` to ``"9"``, or numbers.

    Returns
    -------
    list of list of Prediction
        For each picture its most probable classes, the most probable first.

    Raises
    ------
    ValueError
        If the predictions are of another shape, or the names of another number.

    Examples
    --------
    >>> from mnist_zoo import load_mnist, predict_probabilities
    >>> from mnist_zoo.models import decode_predictions
    >>> probabilities = predict_probabilities(load_mnist(source="sample").test.x[:1])
    >>> [[best]] = decode_predictions(probabilities, top=1)
    >>> best.name, round(best.probability, 2)
    ('0', 1.0)
    """
    rows = np.asarray(predictions)
    if rows.ndim != 2:
        raise ValueError(f"predictions must be of shape (n, classes); got {rows.shape}")
    classes = rows.shape[1]
    if class_names is None:
        class_names = MNIST.class_names if classes == MNIST.classes else [*map(str, range(classes))]
    if len(class_names) != classes:
        raise ValueError(f"class_names must be {classes}, one a class; got {len(class_names)}")
    order = np.argsort(-rows, axis=1, kind="stable")[:, : check_integer("top", top, 1)]
    return [
        [Prediction(int(label), class_names[label], float(row[label])) for label in labels]
        for labels, row in zip(order, rows, strict=True)
    ]
