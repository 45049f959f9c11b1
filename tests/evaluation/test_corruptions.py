"""corruptions: fifteen ways to spoil digits, each what its name says, and repeatable."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from sklearn.linear_model import RidgeClassifier

from mnist_zoo import RandomDistortion, RandomPhotometry, load_mnist
from mnist_zoo.corruptions import CORRUPTIONS, corrupt

EVERY = pytest.mark.parametrize("name", CORRUPTIONS)


@pytest.fixture(scope="module")
def sample():
    return load_mnist(source="sample").test


@pytest.fixture(scope="module")
def digits(sample):
    return sample.x[:60]


def test_there_are_fifteen():
    assert len(CORRUPTIONS) == 15


@EVERY
def test_each_spoils_every_digit_and_stays_in_range(name, digits):
    before = digits.copy()
    spoilt = corrupt(digits, name)
    assert spoilt.shape == digits.shape
    assert spoilt.dtype == np.float32
    assert spoilt.min() >= 0.0
    assert spoilt.max() <= 1.0
    assert (np.abs(spoilt - digits).max(axis=(1, 2)) > 0.01).all()
    np.testing.assert_array_equal(digits, before)


@EVERY
def test_equal_seeds_spoil_equally(name, digits):
    np.testing.assert_array_equal(corrupt(digits, name, seed=3), corrupt(digits, name, seed=3))


@EVERY
def test_a_picture_does_not_depend_on_those_beside_it(name, digits):
    others = np.concatenate([digits[:1], digits[:0:-1]])
    np.testing.assert_array_equal(corrupt(others, name)[0], corrupt(digits, name)[0])


FIXED = {"scale", "brightness", "stripe", "canny_edges"}


@pytest.mark.parametrize("name", sorted(CORRUPTIONS.keys() - FIXED))
def test_other_seeds_and_other_pictures_are_spoilt_in_other_ways(name, digits):
    assert not np.array_equal(corrupt(digits, name, seed=0), corrupt(digits, name, seed=1))
    one = np.repeat(digits[:1], 20, axis=0)
    assert len(np.unique(corrupt(one, name), axis=0)) > 1


@EVERY
def test_digits_remain_that_a_model_can_learn(name, sample):
    """A linear model of 800 of the spoilt digits reads others of them, far better than a tenth."""
    spoilt = corrupt(sample.x, name).reshape(1000, -1)
    model = RidgeClassifier(alpha=100.0).fit(spoilt[:800], sample.y[:800])
    assert model.score(spoilt[800:], sample.y[800:]) > 0.5


@EVERY
@pytest.mark.parametrize("count", [0, 1])
def test_few_pictures_are_taken(name, count, digits):
    assert corrupt(digits[:count], name).shape == (count, 28, 28)


@EVERY
def test_pictures_of_other_sizes_are_taken(name):
    x = np.random.default_rng(0).random((3, 20, 33), np.float32)
    assert corrupt(x, name).shape == x.shape


@pytest.mark.parametrize("x", [np.zeros((28, 28)), np.zeros((2, 784)), np.full((1, 28, 28), 255)])
def test_other_pictures_are_refused(x):
    with pytest.raises(ValueError, match="x must be "):
        corrupt(x, "fog")


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match="name must be one of 'shot_noise', "):
        corrupt(np.zeros((1, 28, 28)), "rain")


def test_what_resembles_a_distortion_names_one():
    known = {*RandomDistortion.LIMITS, *RandomPhotometry.LIMITS}
    named = {corruption.resembles for corruption in CORRUPTIONS.values()} - {""}
    assert named <= known
    assert len(named) >= 5


# Of the geometric ones, SciPy is the oracle; each picture is moved in one of several directions.
def moved(x, matrix):
    middle = np.array([13.5, 13.5])
    matrix = np.array(matrix)
    return ndimage.affine_transform(x, matrix, middle - matrix @ middle, order=1)


# SciPy has no paper between the middles of the outer pixels and the edge: these are left out.
INNER = (np.abs(np.mgrid[:28, :28] - 13.5) < 9).all(axis=0)


def any_of(spoilt, expected):
    """Say which of the expected pictures each is."""
    same = [np.isclose(spoilt, each, atol=1e-5).all() for each in expected]
    assert sum(same) == 1
    return same.index(True)


SHEARS = [[[1, 0], [sign * 0.4, 1]] for sign in (-1, 1)]
TURNS = [[[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]] for angle in (-0.4, 0.4)]


@pytest.mark.parametrize(("name", "matrices"), [("shear", SHEARS), ("rotate", TURNS)])
def test_a_map_is_that_of_scipy_to_either_side(name, matrices, digits):
    inner = digits * INNER
    spoilt = corrupt(inner, name)
    sides = [
        any_of(after, [moved(before, matrix) for matrix in matrices])
        for before, after in zip(inner, spoilt, strict=True)
    ]
    assert set(sides) == {0, 1}


def test_a_scale_is_that_of_scipy(digits):
    inner = digits * INNER
    expected = [moved(digit, np.eye(2) / 0.7) for digit in inner]
    np.testing.assert_allclose(corrupt(inner, "scale"), expected, atol=1e-5)


def test_a_translation_is_by_three_pixels_in_one_of_four_directions(digits):
    shifts = [(down, right) for down in (-3, 3) for right in (-3, 3)]
    found = {
        any_of(after, [ndimage.shift(before, shift, order=1) for shift in shifts])
        for before, after in zip(digits, corrupt(digits, "translate"), strict=True)
    }
    assert found == {0, 1, 2, 3}


def test_brightness_adds_half():
    x = np.full((1, 28, 28), 0.25, np.float32)
    np.testing.assert_allclose(corrupt(x, "brightness"), 0.75)


def test_a_stripe_inverts_the_outer_quarters_alone(digits):
    spoilt = corrupt(digits, "stripe")
    np.testing.assert_allclose(spoilt[:, :, 7:21], digits[:, :, 7:21])
    np.testing.assert_allclose(spoilt[:, :, :7], 1 - digits[:, :, :7])
    np.testing.assert_allclose(spoilt[:, :, 21:], 1 - digits[:, :, 21:])


def test_shot_noise_is_that_of_three_photons():
    x = np.full((100, 28, 28), 0.2, np.float32)
    spoilt = corrupt(x, "shot_noise")
    assert set(np.unique(np.round(3 * spoilt))) == {0, 1, 2, 3}
    n = x.size  # The share of pixels without a photon, within four standard deviations.
    dark = np.exp(-0.6)
    assert abs((spoilt == 0).mean() - dark) < 4 * np.sqrt(dark * (1 - dark) / n)


def test_impulse_noise_blackens_and_whitens_seventeen_percent():
    spoilt = corrupt(np.full((100, 28, 28), 0.5, np.float32), "impulse_noise")
    share = 0.17 / 2
    for value in (0.0, 1.0):
        found = (spoilt == value).mean()
        assert abs(found - share) < 4 * np.sqrt(share * (1 - share) / spoilt.size)


def test_a_glass_blur_moves_ink_and_loses_none():
    x = np.zeros((50, 28, 28), np.float32)
    x[:, 10:18, 10:18] = 1.0
    spoilt = corrupt(x, "glass_blur")
    np.testing.assert_allclose(spoilt.sum(axis=(1, 2)), 64.0, rtol=1e-5)
    assert np.unique(spoilt, axis=0).shape[0] == 50


def test_a_motion_blur_spreads_ink_sideways():
    x = np.zeros((200, 28, 28), np.float32)
    x[:, 14, 20] = 1.0
    spoilt = corrupt(x, "motion_blur")
    np.testing.assert_allclose(spoilt.sum(axis=(1, 2)), 1.0, atol=1e-5)
    row, column = np.mgrid[:28, :28]
    down, right = (
        (spoilt * (grid - at) ** 2).sum(axis=(1, 2)) for grid, at in ((row, 14), (column, 20))
    )
    assert right.mean() > 2 * down.mean()


def test_fog_lightens_paper_and_lowers_contrast(digits):
    spoilt = corrupt(digits, "fog")
    paper, ink = digits < 0.1, digits > 0.9
    assert spoilt[paper].mean() > 0.2
    # Ink is 1 / (1 + 3) darker than the paper around it, on the average of all clouds.
    assert spoilt[ink].mean() - spoilt[paper].mean() == pytest.approx(0.25, abs=0.05)


def test_spatter_covers_with_one_grey(digits):
    spoilt = corrupt(np.ones_like(digits), "spatter")
    np.testing.assert_allclose(spoilt.min(), 63 / 255, atol=0.05)
    assert (spoilt == 1.0).mean() > 0.5


def test_a_dotted_line_has_gaps_of_two_pixels():
    spoilt = corrupt(np.zeros((100, 28, 28), np.float32), "dotted_line")
    columns = np.arange(28)
    assert not spoilt[:, :, columns // 2 % 2 == 0].any()
    assert (spoilt[:, :, columns // 2 % 2 == 1].max(axis=1) > 0.5).mean() > 0.95


def test_a_zigzag_goes_up_and_down():
    spoilt = corrupt(np.zeros((100, 28, 28), np.float32), "zigzag")
    inner = spoilt[spoilt[:, 8:20].sum(axis=(1, 2)) > 40]  # Those that are whole.
    assert len(inner) > 10
    turns = np.diff(np.sign(np.diff(inner[:, :, 2:26].argmax(axis=1), axis=1)), axis=1)
    assert ((turns != 0).sum(axis=1) >= 5).all()


def test_edges_are_the_outline_of_a_square():
    x = np.zeros((1, 28, 28), np.float32)
    x[0, 8:20, 8:20] = 1.0
    (edges,) = corrupt(x, "canny_edges")
    assert set(np.unique(edges)) == {0.0, 1.0}
    row, column = np.nonzero(edges)
    distance = np.maximum(np.abs(row - 13.5), np.abs(column - 13.5))
    assert ((distance > 4) & (distance < 8)).all()
    assert not edges[11:17, 11:17].any()
    np.testing.assert_array_equal(corrupt(np.zeros((1, 28, 28)), "canny_edges"), 0.0)
