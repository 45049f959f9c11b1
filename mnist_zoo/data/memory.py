"""Arrays in memory that TensorFlow and JAX can share: any other array they copy, once or twice."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

# The bytes of the widest register of a CPU: what the two ask of an address.
ALIGNMENT = 64


def aligned_empty(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """Return an array, not filled, whose data begins at a multiple of `ALIGNMENT` bytes."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    room = np.empty(size + ALIGNMENT, np.uint8)
    start = -room.ctypes.data % ALIGNMENT
    return room[start : start + size].view(dtype).reshape(shape)


def as_aligned(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array itself if its memory can be shared so, else a copy that can."""
    flags = array.flags
    if flags.c_contiguous and flags.writeable and array.ctypes.data % ALIGNMENT == 0:
        return array
    copy = aligned_empty(array.shape, array.dtype)
    np.copyto(copy, array)
    return copy
