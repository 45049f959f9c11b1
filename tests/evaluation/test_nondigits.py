"""nondigits: pictures in the form of MNIST that show no digit."""

from __future__ import annotations

import numpy as np
import pytest

from mnist_zoo.corruptions import NON_DIGITS, non_digits

EVERY = pytest.mark.parametrize("name", NON_DIGITS)


@EVERY
def test_they_are_in_the_form_of_mnist(name):
    x = non_digits(name)
    assert x.shape[1:] == (28, 28)
    assert len(x) >= 300
    assert x.dtype == np.float32
    assert x.min() >= 0.0
    assert x.max() <= 1.0


@EVERY
def test_equal_seeds_give_equal_pictures_that_a_caller_may_change(name):
    x = non_digits(name, seed=3)
    kept = x.copy()
    x[:] = 0.0
    np.testing.assert_array_equal(non_digits(name, seed=3), kept)


@pytest.mark.parametrize("name", ["noise", "blank"])
def test_other_seeds_give_others(name):
    assert not np.array_equal(non_digits(name, seed=0), non_digits(name, seed=1))


def test_letters_have_the_size_and_the_place_of_digits():
    row, column = np.mgrid[:28, :28]
    for letter in non_digits("letters"):
        assert (letter > 0).any(axis=1).sum() <= 22
        assert abs((letter * row).sum() / letter.sum() - 13.5) < 1.5
        assert abs((letter * column).sum() / letter.sum() - 13.5) < 1.5


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="name must be one of 'letters', 'noise', 'blank'; got"):
        non_digits("cats")
