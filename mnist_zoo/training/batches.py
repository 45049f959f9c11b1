"""The digits of every batch, in an order that is drawn anew for each epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import keras


class Block(NamedTuple):
    """Batches that one call runs: rows `start` to `stop` of `batches`, each the digits of one."""

    batches: Any
    start: Any
    stop: Any


class Call(NamedTuple):
    """What one call from Python runs: blocks of batches, in an epoch that is counted from 0."""

    epoch: int
    blocks: list[Block]


class Batches(NamedTuple):
    """What a model is trained on, in batches: all that the loop of a backend needs to know.

    Attributes
    ----------
    x, y : ndarray
        Pictures and labels.
    size : int
        Digits a batch; in the last one of an epoch there may be fewer.
    per_call : int
        Batches that one call from Python runs.
    random : numpy.random.Generator
        Draws the orders of the digits.
    distortion : keras.layers.Layer or None
        Distorts the pictures, anew in every epoch.
    first_epoch : callable or None
        Returns the number of the first epoch, asked when it begins: above 0 in a training that
        goes on where another was stopped. None for 0.
    """

    x: NDArray[Any]
    y: NDArray[Any]
    size: int
    per_call: int
    random: np.random.Generator
    distortion: keras.layers.Layer | None = None
    first_epoch: Callable[[], int] | None = None

    def calls(self, convert: Callable[[Any], Any] = np.asarray) -> Iterator[Call]:
        """Draw an order of the digits for each epoch, and cut it as ``fit`` counts its batches.

        Parameters
        ----------
        convert : callable, optional
            From an array to what the backend takes.

        Yields
        ------
        Call
            What the next call runs.
        """
        digits, size, per_call = len(self.x), self.size, self.per_call
        whole = digits // size
        epoch = self.first_epoch() if self.first_epoch else 0
        for _ in range(epoch):
            self.random.permutation(digits)
        while True:
            order = self.random.permutation(digits).astype(np.int32)
            batches = convert(order[: whole * size].reshape(whole, size))
            calls = [
                [Block(batches, start, min(start + per_call, whole))]
                for start in range(0, whole, per_call)
            ]
            if whole * size < digits:
                # A smaller batch is another shape, and so another loop.
                rest = Block(convert(order[None, whole * size :]), 0, 1)
                if whole % per_call:
                    calls[-1].append(rest)
                else:
                    calls.append([rest])
            yield from (Call(epoch, blocks) for blocks in calls)
            epoch += 1
