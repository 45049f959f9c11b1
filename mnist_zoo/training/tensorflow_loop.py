"""The loop for TensorFlow: many batches in one compiled function."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mnist_zoo.data.memory import as_aligned
from mnist_zoo.training.batches import Batches
from mnist_zoo.training.distorting import Distort, by_epoch

if TYPE_CHECKING:
    import keras


def tensorflow_loop(
    model: keras.Model, batches: Batches
) -> tuple[dict[str, Any], Callable[..., Any]]:
    """Return what ``fit`` is to be called with, and what it calls: see :mod:`.loops`."""
    import tensorflow as tf

    # By itself TensorFlow copies an array twice.
    x = tf.identity(tf.experimental.dlpack.from_dlpack(as_aligned(batches.x).__dlpack__()))
    labels = tf.convert_to_tensor(batches.y)
    pictures = by_epoch(x, batches.distortion, compiled_layer)
    calls = batches.calls(tf.constant)

    def run(x: Any, rows: Any, start: Any, stop: Any) -> Any:
        def step(number: Any) -> Any:
            digits = rows[number]
            model.train_step((tf.gather(x, digits), tf.gather(labels, digits)))
            return (number + 1,)

        tf.while_loop(lambda number: number < stop, step, (start,))
        return model.get_metrics_result()

    traced = tf.function(run, jit_compile=model.jit_compile, autograph=False)
    # One for each shape of a batch. Called so, TensorFlow does not take several trainings in a
    # process for one function that it must trace again and again, and does not warn of it.
    compiled: dict[tuple[int, ...], Callable[..., Any]] = {}

    def train_function(_: Any) -> Any:
        call = next(calls)
        for rows, start, stop in call.blocks:
            arguments = pictures(call.epoch), rows, tf.constant(start), tf.constant(stop)
            shape = tuple(rows.shape)
            if shape not in compiled:
                compiled[shape] = traced.get_concrete_function(*arguments)
            logs = compiled[shape](*arguments)
        return logs

    return {"x": x, "y": batches.y, "batch_size": batches.size}, train_function


def compiled_layer(layer: keras.layers.Layer) -> Distort:
    """Return a compiled function that distorts pictures by a layer."""
    import tensorflow as tf

    # Not by XLA, which draws random numbers slowly on a CPU.
    distort: Distort = tf.function(lambda x: layer(x, training=True))
    return distort
