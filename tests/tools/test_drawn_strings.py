"""The strings that the network which counts digits learns from."""

from __future__ import annotations

import numpy as np
import pytest

from mnist_zoo.pictures.strings import EDGE, HEIGHT, MOST, WIDTH, read_strings
from tools import drawn_strings
from tools.drawn_strings import (
    BY_PEN,
    BY_PEN_ON_PAGES,
    ON_PAGES,
    SHARES,
    no_digit,
    no_digit_of_a_page,
    samples,
    side_by_side,
    string,
    string_on_a_page,
)

every_way = pytest.mark.parametrize("draw", [string, string_on_a_page])


@every_way
def test_equal_seeds_draw_equal_strings(draw, sample):
    one, other, another = (samples(draw, sample.train, 20, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one[0], other[0])
    np.testing.assert_array_equal(one[1], other[1])
    assert (one[0] != another[0]).any()


@every_way
def test_strings_have_ink_within_the_edges_and_labels_first(draw, sample):
    images, labels = samples(draw, sample.train, 100, 0)
    assert images.shape == (100, HEIGHT, WIDTH)
    assert labels.shape == (100, MOST)
    assert (images.max(axis=(1, 2)) > 127).all()
    assert (images[:, :, :EDGE] == 0).all()
    assert (images[:, :, -EDGE:] == 0).all()
    assert ((labels >= 0) & (labels <= 10)).all()
    assert ((labels[:, :-1] > 0) | (labels[:, 1:] == 0)).all()  # What is empty comes last.
    counts = (labels > 0).sum(axis=1)
    assert {0, 1, 2} <= set(counts.tolist())


def test_neighbours_touch_or_overlap_unless_they_are_apart():
    bar = np.ones((40, 10), np.float32)
    for seed in range(20):
        both = side_by_side([bar, bar], np.random.default_rng(seed), apart=0.0)
        assert (both > 0.5).any(axis=0).all()
        assert both.shape[1] <= 20
        assert side_by_side([bar, bar], np.random.default_rng(seed), apart=1.0).shape[1] >= 20


def test_every_kind_of_ink_that_is_no_digit_can_be_drawn():
    assert sum(SHARES.values()) == pytest.approx(1.0)
    assert set(SHARES) - set(BY_PEN) == {"letter", "letters"}
    assert set(ON_PAGES) - set(BY_PEN_ON_PAGES) == {"blocks"}
    rng = np.random.default_rng(0)
    for draw in (no_digit, no_digit_of_a_page):
        for _ in range(60):
            ink = draw(rng)
            assert ink.dtype == np.float32
            assert ink.max() > 0.3


@pytest.mark.parametrize("draw", [no_digit, no_digit_of_a_page])
def test_most_ink_that_is_no_digit_is_told_from_digits(draw):
    rng = np.random.default_rng(1)
    counts = read_strings([draw(rng) for _ in range(200)]).counts
    assert (counts.argmax(axis=1) == 0).mean() >= 0.85


def test_the_fonts_have_letters():
    assert drawn_strings.fonts()
    assert not any("cmsy" in file.name for file in drawn_strings.fonts())
