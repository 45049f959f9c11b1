"""robustness: what evaluate measures, on digits that corruptions spoilt."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mnist_zoo import (
    SeenDigitsError,
    Split,
    evaluate,
    fit_and_evaluate,
    linear,
    load_mnist,
    predict_probabilities,
    robustness,
)
from mnist_zoo.corruptions import CORRUPTIONS, NON_DIGITS, corrupt, non_digits


@pytest.fixture(scope="module")
def data():
    sample = load_mnist(source="sample")
    return sample.train, Split(sample.test.x[:200], sample.test.y[:200])


@pytest.fixture(scope="module")
def trained(data, can_train):
    return fit_and_evaluate(linear(seed=0), data, epochs=2, seed=0, verbose=0).model


@pytest.fixture(scope="module")
def result(trained, data):
    return robustness(trained, data)


def test_each_row_is_what_evaluate_measures_on_the_spoilt_digits(trained, data, result):
    train, (x, y) = data
    assert list(result.corrupted) == list(CORRUPTIONS)
    assert result.clean.to_dict() == evaluate(trained, data).measures.to_dict()
    for name in ("fog", "rotate"):
        spoilt = evaluate(trained, (train, (corrupt(x, name), y)))
        assert result.corrupted[name].accuracy == spoilt.accuracy
        assert result.corrupted[name].interval == spoilt.interval


def test_the_means_are_those_of_the_rows(result):
    accuracies = {name: measures.accuracy for name, measures in result.corrupted.items()}
    assert result.mean == pytest.approx(np.mean(list(accuracies.values())))
    strange = [accuracies[name] for name, row in CORRUPTIONS.items() if not row.resembles]
    assert result.mean_unlike_training == pytest.approx(np.mean(strange))


def test_it_prints_a_line_for_each_and_is_json(result):
    text = str(result)
    assert all(f"\n{name} " in text for name in CORRUPTIONS)
    assert f"{result.mean:.2%}" in text
    facts = json.loads(json.dumps(result.to_dict()))
    assert facts["corrupted"]["fog"]["accuracy"] == result.corrupted["fog"].accuracy


@pytest.mark.parametrize("shape", [(784,), (28, 28, 1)])
def test_models_of_other_input_shapes_are_measured(shape, data, result, can_train):
    model = linear(input_shape=shape, seed=0)
    fit_and_evaluate(model, data, epochs=2, seed=0, verbose=0)
    assert robustness(model, data).mean == pytest.approx(result.mean, abs=0.02)


def test_digits_that_a_model_has_seen_are_refused(data):
    train, _ = data
    with pytest.raises(SeenDigitsError):
        robustness("linear", (train, Split(train.x[:50], train.y[:50])))


def test_it_says_which_corruption_is_done(trained, data):
    done = []
    robustness(trained, data, on_result=done.append)
    assert done == [*CORRUPTIONS, *NON_DIGITS]


def test_a_model_that_says_nothing_tells_no_picture_from_digits(data):
    model = linear(seed=0)
    model.set_weights([np.zeros_like(weight) for weight in model.get_weights()])
    result = robustness(model, data)
    assert result.doubts.keys() == NON_DIGITS.keys()
    for doubt in result.doubts.values():
        assert doubt.sure == 0.0
        # Its probabilities are equal up to rounding, which depends on where a picture stands.
        assert doubt.auroc == pytest.approx(0.5, abs=0.02)


def test_doubt_is_how_often_a_digit_is_answered_with_more_confidence(trained, data, result):
    digits = predict_probabilities(data[1].x, trained).max(axis=1)
    for name, doubt in result.doubts.items():
        others = predict_probabilities(non_digits(name), trained).max(axis=1)
        assert doubt.pictures == len(others)
        assert doubt.sure == np.mean(others > 0.9)
        higher = np.mean(digits[:, None] > others) + np.mean(digits[:, None] == others) / 2
        assert doubt.auroc == pytest.approx(higher)
        assert f"{doubt.sure:.0%} of {name}" in str(result)
