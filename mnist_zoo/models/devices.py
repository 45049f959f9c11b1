"""Models whose parameters Keras keeps on several devices: see ``keras.distribution``."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator


@contextlib.contextmanager
def whole_batches() -> Iterator[None]:
    """Have Keras give each device all pictures of a batch, while this context lasts.

    By default Keras divides a batch among the devices, and cannot if there is a remainder. In a
    program of several processes it takes each array for a part of the data.
    """
    import keras

    distribution = keras.distribution.distribution()
    if distribution is None:
        yield
        return
    whole = copy.copy(distribution)
    mesh = whole.device_mesh
    whole.get_data_layout = lambda shape: keras.distribution.TensorLayout([None] * len(shape), mesh)
    whole.auto_shard_dataset = False
    with whole.scope():
        yield
