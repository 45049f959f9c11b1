"""The architectures: functions that return plain ``keras.Model`` objects.

Nothing here names a backend, so the models build on whichever one Keras runs. Keras itself is
imported when the first model is built: reading the list of models costs nothing.
"""

from __future__ import annotations

import fnmatch
import os
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from mnist_zoo import pretrained
from mnist_zoo._checks import check_choice, check_fraction, check_integer

if TYPE_CHECKING:
    import keras

__all__ = [
    "create_model",
    "dense_relu",
    "dense_relu_dropout",
    "dense_sigmoid",
    "linear",
    "list_models",
]

ClassifierActivation = Literal["softmax", None]
Weights = str | os.PathLike[str] | None

# The attribute in which a model carries what it was trained on.
TRAINED_ON = "mnist_zoo_trained_on"
TRAINED_CLASSES = 10
INPUT_SHAPES: tuple[tuple[int, ...], ...] = ((28, 28), (784,), (28, 28, 1))


def linear(
    *,
    input_shape: tuple[int, ...] = (28, 28),
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
    input_shape : {(28, 28), (784,), (28, 28, 1)}, default (28, 28)
        Shape of one picture: of the pixels, flattened, or with a channel axis; values in [0, 1].
    classes : int, default 10
        Number of classes, at least 2.
    classifier_activation : {"softmax", None}, default "softmax"
        Activation of the last layer: probabilities, or with ``None`` logits.
    include_top : bool, default True
        Whether to end in the classifying layer; without it the model returns the flattened pixels.
    weights : "mnist" or path-like, optional
        ``"mnist"`` for the trained parameters that come with the package, which `model_card`
        describes; with other `classes`, or without top, the hidden layers have them and the last
        layer is drawn. Or a weights file (``.weights.h5`` or ``.keras``) of a model of this
        architecture. By default all parameters are drawn at random.
    seed : int, optional
        Seed of the initial parameters: equal seeds give equal models. At least 0.
    name : str, default "linear"
        Name of the model.

    Returns
    -------
    keras.Model
        A functional model, not compiled, from ``(n, *input_shape)`` to float32 of shape
        ``(n, classes)``, or ``(n, 784)`` without top.

    Raises
    ------
    ValueError
        If an argument is out of its range, or ``weights="mnist"`` are of other hidden units; the
        message names it.
    ChecksumError
        If the package's own file of parameters is damaged.

    Examples
    --------
    >>> from mnist_zoo import linear
    >>> linear(seed=0).count_params()
    7850
    """
    return _dense_model(
        architecture="linear",
        hidden_units=(),
        hidden_activation="relu",
        dropout=0.0,
        input_shape=input_shape,
        classes=classes,
        classifier_activation=classifier_activation,
        include_top=include_top,
        weights=weights,
        seed=seed,
        name=name,
    )


def dense_relu(
    *,
    hidden_units: Sequence[int] = (128, 64),
    input_shape: tuple[int, ...] = (28, 28),
    classes: int = 10,
    classifier_activation: ClassifierActivation = "softmax",
    include_top: bool = True,
    weights: Weights = None,
    seed: int | None = None,
    name: str = "dense_relu",
) -> keras.Model:
    """Build a network of dense layers with rectified linear units.

    As it comes: 784-128-64-10, 109,386 parameters. ReLU is the activation of [1]_.

    Parameters
    ----------
    hidden_units : sequence of int, default (128, 64)
        Units of each hidden layer; any number of layers.
    input_shape : {(28, 28), (784,), (28, 28, 1)}, default (28, 28)
        Shape of one picture: of the pixels, flattened, or with a channel axis; values in [0, 1].
    classes : int, default 10
        Number of classes, at least 2.
    classifier_activation : {"softmax", None}, default "softmax"
        Activation of the last layer: probabilities, or with ``None`` logits.
    include_top : bool, default True
        Whether to end in the classifying layer; without it the model returns the last hidden layer.
    weights : "mnist" or path-like, optional
        ``"mnist"`` for the trained parameters that come with the package, which `model_card`
        describes; with other `classes`, or without top, the hidden layers have them and the last
        layer is drawn. Or a weights file (``.weights.h5`` or ``.keras``) of a model of this
        architecture. By default all parameters are drawn at random.
    seed : int, optional
        Seed of the initial parameters: equal seeds give equal models. At least 0.
    name : str, default "dense_relu"
        Name of the model.

    Returns
    -------
    keras.Model
        A functional model, not compiled, from ``(n, *input_shape)`` to float32 of shape
        ``(n, classes)``, or ``(n, hidden_units[-1])`` without top.

    Raises
    ------
    ValueError
        If an argument is out of its range, or ``weights="mnist"`` are of other hidden units; the
        message names it.
    ChecksumError
        If the package's own file of parameters is damaged.

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
    return _dense_model(
        architecture="dense_relu",
        hidden_units=hidden_units,
        hidden_activation="relu",
        dropout=0.0,
        input_shape=input_shape,
        classes=classes,
        classifier_activation=classifier_activation,
        include_top=include_top,
        weights=weights,
        seed=seed,
        name=name,
    )


def dense_relu_dropout(
    *,
    hidden_units: Sequence[int] = (128, 64),
    dropout: float = 0.2,
    input_shape: tuple[int, ...] = (28, 28),
    classes: int = 10,
    classifier_activation: ClassifierActivation = "softmax",
    include_top: bool = True,
    weights: Weights = None,
    seed: int | None = None,
    name: str = "dense_relu_dropout",
) -> keras.Model:
    """Build :func:`dense_relu` with dropout after each hidden layer.

    As it comes: 784-128-64-10, 109,386 parameters. ReLU is the activation of [1]_; dropout [2]_
    acts in training alone.

    Parameters
    ----------
    hidden_units : sequence of int, default (128, 64)
        Units of each hidden layer; any number of layers.
    dropout : float, default 0.2
        Fraction of each hidden layer's outputs that training sets to zero, in [0, 1).
    input_shape : {(28, 28), (784,), (28, 28, 1)}, default (28, 28)
        Shape of one picture: of the pixels, flattened, or with a channel axis; values in [0, 1].
    classes : int, default 10
        Number of classes, at least 2.
    classifier_activation : {"softmax", None}, default "softmax"
        Activation of the last layer: probabilities, or with ``None`` logits.
    include_top : bool, default True
        Whether to end in the classifying layer; without it the model returns the last hidden layer.
    weights : "mnist" or path-like, optional
        ``"mnist"`` for the trained parameters that come with the package, which `model_card`
        describes; with other `classes`, or without top, the hidden layers have them and the last
        layer is drawn. Or a weights file (``.weights.h5`` or ``.keras``) of a model of this
        architecture. By default all parameters are drawn at random.
    seed : int, optional
        Seed of the initial parameters and of dropout: equal seeds give equal models. At least 0.
    name : str, default "dense_relu_dropout"
        Name of the model.

    Returns
    -------
    keras.Model
        A functional model, not compiled, from ``(n, *input_shape)`` to float32 of shape
        ``(n, classes)``, or ``(n, hidden_units[-1])`` without top.

    Raises
    ------
    ValueError
        If an argument is out of its range, or ``weights="mnist"`` are of other hidden units; the
        message names it.
    ChecksumError
        If the package's own file of parameters is damaged.

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
    return _dense_model(
        architecture="dense_relu_dropout",
        hidden_units=hidden_units,
        hidden_activation="relu",
        dropout=dropout,
        input_shape=input_shape,
        classes=classes,
        classifier_activation=classifier_activation,
        include_top=include_top,
        weights=weights,
        seed=seed,
        name=name,
    )


def dense_sigmoid(
    *,
    hidden_units: Sequence[int] = (128, 256),
    input_shape: tuple[int, ...] = (28, 28),
    classes: int = 10,
    classifier_activation: ClassifierActivation = "softmax",
    include_top: bool = True,
    weights: Weights = None,
    seed: int | None = None,
    name: str = "dense_sigmoid",
) -> keras.Model:
    """Build a network of dense layers with logistic sigmoid units.

    As it comes: 784-128-256-10, 136,074 parameters. Such networks made back-propagation
    known [1]_.

    Parameters
    ----------
    hidden_units : sequence of int, default (128, 256)
        Units of each hidden layer; any number of layers.
    input_shape : {(28, 28), (784,), (28, 28, 1)}, default (28, 28)
        Shape of one picture: of the pixels, flattened, or with a channel axis; values in [0, 1].
    classes : int, default 10
        Number of classes, at least 2.
    classifier_activation : {"softmax", None}, default "softmax"
        Activation of the last layer: probabilities, or with ``None`` logits.
    include_top : bool, default True
        Whether to end in the classifying layer; without it the model returns the last hidden layer.
    weights : "mnist" or path-like, optional
        ``"mnist"`` for the trained parameters that come with the package, which `model_card`
        describes; with other `classes`, or without top, the hidden layers have them and the last
        layer is drawn. Or a weights file (``.weights.h5`` or ``.keras``) of a model of this
        architecture. By default all parameters are drawn at random.
    seed : int, optional
        Seed of the initial parameters: equal seeds give equal models. At least 0.
    name : str, default "dense_sigmoid"
        Name of the model.

    Returns
    -------
    keras.Model
        A functional model, not compiled, from ``(n, *input_shape)`` to float32 of shape
        ``(n, classes)``, or ``(n, hidden_units[-1])`` without top.

    Raises
    ------
    ValueError
        If an argument is out of its range, or ``weights="mnist"`` are of other hidden units; the
        message names it.
    ChecksumError
        If the package's own file of parameters is damaged.

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
    return _dense_model(
        architecture="dense_sigmoid",
        hidden_units=hidden_units,
        hidden_activation="sigmoid",
        dropout=0.0,
        input_shape=input_shape,
        classes=classes,
        classifier_activation=classifier_activation,
        include_top=include_top,
        weights=weights,
        seed=seed,
        name=name,
    )


# Every model of the zoo; a factory's own name is the name of its model.
_FACTORIES: dict[str, Callable[..., keras.Model]] = {
    factory.__name__: factory for factory in (linear, dense_relu, dense_relu_dropout, dense_sigmoid)
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
    >>> list_models()
    ['dense_relu', 'dense_relu_dropout', 'dense_sigmoid', 'linear']
    >>> list_models("*relu*")
    ['dense_relu', 'dense_relu_dropout']
    """
    return sorted(fnmatch.filter(_FACTORIES, pattern))


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
    >>> create_model("dense")
    Traceback (most recent call last):
    ...
    ValueError: name must be one of 'dense_relu', 'dense_relu_dropout', 'dense_sigmoid', 'linear'; \
got 'dense'
    """
    check_choice("name", name, list_models())
    return _FACTORIES[name](**options)


def _dense_model(
    *,
    architecture: str,
    hidden_units: Sequence[int],
    hidden_activation: Literal["relu", "sigmoid"],
    dropout: float,
    input_shape: tuple[int, ...],
    classes: int,
    classifier_activation: ClassifierActivation,
    include_top: bool,
    weights: Weights,
    seed: int | None,
    name: str,
) -> keras.Model:
    """Check every argument, then build the layers: what the factories have in common."""
    units = _check_hidden_units(hidden_units)
    dropout = check_fraction("dropout", dropout)
    check_choice("input_shape", input_shape, INPUT_SHAPES)
    classes = check_integer("classes", classes, 2)
    check_choice("classifier_activation", classifier_activation, get_args(ClassifierActivation))
    check_choice("include_top", include_top, (True, False))
    if seed is not None:
        seed = check_integer("seed", seed, 0)
    if weights == "mnist":
        shipped = tuple(pretrained.model_card(architecture).architecture["hidden_units"])
        if units != shipped:
            raise ValueError(
                f'hidden_units must be {shipped}, which weights="mnist" are of; got {units}'
            )
    elif weights is not None and not Path(weights).is_file():
        raise ValueError(
            f'weights must be None, "mnist" or the path of a weights file; got {weights!r}'
        )

    import keras

    # One stream for each layer: from one seed, layers would be drawn from the same numbers.
    stream = random.Random(seed)

    def dense(count: int, activation: str | None, layer_name: str) -> keras.layers.Dense:
        initializer = keras.initializers.GlorotUniform(seed=stream.getrandbits(31))
        return keras.layers.Dense(
            count, activation, kernel_initializer=initializer, name=layer_name
        )

    inputs = keras.Input(input_shape, name="pixels")
    outputs = keras.layers.Flatten(name="flatten")(inputs)
    for number, count in enumerate(units, start=1):
        outputs = dense(count, hidden_activation, f"hidden_{number}")(outputs)
        if dropout:
            outputs = keras.layers.Dropout(
                dropout, seed=stream.getrandbits(31), name=f"dropout_{number}"
            )(outputs)
    if include_top:
        outputs = dense(classes, classifier_activation, "predictions")(outputs)
    model = keras.Model(inputs, outputs, name=name)
    if weights == "mnist":
        parameters = pretrained.read_parameters(pretrained.model_card(architecture))
        pretrained.set_parameters(model, parameters, top=classes == TRAINED_CLASSES)
        setattr(model, TRAINED_ON, "mnist")
    elif weights is not None:
        model.load_weights(weights)
    return model


def _check_hidden_units(hidden_units: Sequence[int]) -> tuple[int, ...]:
    if not isinstance(hidden_units, Sequence) or isinstance(hidden_units, str):
        raise ValueError(
            f"hidden_units must be a sequence of integers, such as (128, 64); got {hidden_units!r}"
        )
    return tuple(check_integer("hidden_units", count, 1) for count in hidden_units)
