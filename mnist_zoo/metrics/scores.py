"""How often a model is right, class by class, and how sure it is of the true class."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mnist_zoo.arguments import check_integer
from mnist_zoo.metrics.arguments import (
    Floats,
    Labels,
    check_pair,
    check_probabilities,
    check_range,
)


class ClassReport(NamedTuple):
    """Measures of each class; 0 where the denominator is 0.

    Attributes
    ----------
    precision : ndarray of float64, shape (classes,)
        Share of the digits predicted as the class that belong to it.
    recall : ndarray of float64, shape (classes,)
        Share of the digits of the class that are predicted as it.
    f1 : ndarray of float64, shape (classes,)
        Harmonic mean of precision and recall.
    support : ndarray of int64, shape (classes,)
        Number of digits of the class.
    """

    precision: Floats
    recall: Floats
    f1: Floats
    support: Labels


def accuracy(labels: ArrayLike, predictions: ArrayLike) -> float:
    """Return the fraction of predictions that equal their label.

    Parameters
    ----------
    labels, predictions : array_like of int, shape (n,)
        True and predicted classes.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    ValueError
        If the arrays are empty, not integers, or not of one length.

    Examples
    --------
    >>> accuracy([7, 2, 1, 0], [7, 2, 1, 6])
    0.75
    """
    truth, predicted = check_pair(labels, predictions, "predictions")
    return float(np.mean(truth == predicted))


def top_k_accuracy(labels: ArrayLike, probabilities: ArrayLike, k: int = 2) -> float:
    """Return the fraction of labels that are among the `k` most probable classes.

    Of equally probable classes the lower one counts as more probable, as in ``numpy.argmax``:
    with ``k=1`` this is the accuracy of ``probabilities.argmax(axis=1)``.

    Parameters
    ----------
    labels : array_like of int, shape (n,)
        True classes.
    probabilities : array_like of float, shape (n, classes)
        Predicted probabilities.
    k : int, default 2
        In 1..classes.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    ValueError
        If an argument is not as described.

    Examples
    --------
    >>> top_k_accuracy([0, 1], [[0.2, 0.5, 0.3], [0.1, 0.6, 0.3]], k=2)
    0.5
    """
    truth, rows = check_probabilities(labels, probabilities)
    if check_integer("k", k, 1) > rows.shape[1]:
        raise ValueError(f"k must be at most the number of classes, {rows.shape[1]}; got {k}")
    of_label = rows[np.arange(len(truth)), truth][:, None]
    tied_before = (rows == of_label) & (np.arange(rows.shape[1]) < truth[:, None])
    rank = np.sum((rows > of_label) | tied_before, axis=1)
    return float(np.mean(rank < k))


def confusion_matrix(labels: ArrayLike, predictions: ArrayLike, classes: int = 10) -> Labels:
    """Count the digits of each true class (row) by predicted class (column).

    Parameters
    ----------
    labels, predictions : array_like of int, shape (n,)
        True and predicted classes, in ``0..classes-1``.
    classes : int, default 10
        Number of classes, whether or not all of them occur.

    Returns
    -------
    ndarray of int64, shape (classes, classes)

    Raises
    ------
    ValueError
        If an argument is not as described.

    Examples
    --------
    >>> confusion_matrix([0, 1, 1], [0, 0, 1], classes=2)
    array([[1, 0],
           [1, 1]])
    """
    truth, predicted = check_pair(labels, predictions, "predictions")
    classes = check_integer("classes", classes, 1)
    for argument, values in (("labels", truth), ("predictions", predicted)):
        check_range(argument, values, classes)
    counts = np.bincount(truth * classes + predicted, minlength=classes * classes)
    return counts.reshape(classes, classes).astype(np.int64)


def class_report(labels: ArrayLike, predictions: ArrayLike, classes: int = 10) -> ClassReport:
    """Return the precision, recall, F1 and support of every class.

    Parameters
    ----------
    labels, predictions : array_like of int, shape (n,)
        True and predicted classes, in ``0..classes-1``.
    classes : int, default 10
        Number of classes, whether or not all of them occur.

    Returns
    -------
    ClassReport
        Arrays of shape ``(classes,)``.

    Raises
    ------
    ValueError
        If an argument is not as described.

    Examples
    --------
    >>> class_report([0, 1, 1], [0, 0, 1], classes=2).precision
    array([0.5, 1. ])
    """
    counts = confusion_matrix(labels, predictions, classes)
    right = np.diag(counts).astype(np.float64)
    support, predicted = counts.sum(axis=1), counts.sum(axis=0)
    return ClassReport(
        precision=_ratio(right, predicted),
        recall=_ratio(right, support),
        f1=_ratio(2 * right, support + predicted),
        support=support,
    )


def log_loss(labels: ArrayLike, probabilities: ArrayLike) -> float:
    r"""Return the mean cross-entropy, in nats.

    It is :math:`-\frac1n \sum_i \ln p_{i,y_i}`. A probability of 0 for the true class counts as
    the smallest positive normal number of the array's type (its logarithm is about -87 for
    float32), so that the result is finite.

    Parameters
    ----------
    labels : array_like of int, shape (n,)
        True classes.
    probabilities : array_like of float, shape (n, classes)
        Predicted probabilities.

    Returns
    -------
    float
        At least 0; ``ln(classes)`` for a model that knows nothing.

    Raises
    ------
    ValueError
        If an argument is not as described.

    Examples
    --------
    >>> round(log_loss([0, 1], [[0.5, 0.5], [0.25, 0.75]]), 4)
    0.4904
    """
    truth, rows = check_probabilities(labels, probabilities)
    kind = np.asarray(probabilities).dtype
    least = np.finfo(kind if kind.kind == "f" else np.float64).tiny
    of_label = rows[np.arange(len(truth)), truth]
    return float(np.mean(-np.log(np.clip(of_label, least, 1.0))))


def _ratio(above: NDArray[Any], below: NDArray[Any]) -> Floats:
    """Divide, with 0 where there is nothing below."""
    ratios: Floats = np.divide(above, below, out=np.zeros(len(below)), where=below > 0)
    return ratios
