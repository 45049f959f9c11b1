"""The table of the zoo: one row for each model, which everything else reads.

To add a model, write a factory and its row here. :func:`list_models`, :func:`create_model`, the
forward pass without a framework, the command line and the tests follow. For trained parameters, it
needs a recipe in ``mnist_zoo.recipes.SHIPPED`` too.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mnist_zoo.arguments import check_choice
from mnist_zoo.models import attention, convolutional, dense
from mnist_zoo.models.shipped import ShippedWeights, read_card

if TYPE_CHECKING:
    import keras

    from mnist_zoo.models.cards import ModelCard


@dataclass(frozen=True)
class Species:
    """A model of the zoo: its name, summary, factory and trained parameters.

    What its layers compute, and whether XLA may compile them, is in the table of layers.

    Attributes
    ----------
    name : str
        What :func:`~mnist_zoo.create_model` calls it.
    summary : str
        What it is, in a line.
    factory : callable
        Builds it. Takes keywords alone, the shared ones among them.
    parameters : int
        Number of parameters that it has by default.
    weights : ShippedWeights or None
        Its trained parameters; None if the package has none.
    """

    name: str
    summary: str
    factory: Callable[..., keras.Model]
    parameters: int
    weights: ShippedWeights | None = None


#: Every model of the zoo, by its name.
SPECIES: dict[str, Species] = {
    row.name: row
    for row in (
        Species(
            name="linear",
            summary="multinomial logistic regression: one linear map, then softmax",
            factory=dense.linear,
            parameters=7_850,
            weights=dense.LINEAR_WEIGHTS,
        ),
        Species(
            name="dense_relu",
            summary="dense layers with rectified linear units, 784-128-64-10",
            factory=dense.dense_relu,
            parameters=109_386,
            weights=dense.RELU_WEIGHTS,
        ),
        Species(
            name="dense_relu_dropout",
            summary="dense_relu with dropout after each hidden layer",
            factory=dense.dense_relu_dropout,
            parameters=109_386,
            weights=dense.DROPOUT_WEIGHTS,
        ),
        Species(
            name="dense_sigmoid",
            summary="dense layers with logistic sigmoid units, 784-128-256-10",
            factory=dense.dense_sigmoid,
            parameters=136_074,
            weights=dense.SIGMOID_WEIGHTS,
        ),
        Species(
            name="lenet5",
            summary="LeNet-5 of 1998: three convolutions of 5 x 5 pixels, two dense layers",
            factory=convolutional.lenet5,
            parameters=61_706,
            weights=convolutional.LENET_WEIGHTS,
        ),
        Species(
            name="keras_convnet",
            summary="the network of Keras's example: two convolutions, dropout",
            factory=convolutional.keras_convnet,
            parameters=34_826,
            weights=convolutional.KERAS_WEIGHTS,
        ),
        Species(
            name="convnet_small",
            summary="five small convolutions with batch normalization, for small machines",
            factory=convolutional.convnet_small,
            parameters=7_906,
            weights=convolutional.SMALL_WEIGHTS,
        ),
        Species(
            name="convnet",
            summary="five larger convolutions with batch normalization, for accuracy",
            factory=convolutional.convnet,
            parameters=280_234,
            weights=convolutional.LARGE_WEIGHTS,
        ),
        Species(
            name="vision_transformer",
            summary="a small vision transformer: 49 patches, four blocks of attention",
            factory=attention.vision_transformer,
            parameters=142_026,
            weights=attention.WEIGHTS,
        ),
    )
}


def list_models(pattern: str = "*") -> list[str]:
    """List the names of the models, sorted.

    Parameters
    ----------
    pattern : str, default "*"
        Only names that match; ``*`` stands for any characters, ``?`` for one.

    Returns
    -------
    list of str
        Names that :func:`create_model` takes; empty where none matches.

    Examples
    --------
    >>> from mnist_zoo import list_models
    >>> "linear" in list_models()
    True
    >>> list_models("dense_relu*")
    ['dense_relu', 'dense_relu_dropout']
    """
    return sorted(fnmatch.filter(SPECIES, pattern))


def find_species(argument: str, name: str) -> Species:
    """Return the row of that name; raise ``ValueError``, which names the argument, if none has."""
    check_choice(argument, name, list_models())
    return SPECIES[name]


def find_shipped(argument: str, name: str) -> ShippedWeights:
    """Return what the model of that name is shipped with; raise ``ValueError`` if it is nothing."""
    weights = find_species(argument, name).weights
    if weights is None:
        raise ValueError(f"{name} has no trained parameters: train one, and pass the model")
    return weights


def create_model(name: str, /, **options: Any) -> keras.Model:
    """Build a model by its name: ``create_model("linear", seed=0)`` is ``linear(seed=0)``.

    Parameters
    ----------
    name : str
        One of :func:`list_models`.
    **options
        The arguments of the factory of that name.

    Returns
    -------
    keras.Model
        What the factory returns.

    Raises
    ------
    ValueError
        If there is no such model, or an option is out of its range.
    TypeError
        If the factory has no such option.

    Examples
    --------
    >>> from mnist_zoo import create_model
    >>> create_model("dense_relu", classes=26).output_shape
    (None, 26)
    >>> create_model("dense")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: name must be one of 'convnet', ...; got 'dense'
    """
    return find_species("name", name).factory(**options)


def model_card(name: str) -> ModelCard:
    """Return the card of the trained parameters that ``weights="mnist"`` gives a model.

    Parameters
    ----------
    name : str
        The name of a model, as in :func:`list_models`.

    Returns
    -------
    ModelCard
        How they were trained, how good they are, and what not to expect of them.

    Raises
    ------
    ValueError
        If there is no such model, or it has no trained parameters.

    Examples
    --------
    >>> from mnist_zoo import model_card
    >>> card = model_card("dense_relu")
    >>> card.architecture.parameters, card.test.accuracy
    (109386, 0.9934)
    """
    weights = find_species("name", name).weights
    if weights is None:
        raise ValueError(f"{name} has no trained parameters, and so no card")
    return read_card(weights.file)
