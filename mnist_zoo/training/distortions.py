"""Random changes of the shape of digits, as a layer of Keras: :class:`RandomDistortion`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

import keras
import numpy as np
from keras import ops

from mnist_zoo.training.random_layer import RandomLayer, grid

# Control points of the elastic bending along a side; the curves between them are cubic.
CONTROL_POINTS = 8
# Blank pixels around a picture, for what is taken from beyond it.
MARGIN = 2


class DistortionNumbers(NamedTuple):
    """The random numbers of :class:`RandomDistortion`, for n pictures.

    Attributes
    ----------
    affine : tensor of float32, shape (n, 5)
        In [-1, 1): for the rotation, the scale, the shear, and the shifts down and to the right.
    elastic : tensor of float32, shape (2, n, 8, 8)
        Of the standard normal distribution: for the control points, down and to the right.
    """

    affine: Any
    elastic: Any


@keras.saving.register_keras_serializable("mnist_zoo")
class RandomDistortion(RandomLayer):
    """Turn, scale, shear, shift and bend digits at random: the shapes that a hand might draw.

    The maps are combined, and each picture is sampled once, bilinearly; beyond its edges is paper
    of value 0. Elastic bending is that of [1]_ in the large: here, smooth curves through random
    control points take the place of blurred noise. In training alone; otherwise pictures pass as
    they are.

    Parameters
    ----------
    rotation : float, default 12
        Largest rotation to either side, in degrees, up to 180.
    scale : float, default 0.12
        Largest change of the size: from ``exp(-scale)`` to ``exp(scale)`` times, up to 2.
    shear : float, default 0.2
        Largest shift of a row, in pixels, for each pixel of its distance from the middle, up to 2.
    shift : float, default 2
        Largest shift, in pixels, up to 28.
    elastic : float, default 1.2
        Standard deviation of the control points' displacement, in pixels, up to 28.
    strength : float, default 1
        What all of these are multiplied by. As the variable ``strength`` it can be changed by a
        callback.
    seed : int, optional
        Makes the sequence of distortions repeat.
    **options
        As for every layer of Keras: ``name``, ``dtype``.

    Raises
    ------
    ValueError
        If an argument is out of its range, or pictures are of another shape.

    References
    ----------
    .. [1] P. Y. Simard, D. Steinkraus and J. C. Platt, "Best practices for convolutional neural
       networks applied to visual document analysis", ICDAR 2003.

    Examples
    --------
    >>> import numpy as np
    >>> from mnist_zoo import RandomDistortion, load_mnist
    >>> x = load_mnist(source="sample").train.x[:4]
    >>> distort = RandomDistortion(rotation=20, seed=0)
    >>> np.asarray(distort(x, training=True)).shape
    (4, 28, 28)
    >>> bool((np.asarray(distort(x)) == x).all())
    True
    """

    LIMITS: ClassVar[Mapping[str, float]] = {
        "rotation": 180.0,
        "scale": 2.0,
        "shear": 2.0,
        "shift": 28.0,
        "elastic": 28.0,
    }

    def __init__(
        self,
        *,
        rotation: float = 12.0,
        scale: float = 0.12,
        shear: float = 0.2,
        shift: float = 2.0,
        elastic: float = 1.2,
        strength: float = 1.0,
        seed: int | None = None,
        **options: Any,
    ) -> None:
        limits = {
            "rotation": rotation,
            "scale": scale,
            "shear": shear,
            "shift": shift,
            "elastic": elastic,
        }
        super().__init__(limits, strength, seed, **options)

    def draw(self, pictures: Any) -> DistortionNumbers:
        """Draw the random numbers for some pictures.

        Parameters
        ----------
        pictures : tensor of float32, shape (n, rows, columns)
            The pictures.

        Returns
        -------
        DistortionNumbers
        """
        n = ops.shape(pictures)[0]
        points = (2, n, CONTROL_POINTS, CONTROL_POINTS)
        return DistortionNumbers(
            keras.random.uniform((n, 5), -1.0, 1.0, seed=self.seed_generator),
            keras.random.normal(points, seed=self.seed_generator),
        )

    def distort(self, pictures: Any, numbers: DistortionNumbers) -> Any:
        """Return pictures distorted as the numbers say.

        Parameters
        ----------
        pictures : tensor of float32, shape (n, rows, columns)
            The pictures, in [0, 1].
        numbers : DistortionNumbers
            Random numbers for each of them.

        Returns
        -------
        tensor of float32, shape (n, rows, columns)
        """
        limits = self.limits
        rows, columns = pictures.shape[1:]
        largest = [
            np.radians(limits["rotation"]),
            *(limits[name] for name in ("scale", "shear", "shift", "shift")),
        ]
        strength = ops.convert_to_tensor(self.strength)
        affine = numbers.affine * ops.convert_to_tensor(largest, "float32") * strength
        angle, scale, shear, down, right = (affine[:, i, None, None] for i in range(5))
        row, column = grid(rows, columns)
        bend = ops.einsum(
            "ia,dnab,jb->dnij",
            _curves(rows),
            numbers.elastic * (limits["elastic"] * strength),
            _curves(columns),
        )
        size, cos, sin = ops.exp(scale), ops.cos(angle), ops.sin(angle)
        y = (cos * row - sin * column) * size + down + bend[0]
        x = (sin * row + cos * column) * size + shear * row + right + bend[1]
        return _sample(pictures, y + (rows - 1) / 2, x + (columns - 1) / 2)


def _curves(pixels: int) -> Any:
    """Return the (pixels, control points) matrix that draws a cubic B-spline through the points."""
    matrix = np.zeros((pixels, CONTROL_POINTS), np.float32)
    places = (np.arange(pixels) + 0.5) * (CONTROL_POINTS - 3) / pixels
    for pixel, place in enumerate(places):
        first, t = int(place), place % 1
        basis = ((1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3)
        matrix[pixel, first : first + 4] = np.array(basis) / 6
    return matrix


def _sample(pictures: Any, y: Any, x: Any) -> Any:
    """Return the bilinear samples of pictures at rows `y` and columns `x`; 0 beyond the edges."""
    rows, columns = pictures.shape[1:]
    wide = columns + 2 * MARGIN
    top, left = ops.floor(y), ops.floor(x)
    below, right = y - top, x - left
    around = ((0, 0), (MARGIN, MARGIN), (MARGIN, MARGIN))
    high = rows + 2 * MARGIN
    pixels = ops.reshape(ops.pad(pictures, around), (-1,))
    # Within two blank rows or columns, so that beyond the edges both neighbours are blank.
    row = ops.clip(top + MARGIN, 0, high - 2)
    column = ops.clip(left + MARGIN, 0, wide - 2)
    number = ops.arange(ops.shape(pictures)[0], dtype="int32")[:, None, None]
    corner = ops.cast(row * wide + column, "int32") + number * (high * wide)

    def at(offset: int) -> Any:
        return ops.take(pixels, corner + offset)

    upper = at(0) * (1 - right) + at(1) * right
    lower = at(wide) * (1 - right) + at(wide + 1) * right
    return upper * (1 - below) + lower * below
