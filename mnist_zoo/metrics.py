"""Numbers from labels and probabilities: pure functions over NumPy arrays.

Arguments come in scikit-learn's order, the truth first. ``labels`` and ``predictions`` are
integers of shape ``(n,)`` in ``0..classes-1``; ``probabilities`` are floats of shape
``(n, classes)`` in [0, 1] whose rows sum to 1. Every function needs at least one digit and
raises ``ValueError``, naming the argument, where it does not get what it expects.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import binomtest

from mnist_zoo._checks import check_integer

__all__ = [
    "Calibration",
    "ClassReport",
    "Interval",
    "McNemar",
    "accuracy",
    "brier_score",
    "class_report",
    "confusion_matrix",
    "expected_calibration_error",
    "log_loss",
    "mcnemar_test",
    "paired_difference_interval",
    "top_k_accuracy",
    "wilson_interval",
]

Labels = NDArray[np.int64]
Floats = NDArray[np.float64]

# float16 probabilities of ten classes are off by at most about 5e-3 in sum.
ROW_SUM_TOLERANCE = 1e-2


class Interval(NamedTuple):
    """A confidence interval."""

    low: float
    high: float


class ClassReport(NamedTuple):
    """Per-class measures, arrays of shape ``(classes,)``; 0 where a ratio has no digits below."""

    precision: Floats
    """Of the digits predicted to be of the class, the fraction that are."""
    recall: Floats
    """Of the digits of the class, the fraction predicted to be."""
    f1: Floats
    """Harmonic mean of precision and recall."""
    support: Labels
    """Number of digits of the class."""


class Calibration(NamedTuple):
    """The expected calibration error and the bins it is the mean of."""

    error: float
    """Expected calibration error, in [0, 1]."""
    edges: Floats
    """Edges of the bins of confidence, shape ``(bins + 1,)``, from 0 to 1."""
    counts: Labels
    """Digits in each bin, shape ``(bins,)``."""
    accuracy: Floats
    """Fraction right in each bin, shape ``(bins,)``; NaN where a bin is empty."""
    confidence: Floats
    """Mean confidence in each bin, shape ``(bins,)``; NaN where a bin is empty."""


class McNemar(NamedTuple):
    """Exact McNemar test between two models on the same digits."""

    only_a: int
    """Digits that only the first model has right."""
    only_b: int
    """Digits that only the second model has right."""
    p_value: float
    """Two-sided probability of a split at least as uneven, were the models equally good."""


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
    truth, predicted = _check_pair(labels, predictions, "predictions")
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
    truth, rows = _check_probabilities(labels, probabilities)
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
    truth, predicted = _check_pair(labels, predictions, "predictions")
    classes = check_integer("classes", classes, 1)
    for argument, values in (("labels", truth), ("predictions", predicted)):
        _check_range(argument, values, classes)
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
    truth, rows = _check_probabilities(labels, probabilities)
    kind = np.asarray(probabilities).dtype
    least = np.finfo(kind if kind.kind == "f" else np.float64).tiny
    of_label = rows[np.arange(len(truth)), truth]
    return float(np.mean(-np.log(np.clip(of_label, least, 1.0))))


def brier_score(labels: ArrayLike, probabilities: ArrayLike) -> float:
    r"""Return the Brier score: the mean squared error of the probabilities.

    It is :math:`\frac1n \sum_i \sum_c (p_{i,c} - [y_i = c])^2`, Brier's own form [1]_, summed over
    the classes; for two classes it is twice the form that looks at one of them alone.

    Parameters
    ----------
    labels : array_like of int, shape (n,)
        True classes.
    probabilities : array_like of float, shape (n, classes)
        Predicted probabilities.

    Returns
    -------
    float
        In [0, 2]; 0 is perfect.

    Raises
    ------
    ValueError
        If an argument is not as described.

    References
    ----------
    .. [1] G. W. Brier, "Verification of forecasts expressed in terms of probability", Monthly
       Weather Review 78(1), 1-3, 1950.

    Examples
    --------
    >>> brier_score([0, 1], [[1.0, 0.0], [0.5, 0.5]])
    0.25
    """
    truth, rows = _check_probabilities(labels, probabilities)
    right = np.arange(rows.shape[1]) == truth[:, None]
    return float(np.mean(np.sum((rows - right) ** 2, axis=1)))


def expected_calibration_error(
    labels: ArrayLike, probabilities: ArrayLike, bins: int = 15
) -> Calibration:
    r"""Return how far confidence is from accuracy, in bins of equal width.

    The confidence of a prediction is its largest probability [1]_. With :math:`B_m` the digits
    whose confidence lies in :math:`((m-1)/M, m/M]`, the error is
    :math:`\sum_m \frac{|B_m|}{n} |\mathrm{acc}(B_m) - \mathrm{conf}(B_m)|`.

    Parameters
    ----------
    labels : array_like of int, shape (n,)
        True classes.
    probabilities : array_like of float, shape (n, classes)
        Predicted probabilities.
    bins : int, default 15
        Number of bins :math:`M`, at least 1.

    Returns
    -------
    Calibration
        The error, and for each bin its count, accuracy and mean confidence.

    Raises
    ------
    ValueError
        If an argument is not as described.

    References
    ----------
    .. [1] C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger, "On calibration of modern neural
       networks", ICML 2017, PMLR 70, 1321-1330.

    Examples
    --------
    >>> result = expected_calibration_error([0, 0], [[0.9, 0.1], [0.2, 0.8]], bins=2)
    >>> round(result.error, 3), result.counts
    (0.35, array([0, 2]))
    """
    truth, rows = _check_probabilities(labels, probabilities)
    bins = check_integer("bins", bins, 1)
    confidence = np.minimum(rows.max(axis=1), 1.0)
    right = rows.argmax(axis=1) == truth
    edges = np.linspace(0.0, 1.0, bins + 1)
    bin_of = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    counts = np.bincount(bin_of, minlength=bins)
    with np.errstate(invalid="ignore"):  # An empty bin has no mean: 0 / 0 is NaN.
        bin_accuracy = np.bincount(bin_of, right, bins) / counts
        bin_confidence = np.bincount(bin_of, confidence, bins) / counts
    error = np.nansum(counts * np.abs(bin_accuracy - bin_confidence)) / len(truth)
    return Calibration(float(error), edges, counts.astype(np.int64), bin_accuracy, bin_confidence)


def wilson_interval(successes: int, trials: int, confidence: float = 0.95) -> Interval:
    """Return Wilson's score interval for a proportion.

    Unlike the textbook's plus or minus, it holds near 0 and 1 and for few trials [1]_.

    Parameters
    ----------
    successes : int
        In 0..trials: for an accuracy, the digits that are right.
    trials : int
        At least 1: the digits.
    confidence : float, default 0.95
        In (0, 1).

    Returns
    -------
    Interval
        ``low`` and ``high``, in [0, 1].

    Raises
    ------
    ValueError
        If an argument is out of its range.

    References
    ----------
    .. [1] E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
       Journal of the American Statistical Association 22(158), 209-212, 1927.

    Examples
    --------
    >>> low, high = wilson_interval(9773, 10000)
    >>> f"{low:.4f} to {high:.4f}"
    '0.9742 to 0.9800'
    """
    trials = check_integer("trials", trials, 1)
    if check_integer("successes", successes, 0) > trials:
        raise ValueError(f"successes must be at most trials, {trials}; got {successes}")
    _check_confidence(confidence)
    interval = binomtest(int(successes), trials).proportion_ci(confidence, method="wilson")
    return Interval(float(interval.low), float(interval.high))


def mcnemar_test(labels: ArrayLike, predictions_a: ArrayLike, predictions_b: ArrayLike) -> McNemar:
    """Test whether two models differ in accuracy, by the digits that only one has right.

    This is McNemar's test [1]_, exact. Were the models equally good, each such digit would be a
    fair coin's toss: the p-value is the exact two-sided binomial one, and 1 where there is no such
    digit.

    Parameters
    ----------
    labels : array_like of int, shape (n,)
        True classes.
    predictions_a, predictions_b : array_like of int, shape (n,)
        The classes that each model predicts for the same digits.

    Returns
    -------
    McNemar
        The two counts and the p-value.

    Raises
    ------
    ValueError
        If the arrays are empty, not integers, or not of one length.

    References
    ----------
    .. [1] Q. McNemar, "Note on the sampling error of the difference between correlated
       proportions or percentages", Psychometrika 12(2), 153-157, 1947.

    Examples
    --------
    >>> mcnemar_test([1, 1, 1, 1], [1, 1, 1, 1], [1, 0, 0, 0])
    McNemar(only_a=3, only_b=0, p_value=0.25)
    """
    truth, predicted_a = _check_pair(labels, predictions_a, "predictions_a")
    _, predicted_b = _check_pair(labels, predictions_b, "predictions_b")
    right_a, right_b = predicted_a == truth, predicted_b == truth
    only_a, only_b = int(np.sum(right_a & ~right_b)), int(np.sum(right_b & ~right_a))
    p_value = float(binomtest(only_a, only_a + only_b).pvalue) if only_a + only_b else 1.0
    return McNemar(only_a, only_b, p_value)


def paired_difference_interval(
    labels: ArrayLike,
    predictions_a: ArrayLike,
    predictions_b: ArrayLike,
    confidence: float = 0.95,
) -> Interval:
    """Return an interval for how much more accurate the first of two models is than the second.

    It is Wald's interval for a difference of matched proportions after half a digit was added to
    each cell of their two-by-two table, known as Wald+2 [1]_.

    Parameters
    ----------
    labels : array_like of int, shape (n,)
        True classes.
    predictions_a, predictions_b : array_like of int, shape (n,)
        The classes that each model predicts for the same digits.
    confidence : float, default 0.95
        In (0, 1).

    Returns
    -------
    Interval
        ``low`` and ``high``, in [-1, 1].

    Raises
    ------
    ValueError
        If an argument is not as described.

    References
    ----------
    .. [1] A. Agresti and Y. Min, "Simple improved confidence intervals for comparing matched
       proportions", Statistics in Medicine 24(5), 729-740, 2005.

    Examples
    --------
    >>> low, high = paired_difference_interval([1, 1, 1, 1], [1, 1, 1, 1], [1, 0, 0, 0])
    >>> f"{low:.2f} to {high:.2f}"
    '-0.02 to 1.00'
    """
    test = mcnemar_test(labels, predictions_a, predictions_b)
    _check_confidence(confidence)
    total = len(np.asarray(labels)) + 2
    difference = (test.only_a - test.only_b) / total
    discordant = test.only_a + test.only_b + 1
    deviation = math.sqrt(discordant - total * difference**2) / total
    reach = NormalDist().inv_cdf(0.5 + confidence / 2) * deviation
    return Interval(max(-1.0, difference - reach), min(1.0, difference + reach))


def _ratio(above: NDArray[Any], below: NDArray[Any]) -> Floats:
    """Divide, with 0 where there is nothing below."""
    ratios: Floats = np.divide(above, below, out=np.zeros(len(below)), where=below > 0)
    return ratios


def _check_confidence(confidence: float) -> None:
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must be in (0, 1); got {confidence!r}")


def _check_classes(argument: str, values: ArrayLike) -> Labels:
    array = np.asarray(values)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise ValueError(
            f"{argument} must be integers of shape (n,); got {array.dtype} of shape {array.shape}"
        )
    if array.size == 0:
        raise ValueError(f"{argument} must hold at least one digit; got none")
    return array.astype(np.int64)


def _check_pair(labels: ArrayLike, others: ArrayLike, argument: str) -> tuple[Labels, Labels]:
    truth, other = _check_classes("labels", labels), _check_classes(argument, others)
    if len(truth) != len(other):
        raise ValueError(
            f"labels and {argument} must be of one length; got {len(truth)} and {len(other)}"
        )
    return truth, other


def _check_range(argument: str, values: Labels, classes: int) -> None:
    if values.min() < 0 or values.max() >= classes:
        raise ValueError(
            f"{argument} must be in 0..{classes - 1}; got {values.min()}..{values.max()}"
        )


def _check_probabilities(labels: ArrayLike, probabilities: ArrayLike) -> tuple[Labels, Floats]:
    truth = _check_classes("labels", labels)
    rows = np.asarray(probabilities, np.float64)
    if rows.ndim != 2 or len(rows) != len(truth):
        raise ValueError(
            f"probabilities must be of shape ({len(truth)}, classes), a row for each label; "
            f"got shape {rows.shape}"
        )
    _check_range("labels", truth, rows.shape[1])
    if not (rows.min() >= 0.0 and np.all(np.abs(rows.sum(axis=1) - 1.0) < ROW_SUM_TOLERANCE)):
        raise ValueError(
            "probabilities must be at least 0 and sum to 1 in each row; got values "
            f"{rows.min():g}..{rows.max():g}, sums {rows.sum(axis=1).min():g}.."
            f"{rows.sum(axis=1).max():g}. Logits? Take their softmax first"
        )
    return truth, rows
