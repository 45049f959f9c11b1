"""What all factories share: their common arguments, and how a model is put together."""

from __future__ import annotations

import os
import random
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args

from mnist_zoo.arguments import check_choice, check_integer, check_seed
from mnist_zoo.data.datasets import MNIST
from mnist_zoo.models.shipped import ShippedWeights, read_parameters, set_parameters

if TYPE_CHECKING:
    import keras

ClassifierActivation = Literal["softmax", None]
Weights = str | os.PathLike[str] | None
Factory = TypeVar("Factory", bound=Callable[..., Any])

IMAGE_SHAPE = MNIST.image_shape
INPUT_SHAPES: tuple[tuple[int, ...], ...] = (IMAGE_SHAPE, (MNIST.pixels,), (*IMAGE_SHAPE, 1))
# The layer that classifies; without top a model ends before it.
TOP = "predictions"

SHARED_PARAMETERS = """
input_shape : {(28, 28), (784,), (28, 28, 1)}, default (28, 28)
    Shape of one picture: of the pixels, flattened, or with a channel axis; values in [0, 1].
input_tensor : keras.KerasTensor, optional
    What the model begins with in the place of pictures of `input_shape`: the output of other
    layers, which become part of the model. Of one of the shapes above.
classes : int, default 10
    Number of classes, at least 2.
classifier_activation : {"softmax", None}, default "softmax"
    Activation of the last layer: probabilities, or with ``None`` logits.
include_top : bool, default True
    Whether to end in the classifying layer. Without it the model returns the features which that
    layer would classify.
weights : "mnist" or path-like, optional
    ``"mnist"``: the trained parameters that come with the package, which `model_card` describes.
    With another number of `classes` the last layer is not among them: it is drawn at random. A
    path: a weights file (``.weights.h5`` or ``.keras``) of a model with the same layers. By
    default all parameters are drawn at random.
seed : int, optional
    Seed of the initial parameters, and of dropout if there is any: equal seeds give equal models.
    At least 0.
name : str, default "<name>"
    Name of the model.
"""
SHARED_RETURNS = """
keras.Model
    A functional model, not compiled, from ``(n, *input_shape)`` to float32 of shape
    ``(n, classes)``, or without top to the features, of shape ``(n, features)``.
"""
SHARED_RAISES = """
ValueError
    If an argument is out of its range, or the trained parameters are not of this architecture;
    the message names it.
ChecksumError
    If the package's own file of parameters is damaged.
"""


def documented(factory: Factory) -> Factory:
    """Complete a factory's docstring with what all factories share, where it says ``{shared_...}``.

    So the shared arguments are described once, and ``help`` and the API pages still have them all.
    """
    if factory.__doc__:  # `python -OO` takes docstrings away.
        shared = {
            "shared_parameters": SHARED_PARAMETERS.replace("<name>", factory.__name__),
            "shared_returns": SHARED_RETURNS,
            "shared_raises": SHARED_RAISES,
        }
        indented = {key: textwrap.indent(text, " " * 4).strip() for key, text in shared.items()}
        factory.__doc__ = factory.__doc__.format(**indented)
    return factory


class Seeds:
    """Seeds for the layers of one model, each other than the last, all decided by one seed."""

    def __init__(self, seed: int | None) -> None:
        self._stream = random.Random(seed)

    def next(self) -> int:
        """Return the next seed: of one seed, layers would be drawn from the same numbers."""
        return self._stream.getrandbits(31)


def build_model(
    shipped: ShippedWeights | None,
    features: Callable[[Any, Seeds], Any],
    *,
    input_shape: Sequence[int],
    input_tensor: keras.KerasTensor | None,
    classes: int,
    classifier_activation: ClassifierActivation,
    include_top: bool,
    weights: Weights,
    seed: int | None,
    name: str,
) -> keras.Model:
    """Check the shared arguments, and build a model: pictures, `features`, the classifying layer.

    Parameters
    ----------
    shipped : ShippedWeights or None
        What ``weights="mnist"`` means for this species.
    features : callable
        From the symbolic pictures and :class:`Seeds` to symbolic features of shape
        ``(n, features)``.
    input_shape, input_tensor, classes, classifier_activation, include_top, weights, seed, name
        As in the factories.

    Returns
    -------
    keras.Model
    """
    if input_tensor is not None:
        input_shape = _shape_of(input_tensor)
    if not isinstance(input_shape, int):
        input_shape = tuple(input_shape)
    check_choice("input_shape", input_shape, INPUT_SHAPES)
    classes = check_integer("classes", classes, 2)
    check_choice("classifier_activation", classifier_activation, get_args(ClassifierActivation))
    check_choice("include_top", include_top, (True, False))
    seed = check_seed(seed)
    if weights == "mnist" and shipped is None:
        raise ValueError(
            f"{name} has no trained parameters in the package: weights must be None or a path"
        )
    if weights not in (None, "mnist") and not Path(weights).is_file():
        raise ValueError(
            f'weights must be None, "mnist" or the path of a weights file; got {weights!r}'
        )

    import keras

    from mnist_zoo.models import provenance

    seeds = Seeds(seed)
    pixels = keras.Input(input_shape, name="pixels") if input_tensor is None else input_tensor
    outputs = features(pixels, seeds)
    if include_top:
        outputs = dense(classes, classifier_activation, TOP, seeds)(outputs)
    sources = keras.utils.get_source_inputs(pixels)
    model = keras.Model(sources[0] if len(sources) == 1 else sources, outputs, name=name)
    if weights == "mnist" and shipped is not None:
        parameters = read_parameters(shipped.file)
        # Another number of classes, or no top, leaves the classifying layer as it is.
        spare = [] if include_top and classes == MNIST.classes else [TOP]
        if input_tensor is not None:  # The layers before it have parameters of their own.
            spare += [layer.name for layer in keras.Model(sources, pixels).layers]
        set_parameters(model, parameters, spare=spare)
        provenance.record(model, provenance.shipped())
    elif weights is not None:
        try:
            model.load_weights(weights)
        except (ValueError, OSError, KeyError) as error:
            reason = str(error).strip().split("\n")[0]
            raise ValueError(
                f"weights: {os.fspath(weights)} is damaged, or of another architecture ({reason})"
            ) from error
        provenance.record(model, provenance.read_note(weights))
    return model


def _shape_of(tensor: Any) -> tuple[int, ...]:
    """Return the shape of one picture in a symbolic tensor of pictures."""
    import keras

    if not isinstance(tensor, keras.KerasTensor):
        raise ValueError(
            "input_tensor must be a Keras tensor: keras.Input(...), or the output of a layer that "
            f"was applied to one; got {type(tensor).__name__}"
        )
    return tuple(tensor.shape[1:])


def dense(units: int, activation: str | None, name: str, seeds: Seeds) -> keras.layers.Dense:
    """Return a dense layer with Glorot's uniform initial weights, drawn from a seed of its own."""
    import keras

    initializer = keras.initializers.GlorotUniform(seed=seeds.next())
    return keras.layers.Dense(units, activation, kernel_initializer=initializer, name=name)
