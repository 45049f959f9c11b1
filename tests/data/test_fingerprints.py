"""fingerprints: digits are known by their content, whatever array they lie in."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest
from sklearn.datasets import load_digits

from mnist_zoo import load_mnist
from mnist_zoo.data.fingerprints import BLANK, fingerprints, share_in

SCALINGS = {
    "bytes": lambda x: np.rint(255 * x).astype(np.uint8),
    "whole numbers": lambda x: np.rint(255 * x).astype(np.int64),
    "float64": lambda x: np.rint(255.0 * x) / 255.0,
    "float16": lambda x: x.astype(np.float16),
    "bfloat16": lambda x: x.astype(ml_dtypes.bfloat16),
    "divided by 256": lambda x: np.rint(255 * x) / 256,
    "-1 to 1": lambda x: 2 * x - 1,
    "standardised": lambda x: (x - x.mean()) / x.std(),
    "flat": lambda x: x.reshape(len(x), -1),
    "with a channel": lambda x: x[..., None],
    "a view of every second row in memory": lambda x: np.repeat(x, 2, axis=0)[::2],
}


@pytest.mark.parametrize("scale", SCALINGS.values(), ids=SCALINGS)
def test_scale_type_and_layout_do_not_matter(scale, sample):
    x = sample.test.x
    np.testing.assert_array_equal(fingerprints(scale(x)), fingerprints(x))


def test_the_place_in_an_array_does_not_matter(sample):
    order = np.random.default_rng(0).permutation(len(sample.train.x))
    shuffled = fingerprints(sample.train.x[order])
    np.testing.assert_array_equal(shuffled, fingerprints(sample.train.x)[order])


def test_different_digits_have_different_fingerprints(sample):
    everything = np.concatenate([sample.train.x, sample.test.x])
    assert len(np.unique(fingerprints(everything))) == 5000


def test_small_digits_are_told_apart_too():
    images = load_digits().images  # 8 by 8 pixels, in 0..16
    assert len(np.unique(fingerprints(images))) == len(images)


def test_a_digit_that_was_changed_is_another(sample):
    x = sample.test.x[:100]
    mirrored = fingerprints(x[:, :, ::-1])
    assert np.mean(mirrored == fingerprints(x)) < 0.05


def test_blank_pictures_are_no_digits():
    found = fingerprints(np.full((3, 28, 28), 0.7))
    assert found.tolist() == [BLANK] * 3
    assert share_in(found, np.array([BLANK], np.uint32)) == 0.0


def test_shares_are_counted_over_all_pictures():
    known = np.array([3, 7, 9], np.uint32)
    assert share_in(np.array([7, 8, 9, 10], np.uint32), known) == 0.5
    assert share_in(np.array([2**32 - 1], np.uint32), known) == 0.0
    assert share_in(np.zeros(0, np.uint32), known) == 0.0
    assert share_in(known, np.zeros(0, np.uint32)) == 0.0


@pytest.mark.mnist
def test_mnists_splits_share_no_fingerprint(mnist):
    training = np.unique(fingerprints(mnist.train.x))
    assert len(training) >= 59_990
    assert share_in(fingerprints(mnist.test.x), training) == 0.0


def test_arrays_of_any_size_are_taken():
    assert fingerprints(np.zeros((0, 28, 28))).shape == (0,)
    assert len(np.unique(fingerprints(np.random.default_rng(0).random((20_000, 3, 3))))) > 100


def test_the_sample_is_found_in_mnist_when_its_digits_come_raw():
    raw = load_mnist(source="sample", dtype="uint8")
    scaled = load_mnist(source="sample")
    known = np.unique(fingerprints(raw.train.x))
    assert share_in(fingerprints(scaled.train.x), known) == 1.0
