"""Do the digits, the labels, the model's output and its loss agree? If not, say what to change.

Each of these mismatches trains without a word on some Keras backend, on the wrong quantity.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import keras

LabelKind = Literal["integers", "one-hot"]
OutputKind = Literal["probabilities", "logits"]

# The labels each of Keras's losses is made for. A loss that is not here is taken as it is.
LOSS_LABELS: dict[str, LabelKind] = {
    "sparse_categorical_crossentropy": "integers",
    "categorical_crossentropy": "one-hot",
    "categorical_focal_crossentropy": "one-hot",
    "binary_crossentropy": "one-hot",
    "binary_focal_crossentropy": "one-hot",
    "kl_divergence": "one-hot",
    "mean_squared_error": "one-hot",
    "mean_absolute_error": "one-hot",
    "categorical_hinge": "one-hot",
}
LABELS_FOR: dict[LabelKind, str] = {
    "integers": "load_mnist(one_hot=False)",
    "one-hot": "load_mnist(one_hot=True)",
}
# Losses that look at probabilities or logits, as their from_logits says.
FROM_LOGITS = {name for name in LOSS_LABELS if name.endswith("crossentropy")}
# What the activation of the last layer makes of its output.
OUTPUT_OF: dict[str, OutputKind] = {"softmax": "probabilities", "linear": "logits"}

# Standardised pixels (minus the mean, over the standard deviation) reach 2.8.
LARGEST_PIXEL = 8.0
# The digits whose output is looked at where no layer says what it is.
PROBED = 32


def check_structure(data: Any) -> tuple[Any, Any]:
    """Return the two splits of `data`, each of them a pair of an array and its labels."""
    try:
        (x_train, y_train), (x_test, y_test) = data
    except (TypeError, ValueError):
        raise ValueError(
            "data must unpack as (x_train, y_train), (x_test, y_test), as load_mnist() does; "
            f"got {type(data).__name__}"
        ) from None
    if x_train is x_test:
        raise ValueError("the training split and the test split of data must not be the same array")
    return (x_train, y_train), (x_test, y_test)


def check_split(name: str, x: Any, y: Any, model: keras.Model) -> LabelKind:
    """Check one split against the model; return what kind of labels it has."""
    x, y = np.asarray(x), np.asarray(y)
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
        agrees = len(wanted) == x.ndim and all(
            want in (None, have) for want, have in zip(wanted[1:], x.shape[1:], strict=True)
        )
        if not agrees:
            raise ValueError(
                f"x_{name} must be of shape {wanted} as the model's input is, None for any number; "
                f"got {x.shape}. load_mnist(flatten=...) and input_shape=... of a model set the two"
            )
    shape = getattr(model, "output_shape", None) or model(keras.Input(x.shape[1:])).shape
    if not (isinstance(shape, tuple) and len(shape) == 2 and shape[1] >= 2):
        raise ValueError(f"the model must return an array of shape (n, classes); got {shape}")
    return int(shape[1])


def _check_pixels(name: str, x: NDArray[Any], model: keras.Model) -> None:
    import keras

    if x.dtype.kind not in "biuf" and x.dtype.name != "bfloat16":
        raise ValueError(f"x_{name} must be numbers; got {x.dtype}")
    low, high = float(x.min()), float(x.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ValueError(f"x_{name} must be finite; got NaN or infinite pixels")
    scales = (keras.layers.Rescaling, keras.layers.Normalization)
    if any(isinstance(layer, scales) for layer in model.layers):
        return
    if high > LARGEST_PIXEL:
        raise ValueError(
            f"x_{name} must have its pixels in [0, 1]; got {low:g}..{high:g}, which looks like "
            "0..255. Divide by 255, use load_mnist(), or begin the model with a Rescaling layer"
        )
    if low >= 0.0 and 0.0 < high <= 1.0 / 255.0:
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


def output_kind(model: keras.Model, x: Any) -> OutputKind:
    """Tell whether the model returns probabilities or logits, by its last layer or by trying."""
    import keras

    last = model.layers[-1] if model.layers else model
    if isinstance(last, keras.layers.Softmax):
        return "probabilities"
    activation = getattr(last, "activation", None)
    if activation is None:
        outputs = np.asarray(model.predict_on_batch(x[:PROBED]), np.float64)
        rows_sum_to_one = np.all(np.abs(outputs.sum(axis=1) - 1.0) < 1e-3)
        return "probabilities" if rows_sum_to_one and outputs.min() >= 0.0 else "logits"
    name = getattr(activation, "__name__", str(activation))
    if name not in OUTPUT_OF:
        raise ValueError(
            f"the model must end in a softmax, or in no activation (logits); got {name}, whose "
            "outputs are not the probabilities of classes"
        )
    return OUTPUT_OF[name]


def check_loss(loss: Any, labels: LabelKind, output: OutputKind) -> None:
    """Raise ``ValueError`` if a compiled loss is not for these labels or this output."""
    import keras

    if isinstance(loss, Sequence) and not isinstance(loss, str) and len(loss) == 1:
        loss = loss[0]
    resolved = keras.losses.get(loss) if isinstance(loss, str) else loss
    name = getattr(getattr(resolved, "fn", resolved), "__name__", None)
    if name not in LOSS_LABELS:
        return
    if LOSS_LABELS[name] != labels:
        other = "categorical_" if labels == "one-hot" else "sparse_categorical_"
        raise ValueError(
            f"the model is compiled with the loss {name}, which is for {LOSS_LABELS[name]} labels, "
            f"and the labels are {labels}: compile it with {other}crossentropy, or use "
            f"{LABELS_FOR[LOSS_LABELS[name]]}"
        )
    if name not in FROM_LOGITS:
        return
    config = resolved.get_config() if isinstance(resolved, keras.losses.Loss) else {}
    expects: OutputKind = "logits" if config.get("from_logits", False) else "probabilities"
    if expects != output:
        raise ValueError(
            f"the model is compiled with the loss {name}(from_logits={expects == 'logits'}), "
            f"which is for {expects}, and the model returns {output}: compile it with "
            f"from_logits={output == 'logits'}, or build it with "
            f"classifier_activation={'None' if output == 'probabilities' else repr('softmax')}"
        )


def loss_for(
    labels: LabelKind, output: OutputKind, reduction: str = "sum_over_batch_size"
) -> keras.losses.Loss:
    """Return the cross-entropy for these labels and this output; by default the batch's mean."""
    import keras

    kinds = {
        "integers": keras.losses.SparseCategoricalCrossentropy,
        "one-hot": keras.losses.CategoricalCrossentropy,
    }
    return kinds[labels](from_logits=output == "logits", reduction=reduction)
