"""Fifteen ways in which a picture of a digit can be spoilt, to test models on: MNIST-C.

They are those of [1]_, written anew, with the strengths of the authors' own program. The random
numbers are not those of their data set, so accuracies on it are comparable, but not each digit.

To add a corruption, write a function and its row in :data:`CORRUPTIONS`.

References
----------
.. [1] N. Mu and J. Gilmer, "MNIST-C: A robustness benchmark for computer vision", ICML 2019
   Workshop on Uncertainty and Robustness in Deep Learning, arXiv:1906.02337.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mnist_zoo.arguments import check_choice, check_seed

# Pictures of shape (n, rows, columns), in [0, 1].
Pictures = NDArray[np.float32]
# Arrays of float32 or float64: for type checkers, what comes of mixing the two is anything.
Floats: TypeAlias = Any


class Corruption(NamedTuple):
    """One way to spoil pictures.

    Attributes
    ----------
    apply : callable
        From pictures and a generator of random numbers to pictures, not yet within [0, 1].
    summary : str
        What it does.
    resembles : str
        The effect of :class:`~mnist_zoo.RandomDistortion` or :class:`~mnist_zoo.RandomPhotometry`
        that is like it; empty if none is.
    """

    apply: Callable[[Pictures, np.random.Generator], Floats]
    summary: str
    resembles: str = ""


def corrupt(x: ArrayLike, name: str, *, seed: int = 0) -> Pictures:
    """Spoil pictures of digits in one of fifteen ways.

    Parameters
    ----------
    x : array_like of float, shape (n, rows, columns)
        Pictures in [0, 1], in which ink is 1.
    name : str
        One of :data:`CORRUPTIONS`.
    seed : int, default 0
        Of the random numbers: equal seeds spoil equally.

    Returns
    -------
    ndarray of float32, shape (n, rows, columns)
        New pictures, in [0, 1].

    Raises
    ------
    ValueError
        If there is no such corruption, or pictures are of another shape or range.

    Examples
    --------
    >>> from mnist_zoo import load_mnist
    >>> from mnist_zoo.corruptions import corrupt
    >>> x = load_mnist(source="sample").test.x[:10]
    >>> corrupt(x, "fog").shape
    (10, 28, 28)
    """
    check_choice("name", name, CORRUPTIONS)
    pictures = np.asarray(x, np.float32)
    if pictures.ndim != 3:
        raise ValueError(f"x must be of shape (n, rows, columns); got {pictures.shape}")
    if pictures.size and not (pictures.min() >= 0.0 and pictures.max() <= 1.0):
        raise ValueError(
            f"x must be in [0, 1]; found {pictures.min():g} to {pictures.max():g}. Divide bytes "
            "by 255"
        )
    random = np.random.default_rng(check_seed(seed))
    spoilt: Pictures = np.clip(CORRUPTIONS[name].apply(pictures, random), 0.0, 1.0)
    return spoilt.astype(np.float32)


def _shot_noise(x: Pictures, random: np.random.Generator) -> Floats:
    photons = 3.0
    return random.poisson(photons * x) / photons


def _impulse_noise(x: Pictures, random: np.random.Generator) -> Floats:
    share = 0.17
    drawn = random.random(x.shape)
    return np.where(drawn < share / 2, 0.0, np.where(drawn < share, 1.0, x))


def _glass_blur(x: Pictures, random: np.random.Generator) -> Floats:
    sigma, reach, times = 0.7, 1, 2
    x = _gaussian(x, sigma)
    n, rows, columns = x.shape
    each = np.arange(n)
    for _ in range(times):
        for row in range(rows - reach - 1, reach - 1, -1):
            for column in range(columns - reach - 1, reach - 1, -1):
                swapped = random.random(n) < 0.5
                down, right = swapped * random.integers(-reach, reach + 1, (2, n))
                there = each, row + down, column + right
                here, x[there] = x[there], x[:, row, column].copy()
                x[:, row, column] = here
    return _gaussian(x, sigma)


def _motion_blur(x: Pictures, random: np.random.Generator) -> Floats:
    length, sigma = 10, 3.0
    angle = random.uniform(-np.pi / 4, np.pi / 4, (len(x), 1, 1))
    weights = np.exp(-0.5 * (np.arange(length + 1) / sigma) ** 2)
    row, column = _grid(x)
    return sum(
        weight * _sampled(x, row + step * np.sin(angle), column + step * np.cos(angle))
        for step, weight in enumerate(weights / weights.sum())
    )


def _shear(x: Pictures, random: np.random.Generator) -> Floats:
    shift = 0.4 * _sign(x, random)
    row, column = _grid(x)
    return _sampled(x, row, column + shift * row)


def _scale(x: Pictures, random: np.random.Generator) -> Floats:
    row, column = _grid(x)
    return _sampled(x, row / 0.7, column / 0.7)


def _rotate(x: Pictures, random: np.random.Generator) -> Floats:
    angle = 0.4 * _sign(x, random)  # In radians.
    row, column = _grid(x)
    cos, sin = np.cos(angle), np.sin(angle)
    return _sampled(x, cos * row - sin * column, sin * row + cos * column)


def _brightness(x: Pictures, random: np.random.Generator) -> Floats:
    return x + 0.5


def _translate(x: Pictures, random: np.random.Generator) -> Floats:
    row, column = _grid(x)
    return _sampled(x, row + 3 * _sign(x, random), column + 3 * _sign(x, random))


def _stripe(x: Pictures, random: np.random.Generator) -> Floats:
    """Invert the outer quarters on the left and on the right."""
    quarter = x.shape[2] // 4
    inverted = 1.0 - x
    return np.concatenate(
        [inverted[:, :, :quarter], x[:, :, quarter:-quarter], inverted[:, :, -quarter:]], axis=2
    )


def _fog(x: Pictures, random: np.random.Generator) -> Floats:
    """Lay clouds over the pictures: noise of ever finer grain, each 1.4 times weaker."""
    from scipy import ndimage

    thickness, decay = 3.0, 1.4
    n, rows, columns = x.shape
    clouds = np.zeros(x.shape)
    amplitude, points = 1.0, 2
    while points <= max(rows, columns):
        grid = random.uniform(-1.0, 1.0, (n, points, points))
        zoom = (1, rows / points, columns / points)
        clouds += amplitude * ndimage.zoom(grid, zoom, order=1, grid_mode=True, mode="nearest")
        amplitude, points = amplitude / decay, 2 * points
    low, high = (edge(clouds, axis=(1, 2), keepdims=True) for edge in (np.min, np.max))
    clouds = (clouds - low) / (high - low)
    return (x + thickness * clouds) / (1.0 + thickness)


def _spatter(x: Pictures, random: np.random.Generator) -> Floats:
    """Let drops of mud fall on the pictures."""
    mean, deviation, threshold, grey = 0.65, 0.3, 0.65, 63 / 255
    wet = _gaussian(random.normal(mean, deviation, x.shape), 1.0) > threshold
    drops = _gaussian(wet.astype(np.float64), 1.5)
    drops[drops < 0.8] = 0.0
    return x * (1.0 - drops) + grey * drops


def _dotted_line(x: Pictures, random: np.random.Generator) -> Floats:
    """Draw a straight line of dashes, two pixels each, from the left to the right edge."""
    begin, end = random.integers(0, x.shape[1] - 1, (2, len(x), 1, 1))
    column = np.arange(x.shape[2])
    line = _line(x, begin + (end - begin) * column / (x.shape[2] - 1))
    return x + line * (column // 2 % 2)


def _zigzag(x: Pictures, random: np.random.Generator) -> Floats:
    """Draw a zigzag of teeth two pixels high and four wide, almost level."""
    tooth, margin = 2.0, 2
    begin = random.integers(0, x.shape[1] - 1, (len(x), 1, 1))
    change = random.integers(-5, 5, (len(x), 1, 1))
    column = np.arange(x.shape[2])
    along = (column - margin) / (x.shape[2] - 1 - 2 * margin)
    teeth = tooth * (2 / np.pi) * np.arcsin(np.sin(np.pi * (column - margin) / (2 * tooth)))
    line = _line(x, begin + change * along + teeth)
    return x + line * ((column >= margin) & (column < x.shape[2] - margin))


def _canny_edges(x: Pictures, random: np.random.Generator) -> Floats:
    """Keep the edges of strokes alone, found by the method of Canny."""
    from scipy import ndimage

    low, high = 0.1, 0.2
    smooth = _gaussian(x, 1.0)
    # Sobel's filters. `ndimage.sobel` would smooth along the axis of the pictures too.
    slope, mean = (-1, 0, 1), (1, 2, 1)
    down, right = (
        ndimage.correlate1d(ndimage.correlate1d(smooth, slope, along), mean, across)
        for along, across in ((1, 2), (2, 1))
    )
    steepness = np.hypot(down, right)
    # An edge is where it is steepest along the gradient.
    length = np.maximum(steepness, 1e-12)
    row, column = _grid(x)
    near = [
        _sampled(steepness, row + way * down / length, column + way * right / length)
        for way in (-1, 1)
    ]
    edges = (steepness >= near[0]) & (steepness >= near[1])
    # A weak edge counts if it touches a strong one.
    touching = np.zeros((3, 3, 3), bool)
    touching[1] = True
    labels, found = ndimage.label(edges & (steepness > low), touching)
    strong = np.zeros(found + 1, bool)
    strong[labels[edges & (steepness > high)]] = True
    strong[0] = False
    return strong[labels].astype(np.float64)


def _gaussian(x: Floats, sigma: float) -> Floats:
    from scipy import ndimage

    return ndimage.gaussian_filter(x, (0, sigma, sigma), mode="nearest")


def _sign(x: Pictures, random: np.random.Generator) -> Floats:
    """Return -1 or 1 for each picture."""
    return random.choice([-1.0, 1.0], (len(x), 1, 1))


def _grid(x: Floats) -> tuple[Floats, Floats]:
    """Return how far rows and columns are from the middle."""
    rows, columns = x.shape[1:]
    return np.arange(rows)[:, None] - (rows - 1) / 2, np.arange(columns) - (columns - 1) / 2


def _sampled(x: Floats, row: Floats, column: Floats) -> Floats:
    """Return the bilinear samples of pictures, counted from the middle; 0 beyond the edges."""
    n, rows, columns = x.shape
    row, column = np.broadcast_arrays(row + (rows - 1) / 2, column + (columns - 1) / 2)
    row = np.broadcast_to(np.clip(row, -1.0, rows), x.shape)
    column = np.broadcast_to(np.clip(column, -1.0, columns), x.shape)
    top, left = np.floor(row).astype(int), np.floor(column).astype(int)
    below, right = row - top, column - left
    around = np.pad(x, ((0, 0), (1, 2), (1, 2)))
    each = np.arange(n)[:, None, None]

    def at(down: int, across: int) -> Floats:
        return around[each, top + 1 + down, left + 1 + across]

    upper = at(0, 0) * (1 - right) + at(0, 1) * right
    lower = at(1, 0) * (1 - right) + at(1, 1) * right
    return upper * (1 - below) + lower * below


def _line(x: Pictures, row: Floats) -> Floats:
    """Return the ink of a line that is at `row` in each column; pale at its edges."""
    distance = np.abs(np.arange(x.shape[1])[:, None] - row)
    return np.maximum(1.0 + np.log(np.maximum(1.0 - distance / 2.3, 1e-9)), 0.0)


#: The fifteen corruptions, in the order of the paper.
CORRUPTIONS: dict[str, Corruption] = {
    "shot_noise": Corruption(
        _shot_noise, "noise, as of ink that is counted in three photons", "noise"
    ),
    "impulse_noise": Corruption(_impulse_noise, "17 % of the pixels black or white"),
    "glass_blur": Corruption(
        _glass_blur, "neighbouring pixels changed places, and blurred", "blur"
    ),
    "motion_blur": Corruption(_motion_blur, "blurred in one direction"),
    "shear": Corruption(_shear, "rows shifted by 0.4 of their distance from the middle", "shear"),
    "scale": Corruption(_scale, "0.7 times as large", "scale"),
    "rotate": Corruption(_rotate, "turned by 0.4 radians", "rotation"),
    "brightness": Corruption(_brightness, "0.5 brighter", "paper"),
    "translate": Corruption(_translate, "shifted by 3 pixels in both directions", "shift"),
    "stripe": Corruption(_stripe, "the outer quarters inverted", "stripe"),
    "fog": Corruption(_fog, "behind thick clouds", "shade"),
    "spatter": Corruption(_spatter, "with drops of mud", "blot"),
    "dotted_line": Corruption(_dotted_line, "crossed by a dotted line", "stripe"),
    "zigzag": Corruption(_zigzag, "crossed by a zigzag", "stripe"),
    "canny_edges": Corruption(_canny_edges, "the edges of the strokes alone", "outline"),
}
