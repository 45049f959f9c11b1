"""Checks of digits and labels against the model that is to take them.

Each error says what to change. Most of these mistakes train without a word on some Keras backend.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnist_zoo.data.datasets import Dataset
from mnist_zoo.data.fingerprints import fingerprints
from mnist_zoo.data.loading import Mnist
from mnist_zoo.evaluation.splits import Pair, as_pair
from mnist_zoo.evaluation.unseen import check_disjoint, check_unseen
from mnist_zoo.models import provenance
from mnist_zoo.models.outputs import OutputKind, output_kind

if TYPE_CHECKING:
    import keras

#: What is trained and tested on: two splits, each a pair of arrays, or batches of such pairs.
Data = Mnist | tuple[Pair | Iterable[Any], Pair | Iterable[Any]]
LabelKind = Literal["integers", "one-hot"]

# Standardised pixels (minus the mean, over the standard deviation) reach 2.8.
LARGEST_PIXEL = 8.0
# The largest value of [0, 1] pixels that were divided by 255 once more, with room for the rounding
# of bfloat16, the coarsest type.
TWICE_DIVIDED = 1.01 / 255.0
# Layers and operations by which a model may bring pixels into its own range.
SCALES = ("Rescaling", "Normalization", "Divide", "TrueDivide")


class CheckedTest(NamedTuple):
    """A test split that suits a model."""

    x: Any
    y: Any
    dataset: Dataset | None


class CheckedData(NamedTuple):
    """A training split that suits a model, and what is known of it.

    Attributes
    ----------
    x, y : array
        Pictures and labels.
    labels : {"integers", "one-hot"}
        What kind of labels there are.
    output : {"probabilities", "logits"}
        What the model returns.
    seen : Seen
        Fingerprints of the training digits, and the name of their data set.
    test : CheckedTest
        The test split.
    """

    x: NDArray[Any]
    y: NDArray[Any]
    labels: LabelKind
    output: OutputKind
    seen: provenance.Seen
    test: CheckedTest


def collected(data: Any) -> Any:
    """Return `data` with a test split that can be read twice, and has one order."""
    if isinstance(data, Mnist):
        return data
    train, test = _splits(data)
    return train, as_pair("test", test)


def check_test_data(model: keras.Model, data: Data) -> CheckedTest:
    """Return the test split of `data`, after a check that it suits the model and is unseen."""
    _, test = _splits(data)
    return _check_test(model, *as_pair("test", test), data)


def check_training_data(model: keras.Model, data: Data) -> CheckedData:
    """Return both splits of `data`, after a check that they suit the model and each other."""
    train, test_split = _splits(data)
    x, y = as_pair("train", train)
    x = in_shape_of(model, x)
    labels = check_split("train", x, y, model)
    test = _check_test(model, *as_pair("test", test_split), data)
    digits = np.unique(fingerprints(x))
    check_disjoint(test.x, digits)
    source = test.dataset.name if test.dataset else provenance.ARRAYS
    return CheckedData(
        x=x,
        y=y,
        labels=labels,
        output=output_kind(model, x),
        seen=provenance.Seen(frozenset({source}), digits),
        test=test,
    )


def _check_test(model: keras.Model, x: Any, y: Any, data: Data) -> CheckedTest:
    x = in_shape_of(model, x)
    check_split("test", x, y, model)
    check_unseen(x, provenance.seen_by(model))
    return CheckedTest(x, y, data.dataset if isinstance(data, Mnist) else None)


def _splits(data: Any) -> tuple[Any, Any]:
    """Return the training split and the test split of `data`, as they are."""
    try:
        train, test = data
    except (TypeError, ValueError):
        raise ValueError(
            "data must unpack as (x_train, y_train), (x_test, y_test), as load_mnist() does; "
            f"got {type(data).__name__}"
        ) from None
    return train, test


def in_shape_of(model: keras.Model, x: Any) -> Any:
    """Return pictures in the shape of the model's input, if they differ in axes alone.

    So (n, 28, 28) suits models of (28, 28), (784,), (28, 28, 1) and (1, 28, 28). Pictures of any
    other shape are returned as they are.
    """
    wanted = getattr(model, "input_shape", None)
    if not isinstance(wanted, tuple) or x.ndim < 2:
        return x
    one, here = tuple(wanted[1:]), x.shape[1:]
    if len(one) == len(here) + 1 and one[-1] in (1, None) and None in one:
        return x[..., None]  # A model of pictures of any size.
    if None in one or math.prod(one) != math.prod(here):
        return x
    sides = [tuple(side for side in shape if side != 1) for shape in (one, here)]
    return x.reshape(len(x), *one) if sides[0] == sides[1] or 1 in map(len, sides) else x


def check_split(name: str, x: Any, y: Any, model: keras.Model) -> LabelKind:
    """Check one split against the model; return what kind of labels it has."""
    if not len(x) or len(x) != len(y):
        raise ValueError(
            f"x_{name} and y_{name} must be of one length, and not empty; "
            f"got {len(x)} pictures and {len(y)} labels"
        )
    _check_pixels(name, x, model)
    return _check_labels(name, y, _classes(name, x, model))


def _classes(name: str, x: NDArray[Any], model: keras.Model) -> int:
    """Return the number of the model's outputs, having checked that it takes these pictures."""
    import keras

    wanted = getattr(model, "input_shape", None)  # None: a model of no fixed shape.
    if isinstance(wanted, tuple):
        fits = len(wanted) == x.ndim and all(
            want in (None, have) for want, have in zip(wanted[1:], x.shape[1:], strict=True)
        )
        if not fits:
            raise ValueError(
                f"x_{name} must be of shape {wanted} as the model's input is, None for any number; "
                f"got {x.shape}. The pictures must have as many pixels as the model takes"
            )
    shape = getattr(model, "output_shape", None) or model(keras.Input(x.shape[1:])).shape
    if not (isinstance(shape, tuple) and len(shape) == 2 and shape[1] >= 2):
        raise ValueError(f"the model must return an array of shape (n, classes); got {shape}")
    return int(shape[1])


