"""comparison: two models on the same digits."""

from __future__ import annotations

import numpy as np
import pytest

from mnist_zoo import compare, dense_relu, evaluate, fit_and_evaluate, linear, metrics


@pytest.fixture(scope="module")
def trained(sample, can_train):
    return fit_and_evaluate(linear(seed=0), sample, epochs=2, seed=0, verbose=0).model


def test_a_trained_model_is_better_than_an_untrained_one(sample, trained):
    untrained = dense_relu(seed=0)
    comparison = compare(trained, untrained, sample)
    a, b = evaluate(trained, sample), evaluate(untrained, sample)
    assert comparison.difference == pytest.approx(a.accuracy - b.accuracy)
    assert comparison.interval.low > 0.5
    assert comparison.test == metrics.mcnemar_test(a.labels, a.predictions, b.predictions)
    assert comparison.test.p_value < 1e-50
    np.testing.assert_array_equal(
        comparison.differing, np.flatnonzero(a.predictions != b.predictions)
    )
    lines = str(comparison).splitlines()
    assert lines[0].startswith("linear: 8")
    assert "exact McNemar p = " in lines[2]


def test_a_model_does_not_differ_from_itself(sample, trained):
    comparison = compare(trained, trained, sample)
    assert comparison.difference == 0
    assert comparison.interval.low < 0 < comparison.interval.high
    assert comparison.test.p_value == 1.0
    assert len(comparison.differing) == 0
