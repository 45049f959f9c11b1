"""Compiled loops: many batches for one call from Python, one loop for each backend.

Keras runs `steps_per_execution` batches for a call, but fetches each of them on its own, and on a
network as small as these that takes longer than the arithmetic. Here a compiled loop picks the
digits of each batch out of all of them, and calls the model's own ``train_step``. Keras's ``fit``
does the rest: epochs, callbacks, validation, the progress bar.

The digits are shuffled here too, anew for every epoch. On TensorFlow, ``fit`` has the same batches
in the same order in every epoch once ``keras.utils.set_random_seed`` was called, and its models
are worse for it.
"""

from __future__ import annotations

import contextlib
import functools
import random
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnist_zoo.data.memory import as_aligned
from mnist_zoo.models.layers import suits_loop

if TYPE_CHECKING:
    import keras


class Execution(NamedTuple):
    """How a training is run; it does not change what is computed.

    Attributes
    ----------
    batches_per_call : int
        How many batches one call from Python runs.
    xla : bool or None
        Whether XLA compiles the training; None to leave that to Keras.
    """

    batches_per_call: int
    xla: bool | None


class _Block(NamedTuple):
    """Batches that one call runs: rows `start` to `stop` of `batches`, each the digits of one."""

    batches: Any
    start: Any
    stop: Any


# From a model, pictures, labels and a batch's size to the pictures as the backend has them, and
# what ``fit`` calls for the next batches.
Loop = Callable[["keras.Model", NDArray[Any], NDArray[Any], int], tuple[Any, Callable[..., Any]]]


@contextlib.contextmanager
def compiled_loop(
    model: keras.Model,
    x: NDArray[Any],
    y: NDArray[Any],
    batch_size: int,
    execution: Execution,
) -> Iterator[Any]:
    """Have ``model.fit`` train in a compiled loop; give the pictures that it is to be called with.

    Where the loop is not known to compute the same (a model with a ``train_step`` of its own, a
    backend without a loop, more than one device), Keras trains by itself. It also does where a
    version of Keras does not call ``model.train_function``. Afterwards the model is as it was.

    The digits are shuffled in each epoch, by a generator that ``keras.utils.set_random_seed``
    seeds.
    """
    import keras

    loop = LOOPS.get(keras.backend.backend())
    if loop is None or not _may_run(model, x, y):
        yield x
        return
    before = model.steps_per_execution, model.jit_compile
    model.steps_per_execution = execution.batches_per_call
    if execution.xla is not None:
        model.jit_compile = execution.xla
    try:
        pictures, model.train_function = loop(model, x, y, batch_size)
        yield pictures
    finally:
        model.steps_per_execution, model.jit_compile = before
        # They were made for so many batches a call; Keras makes its own when next it needs them.
        model.train_function = model.test_function = None


def _may_run(model: keras.Model, x: NDArray[Any], y: NDArray[Any]) -> bool:
    """Say whether a loop is known to compute what Keras would."""
    import keras

    # TensorFlow's own for programs that chose none; with any other, Keras places the variables.
    strategy = type(getattr(model, "distribute_strategy", None)).__name__
    return (
        not model.run_eagerly
        and type(model).train_step is keras.Model.train_step
        and strategy in ("NoneType", "_DefaultDistributionStrategy")
        and keras.distribution.distribution() is None
        and x.dtype.kind == "f"
        and x.dtype.isnative
        and y.dtype.isnative
    )


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

    traced = tf.function(run, jit_compile=model.jit_compile, autograph=False)
    # One for each shape of a batch. Called so, TensorFlow does not take several trainings in a
    # process for one function that it must trace again and again, and does not warn of it.
    compiled: dict[tuple[int, ...], Callable[..., Any]] = {}

    def train_function(_: Any) -> Any:
        for batches, start, stop in next(blocks):
            arguments = batches, tf.constant(start), tf.constant(stop)
            shape = tuple(batches.shape)
            if shape not in compiled:
                compiled[shape] = traced.get_concrete_function(*arguments)
            logs = compiled[shape](*arguments)
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
    def step(state: Any, x: Any, y: Any, batches: Any, number: Any) -> Any:
        digits = batches[number]
        _, state = model.train_step(state, (x[digits], y[digits]))
        return state

    def results(state: Any) -> Any:
        *_, metrics = state
        with keras.StatelessScope(list(zip(model.metrics_variables, metrics, strict=True))):
            return model.get_metrics_result()

    @functools.partial(jax.jit, donate_argnums=0)
    def run(state: Any, x: Any, y: Any, block: _Block) -> Any:
        def loop(number: Any, state: Any) -> Any:
            return step(state, x, y, block.batches, number)

        state = jax.lax.fori_loop(block.start, block.stop, loop, state)
        return results(state), state

    run_step = jax.jit(step, donate_argnums=0)
    measure = jax.jit(results)

    def run_steps(state: Any, x: Any, y: Any, block: _Block) -> Any:
        for number in range(block.start, block.stop):
            state = run_step(state, x, y, block.batches, number)
        return measure(state), state

    # Within a loop, XLA computes convolutions on a CPU about ten times slower than without one.
    run_block = run if suits_loop(model) else run_steps

    def train_function(state: Any, _: Any) -> Any:
        for block in next(blocks):
            logs, state = run_block(state, pictures, labels, block)
        return logs, state

    return x, train_function


#: The loop of each backend of Keras; on another, Keras trains by itself.
LOOPS: dict[str, Loop] = {"tensorflow": _tensorflow_loop, "jax": _jax_loop}
