"""Checks of labels, predictions and probabilities; each error names the argument."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Labels = NDArray[np.int64]
Floats = NDArray[np.float64]

# float16 probabilities of ten classes are off by at most about 5e-3 in sum.
ROW_SUM_TOLERANCE = 1e-2


def check_confidence(confidence: float) -> None:
    """Raise ``ValueError`` unless `confidence` is in (0, 1)."""
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must be in (0, 1); got {confidence!r}")


def check_classes(argument: str, values: ArrayLike) -> Labels:
    """Return classes as int64 of shape ``(n,)``, after a check that they are integers."""
    array = np.asarray(values)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise ValueError(
            f"{argument} must be integers of shape (n,); got {array.dtype} of shape {array.shape}"
        )
    if array.size == 0:
        raise ValueError(f"{argument} must hold at least one digit; got none")
    return array.astype(np.int64)


def check_pair(labels: ArrayLike, others: ArrayLike, argument: str) -> tuple[Labels, Labels]:
    """Return two arrays of classes, having checked that they are of one length."""
    truth, other = check_classes("labels", labels), check_classes(argument, others)
    if len(truth) != len(other):
        raise ValueError(
            f"labels and {argument} must be of one length; got {len(truth)} and {len(other)}"
        )
    return truth, other


def check_range(argument: str, values: Labels, classes: int) -> None:
    """Raise ``ValueError`` unless all values are in ``0..classes-1``."""
    if values.min() < 0 or values.max() >= classes:
        raise ValueError(
            f"{argument} must be in 0..{classes - 1}; got {values.min()}..{values.max()}"
        )


def check_probabilities(labels: ArrayLike, probabilities: ArrayLike) -> tuple[Labels, Floats]:
    """Return labels and float64 probabilities, after a check that each row sums to 1."""
    truth = check_classes("labels", labels)
    rows = np.asarray(probabilities, np.float64)
    if rows.ndim != 2 or len(rows) != len(truth):
        raise ValueError(
            f"probabilities must be of shape ({len(truth)}, classes), a row for each label; "
            f"got shape {rows.shape}"
        )
    check_range("labels", truth, rows.shape[1])
    if not (rows.min() >= 0.0 and np.all(np.abs(rows.sum(axis=1) - 1.0) < ROW_SUM_TOLERANCE)):
        raise ValueError(
            "probabilities must be at least 0 and sum to 1 in each row; got values "
            f"{rows.min():g}..{rows.max():g}, sums {rows.sum(axis=1).min():g}.."
            f"{rows.sum(axis=1).max():g}. Logits? Take their softmax first"
        )
    return truth, rows
