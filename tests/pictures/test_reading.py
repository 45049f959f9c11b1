"""reading: the digits in a picture, how sure it is, and where they are."""

from __future__ import annotations

import json

import numpy as np
import pytest

from benchmarks import drawing
from mnist_zoo import dense_sigmoid, read_digits


@pytest.fixture(scope="module")
def page(sample):
    rng = np.random.default_rng(0)
    whole = np.rint(255 * sample.test.x[:12]).astype(np.uint8)
    return drawing.page(whole, sample.test.y[:12], rng)


def test_a_page_is_read_line_by_line(page):
    reading = read_digits(page.picture)
    assert list(reading.digits) == page.labels
    assert str(reading).replace("\n", "") == "".join(map(str, page.labels))
    assert len(str(reading).splitlines()) == reading.lines[-1] + 1
    assert reading.images.shape == (12, 28, 28)


def test_confidences_and_runners_up_are_the_probabilities_in_order(page):
    reading = read_digits(page.picture)
    for row, digit, confidence, others in zip(
        reading.probabilities,
        reading.digits,
        reading.confidences,
        reading.runners_up(9),
        strict=True,
    ):
        assert confidence == row[digit] == row.max()
        assert [probability for _, probability in others] == sorted(row)[-2::-1]
        assert {digit, *(other for other, _ in others)} == set(range(10))


def test_a_reading_is_data_for_json(page):
    reading = read_digits(page.picture)
    facts = json.loads(json.dumps(reading.to_dict()))
    assert facts["text"] == str(reading)
    first = facts["digits"][0]
    assert first["digit"] == page.labels[0]
    assert first["box"] == reading.boxes[0]._asdict()
    assert len(first["runners_up"]) == 2


def test_another_model_may_read(page):
    by_name = read_digits(page.picture, "dense_sigmoid")
    by_model = read_digits(page.picture, dense_sigmoid(weights="mnist"))
    np.testing.assert_allclose(by_name.probabilities, by_model.probabilities, rtol=1e-4, atol=1e-6)


def test_a_blank_picture_reads_as_nothing():
    reading = read_digits(np.zeros((50, 50), np.uint8))
    assert reading.digits == ()
    assert str(reading) == ""
    assert reading.probabilities.shape == (0, 10)
    assert reading.to_dict() == {"text": "", "digits": []}
