"""The dense species: networks in which every unit sees all units of the layer before.

Nothing here names a backend, so the models build on whichever one Keras runs. Keras itself is
imported when the first model is built.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from mnist_zoo.arguments import check_fraction, check_integer
from mnist_zoo.models.building import (
    ClassifierActivation,
    Seeds,
    Weights,
    build_model,
    dense,
    documented,
)
from mnist_zoo.models.shipped import ShippedWeights

if TYPE_CHECKING:
    import keras

LINEAR_WEIGHTS = ShippedWeights("linear")
RELU_WEIGHTS = ShippedWeights("dense_relu")
DROPOUT_WEIGHTS = ShippedWeights("dense_relu_dropout")
SIGMOID_WEIGHTS = ShippedWeights("dense_sigmoid")


@documented
def linear(
    *,
    input_shape: Sequence[int] = (28, 28),
    input_tensor: keras.KerasTensor | None = None,
    classes: int = 10,
    classifier_activation: ClassifierActivation = "softmax",
    include_top: bool = True,
    weights: Weights = None,
    seed: int | None = None,
    name: str = "linear",
) -> keras.Model:
    """Build multinomial logistic regression: one linear map, then softmax.

    The baseline to beat: 7,850 parameters.

    Parameters
    ----------
    {shared_parameters}

    Returns
    -------
    {shared_returns}

    Raises
    ------
    {shared_raises}

    Examples
    --------
    >>> from mnist_zoo import linear
    >>> linear(seed=0).count_params()
    7850
    """
    return build_model(
        LINEAR_WEIGHTS,
        _hidden((), "relu"),
        input_shape=input_shape,
        input_tensor=input_tensor,
        classes=classes,
        classifier_activation=classifier_activation,
        include_top=include_top,
        weights=weights,
        seed=seed,
        name=name,
    )


@documented
def dense_relu(
    *,
    hidden_units: int | Sequence[int] = (128, 64),
    input_shape: Sequence[int] = (28, 28),
    input_tensor: keras.KerasTensor | None = None,
    classes: int = 10,
    classifier_activation: ClassifierActivation = "softmax",
    include_top: bool = True,
    weights: Weights = None,
    seed: int | None = None,
    name: str = "dense_relu",
) -> keras.Model:
    """Build a network of dense layers with rectified linear units.

    By default 784-128-64-10, with 109,386 parameters. ReLU is the activation of [1]_.

    Parameters
    ----------
    hidden_units : int or sequence of int, default (128, 64)
        Units of each hidden layer; any number of layers.
    {shared_parameters}

    Returns
    -------
    {shared_returns}

    Raises
    ------
    {shared_raises}

    References
    ----------
    .. [1] X. Glorot, A. Bordes and Y. Bengio, "Deep sparse rectifier neural networks",
       AISTATS 2011, PMLR 15, 315-323.

    Examples
    --------
    >>> from mnist_zoo import dense_relu
    >>> dense_relu(classifier_activation=None, seed=0).output_shape
    (None, 10)
    >>> [layer.name for layer in dense_relu().layers]
    ['pixels', 'flatten', 'hidden_1', 'hidden_2', 'predictions']
    """
    return build_model(
        RELU_WEIGHTS,
        _hidden(hidden_units, "relu"),
        input_shape=input_shape,
        input_tensor=input_tensor,
        classes=classes,
        classifier_activation=classifier_activation,
        include_top=include_top,
        weights=weights,
        seed=seed,
        name=name,
    )


@documented
def dense_relu_dropout(
    *,
    hidden_units: int | Sequence[int] = (128, 64),
    dropout: float = 0.2,
    input_shape: Sequence[int] = (28, 28),
    input_tensor: keras.KerasTensor | None = None,
    classes: int = 10,
    classifier_activation: ClassifierActivation = "softmax",
    include_top: bool = True,
    weights: Weights = None,
    seed: int | None = None,
    name: str = "dense_relu_dropout",
) -> keras.Model:
    """Build :func:`dense_relu` with dropout after each hidden layer.

    By default 784-128-64-10, with 109,386 parameters. ReLU is the activation of [1]_; dropout [2]_
    acts in training alone.

    Parameters
    ----------
    hidden_units : int or sequence of int, default (128, 64)
        Units of each hidden layer; any number of layers.
    dropout : float, default 0.2
        Fraction of each hidden layer's outputs that training sets to zero, in [0, 1).
    {shared_parameters}

    Returns
    -------
    {shared_returns}

    Raises
    ------
    {shared_raises}

    References
    ----------
    .. [1] X. Glorot, A. Bordes and Y. Bengio, "Deep sparse rectifier neural networks",
       AISTATS 2011, PMLR 15, 315-323.
    .. [2] N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever and R. Salakhutdinov, "Dropout: a
       simple way to prevent neural networks from overfitting", JMLR 15(56), 1929-1958, 2014.

    Examples
    --------
    >>> from mnist_zoo import dense_relu_dropout
    >>> dense_relu_dropout(include_top=False).output_shape
    (None, 64)
    >>> dense_relu_dropout(dropout=1.5)
    Traceback (most recent call last):
    ...
    ValueError: dropout must be a number in [0, 1); got 1.5
    """
    return build_model(
        DROPOUT_WEIGHTS,
        _hidden(hidden_units, "relu", dropout),
        input_shape=input_shape,
        input_tensor=input_tensor,
        classes=classes,
        classifier_activation=classifier_activation,
        include_top=include_top,
        weights=weights,
        seed=seed,
        name=name,
    )


@documented
def dense_sigmoid(
    *,
    hidden_units: int | Sequence[int] = (128, 256),
    input_shape: Sequence[int] = (28, 28),
    input_tensor: keras.KerasTensor | None = None,
    classes: int = 10,
    classifier_activation: ClassifierActivation = "softmax",
    include_top: bool = True,
    weights: Weights = None,
    seed: int | None = None,
    name: str = "dense_sigmoid",
) -> keras.Model:
    """Build a network of dense layers with logistic sigmoid units.

    By default 784-128-256-10, with 136,074 parameters. Such networks made back-propagation
    known [1]_.

    Parameters
    ----------
    hidden_units : int or sequence of int, default (128, 256)
        Units of each hidden layer; any number of layers.
    {shared_parameters}

    Returns
    -------
    {shared_returns}

    Raises
    ------
    {shared_raises}

    References
    ----------
    .. [1] D. E. Rumelhart, G. E. Hinton and R. J. Williams, "Learning representations by
       back-propagating errors", Nature 323, 533-536, 1986.

    Examples
    --------
    >>> from mnist_zoo import dense_sigmoid
    >>> dense_sigmoid(input_shape=(784,)).input_shape
    (None, 784)
    """
    return build_model(
        SIGMOID_WEIGHTS,
        _hidden(hidden_units, "sigmoid"),
        input_shape=input_shape,
        input_tensor=input_tensor,
        classes=classes,
        classifier_activation=classifier_activation,
        include_top=include_top,
        weights=weights,
        seed=seed,
        name=name,
    )


def _hidden(
    hidden_units: int | Sequence[int], activation: str, dropout: float = 0.0
) -> Callable[[Any, Seeds], Any]:
    """Return the features of a dense species: hidden layers, each with dropout if there is any."""
    if isinstance(hidden_units, str) or not hasattr(hidden_units, "__iter__"):
        hidden_units = [hidden_units]  # One hidden layer, or what is refused below.
    units = [check_integer("hidden_units", count, 1) for count in hidden_units]
    rate = check_fraction("dropout", dropout)

    def features(inputs: Any, seeds: Seeds) -> Any:
        import keras

        outputs = keras.layers.Flatten(name="flatten")(inputs)
        for number, count in enumerate(units, start=1):
            outputs = dense(count, activation, f"hidden_{number}", seeds)(outputs)
            if rate:
                dropping = keras.layers.Dropout(rate, seed=seeds.next(), name=f"dropout_{number}")
                outputs = dropping(outputs)
        return outputs

    return features
