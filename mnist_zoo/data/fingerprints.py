"""Digits known by their content: :func:`fingerprints`, whatever array they lie in.

A fingerprint does not change when a digit is copied, moved to another place in its array,
flattened, or scaled (to 0..255, to [0, 1], to mean 0 and deviation 1). So two arrays can be
compared for common digits, and a model can be told from which digits it was trained.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

Fingerprints = NDArray[np.uint32]

# A pixel is known by which of these shares of its digit's range it is above. They are irrational,
# so that pixels in 0..255 keep away from them, and rounding in other types and scales changes
# nothing. One share alone took 2 % of scikit-learn's small digits for others.
LEVELS = (5.0**0.5 - 2.0, 2.0**0.5 - 1.0, 3.0**0.5 - 1.0)
# Pictures that one thread works on at a time.
ROWS = 5000
# A digit without contrast has no fingerprint of its own.
BLANK = 0


def fingerprints(images: Any) -> Fingerprints:
    """Return a number for each picture that depends on its content alone.

    Parameters
    ----------
    images : array_like, shape (n, ...)
        Pictures of any numeric type and any scale.

    Returns
    -------
    ndarray of uint32, shape (n,)
        0 for a picture without contrast.

    Examples
    --------
    >>> import numpy as np
    >>> from mnist_zoo.data.fingerprints import fingerprints
    >>> digits = np.random.default_rng(0).integers(0, 256, (3, 28, 28))
    >>> bool((fingerprints(digits) == fingerprints(digits.reshape(3, 784) / 255)).all())
    True
    """
    array = np.asarray(images)
    flat = array.reshape(len(array), math.prod(array.shape[1:]))
    found = np.zeros(len(flat), np.uint32)
    # Each 64 bits are multiplied by an odd number of their own, which is always the same.
    words = -(-len(LEVELS) * flat.shape[1] // 64)
    factors = np.random.default_rng(0).integers(1, 1 << 63, words, np.uint64) * np.uint64(2) + 1

    def hash_rows(start: int) -> None:
        rows = flat[start : start + ROWS]
        if rows.dtype.kind not in "uif" or rows.dtype.itemsize == 2:
            rows = rows.astype(np.float32)  # bfloat16 among them.
        low, high = (edge.astype(np.float64)[:, None] for edge in (rows.min(1), rows.max(1)))
        above = [rows > (low + share * (high - low)).astype(np.float32) for share in LEVELS]
        bits = np.packbits(np.concatenate(above, axis=1), axis=1)
        packed = np.zeros((len(rows), 8 * words), np.uint8)
        packed[:, : bits.shape[1]] = bits
        mixed = packed.view(np.uint64)
        mixed ^= mixed >> np.uint64(29)
        total = (mixed * factors).sum(axis=1, dtype=np.uint64)
        hashed = ((total ^ (total >> np.uint64(31))) >> np.uint64(8)).astype(np.uint32)
        found[start : start + ROWS] = np.where((high > low)[:, 0], np.maximum(hashed, 1), BLANK)

    with ThreadPoolExecutor() as pool:
        list(pool.map(hash_rows, range(0, len(flat), ROWS)))
    return found


def share_in(these: Fingerprints, known: Fingerprints) -> float:
    """Return the share of the pictures of `these` that are among `known`, in [0, 1].

    `known` must be sorted, as ``numpy.unique`` returns it.
    """
    if not len(these) or not len(known):
        return 0.0
    places = np.minimum(np.searchsorted(known, these), len(known) - 1)
    return float(np.mean((known[places] == these) & (these != BLANK)))
