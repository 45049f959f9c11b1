"""measures: all measures of one test in one value."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mnist_zoo import metrics
from mnist_zoo.metrics import Measures, class_rows, measure

RNG = np.random.default_rng(0)
LABELS = np.arange(300) % 5
PROBABILITIES = RNG.dirichlet(np.full(5, 0.3), 300)


def test_each_measure_is_that_of_its_function():
    found = measure(LABELS, PROBABILITIES)
    predictions = PROBABILITIES.argmax(axis=1)
    right = int((predictions == LABELS).sum())
    assert found.digits == 300
    assert found.accuracy == metrics.accuracy(LABELS, predictions)
    assert found.interval == metrics.wilson_interval(right, 300)
    assert found.loss == metrics.log_loss(LABELS, PROBABILITIES)
    assert found.brier_score == metrics.brier_score(LABELS, PROBABILITIES)
    error = metrics.expected_calibration_error(LABELS, PROBABILITIES).error
    assert found.calibration.error == error
    np.testing.assert_array_equal(
        found.confusion_matrix, metrics.confusion_matrix(LABELS, predictions, 5)
    )
    report = metrics.class_report(LABELS, predictions, 5)
    np.testing.assert_array_equal(found.report.f1, report.f1)
    np.testing.assert_array_equal(found.misclassified, np.flatnonzero(predictions != LABELS))


def test_measures_survive_their_json():
    found = measure(LABELS, PROBABILITIES)
    facts = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    again = Measures.from_dict(facts)
    assert again.to_dict() == found.to_dict()
    np.testing.assert_array_equal(again.calibration.accuracy, found.calibration.accuracy)
    assert again.report.support.dtype == np.int64


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="probabilities must be of shape"):
        measure(LABELS, PROBABILITIES[:-1])


def test_the_table_of_classes_has_a_row_for_each_name():
    names = ["a", "b", "c", "d", "e"]
    headings, *rows = class_rows(measure(LABELS, PROBABILITIES).report, names)
    assert headings == ("class", "precision", "recall", "F1", "digits")
    assert [row[0] for row in rows] == names
    assert rows[0][-1] == "60"
    with pytest.raises(ValueError, match="zip"):
        class_rows(measure(LABELS, PROBABILITIES).report, names[:-1])
