"""Whether probabilities can be believed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from mnist_zoo.arguments import check_integer
from mnist_zoo.metrics.arguments import Floats, Labels, check_probabilities


class Calibration(NamedTuple):
    """The expected calibration error, and the bins it is computed from.

    Attributes
    ----------
    error : float
        Expected calibration error, in [0, 1].
    edges : ndarray of float64, shape (bins + 1,)
        Edges of the bins of confidence, from 0 to 1.
    counts : ndarray of int64, shape (bins,)
        Number of digits in each bin.
    accuracy : ndarray of float64, shape (bins,)
        Fraction that is right in each bin; NaN if a bin is empty.
    confidence : ndarray of float64, shape (bins,)
        Mean confidence in each bin; NaN if a bin is empty.
    """

    error: float
    edges: Floats
    counts: Labels
    accuracy: Floats
    confidence: Floats


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
    truth, rows = check_probabilities(labels, probabilities)
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
    truth, rows = check_probabilities(labels, probabilities)
    right = np.arange(rows.shape[1]) == truth[:, None]
    return float(np.mean(np.sum((rows - right) ** 2, axis=1)))
