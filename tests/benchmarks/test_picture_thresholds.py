"""picture_thresholds: what other values of the thresholds change."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from benchmarks import picture_thresholds
from benchmarks.picture_thresholds import THRESHOLDS, Outcome, Threshold, Trial
from mnist_zoo.pictures import forms as rendering


@pytest.mark.parametrize("threshold", THRESHOLDS, ids=lambda threshold: threshold.name)
def test_a_threshold_has_another_value_for_a_while(threshold):
    before = threshold.value
    other = threshold.candidates()[0]
    assert type(other) is type(before)
    assert other != before

    def fail():
        assert threshold.value == other
        raise KeyError

    with pytest.raises(KeyError), threshold.replaced(other):
        fail()
    assert threshold.value == before


def test_another_value_of_a_threshold_changes_what_is_found():
    threshold = Threshold("foreground", "LEAST_DEVIATIONS")
    assert picture_thresholds.finds_ink_with(threshold, 1.0, (3, 0))
    assert not picture_thresholds.finds_ink_with(threshold, 100.0, (3, 0))


@pytest.mark.parametrize("width", [2, 4, 6])
def test_the_width_of_a_stroke_is_measured_to_half_a_pixel(width):
    digit = np.zeros((28, 28), np.float32)
    digit[4:24, 10 : 10 + width] = 1.0
    assert picture_thresholds.stroke_width(digit) == pytest.approx(width, abs=0.5)


def test_the_strokes_that_are_thickened_are_those_that_measure_as_too_thin(sample):
    size = (28 * rendering.FINE, 28 * rendering.FINE)
    thin = []
    for digit in sample.test.x[:300]:
        fine = np.asarray(Image.fromarray(digit).resize(size, Image.Resampling.BICUBIC))
        thin.append(picture_thresholds.stroke_width(digit) < rendering.THINNEST)
        assert thin[-1] == (rendering._thickened(fine) is not None)
    assert 0 < sum(thin) < 300


def test_the_table_of_the_thresholds_counts_pictures_lost_and_won():
    in_use = Outcome(np.array([[True, True, False, True], [True, True, True, True]]), 0.0)
    other = Outcome(np.array([[False, False, True, True], [True, True, True, True]]), 0.25)
    trial = Trial(THRESHOLDS[0], 96, other)
    table = picture_thresholds.thresholds_table(in_use, [trial], [0, 1])
    cells = table.splitlines()[-1].strip("| ").split(" | ")
    assert cells[1:] == [
        "96",
        "75.00 %",
        "-12.50",
        "2",
        "1",
        "as in MNIST, 28 x 28: -25",
        "25.00 %",
    ]
