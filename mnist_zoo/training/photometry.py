"""Random changes of the look of digits, as a layer of Keras: :class:`RandomPhotometry`.

To add an effect, write a function and its row in :data:`EFFECTS`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple

import keras
import numpy as np
from keras import ops

from mnist_zoo.training.random_layer import RandomLayer, grid

# The weights of neighbouring pixels in a blurred one, in either direction.
BLUR = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)
# Points along each side between which a shade changes evenly.
SHADE_POINTS = 6


class Effect(NamedTuple):
    """A random change of the look of pictures.

    Attributes
    ----------
    apply : callable
        From pictures of shape (n, rows, columns), random numbers in [0, 1) of shape
        (numbers, n, 1, 1), its limit, and noise of the pictures' shape, to pictures.
    numbers : int
        How many random numbers it needs for a picture.
    most : float
        The largest limit that makes sense.
    """

    apply: Callable[[Any, Any, Any, Any], Any]
    numbers: int
    most: float


class PhotometryNumbers(NamedTuple):
    """The random numbers of :class:`RandomPhotometry`, for n pictures.

    Attributes
    ----------
    uniform : tensor of float32, shape (k, n)
        In [0, 1): for each effect in turn whether it happens, and then its own numbers.
    noise : tensor of float32, shape (m, rows, columns)
        Of the standard normal distribution. An effect changes at most m pictures.
    """

    uniform: Any
    noise: Any


def _stroke(x: Any, numbers: Any, limit: Any, _: Any) -> Any:
    """Let strokes become wider or narrower, by up to one pixel on either side."""
    change = (2 * numbers[0] - 1) * limit
    wider, narrower = _largest_near(x), -_largest_near(-x)
    return x + ops.relu(change) * (wider - x) + ops.relu(-change) * (narrower - x)


def _outline(x: Any, numbers: Any, limit: Any, _: Any) -> Any:
    """Let strokes fade, and lines around them appear."""
    return x + numbers[0] * limit * (_largest_near(x) - 2 * x)


def _blur(x: Any, numbers: Any, limit: Any, _: Any) -> Any:
    return x + numbers[0] * limit * (_blurred(x) - x)


def _contrast(x: Any, numbers: Any, limit: Any, _: Any) -> Any:
    """Let ink become paler."""
    return x * (1 - numbers[0] * limit)


def _paper(x: Any, numbers: Any, limit: Any, _: Any) -> Any:
    """Let paper become grey."""
    grey = numbers[0] * limit
    return grey + (1 - grey) * x


def _shade(x: Any, numbers: Any, limit: Any, _: Any) -> Any:
    """Mix a cloud into pictures, with a weight of up to `limit`; theirs is 1."""
    rows, columns = x.shape[1:]
    points = ops.reshape(numbers[1:], (SHADE_POINTS, SHADE_POINTS, -1))
    down, right = _between(rows), _between(columns)
    cloud = ops.einsum("ra,abn,cb->nrc", down, points, right)
    thickness = numbers[0] * limit
    return (x + thickness * cloud) / (1 + thickness)


def _stripe(x: Any, numbers: Any, limit: Any, _: Any) -> Any:
    """Draw a straight stripe, up to `limit` pixels wide, of any direction, place and value."""
    rows, columns = x.shape[1:]
    angle, place, width, value = numbers[0], numbers[1], numbers[2], numbers[3]
    row, column = grid(rows, columns)
    across = ops.cos(math.pi * angle) * row + ops.sin(math.pi * angle) * column
    half = width * limit / 2
    inside = ops.abs(across - (place - 0.5) * min(rows, columns)) < half
    return ops.where(inside, value, x)


def _blot(x: Any, numbers: Any, limit: Any, _: Any) -> Any:
    """Draw a disc, of a radius of up to `limit` pixels, of any place and value."""
    rows, columns = x.shape[1:]
    row, column = grid(rows, columns)
    down, right = (numbers[0] - 0.5) * rows, (numbers[1] - 0.5) * columns
    inside = (row - down) ** 2 + (column - right) ** 2 < (numbers[2] * limit) ** 2
    return ops.where(inside, numbers[3], x)


def _noise(x: Any, numbers: Any, limit: Any, noise: Any) -> Any:
    return x + numbers[0] * limit * noise


def _brightness(x: Any, numbers: Any, limit: Any, _: Any) -> Any:
    return x + (2 * numbers[0] - 1) * limit


#: The effects, in the order in which they happen.
EFFECTS: dict[str, Effect] = {
    "stroke": Effect(_stroke, 1, 1.0),
    "outline": Effect(_outline, 1, 1.0),
    "blur": Effect(_blur, 1, 1.0),
    "contrast": Effect(_contrast, 1, 1.0),
    "paper": Effect(_paper, 1, 1.0),
    "shade": Effect(_shade, 1 + SHADE_POINTS**2, 4.0),
    "stripe": Effect(_stripe, 4, 28.0),
    "blot": Effect(_blot, 4, 28.0),
    "noise": Effect(_noise, 1, 1.0),
    "brightness": Effect(_brightness, 1, 1.0),
}


@keras.saving.register_keras_serializable("mnist_zoo")
class RandomPhotometry(RandomLayer):
    """Change strokes, ink, paper and sharpness of digits at random, and soil them.

    Each effect happens to a share of the pictures, by an amount drawn between nothing and its
    limit. Pictures are in [0, 1], ink is 1, and so is what comes out. In training alone; otherwise
    pictures pass as they are.

    Parameters
    ----------
    stroke : float, default 1
        How far strokes become wider or narrower, in pixels on either side, up to 1.
    outline : float, default 1
        How far strokes fade, and lines around them appear, up to 1.
    blur : float, default 1
        How far pictures are mixed with blurred ones (binomial, of 5 pixels), up to 1.
    contrast : float, default 0.7
        How much of the ink's darkness is lost, up to 1.
    paper : float, default 0.5
        How grey the paper becomes, up to 1.
    shade : float, default 2
        Largest weight of a cloud that is mixed into the picture, which has the weight 1; up to 4.
    stripe : float, default 8
        Largest width of a straight stripe, in pixels, up to 28.
    blot : float, default 4
        Largest radius of a round blot, in pixels, up to 28.
    noise : float, default 0.4
        Largest standard deviation of noise, the same for all pixels of a picture, up to 1.
    brightness : float, default 0.4
        Largest change of all values, up to 1.
    share : float, default 0.2
        The share of pictures that each effect happens to, in [0, 1].
    strength : float, default 1
        What all limits are multiplied by. As the variable ``strength`` it can be changed by a
        callback.
    seed : int, optional
        Makes the sequence of changes repeat.
    **options
        As for every layer of Keras: ``name``, ``dtype``.

    Raises
    ------
    ValueError
        If an argument is out of its range, or pictures are of another shape.

    Examples
    --------
    >>> import numpy as np
    >>> from mnist_zoo import RandomPhotometry, load_mnist
    >>> x = load_mnist(source="sample").train.x[:4]
    >>> changed = np.asarray(RandomPhotometry(share=1, seed=0)(x, training=True))
    >>> changed.shape, bool((changed >= 0).all() and (changed <= 1).all())
    ((4, 28, 28), True)
    """

    LIMITS: ClassVar[Mapping[str, float]] = {
        **{name: effect.most for name, effect in EFFECTS.items()},
        "share": 1.0,
    }

    def __init__(
        self,
        *,
        stroke: float = 1.0,
        outline: float = 1.0,
        blur: float = 1.0,
        contrast: float = 0.7,
        paper: float = 0.5,
        shade: float = 2.0,
        stripe: float = 8.0,
        blot: float = 4.0,
        noise: float = 0.4,
        brightness: float = 0.4,
        share: float = 0.2,
        strength: float = 1.0,
        seed: int | None = None,
        **options: Any,
    ) -> None:
        limits = {
            "stroke": stroke,
            "outline": outline,
            "blur": blur,
            "contrast": contrast,
            "paper": paper,
            "shade": shade,
            "stripe": stripe,
            "blot": blot,
            "noise": noise,
            "brightness": brightness,
            "share": share,
        }
        super().__init__(limits, strength, seed, **options)

    def draw(self, pictures: Any) -> PhotometryNumbers:
        """Draw the random numbers for some pictures.

        Parameters
        ----------
        pictures : tensor of float32, shape (n, rows, columns)
            The pictures.

        Returns
        -------
        PhotometryNumbers
        """
        n, *shape = ops.shape(pictures)
        needed = sum(1 + effect.numbers for effect in EFFECTS.values())
        return PhotometryNumbers(
            keras.random.uniform((needed, n), seed=self.seed_generator),
            keras.random.normal((self._most_changed(n), *shape), seed=self.seed_generator),
        )

    def distort(self, pictures: Any, numbers: PhotometryNumbers) -> Any:
        """Return pictures changed as the numbers say.

        Parameters
        ----------
        pictures : tensor of float32, shape (n, rows, columns)
            The pictures, in [0, 1].
        numbers : PhotometryNumbers
            Random numbers for each of them.

        Returns
        -------
        tensor of float32, shape (n, rows, columns)
        """
        strength = ops.convert_to_tensor(self.strength)
        most = self._most_changed(ops.shape(pictures)[0])
        first = 0
        for name, effect in EFFECTS.items():
            # Only pictures that may change are computed: those with the smallest numbers.
            few = ops.argsort(numbers.uniform[first])[:most]
            uniform = ops.take(numbers.uniform[first : first + 1 + effect.numbers], few, axis=1)
            happens, own = uniform[0, :, None, None], uniform[1:, :, None, None]
            limit = ops.minimum(self.limits[name] * strength, effect.most)
            before = ops.take(pictures, few, axis=0)
            changed = effect.apply(before, own, limit, numbers.noise)
            after = ops.where(happens < self.limits["share"], changed, before)
            pictures = ops.scatter_update(pictures, few[:, None], after)
            first += 1 + effect.numbers
        return ops.clip(pictures, 0.0, 1.0)

    def _most_changed(self, n: Any) -> Any:
        """Return how many of n pictures an effect changes at most.

        That is five standard deviations more than are expected: fewer than one draw in a million
        asks for more, which then stay as they are.
        """
        if not isinstance(n, int):  # Of any number, in a model.
            return n
        share = self.limits["share"]
        return min(n, 1 + math.ceil(n * share + 5 * math.sqrt(n * share * (1 - share))))


def _largest_near(x: Any) -> Any:
    """Return the largest value of a pixel and the four around it."""
    around = ops.pad(x, ((0, 0), (1, 1), (1, 1)), mode="reflect")
    vertical = ops.maximum(around[:, :-2, 1:-1], around[:, 2:, 1:-1])
    horizontal = ops.maximum(around[:, 1:-1, :-2], around[:, 1:-1, 2:])
    return ops.maximum(x, ops.maximum(vertical, horizontal))


def _blurred(x: Any) -> Any:
    """Return pictures blurred in both directions; what is beyond an edge mirrors what is within."""
    rows, columns = x.shape[1:]
    reach = len(BLUR) // 2
    around = ops.pad(x, ((0, 0), (reach, reach), (reach, reach)), mode="reflect")
    lines = sum(weight * around[:, i : i + rows] for i, weight in enumerate(BLUR))
    return sum(weight * lines[:, :, i : i + columns] for i, weight in enumerate(BLUR))


def _between(pixels: int) -> Any:
    """Return the (pixels, points) matrix that goes evenly from one point to the next."""
    place = np.linspace(0, SHADE_POINTS - 1, pixels)
    matrix = np.maximum(0, 1 - np.abs(place[:, None] - np.arange(SHADE_POINTS)))
    return ops.convert_to_tensor(matrix.astype(np.float32))
