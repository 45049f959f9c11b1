"""How far a number can be trusted, and whether one model is better than another."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from mnist_zoo.arguments import check_integer
from mnist_zoo.metrics.arguments import check_confidence, check_pair


class Interval(NamedTuple):
    """A confidence interval.

    Attributes
    ----------
    low, high : float
        Its bounds.
    """

    low: float
    high: float


class McNemar(NamedTuple):
    """Exact McNemar test between two models on the same digits.

    Attributes
    ----------
    only_a : int
        Number of digits that only the first model has right.
    only_b : int
        Number of digits that only the second model has right.
    p_value : float
        Probability of counts at least this unequal if both models were equally accurate.
    """

    only_a: int
    only_b: int
    p_value: float


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
    check_confidence(confidence)
    from scipy.stats import binomtest  # Its import takes longer than all others of this room.

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
    truth, predicted_a = check_pair(labels, predictions_a, "predictions_a")
    _, predicted_b = check_pair(labels, predictions_b, "predictions_b")
    right_a, right_b = predicted_a == truth, predicted_b == truth
    only_a, only_b = int(np.sum(right_a & ~right_b)), int(np.sum(right_b & ~right_a))
    from scipy.stats import binomtest

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
    check_confidence(confidence)
    total = len(np.asarray(labels)) + 2
    difference = (test.only_a - test.only_b) / total
    discordant = test.only_a + test.only_b + 1
    deviation = math.sqrt(discordant - total * difference**2) / total
    reach = NormalDist().inv_cdf(0.5 + confidence / 2) * deviation
    return Interval(max(-1.0, difference - reach), min(1.0, difference + reach))
