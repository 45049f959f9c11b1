"""How the network that counts digits is trained and stored."""

from __future__ import annotations

import numpy as np
import pytest

from mnist_zoo.models import shipped
from mnist_zoo.pictures import strings
from tools import train_strings
from tools.drawn_strings import string
from tools.train_strings import Pool, Stage, network, rows_of, ship, train, with_softmax


def test_the_network_is_the_shipped_one():
    stored = shipped.read_parameters(strings.FILE)
    assert {w.path: tuple(w.shape) for w in network().weights} == {
        path: array.shape for path, array in stored.items()
    }


@pytest.mark.slow
def test_a_stage_trains_and_what_comes_of_it_can_be_shipped(sample, tmp_path, monkeypatch):
    monkeypatch.setattr(train_strings, "WARMUP", 2)
    model = network()
    before = [np.asarray(weight) for weight in model.trainable_weights]
    train(model, Stage((Pool(string, 256, (0,)),), 2, 0.003), sample.train, tmp_path / "backup")
    assert all(
        (np.asarray(weight) != old).any()
        for weight, old in zip(model.trainable_weights, before, strict=True)
    )
    for module in (shipped, train_strings):
        monkeypatch.setattr(module, "FOLDER", tmp_path)
    ship(with_softmax(model))
    stored = shipped.read_parameters(strings.FILE)
    for weight in model.weights:
        np.testing.assert_allclose(stored[weight.path], np.asarray(weight), rtol=2e-3, atol=1e-6)


@pytest.mark.slow
def test_the_table_has_a_row_for_each_number_of_digits(sample):
    model = network()
    shipped.set_parameters(model, shipped.read_parameters(strings.FILE))
    drawn = train_strings.drawn(sample.test, (Pool(string, 200, (5,)),))
    rows = rows_of("as in MNIST", with_softmax(model), *drawn)
    assert [row[1] for row in rows] == ["0", "1", "2", "3", "4"]
    assert sum(int(row[2]) for row in rows) == 200
    assert float(rows[1][3].split()[0]) >= 90.0
