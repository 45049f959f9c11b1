"""Frameworks that are not to be loaded where they are not used."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def tensorflow_left_out() -> Iterator[None]:
    """Keep Keras from importing TensorFlow for what can be done without it.

    To write a model, Keras asks of each part whether it is one of TensorFlow's types; to seed, it
    seeds TensorFlow too. It imports TensorFlow for that: seconds, and hundreds of megabytes. So
    where TensorFlow is not loaded, Keras is told for that time that it is not installed. A Keras
    that keeps this elsewhere imports TensorFlow as before.
    """
    try:
        from keras.src.utils.module_utils import tensorflow
    except ImportError:
        tensorflow = None
    unknown = getattr(tensorflow, "_available", True) is None
    if not unknown or "tensorflow" in sys.modules:
        yield
        return
    tensorflow._available = False
    try:
        yield
    finally:
        tensorflow._available = None
