"""Losses: which one fits labels and outputs, and whether a given one does.

A loss that does not fit trains without a word on some Keras backend, on the wrong quantity.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mnist_zoo.evaluation.inputs import LabelKind
from mnist_zoo.models.outputs import OutputKind

if TYPE_CHECKING:
    import keras

# The labels that each of Keras's losses is made for. A loss that is not here is taken as it is.
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
    "huber": "one-hot",
    "log_cosh": "one-hot",
    "poisson": "one-hot",
    "mean_squared_logarithmic_error": "one-hot",
    "mean_absolute_percentage_error": "one-hot",
    "dice": "one-hot",
    "tversky": "one-hot",
}
LABELS: dict[LabelKind, str] = {"integers": "integers", "one-hot": "one-hot rows"}
LABELS_FOR: dict[LabelKind, str] = {
    "integers": "load_mnist(one_hot=False)",
    "one-hot": "load_mnist(one_hot=True)",
}
# Losses that look at probabilities or logits, as their from_logits says.
FROM_LOGITS = {name for name in LOSS_LABELS if name.endswith("crossentropy")}


def check_loss(loss: Any, labels: LabelKind, output: OutputKind) -> None:
    """Raise ``ValueError`` if a compiled loss is not for these labels or this output."""
    import keras

    if isinstance(loss, Mapping):
        loss = list(loss.values())
    if isinstance(loss, Sequence) and not isinstance(loss, str) and len(loss) == 1:
        loss = loss[0]
    resolved = keras.losses.get(loss) if isinstance(loss, str) else loss
    name = getattr(getattr(resolved, "fn", resolved), "__name__", None)
    if name not in LOSS_LABELS:
        return
    if LOSS_LABELS[name] != labels:
        other = "categorical_" if labels == "one-hot" else "sparse_categorical_"
        raise ValueError(
            f"the loss {name} is for {LABELS[LOSS_LABELS[name]]}, and the labels are "
            f"{LABELS[labels]}: use {other}crossentropy, or {LABELS_FOR[LOSS_LABELS[name]]}"
        )
    if name not in FROM_LOGITS:
        return
    config = resolved.get_config() if isinstance(resolved, keras.losses.Loss) else {}
    expects: OutputKind = "logits" if config.get("from_logits", False) else "probabilities"
    if expects != output:
        raise ValueError(
            f"the loss {name}(from_logits={expects == 'logits'}) is for {expects}, and the model "
            f"returns {output}: use from_logits={output == 'logits'}, or build the model with "
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
