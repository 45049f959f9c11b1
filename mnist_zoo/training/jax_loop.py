"""The loop for JAX: many batches in one compiled function, or one batch where that is faster."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mnist_zoo.data.memory import as_aligned
from mnist_zoo.models.layers import suits_loop
from mnist_zoo.training.batches import Batches, Block
from mnist_zoo.training.distorting import Distort, by_epoch

if TYPE_CHECKING:
    import keras


def jax_loop(model: keras.Model, batches: Batches) -> tuple[dict[str, Any], Callable[..., Any]]:
    """Return what ``fit`` is to be called with, and what it calls: see :mod:`.loops`."""
    import jax
    import keras

    pictures = by_epoch(jax.device_put(as_aligned(batches.x)), batches.distortion, compiled_layer)
    labels = jax.device_put(batches.y)
    calls = batches.calls(jax.device_put)

    # The digits are arguments, as JAX would make what a function closes over a part of its code.
    def step(state: Any, x: Any, y: Any, rows: Any, number: Any) -> Any:
        digits = rows[number]
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
        call = next(calls)
        for block in call.blocks:
            logs, state = run_block(state, pictures(call.epoch), labels, block)
        return logs, state

    return {"x": batches.x, "y": batches.y, "batch_size": batches.size}, train_function


def compiled_layer(layer: keras.layers.Layer) -> Distort:
    """Return a compiled function that distorts pictures by a layer."""
    import jax
    import keras

    @jax.jit
    def distort(values: Any, x: Any) -> Any:
        variables = list(zip(layer.variables, values, strict=True))
        with keras.StatelessScope(variables) as scope:
            distorted = layer(x, training=True)
        return distorted, [scope.get_current_value(variable) for variable in layer.variables]

    def run(x: Any) -> Any:
        if not layer.built:
            layer(keras.KerasTensor(x.shape, x.dtype), training=True)
        distorted, values = distort([variable.value for variable in layer.variables], x)
        for variable, value in zip(layer.variables, values, strict=True):
            variable.assign(value)
        return distorted

    return run
