"""The comparison of plain and trained models on spoilt digits."""

from __future__ import annotations

import numpy as np

from benchmarks import robustness
from mnist_zoo import Robustness, metrics
from mnist_zoo.evaluation.corruptions import CORRUPTIONS
from mnist_zoo.evaluation.nondigits import NON_DIGITS
from mnist_zoo.evaluation.robustness import Doubt


def reading(right):
    """What a model does that reads so many of ten digits rightly, whatever is done to them."""
    labels, predictions = np.arange(10), np.arange(10)
    predictions[right:] = (predictions[right:] + 1) % 10
    measures = metrics.measure(labels, np.eye(10)[predictions])
    doubts = dict.fromkeys(NON_DIGITS, Doubt(pictures=10, sure=right / 20, auroc=0.5))
    return Robustness("model", measures, dict.fromkeys(CORRUPTIONS, measures), doubts)


def pair(*plain):
    """What plain models and a trained one do, that read so many, and eight, of ten digits."""
    return robustness.Pair(tuple(reading(right) for right in plain), reading(8))


def test_the_plain_and_the_trained_model_stand_side_by_side_in_every_row():
    rows = robustness.rows({"linear": pair(6)})
    kinds = [f"`{kind}`" for kind in CORRUPTIONS]
    sure = [f"over 90 % sure of {kind}" for kind in NON_DIGITS]
    means = ["mean of the fifteen", "mean of those unlike training"]
    assert [row[0] for row in rows] == ["as they are", *kinds, *means, *sure]
    assert {row[2] for row in rows[: -len(sure)]} == {"60.0% → 80.0%"}
    assert {row[2] for row in rows[-len(sure) :]} == {"30.0% → 40.0%"}


def test_of_several_plain_models_the_mean_and_the_spread_are_shown():
    assert robustness.rows({"linear": pair(5, 6, 7)})[0][2] == "60.0% ± 10.0 → 80.0%"
