"""The pictures of an epoch: as they are, or distorted anew by a layer."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mnist_zoo.training.batches import Batches

if TYPE_CHECKING:
    import keras

# Pictures that are distorted at a time: of one shape, so that a layer is compiled once.
CHUNK = 2000

#: From pictures to distorted ones.
Distort = Callable[[Any], Any]

#: From the number of an epoch to its pictures.
ByEpoch = Callable[[int], Any]


def _eagerly(layer: keras.layers.Layer) -> Distort:
    return lambda x: layer(x, training=True)


def by_epoch(
    pictures: Any,
    distortion: keras.layers.Layer | None,
    compiled: Callable[[Any], Distort] = _eagerly,
) -> ByEpoch:
    """Return what gives the pictures of an epoch.

    Parameters
    ----------
    pictures : tensor of float32, shape (n, ...)
        All of them, undistorted.
    distortion : keras.layers.Layer or None
        Called with pictures of shape (k, rows, columns) and ``training=True``; None to leave the
        pictures as they are. Flat pictures are made square for it.
    compiled : callable, optional
        From such a layer to a function that does the same, faster.

    Returns
    -------
    callable
        From the number of an epoch to a tensor of the same shape. The pictures of one epoch are
        distorted once.
    """
    if distortion is None:
        return lambda epoch: pictures
    import keras

    n, *shape = pictures.shape
    side = math.isqrt(math.prod(shape))
    squares = keras.ops.reshape(pictures, (n, side, side)) if len(shape) == 1 else pictures
    distort = compiled(distortion)
    chunk = min(CHUNK, n)

    @functools.lru_cache(maxsize=1)
    def of_epoch(epoch: int) -> Any:
        parts = []
        for start in range(0, n, chunk):
            # The last part begins early, so that it is of the same shape, and is cut afterwards.
            first = min(start, n - chunk)
            parts.append(distort(squares[first : first + chunk])[start - first :])
        return keras.ops.reshape(keras.ops.concatenate(parts), (n, *shape))

    return of_epoch


def distorted_batches(batches: Batches) -> keras.utils.PyDataset:
    """Return batches for Keras to train on by itself, shuffled and distorted in every epoch."""
    import keras

    # All batches of an epoch at once, as Keras may ask for one of them twice.
    epochs = batches._replace(per_call=len(batches.x)).calls()
    pictures = by_epoch(keras.ops.convert_to_tensor(batches.x), batches.distortion)

    class Distorted(keras.utils.PyDataset):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.on_epoch_end()

        def __len__(self) -> int:
            return len(self.digits)

        def __getitem__(self, number: int) -> tuple[Any, Any]:
            digits = self.digits[number]
            x = keras.ops.convert_to_numpy(keras.ops.take(pictures(self.epoch), digits, axis=0))
            return x, batches.y[digits]

        def on_epoch_end(self) -> None:
            self.epoch, blocks = next(epochs)
            self.digits = [digits for block in blocks for digits in block.batches]

    return Distorted()
