"""What the layers that distort digits share.

Each draws random numbers for each picture, and applies a function of pictures and numbers to them.
The functions are the same on every backend. Models do not contain these layers:
``fit_and_evaluate(distortion=...)`` applies them to the digits that a model is trained on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import keras
from keras import ops

from mnist_zoo.arguments import check_amount, check_seed


class RandomLayer(keras.layers.Layer):  # type: ignore[misc]
    """A layer that changes pictures by random numbers, in training alone.

    Its random numbers have limits, which a strength multiplies.
    """

    #: The largest values that the limits may have, by name.
    LIMITS: ClassVar[Mapping[str, float]] = {}

    def __init__(
        self, limits: Mapping[str, float], strength: float, seed: int | None, **options: Any
    ) -> None:
        super().__init__(**options)
        self.limits = {
            name: check_amount(name, limit, self.LIMITS[name]) for name, limit in limits.items()
        }
        self.seed = check_seed(seed)
        self.seed_generator = keras.random.SeedGenerator(self.seed)
        # A variable, so that a callback can change it where the layer is compiled.
        self.strength = self.add_weight(
            name="strength",
            shape=(),
            initializer=keras.initializers.Constant(check_amount("strength", strength)),
            trainable=False,
        )
        self.built = True

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return the pictures, distorted in training alone."""
        if not training:
            return inputs
        shape = ops.shape(inputs)
        if len(shape) not in (3, 4) or (len(shape) == 4 and shape[3] != 1):
            raise ValueError(
                f"{type(self).__name__} takes pictures of shape (n, rows, columns) or "
                f"(n, rows, columns, 1); got {tuple(inputs.shape)}"
            )
        dtype = keras.backend.standardize_dtype(inputs.dtype)
        if not keras.backend.is_float_dtype(dtype):
            raise ValueError(
                f"{type(self).__name__} takes floats in [0, 1]; got {dtype}. Divide bytes by 255"
            )
        pictures = ops.reshape(ops.cast(inputs, "float32"), shape[:3])
        distorted = self.distort(pictures, self.draw(pictures))
        return ops.stop_gradient(ops.cast(ops.reshape(distorted, shape), inputs.dtype))

    def draw(self, pictures: Any) -> Any:
        """Return the random numbers for these pictures."""
        raise NotImplementedError

    def distort(self, pictures: Any, numbers: Any) -> Any:
        """Return pictures of shape (n, rows, columns), distorted as the numbers say."""
        raise NotImplementedError

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the pictures, which stays."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make such a layer."""
        strength = float(ops.convert_to_numpy(self.strength))
        return {**super().get_config(), **self.limits, "strength": strength, "seed": self.seed}


def grid(rows: int, columns: int) -> tuple[Any, Any]:
    """Return how far each row and each column is from the middle, in pixels."""
    row = ops.arange(rows, dtype="float32")[:, None] - (rows - 1) / 2
    return row, ops.arange(columns, dtype="float32") - (columns - 1) / 2
