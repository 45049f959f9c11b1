"""label_errors: the known errors of MNIST's test labels."""

from __future__ import annotations

import numpy as np
import pytest

from mnist_zoo.evaluation.label_errors import CORRECTED, DISPUTED, corrected_accuracy


def test_the_errors_are_set_right_and_the_disputed_left_out():
    labels = np.zeros(10_000, np.int64)
    predictions = labels.copy()
    predictions[[*CORRECTED]] = [*CORRECTED.values()]
    predictions[[*DISPUTED]] = 5
    assert corrected_accuracy(labels, predictions) == (9_995, 1.0)
    as_published = corrected_accuracy(labels, labels)
    assert as_published.accuracy == pytest.approx(
        1 - np.count_nonzero([*CORRECTED.values()]) / 9995
    )


def test_what_is_given_is_not_changed():
    labels = np.zeros(10_000, np.int64)
    corrected_accuracy(labels, labels)
    assert not labels.any()


@pytest.mark.mnist
def test_every_correction_is_another_label_than_the_published_one(mnist):
    for index, label in CORRECTED.items():
        assert mnist.test.y[index] != label
