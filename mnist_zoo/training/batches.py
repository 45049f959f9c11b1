"""The digits of every batch, in an order that is drawn anew for each epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np


class Block(NamedTuple):
    """Batches that one call runs: rows `start` to `stop` of `batches`, each the digits of one."""

    batches: Any
    start: Any
    stop: Any


def blocks(
    digits: int,
    batch_size: int,
    per_call: int,
    random: np.random.Generator,
    convert: Callable[[Any], Any] = np.asarray,
) -> Iterator[list[Block]]:
    """Draw an order of the digits for each epoch, and cut it as ``fit`` counts its batches.

    Parameters
    ----------
    digits : int
        Number of digits.
    batch_size : int
        Digits a batch; in the last one of an epoch there may be fewer.
    per_call : int
        Batches that one call runs.
    random : numpy.random.Generator
        Draws the orders.
    convert : callable, optional
        From an array to what the backend takes.

    Yields
    ------
    list of Block
        What the next call runs.
    """
    whole = digits // batch_size
    while True:
        order = random.permutation(digits).astype(np.int32)
        batches = convert(order[: whole * batch_size].reshape(whole, batch_size))
        calls = [
            [Block(batches, start, min(start + per_call, whole))]
            for start in range(0, whole, per_call)
        ]
        if whole * batch_size < digits:
            # A smaller batch is another shape, and so another loop.
            rest = Block(convert(order[None, whole * batch_size :]), 0, 1)
            if whole % per_call:
                calls[-1].append(rest)
            else:
                calls.append([rest])
        yield from calls
