"""The loop for JAX: many batches in one compiled function, or one batch where that is faster."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mnist_zoo.data.memory import as_aligned
from mnist_zoo.models.layers import suits_loop
from mnist_zoo.training.batches import Block, blocks

if TYPE_CHECKING:
    import keras


def jax_loop(
    model: keras.Model,
    x: NDArray[Any],
    y: NDArray[Any],
    batch_size: int,
    per_call: int,
    random: np.random.Generator,
) -> tuple[dict[str, Any], Callable[..., Any]]:
    """Return what ``fit`` is to be called with, and what it calls: see :mod:`.loops`."""
    import jax
    import keras

    pictures, labels = jax.device_put(as_aligned(x)), jax.device_put(y)
    calls = blocks(len(x), batch_size, per_call, random, jax.device_put)

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
    def run(state: Any, x: Any, y: Any, block: Block) -> Any:
        def loop(number: Any, state: Any) -> Any:
            return step(state, x, y, block.batches, number)

        state = jax.lax.fori_loop(block.start, block.stop, loop, state)
        return results(state), state

    run_step = jax.jit(step, donate_argnums=0)
    measure = jax.jit(results)

    def run_steps(state: Any, x: Any, y: Any, block: Block) -> Any:
        for number in range(block.start, block.stop):
            state = run_step(state, x, y, block.batches, number)
        return measure(state), state

    # Within a loop, XLA computes convolutions on a CPU about ten times slower than without one.
    run_block = run if suits_loop(model) else run_steps

    def train_function(state: Any, _: Any) -> Any:
        for block in next(calls):
            logs, state = run_block(state, pictures, labels, block)
        return logs, state

    return {"x": x, "y": y, "batch_size": batch_size}, train_function
