"""filters: each against the function of SciPy that computes the same, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from mnist_zoo.pictures import filters

EIGHT_NEIGHBOURS = np.ones((3, 3), bool)
SHAPES = [(1, 1), (1, 40), (40, 1), (2, 3), (30, 50), (51, 20)]
SIDES = [1, 2, 3, 8, 19, 45]


def plane_of(shape):
    return np.random.default_rng(0).random(shape, np.float32)


def snake(side):
    """One region that goes to and fro, so that it is long."""
    mask = np.zeros((side, side), bool)
    mask[::2] = True
    mask[1::4, -1] = mask[3::4, 0] = True
    return mask


def spiral(side):
    """One region whose ends are far from each other."""
    mask = np.zeros((side, side), bool)
    for edge in range(0, side // 2, 2):
        mask[edge, edge : side - edge] = mask[side - 1 - edge, edge : side - edge] = True
        mask[edge : side - edge, edge] = mask[edge : side - edge, side - 1 - edge] = True
        mask[edge + 1, edge] = False
    return mask


MASKS = {
    **{
        f"{share:.0%} of {shape}": plane_of(shape) < share
        for shape in SHAPES
        for share in (0, 0.2, 0.5, 1)
    },
    "a snake": snake(40),
    "a spiral": spiral(41),
    "a chess board": np.indices((30, 31)).sum(axis=0) % 2 == 0,
    "columns": np.indices((30, 31))[1] % 2 == 0,
    "transposed": (plane_of((30, 50)) < 0.3).T,
}


@pytest.fixture(params=MASKS.values(), ids=MASKS)
def mask(request):
    return request.param


@pytest.fixture(params=SHAPES, ids=str)
def plane(request):
    return plane_of(request.param)


def assert_same(found, expected):
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


def test_regions_are_those_of_scipy_in_its_order(mask):
    assert_same(filters.label_regions(mask), ndimage.label(mask, EIGHT_NEIGHBOURS)[0])
    assert_same(filters.label_regions(mask, corners=False), ndimage.label(mask)[0])


def test_each_region_lies_in_the_one_that_surrounds_it():
    mask = np.zeros((20, 30), bool)
    mask[2:18, 2:28] = True  # 1 in paper 1
    mask[4:16, 4:26] = False  # paper 2 in 1
    mask[6:14, 6:12] = True  # 2 in paper 2
    mask[8:12, 8:10] = False  # paper 3 in 2
    mask[0, 29] = True  # 1, as it comes first; the others are one more.
    labels, papers = filters.label_regions(mask), filters.label_regions(~mask, corners=False)
    assert filters.around(labels, papers).tolist() == [0, 1, 1, 2]
    assert filters.around(papers, labels).tolist() == [0, 0, 2, 3]


@pytest.mark.parametrize("width", [1, 2, 3, 5, 40])
@pytest.mark.parametrize("shape", [(100, 100), (61, 83), (400, 7)])
def test_a_ring_that_is_shrunk_stays_closed(width, shape):
    rows, columns = np.ogrid[:400, :400]
    far = np.hypot(rows - 199.5, columns - 199.5)
    ink = ((far < 195) & (far >= 195 - width)).astype(np.float32)
    small = filters.shrink(ink, shape)
    assert small.shape == shape
    regions = ndimage.label(small <= 0.5)[0]
    middle = regions[shape[0] // 2, shape[1] // 2]
    assert (middle not in (0, regions[0, 0])) or min(shape) == 7


def test_thick_strokes_are_shrunk_by_averaging():
    ink = np.zeros((60, 40), np.float32)
    ink[20:40, 11:30] = 1.0
    np.testing.assert_array_equal(filters.shrink(ink, (20, 13)), filters.resize(ink, (20, 13)))


def test_distances_are_those_of_scipy(mask):
    mask = np.pad(mask, 1)  # So that something is outside.
    assert_same(filters.distances(mask), ndimage.distance_transform_edt(mask))


@pytest.mark.parametrize("reach", [1, 2, 7])
def test_masks_grow_as_those_of_scipy(mask, reach):
    grown = filters.grow(mask, reach)
    assert_same(grown, ndimage.maximum_filter(mask, 2 * reach + 1, mode="constant"))
    assert_same(grown, ndimage.binary_dilation(mask, EIGHT_NEIGHBOURS, iterations=reach))


@pytest.mark.parametrize("side", SIDES)
def test_openings_are_those_of_scipy(plane, side):
    expected = ndimage.grey_opening(plane, (side, side), mode="nearest")
    assert_same(filters.opening(plane, side), expected)


@pytest.mark.parametrize("side", [side for side in SIDES if side % 2])
def test_medians_are_those_of_scipy(plane, side):
    assert_same(filters.median(plane, side), ndimage.median_filter(plane, side, mode="nearest"))


@pytest.mark.parametrize("side", SIDES)
def test_means_are_those_of_scipy(plane, side):
    assert_same(filters.mean(plane, side), ndimage.uniform_filter(plane, side, mode="nearest"))
    along = filters.mean_along(plane, side, "symmetric")
    assert_same(along, ndimage.uniform_filter1d(plane, side, axis=1))


def test_blurred_planes_are_those_of_scipy(plane):
    assert_same(filters.blur(plane), ndimage.gaussian_filter(plane, 1.0))


def test_centres_of_mass_are_those_of_scipy(plane):
    whole = ndimage.center_of_mass(plane.astype(np.float64))
    assert filters.centre_of_mass(plane) == whole


def test_strokes_are_averaged_in_the_direction_of_the_largest_mean():
    plane = plane_of((40, 30))
    means = []
    for (down, across), reach in filters.DIRECTIONS.items():
        kernel = np.zeros((9, 9))
        for k in range(-reach, reach + 1):
            kernel[4 + k * down, 4 + k * across] = 1 / (2 * reach + 1)
        means.append(ndimage.correlate(plane, kernel, mode="nearest"))
    np.testing.assert_allclose(filters.along_strokes(plane), np.max(means, axis=0), atol=1e-6)


@pytest.mark.parametrize("degrees", [0, 45, 63.4, 90, 135])
def test_a_straight_stroke_in_noise_is_kept_and_the_noise_is_not(degrees):
    rows, columns = np.indices((80, 80)) - 40
    angle = np.deg2rad(degrees)
    stroke = np.abs(rows * np.cos(angle) - columns * np.sin(angle)) < 1
    noise = np.random.default_rng(0).normal(0, 0.2, stroke.shape)
    averaged = filters.along_strokes((stroke + noise).astype(np.float32))
    inside = np.hypot(rows, columns) < 30
    far = ~ndimage.binary_dilation(stroke, iterations=6)
    assert averaged[stroke & inside].mean() > 0.9
    assert averaged[far].std() < 0.5 * noise.std()
