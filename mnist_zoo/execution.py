"""How a training is run: many batches for one call from Python, in one compiled loop.

Keras runs `steps_per_execution` batches for a call, but fetches each of them on its own, and on a
network as small as these that takes longer than the arithmetic. Here a compiled loop picks the
digits of each batch out of all of them, and calls the model's own ``train_step``. Keras's ``fit``
does the rest: epochs, callbacks, validation, the progress bar.

The digits are shuffled here too. On TensorFlow, ``fit`` has the same batches in the same order in
every epoch once ``keras.utils.set_random_seed`` was called, and its models are worse for it.
"""

from __future__ import annotations

import contextlib
import functools
import platform
import random
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnist_zoo._memory import as_aligned

if TYPE_CHECKING:
    import keras

# How many batches one call from Python runs.
BATCHES_PER_EXECUTION = 100
# From here on XLA saves more than the second that it takes to compile.
XLA_BATCHES = 2000
# The layers that it compiles wherever it is. Not Dropout: on a CPU, XLA draws random numbers so
# slowly for TensorFlow that an epoch takes more than four times as long.
XLA_LAYERS = {"InputLayer", "Flatten", "Reshape", "Dense", "Activation", "Softmax"}


class _Block(NamedTuple):
    """Batches that one call runs: rows `start` to `stop` of `batches`, each the digits of one."""

    batches: Any
    start: Any
    stop: Any


# From a model, pictures, labels and a batch's size to the pictures as the backend has them, and
# what ``fit`` calls for the next batches.
Loop = Callable[["keras.Model", NDArray[Any], NDArray[Any], int], tuple[Any, Callable[..., Any]]]


def execution_settings(
    model: keras.Model,
    batches: int,
    *,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    counted: bool = False,
) -> dict[str, Any]:
    """Return the arguments of ``compile`` that make training fast and change nothing else.

    One call from Python runs many batches, unless they are counted, or somebody looks at each of
    them. On TensorFlow, XLA compiles a model of layers that it is known to, where the batches are
    so many that the time which that takes is gained back.
    """
    import keras

    settings: dict[str, Any] = {}
    hooks = ("on_train_batch_begin", "on_train_batch_end")
    if not counted and not any(
        getattr(getattr(callback, hook), "__func__", None)
        is not getattr(keras.callbacks.Callback, hook)
        for callback in callbacks
        for hook in hooks
    ):
        settings["steps_per_execution"] = BATCHES_PER_EXECUTION
    if (
        keras.backend.backend() == "tensorflow"
        and batches >= XLA_BATCHES
        and platform.system() != "Darwin"
        and {type(layer).__name__ for layer in model.layers} <= XLA_LAYERS
    ):
        settings["jit_compile"] = True
    return settings


@contextlib.contextmanager
def compiled_loop(
    model: keras.Model, x: NDArray[Any], y: NDArray[Any], batch_size: int
) -> Iterator[Any]:
    """Have ``model.fit`` train in compiled loops; give the pictures that it is to be called with.

    Where that is not known to be the same (a model with a ``train_step`` of its own, another
    backend, more than one device), nothing is changed.

    The digits are shuffled in each epoch, by a generator that ``keras.utils.set_random_seed``
    seeds.
    """
    import keras

    loop = LOOPS.get(keras.backend.backend())
    strategy = getattr(model, "distribute_strategy", None)
    if (
        loop is None
        or model.run_eagerly
        or type(model).train_step is not keras.Model.train_step
        or getattr(strategy, "num_replicas_in_sync", 1) > 1
        or keras.distribution.distribution() is not None
        or x.dtype.kind != "f"
    ):
        yield x
        return
    pictures, model.train_function = loop(model, x, y, batch_size)
    try:
        yield pictures
    finally:
        model.train_function = None


def _blocks(
    digits: int, batch_size: int, per_call: int, convert: Callable[[Any], Any] = np.asarray
) -> Iterator[list[_Block]]:
    """Draw an order of the digits for each epoch, and cut it as ``fit`` counts its batches."""
    rng = np.random.default_rng(random.getrandbits(64))
    whole = digits // batch_size
    while True:
        order = rng.permutation(digits).astype(np.int32)
        batches = convert(order[: whole * batch_size].reshape(whole, batch_size))
        calls = [
            [_Block(batches, start, min(start + per_call, whole))]
            for start in range(0, whole, per_call)
        ]
        if whole * batch_size < digits:
            # A smaller batch is another shape, and so another loop.
            rest = _Block(convert(order[None, whole * batch_size :]), 0, 1)
            if whole % per_call:
                calls[-1].append(rest)
            else:
                calls.append([rest])
        yield from calls


def _tensorflow_loop(
    model: keras.Model, x: NDArray[Any], y: NDArray[Any], batch_size: int
) -> tuple[Any, Callable[..., Any]]:
    import tensorflow as tf

    # By itself TensorFlow copies an array twice.
    pictures = tf.identity(tf.experimental.dlpack.from_dlpack(as_aligned(x).__dlpack__()))
    labels = tf.convert_to_tensor(y)
    blocks = _blocks(len(x), batch_size, model.steps_per_execution, tf.constant)

    def run(batches: Any, start: Any, stop: Any) -> Any:
        def step(number: Any) -> Any:
            digits = batches[number]
            model.train_step((tf.gather(pictures, digits), tf.gather(labels, digits)))
            return (number + 1,)

        tf.while_loop(lambda number: number < stop, step, (start,))
        return model.get_metrics_result()

    compiled = tf.function(run, jit_compile=model.jit_compile, autograph=False)

    def train_function(_: Any) -> Any:
        for batches, start, stop in next(blocks):
            logs = compiled(batches, tf.constant(start), tf.constant(stop))
        return logs

    return pictures, train_function


def _jax_loop(
    model: keras.Model, x: NDArray[Any], y: NDArray[Any], batch_size: int
) -> tuple[Any, Callable[..., Any]]:
    import jax
    import keras

    pictures, labels = jax.device_put(as_aligned(x)), jax.device_put(y)
    blocks = _blocks(len(x), batch_size, model.steps_per_execution, jax.device_put)

    # The digits are arguments, as JAX would make what a function closes over a part of its code.
    @functools.partial(jax.jit, donate_argnums=0)
    def run(state: Any, x: Any, y: Any, block: _Block) -> Any:
        def step(number: Any, state: Any) -> Any:
            digits = block.batches[number]
            _, state = model.train_step(state, (x[digits], y[digits]))
            return state

        state = jax.lax.fori_loop(block.start, block.stop, step, state)
        *_, metrics = state
        with keras.StatelessScope(list(zip(model.metrics_variables, metrics, strict=True))):
            return model.get_metrics_result(), state

    def train_function(state: Any, _: Any) -> Any:
        for block in next(blocks):
            logs, state = run(state, pictures, labels, block)
        return logs, state

    return x, train_function


LOOPS: dict[str, Loop] = {"tensorflow": _tensorflow_loop, "jax": _jax_loop}
