"""One split as a pair of arrays, in whatever form it comes: arrays, lists, frames, or batches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pair = tuple[NDArray[Any], NDArray[Any]]

# What `cardinality()` of a data set of TensorFlow returns if it repeats for ever.
INFINITE = -1


def as_pair(name: str, split: Any) -> Pair:
    """Return a split as pictures and labels.

    Parameters
    ----------
    name : str
        Of the split, for messages.
    split : pair of array_like, or iterable of batches
        Pictures and labels: arrays, lists, pandas frames. Or an iterable of batches, each of them
        such a pair: a batched ``tf.data.Dataset``, a PyTorch ``DataLoader``, a Keras
        ``PyDataset``. Batches are collected: all digits are in memory at once.

    Returns
    -------
    tuple of ndarray
        Pictures and labels. Labels of shape ``(n, 1)`` become ``(n,)``.

    Raises
    ------
    ValueError
        If it is neither.
    """
    # Two batches are two tuples; pictures and labels are not.
    if _is_pair(split) and not all(isinstance(part, tuple) and _is_pair(part) for part in split):
        x, y = _array(split[0]), _array(split[1])
    else:
        x, y = _collected(name, split)
    if not (x.ndim and y.ndim):
        raise ValueError(f"the {name} split must be a pair of arrays (x, y), of many digits each")
    return x, y.reshape(-1) if y.ndim == 2 and y.shape[1] == 1 else y


def _array(values: Any) -> NDArray[Any]:
    """Return an array in the byte order of this machine, the only one that backends take."""
    array = np.asarray(values)
    if array.dtype.isnative:
        return array
    return array.astype(array.dtype.newbyteorder("="))


def _is_pair(split: Any) -> bool:
    """Say whether something is two things that may be pictures and labels."""
    return isinstance(split, (tuple, list)) and len(split) == 2


def _collected(name: str, split: Any) -> Pair:
    if getattr(split, "cardinality", lambda: 0)() == INFINITE:
        raise ValueError(f"the {name} split repeats for ever: leave out .repeat()")
    xs, ys = [], []
    for batch in _batches(name, split):
        if not _is_pair(batch):
            found = type(batch).__name__
            if isinstance(batch, (tuple, list)):
                found += f" of {len(batch)} parts"
            raise ValueError(
                f"the {name} split must be a pair of arrays (x, y), or batches of such pairs; one "
                f"of its batches is of {found}"
            )
        x, y = _array(batch[0]), _array(batch[1])
        if y.ndim == 0:
            raise ValueError(
                f"the {name} split gives one digit at a time: have it give batches, as "
                ".batch(1000) does for a tf.data.Dataset"
            )
        xs.append(x)
        ys.append(y)
    if not xs:
        raise ValueError(f"the {name} split is empty")
    return np.concatenate(xs), np.concatenate(ys)


def _batches(name: str, split: Any) -> Iterator[Any]:
    if not (isinstance(split, (str, bytes)) or hasattr(split, "__array__")):
        if hasattr(split, "__iter__"):
            return iter(split)
        if hasattr(split, "__getitem__") and hasattr(split, "__len__"):
            return (split[number] for number in range(len(split)))  # As Keras's PyDataset.
    raise ValueError(
        f"the {name} split must be a pair of arrays (x, y), or an iterable of batches of such "
        f"pairs; got {type(split).__name__}"
    )
