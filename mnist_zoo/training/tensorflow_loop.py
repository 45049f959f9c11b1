"""The loop for TensorFlow: many batches in one compiled function."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mnist_zoo.data.memory import as_aligned
from mnist_zoo.training.batches import blocks

if TYPE_CHECKING:
    import keras


def tensorflow_loop(
    model: keras.Model,
    x: NDArray[Any],
    y: NDArray[Any],
    batch_size: int,
    per_call: int,
    random: np.random.Generator,
) -> tuple[dict[str, Any], Callable[..., Any]]:
    """Return what ``fit`` is to be called with, and what it calls: see :mod:`.loops`."""
    import tensorflow as tf

    # By itself TensorFlow copies an array twice.
    pictures = tf.identity(tf.experimental.dlpack.from_dlpack(as_aligned(x).__dlpack__()))
    labels = tf.convert_to_tensor(y)
    calls = blocks(len(x), batch_size, per_call, random, tf.constant)

    def run(batches: Any, start: Any, stop: Any) -> Any:
        def step(number: Any) -> Any:
            digits = batches[number]
            model.train_step((tf.gather(pictures, digits), tf.gather(labels, digits)))
            return (number + 1,)

        tf.while_loop(lambda number: number < stop, step, (start,))
        return model.get_metrics_result()

    traced = tf.function(run, jit_compile=model.jit_compile, autograph=False)
    # One for each shape of a batch. Called so, TensorFlow does not take several trainings in a
    # process for one function that it must trace again and again, and does not warn of it.
    compiled: dict[tuple[int, ...], Callable[..., Any]] = {}

    def train_function(_: Any) -> Any:
        for batches, start, stop in next(calls):
            arguments = batches, tf.constant(start), tf.constant(stop)
            shape = tuple(batches.shape)
            if shape not in compiled:
                compiled[shape] = traced.get_concrete_function(*arguments)
            logs = compiled[shape](*arguments)
        return logs

    return {"x": pictures, "y": y, "batch_size": batch_size}, train_function
