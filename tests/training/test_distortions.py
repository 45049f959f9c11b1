"""RandomDistortion and RandomPhotometry: the same on every backend, and what their names say."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from scipy import ndimage

from mnist_zoo import RandomDistortion, RandomPhotometry, load_mnist
from mnist_zoo.training.distortions import CONTROL_POINTS, DistortionNumbers
from mnist_zoo.training.photometry import EFFECTS, SHADE_POINTS, PhotometryNumbers

SHADE = EFFECTS["shade"]
LAYERS = {"distortion": RandomDistortion, "photometry": RandomPhotometry}
LIMITS = [(layer, name) for layer in LAYERS.values() for name in layer.LIMITS]
NO_DISTORTION = dict.fromkeys(RandomDistortion.LIMITS, 0.0)
NO_PHOTOMETRY = {**dict.fromkeys(RandomPhotometry.LIMITS, 0.0), "share": 1.0}
NEEDED = sum(1 + effect.numbers for effect in EFFECTS.values())


@pytest.fixture(scope="module")
def digits():
    return load_mnist(source="sample").train.x[:50]


def distorted(x, affine=(0, 0, 0, 0, 0), control=0.0, **limits):
    """Return digits distorted by given numbers."""
    n = len(x)
    numbers = DistortionNumbers(
        np.tile(np.float32(affine), (n, 1)),
        np.full((2, n, CONTROL_POINTS, CONTROL_POINTS), control, np.float32),
    )
    layer = RandomDistortion(**{**NO_DISTORTION, **limits})
    tensors = DistortionNumbers(*map(keras.ops.convert_to_tensor, numbers))
    return keras.ops.convert_to_numpy(layer.distort(keras.ops.convert_to_tensor(x), tensors))


def changed(x, uniform, normal=0.0, **limits):
    """Return digits changed by given numbers: all of them happen, by this much of their limit."""
    layer = RandomPhotometry(**{**NO_PHOTOMETRY, **limits})
    numbers = PhotometryNumbers(
        np.broadcast_to(np.float32(uniform), (NEEDED, len(x))),
        np.broadcast_to(np.float32(normal), layer.draw(x).noise.shape),
    )
    tensors = PhotometryNumbers(*map(keras.ops.convert_to_tensor, numbers))
    return keras.ops.convert_to_numpy(layer.distort(keras.ops.convert_to_tensor(x), tensors))


# Given random numbers in the place of drawn ones, what comes out is compared across backends.
SAME = """
import sys
import keras
import numpy as np
from mnist_zoo import RandomDistortion, RandomPhotometry, load_mnist
from mnist_zoo.training.distortions import CONTROL_POINTS, DistortionNumbers
from mnist_zoo.training.photometry import EFFECTS, PhotometryNumbers