def _scales_pixels(model: Any) -> bool:
    """Say whether a model, or a model within it, may bring pixels into its own range."""
    parts = [*getattr(model, "layers", ()), *getattr(model, "operations", ())]
    return any(
        any(kind.__name__ in SCALES for kind in type(part).__mro__)
        or (part is not model and _scales_pixels(part))
        for part in parts
    )


def _check_pixels(name: str, x: NDArray[Any], model: keras.Model) -> None:
    if x.dtype.kind not in "biuf" and x.dtype.name != "bfloat16":
        raise ValueError(f"x_{name} must be numbers; got {x.dtype}")
    low, high = float(x.min()), float(x.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ValueError(f"x_{name} must be finite; got NaN or infinite pixels")
    if _scales_pixels(model):
        return
    if high > LARGEST_PIXEL:
        raise ValueError(
            f"x_{name} must have its pixels in [0, 1]; got {low:g}..{high:g}, which looks like "
            "0..255. Divide by 255, use load_mnist(), or begin the model with a Rescaling layer"
        )
    if low >= 0.0 and 0.0 < high <= TWICE_DIVIDED:
        raise ValueError(
            f"x_{name} must have its pixels in [0, 1]; got {low:g}..{high:g}, which looks like "
            "[0, 1] divided by 255 once more: load_mnist() has scaled them already"
        )


def _check_labels(name: str, y: NDArray[Any], classes: int) -> LabelKind:
    if y.ndim == 2 and y.shape[1] == classes:
        # A one in each row, and nothing else: compared without a copy in another type.
        if np.all((y == 0) | (y == 1)) and np.all(np.count_nonzero(y, axis=1) == 1):
            return "one-hot"
        raise ValueError(f"y_{name} must have a single 1 in each row, and else 0")
    if y.ndim != 1 or y.dtype.kind not in "iu":
        raise ValueError(
            f"y_{name} must be integers of shape (n,), or one-hot rows of shape (n, {classes}) as "
            f"the model has {classes} outputs; got {y.dtype} of shape {y.shape}"
        )
    if y.min() < 0 or y.max() >= classes:
        raise ValueError(
            f"y_{name} must be in 0..{classes - 1}, the model's classes; got {y.min()}..{y.max()}"
        )
    return "integers"


def as_classes(labels: Any) -> NDArray[np.int64]:
    """Return integer labels, whichever kind came."""
    array = np.asarray(labels)
    return (array.argmax(axis=1) if array.ndim == 2 else array).astype(np.int64)
