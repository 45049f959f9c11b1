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
    robustness,
)
from mnist_zoo.corruptions import CORRUPTIONS, corrupt


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
    assert result.mean_of_strange == pytest.approx(np.mean(strange))


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
    assert done == list(CORRUPTIONS)