x = load_mnist(source="sample").train.x[:200]
rng = np.random.default_rng(0)
points = (2, len(x), CONTROL_POINTS, CONTROL_POINTS)
needed = sum(1 + effect.numbers for effect in EFFECTS.values())
affine, uniform = rng.uniform(-1, 1, (200, 5)), rng.random((needed, 200))
tensor = lambda values: keras.ops.convert_to_tensor(np.float32(values))
photometry = RandomPhotometry(share=0.5)
noise = rng.normal(size=photometry.draw(tensor(x)).noise.shape)
given = {
    RandomDistortion(): DistortionNumbers(affine, rng.normal(size=points)),
    photometry: PhotometryNumbers(uniform, noise),
}
np.savez(sys.argv[1], *[
    keras.ops.convert_to_numpy(layer.distort(tensor(x), type(numbers)(*map(tensor, numbers))))
    for layer, numbers in given.items()
])
"""


@pytest.mark.slow
def test_equal_random_numbers_give_equal_pictures_on_every_backend(tmp_path):
    results = {}
    for backend in ("tensorflow", "jax", "torch"):
        try:
            __import__(backend)
        except ImportError:
            continue
        path = tmp_path / f"{backend}.npz"
        environment = {**os.environ, "KERAS_BACKEND": backend}
        subprocess.run([sys.executable, "-c", SAME, str(path)], check=True, env=environment)
        with np.load(path) as arrays:
            results[backend] = list(arrays.values())
    first, *others = results.values()
    assert others
    for other in others:
        for one, same in zip(first, other, strict=True):
            np.testing.assert_allclose(one, same, atol=2e-5)


@pytest.mark.parametrize("build", LAYERS.values(), ids=LAYERS)
def test_outside_training_pictures_pass_as_they_are(build, digits):
    layer = build(seed=0)
    for x in (layer(digits), layer(digits, training=False)):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(x), digits)


@pytest.mark.parametrize("build", LAYERS.values(), ids=LAYERS)
def test_a_seed_makes_the_sequence_repeat_and_no_two_of_it_are_equal(build, digits):
    one, again, other = (
        [keras.ops.convert_to_numpy(layer(digits, training=True)) for _ in range(2)]
        for layer in (build(seed=1), build(seed=1), build(seed=2))
    )
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one[0], one[1])
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("build", LAYERS.values(), ids=LAYERS)
def test_a_saved_layer_is_the_same(build):
    layer = build(strength=0.5, seed=3, name="mine")
    again = keras.layers.deserialize(keras.layers.serialize(layer))
    assert again.get_config() == layer.get_config()
    assert again.get_config()["strength"] == 0.5


@pytest.mark.parametrize("build", LAYERS.values(), ids=LAYERS)
@pytest.mark.parametrize("shape", [(3, 28, 28), (3, 28, 28, 1), (3, 20, 31)])
def test_shape_and_type_stay(build, shape):
    x = np.random.default_rng(0).random(shape, np.float32)
    y = keras.ops.convert_to_numpy(build(seed=0)(x, training=True))
    assert y.shape == shape
    assert y.dtype == np.float32
    assert y.min() >= 0.0
    assert y.max() <= 1.0


@pytest.mark.parametrize("build", LAYERS.values(), ids=LAYERS)
@pytest.mark.parametrize("shape", [(3, 784), (3, 28, 28, 3)])
def test_pictures_of_another_shape_are_refused(build, shape):
    with pytest.raises(ValueError, match="takes pictures of shape"):
        build()(np.zeros(shape, np.float32), training=True)


@pytest.mark.parametrize("build", LAYERS.values(), ids=LAYERS)
def test_bytes_are_refused(build):
    with pytest.raises(ValueError, match="takes floats in \\[0, 1\\]; got uint8"):
        build()(np.zeros((3, 28, 28), np.uint8), training=True)


@pytest.mark.parametrize(("build", "name"), [*LIMITS, (RandomDistortion, "strength")])
@pytest.mark.parametrize("wrong", [-0.1, float("nan"), float("inf"), True, "much"])
def test_a_limit_that_makes_no_sense_is_refused(build, name, wrong):
    with pytest.raises(ValueError, match=f"{name} must be a number of at least 0"):
        build(**{name: wrong})


@pytest.mark.parametrize("build", LAYERS.values(), ids=LAYERS)
def test_a_strength_of_zero_changes_nothing(build, digits):
    x = keras.ops.convert_to_numpy(build(strength=0, seed=0)(digits, training=True))
    np.testing.assert_allclose(x, digits, atol=1e-6)


@pytest.mark.parametrize("build", LAYERS.values(), ids=LAYERS)
def test_a_model_may_contain_the_layer(build, digits):
    layers = [keras.Input((28, 28)), build(seed=0), keras.layers.Flatten()]
    model = keras.Sequential([*layers, keras.layers.Dense(10, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    history = model.fit(digits, np.arange(50) % 10, epochs=1, verbose=0).history
    assert np.isfinite(history["loss"][0])


def test_a_rotation_is_that_of_scipy(digits):
    turned = distorted(digits, affine=(-0.5, 0, 0, 0, 0), rotation=30.0)
    expected = ndimage.rotate(digits, 15.0, axes=(1, 2), order=1, reshape=False)
    # SciPy has no paper between the middles of the pixels at the edge and the edge.
    np.testing.assert_allclose(turned[:, 2:-2, 2:-2], expected[:, 2:-2, 2:-2], atol=1e-4)


def test_a_shift_moves_all_pixels(digits):
    moved = distorted(digits, affine=(0, 0, 0, 1, -0.5), shift=2.0)
    expected = np.zeros_like(digits)
    expected[:, :-2, 1:] = digits[:, 2:, :-1]
    np.testing.assert_allclose(moved, expected, atol=1e-6)


def test_a_scale_is_that_of_scipy(digits):
    scaled = distorted(digits, affine=(0, 1, 0, 0, 0), scale=0.2)
    matrix, middle = np.exp(0.2) * np.eye(2), np.array([13.5, 13.5])
    offset = middle - matrix @ middle
    expected = [ndimage.affine_transform(x, matrix, offset, order=1) for x in digits]
    np.testing.assert_allclose(scaled, expected, atol=1e-5)


def test_a_shear_moves_each_row_by_its_distance_from_the_middle(digits):
    sheared = distorted(digits, affine=(0, 0, 1, 0, 0), shear=0.3)
    rows = np.arange(28)
    for row in rows:
        columns = rows + 0.3 * (row - 13.5)
        for x, y in zip(digits, sheared, strict=True):
            expected = np.interp(columns, np.arange(-1, 29), np.pad(x[row], 1), 0.0, 0.0)
            np.testing.assert_allclose(y[row], expected, atol=1e-5)


def test_equal_control_points_move_the_picture_as_a_whole(digits):
    """The curves through equal points are constant: the basis of a spline adds up to 1."""
    moved = distorted(digits, control=2.0, elastic=1.0)
    expected = np.zeros_like(digits)
    expected[:, :-2, :-2] = digits[:, 2:, 2:]
    np.testing.assert_allclose(moved, expected, atol=1e-5)


@pytest.mark.parametrize("sign", [1, -1])
def test_strokes_become_wider_or_narrower_as_in_morphology(sign, digits):
    x = changed(digits, 0.9999999 if sign > 0 else 0.0, stroke=1.0)
    cross = ndimage.generate_binary_structure(2, 1)
    change = ndimage.grey_dilation if sign > 0 else ndimage.grey_erosion
    expected = np.stack([change(digit, footprint=cross, mode="mirror") for digit in digits])
    np.testing.assert_allclose(x, expected, atol=1e-5)


def test_an_outline_is_what_strokes_gain_where_they_become_wider(digits):
    x = changed(digits, 0.9999999, outline=1.0)
    cross = ndimage.generate_binary_structure(2, 1)
    wider = [ndimage.grey_dilation(digit, footprint=cross, mode="mirror") for digit in digits]
    np.testing.assert_allclose(x, wider - digits, atol=1e-5)


def test_a_shade_goes_evenly_from_point_to_point_as_the_zoom_of_scipy(digits):
    uniform = np.random.default_rng(0).random((NEEDED, len(digits)), np.float32)
    first = sum(1 + e.numbers for e in itertools.takewhile(lambda e: e != SHADE, EFFECTS.values()))
    amount, points = uniform[first + 1], uniform[first + 2 : first + 1 + SHADE.numbers]
    clouds = [
        ndimage.zoom(each.reshape(SHADE_POINTS, SHADE_POINTS), 28 / SHADE_POINTS, order=1)
        for each in points.T
    ]
    thickness = 2.0 * amount[:, None, None]
    expected = (digits + thickness * clouds) / (1 + thickness)
    np.testing.assert_allclose(changed(digits, uniform, shade=2.0), expected, atol=1e-5)


def test_a_blur_is_that_of_scipy(digits):
    x = changed(digits, 0.9999999, blur=1.0)
    binomial = np.array([1, 4, 6, 4, 1]) / 16
    expected = ndimage.convolve1d(digits, binomial, axis=1, mode="mirror")
    expected = ndimage.convolve1d(expected, binomial, axis=2, mode="mirror")
    np.testing.assert_allclose(x, expected, atol=1e-5)


def test_contrast_paper_and_brightness_are_linear(digits):
    np.testing.assert_allclose(changed(digits, 0.5, contrast=0.8), 0.6 * digits, atol=1e-6)
    np.testing.assert_allclose(changed(digits, 0.5, paper=0.8), 0.4 + 0.6 * digits, atol=1e-6)
    brighter = np.clip(digits + 0.5 * 0.4, 0, 1)
    np.testing.assert_allclose(changed(digits, 0.75, brightness=0.4), brighter, atol=1e-6)


def test_noise_has_the_deviation_that_is_drawn(digits):
    noise = np.random.default_rng(0).standard_normal(digits.shape).astype(np.float32)
    x = changed(digits, 0.5, noise, noise=0.2)
    np.testing.assert_allclose(x, np.clip(digits + 0.1 * noise, 0, 1), atol=1e-6)


def test_a_stripe_is_straight_and_as_wide_as_is_drawn(digits):
    blank = np.zeros_like(digits)
    x = changed(blank, 0.5, stripe=8.0)  # At 90 degrees, in the middle, 4 of 8 pixels wide.
    expected = np.zeros_like(digits)
    expected[:, :, 12:16] = 0.5
    np.testing.assert_allclose(x, expected)


def test_a_blot_is_a_disc_of_the_radius_that_is_drawn(digits):
    x = changed(np.zeros_like(digits), 0.5, blot=10.0)
    row, column = np.mgrid[:28, :28] - 13.5
    np.testing.assert_allclose(x[0], np.where(row**2 + column**2 < 25, 0.5, 0.0))


@pytest.mark.parametrize("share", [0.0, 0.1, 0.9])
def test_an_effect_changes_the_pictures_whose_number_is_below_the_share(share, digits):
    uniform = np.random.default_rng(0).random((NEEDED, len(digits)), np.float32)
    first = sum(1 + e.numbers for e in itertools.takewhile(lambda e: e != SHADE, EFFECTS.values()))
    all_of_them = changed(digits, uniform, shade=2.0)
    expected = np.where((uniform[first] < share)[:, None, None], all_of_them, digits)
    np.testing.assert_array_equal(changed(digits, uniform, shade=2.0, share=share), expected)


def test_each_effect_happens_to_its_share_of_the_pictures():
    blank = np.zeros((2000, 28, 28), np.float32)
    layer = RandomPhotometry(**{**NO_PHOTOMETRY, "paper": 0.5, "share": 0.3}, seed=0)
    x = keras.ops.convert_to_numpy(layer(blank, training=True))
    # The share of 2,000 draws is within four standard deviations.
    assert abs((x > 0).any(axis=(1, 2)).mean() - 0.3) < 4 * np.sqrt(0.3 * 0.7 / 2000)
