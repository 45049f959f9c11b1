"""All measures of one test, in one value: :class:`Measures`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mnist_zoo.metrics.arguments import Labels
from mnist_zoo.metrics.calibration import (
    Calibration,
    brier_score,
    expected_calibration_error,
)
from mnist_zoo.metrics.scores import ClassReport, accuracy, class_report, confusion_matrix, log_loss
from mnist_zoo.metrics.significance import Interval, wilson_interval


@dataclass(frozen=True, eq=False)
class Measures:
    """What a model does on some digits: every measure of :mod:`mnist_zoo.metrics`.

    Attributes
    ----------
    digits : int
        Number of digits.
    accuracy : float
        Fraction that is right, in [0, 1].
    interval : Interval
        Wilson's 95 % interval of the accuracy.
    loss : float
        Mean cross-entropy, in nats: the :func:`log_loss`.
    brier_score : float
        Mean squared error of the probabilities, in [0, 2].
    calibration : Calibration
        Expected calibration error, and its bins.
    report : ClassReport
        Precision, recall, F1 and number of digits of every class.
    confusion_matrix : ndarray of int64, shape (classes, classes)
        Digits by true class (rows) and predicted class (columns).
    misclassified : ndarray of int64
        Indices of the digits that are wrong, ascending.
    """

    digits: int
    accuracy: float
    interval: Interval
    loss: float
    brier_score: float
    calibration: Calibration
    report: ClassReport
    confusion_matrix: Labels
    misclassified: Labels

    def to_dict(self) -> dict[str, Any]:
        """Return the measures in types that JSON has.

        Returns
        -------
        dict
        """
        return {
            "digits": self.digits,
            "accuracy": self.accuracy,
            "accuracy_interval_95": list(self.interval),
            "loss": self.loss,
            "brier_score": self.brier_score,
            "expected_calibration_error": self.calibration.error,
            "per_class": [
                dict(zip(ClassReport._fields, row, strict=True))
                for row in zip(*(column.tolist() for column in self.report), strict=True)
            ],
            "confusion_matrix": self.confusion_matrix.tolist(),
            "misclassified": self.misclassified.tolist(),
            "calibration_bins": {
                "edges": self.calibration.edges.tolist(),
                "counts": self.calibration.counts.tolist(),
                "accuracy": _without_nan(self.calibration.accuracy),
                "confidence": _without_nan(self.calibration.confidence),
            },
        }

    @classmethod
    def from_dict(cls, facts: Mapping[str, Any]) -> Measures:
        """Return the measures that :meth:`to_dict` described.

        Parameters
        ----------
        facts : mapping
            What JSON gave back; other keys are passed over.

        Returns
        -------
        Measures
        """
        bins = facts["calibration_bins"]
        columns = zip(*(row.values() for row in facts["per_class"]), strict=True)
        return cls(
            digits=facts["digits"],
            accuracy=facts["accuracy"],
            interval=Interval(*facts["accuracy_interval_95"]),
            loss=facts["loss"],
            brier_score=facts["brier_score"],
            calibration=Calibration(
                facts["expected_calibration_error"],
                np.array(bins["edges"]),
                np.array(bins["counts"], np.int64),
                np.array(bins["accuracy"], np.float64),  # None becomes NaN.
                np.array(bins["confidence"], np.float64),
            ),
            report=ClassReport(*map(np.array, columns)),
            confusion_matrix=np.array(facts["confusion_matrix"], np.int64),
            misclassified=np.array(facts["misclassified"], np.int64),
        )


def _without_nan(values: NDArray[np.float64]) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in values]


def measure(labels: ArrayLike, probabilities: ArrayLike) -> Measures:
    """Compute every measure of :mod:`mnist_zoo.metrics` from labels and probabilities.

    Parameters
    ----------
    labels : array_like of int, shape (n,)
        True classes.
    probabilities : array_like of float, shape (n, classes)
        Predicted probabilities. The predicted class is the most probable one.

    Returns
    -------
    Measures
        With one entry per measure.

    Raises
    ------
    ValueError
        If an argument is not as described.

    Examples
    --------
    >>> measures = measure([0, 1], [[0.9, 0.1], [0.6, 0.4]])
    >>> measures.accuracy, measures.misclassified.tolist()
    (0.5, [1])
    """
    rows = np.asarray(probabilities)
    loss = log_loss(labels, rows)  # Checks both arguments.
    truth, classes = np.asarray(labels), rows.shape[1]
    predictions = rows.argmax(axis=1)
    wrong = np.flatnonzero(truth != predictions)
    return Measures(
        digits=len(truth),
        accuracy=accuracy(truth, predictions),
        interval=wilson_interval(len(truth) - len(wrong), len(truth)),
        loss=loss,
        brier_score=brier_score(truth, rows),
        calibration=expected_calibration_error(truth, rows),
        report=class_report(truth, predictions, classes),
        confusion_matrix=confusion_matrix(truth, predictions, classes),
        misclassified=wrong.astype(np.int64),
    )


# The columns of the table of classes: heading, and how a value is written.
CLASS_COLUMNS = (("precision", ".4f"), ("recall", ".4f"), ("F1", ".4f"), ("digits", ",d"))


def class_rows(report: ClassReport, class_names: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the table of classes as text: a row of headings, then a row for each class.

    Parameters
    ----------
    report : ClassReport
        As from :func:`class_report`.
    class_names : sequence of str
        A name for each class.

    Returns
    -------
    list of tuple of str

    Examples
    --------
    >>> class_rows(class_report([0, 1, 1], [0, 0, 1], classes=2), ["no", "yes"])[1]
    ('no', '0.5000', '1.0000', '0.6667', '1')
    """
    rows = zip(class_names, zip(*(column.tolist() for column in report), strict=True), strict=True)
    return [
        ("class", *(heading for heading, _ in CLASS_COLUMNS)),
        *(
            (name, *(format(v, form) for v, (_, form) in zip(row, CLASS_COLUMNS, strict=True)))
            for name, row in rows
        ),
    ]
