"""Probabilities of digits: from the shipped parameters without a framework, or from a model."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mnist_zoo.models.building import INPUT_SHAPES
from mnist_zoo.models.layers import (
    Array,
    LayerSpec,
    run_layers,
    runs_without_framework,
    without_normalization,
)
from mnist_zoo.models.outputs import model_probabilities
from mnist_zoo.models.shipped import read_facts, read_parameters
from mnist_zoo.models.species import create_model, find_shipped

if TYPE_CHECKING:
    import keras

DEFAULT_MODEL = "convnet"
# So that what a layer returns fits into the cache of a core: 1 MB.
VALUES_AT_A_TIME = 2**18
_LIMITING = threading.Lock()


def predict_probabilities(
    images: ArrayLike, model: str | keras.Model = DEFAULT_MODEL
) -> NDArray[np.float32]:
    """Return how probable each class is for each picture.

    With the name of a model, its shipped parameters are applied by NumPy, and no framework is
    started: a single picture takes microseconds. Only where a model has a kind of layer that NumPy
    is not taught here, Keras runs it.

    Parameters
    ----------
    images : array_like of float, shape (n, 28, 28), (n, 28, 28, 1) or (n, 784)
        Pictures in the form of MNIST, in [0, 1]: as from :func:`~mnist_zoo.load_mnist` or
        :func:`~mnist_zoo.prepare_digit`.
    model : str or keras.Model, default "convnet"
        The name of a model that :func:`~mnist_zoo.list_models` lists and that has trained
        parameters, or a model that returns probabilities or logits; which of the two it finds out.

    Returns
    -------
    ndarray of float32, shape (n, classes)
        Rows that add up to 1.

    Raises
    ------
    ValueError
        If there is no model of that name, or it has no trained parameters; if the pictures are
        of another shape or range.
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
    if not isinstance(model, str):
        return model_probabilities(model, pictures.reshape(len(pictures), *model.input_shape[1:]))
    return _shipped_model(model)(pictures)


@cache
def _shipped_model(name: str) -> Callable[[Array], NDArray[np.float32]]:
    """Return a function from pictures to probabilities, by a model's shipped parameters."""
    weights = find_shipped("model", name)
    # The rest of the card is not needed here, and takes milliseconds to load.
    architecture = read_facts(weights.file)["architecture"]
    shape = architecture["input_shape"]
    layers = tuple(map(LayerSpec.from_dict, architecture["layers"]))
    if not (architecture["chain"] and runs_without_framework(layers)):
        model = create_model(name, weights="mnist")
        return lambda pictures: model_probabilities(model, pictures.reshape(len(pictures), *shape))
    return numpy_model(layers, read_parameters(weights.file))


def numpy_model(
    layers: Sequence[LayerSpec], parameters: Mapping[str, Array]
) -> Callable[[Array], Array]:
    """Return a function that runs a model by NumPy.

    Parameters
    ----------
    layers : sequence of LayerSpec
        The layers, in a chain, of kinds that NumPy runs.
    parameters : mapping of str to ndarray
        The parameters by their paths: the layer's name and their own, as in ``"hidden_1/kernel"``.

    Returns
    -------
    callable
        From pictures of any shape that a model may take to what the last layer returns.
    """
    shape = layers[0].output_shape
    layers, folded = folded_layers(layers, parameters)

    def run(pictures: Array) -> Array:
        return run_layers(layers, folded, pictures.reshape(len(pictures), *shape))

    if not any(layer.kind == "Conv2D" for layer in layers):
        return run  # One large product of matrices a layer is the fastest.
    largest = max(math.prod(layer.output_shape) for layer in layers)
    size = max(1, VALUES_AT_A_TIME // largest)
    return lambda pictures: _in_parts(run, pictures, size)


def folded_layers(
    layers: Sequence[LayerSpec], parameters: Mapping[str, Array]
) -> tuple[tuple[LayerSpec, ...], dict[str, Mapping[str, Array]]]:
    """Return layers that compute the same without normalizations, and the parameters of each.

    Parameters
    ----------
    layers : sequence of LayerSpec
        A chain.
    parameters : mapping of str to ndarray
        The parameters by their paths, as for :func:`numpy_model`.

    Returns
    -------
    tuple of LayerSpec, dict
        As of :func:`~mnist_zoo.models.layers.without_normalization`.
    """
    by_layer: dict[str, dict[str, Array]] = {}
    for path, array in parameters.items():
        layer, _, name = path.partition("/")
        by_layer.setdefault(layer, {})[name] = array
    return without_normalization(layers, by_layer)


def _in_parts(run: Callable[[Array], Array], pictures: Array, size: int) -> Array:
    """Run parts of pictures in as many threads as products of matrices may have, one for each.

    For the small matrices of convolutions, this is faster than many threads for one product.
    """
    if len(pictures) <= size:
        return run(pictures)
    from concurrent.futures import ThreadPoolExecutor

    from threadpoolctl import ThreadpoolController

    parts = [pictures[start : start + size] for start in range(0, len(pictures), size)]
    # The limit is one of the whole process: of two at a time, the later would end the earlier's.
    with _LIMITING:
        blas = ThreadpoolController().select(user_api="blas")
        # All cores, unless OMP_NUM_THREADS or joblib, for each of its workers, says otherwise.
        threads = max((library["num_threads"] for library in blas.info()), default=os.cpu_count())
        with blas.limit(limits=1), ThreadPoolExecutor(threads) as pool:
            return np.concatenate(list(pool.map(run, parts)))


def _checked(images: ArrayLike) -> Array:
    pictures = np.asarray(images, np.float32)
    if pictures.shape[1:] not in INPUT_SHAPES:
        shapes = " or ".join(str(("n", *shape)).replace("'", "") for shape in INPUT_SHAPES)
        raise ValueError(
            f"images must be of shape {shapes}, a single one too: image[None]; got {pictures.shape}"
        )
    if pictures.size and not (pictures.min() >= 0.0 and pictures.max() <= 1.0):
        raise ValueError(
            f"images must be in [0, 1]; found {pictures.min():g} to {pictures.max():g}. "
            "Divide bytes by 255"
        )
    return pictures
