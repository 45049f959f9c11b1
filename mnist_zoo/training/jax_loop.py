"""The loop for JAX: many batches in one compiled function, or one batch where that is faster."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mnist_zoo.data.memory import as_aligned
from mnist_zoo.models.layers import suits_loop
from mnist_zoo.training.batches import Batches, Block
from mnist_zoo.training.distorting import Distort, by_epoch
from mnist_zoo.training.kernels import Kernels, computed_by

if TYPE_CHECKING:
    import keras


def jax_loop(model: keras.Model, batches: Batches) -> tuple[dict[str, Any], Callable[..., Any]]:
    """Return what ``fit`` is to be called with, and what it calls: see :mod:`.loops`."""
    import jax
    import keras

    put, divided = _placement()
    pictures = by_epoch(put(as_aligned(batches.x)), batches.distortion, compiled_layer)
    labels = put(batches.y)
    calls = batches.calls(put)

    # The digits are arguments, as JAX would make what a function closes over a part of its code.
    def step(state: Any, x: Any, y: Any, rows: Any, number: Any) -> Any:
        digits = rows[number]
        with computed_by(KERNELS, model):
            _, state = model.train_step(state, (divided(x[digits]), divided(y[digits])))
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


def _placement() -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """Return what puts an array where it is used, and what divides a batch among devices.

    With ``keras.distribution.DataParallel`` every device has all digits, and computes a part of
    each batch. JAX adds up what they find.
    """
    import jax
    import keras

    distribution = keras.distribution.distribution()
    if distribution is None:
        return jax.device_put, lambda batch: batch
    mesh = distribution.device_mesh.backend_mesh

    def sharding(*axes: str) -> Any:
        spec = jax.sharding.PartitionSpec(*axes)  # type: ignore[no-untyped-call]
        return jax.sharding.NamedSharding(mesh, spec)

    everywhere, by_digit = sharding(), sharding(distribution.batch_dim_name)
    return (
        lambda array: jax.device_put(array, everywhere),
        lambda batch: jax.lax.with_sharding_constraint(batch, by_digit),  # type: ignore[no-untyped-call]
    )


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


def _convolution(layer: Any, x: Any) -> Any:
    """Compute the gradient of the filters by a function of our own: see :func:`_of_filters`."""
    import jax
    import jax.numpy as jnp

    steps_of_one = layer.strides == (1, 1) and layer.dilation_rate == (1, 1)
    plain = steps_of_one and layer.groups == 1 and layer.padding in ("valid", "same")
    if not plain or layer.data_format != "channels_last" or x.dtype != jnp.float32:
        return type(layer).call(layer, x)

    def convolve(x: Any, filters: Any) -> Any:
        return layer.convolution_op(x, filters)

    def gradients(arguments: Any, of_maps: Any) -> Any:
        x, filters = arguments
        _, of_arguments = jax.vjp(lambda x: convolve(x, filters), x)
        return *of_arguments(of_maps), _of_filters(x, of_maps, filters.shape, layer.padding)

    with_gradients = jax.custom_vjp(convolve)
    with_gradients.defvjp(lambda *arguments: (convolve(*arguments), arguments), gradients)
    maps = with_gradients(x, jnp.asarray(layer.kernel))
    if layer.use_bias:
        maps = maps + layer.bias
    return maps if layer.activation is None else layer.activation(maps)


def _of_filters(x: Any, of_maps: Any, shape: tuple[int, ...], padding: str) -> Any:
    """Return the gradient of the filters of a convolution, from that of the maps it returns.

    It is one product of matrices: of pictures that are shifted to the side, and gradients that are
    shifted down. XLA convolves one with the other, which takes about twice as long on a CPU.
    """
    import jax
    import jax.numpy as jnp

    high, wide, *_ = shape
    if padding == "same":
        x = jnp.pad(x, ((0, 0), *(((side - 1) // 2, side // 2) for side in (high, wide)), (0, 0)))
    columns = of_maps.shape[2]
    shifted = jnp.concatenate([x[:, :, start : start + columns] for start in range(wide)], -1)
    around = [((0, 0), (above, high - 1 - above), (0, 0), (0, 0)) for above in range(high)]
    moved = jnp.concatenate([jnp.pad(of_maps, each) for each in around], -1)
    # Without this, XLA would shift the values anew for each of the products.
    shifted, moved = jax.lax.optimization_barrier((shifted, moved))  # type: ignore[no-untyped-call]
    product = jnp.einsum("bhwi,bhwo->io", shifted, moved)
    depth, count = x.shape[-1], of_maps.shape[-1]
    return product.reshape(wide, depth, high, count).transpose(2, 0, 1, 3)


def _max_pooling(layer: Any, x: Any) -> Any:
    """Compare the pixels of each window in turn.

    XLA looks for the largest pixel of each window again when it computes gradients, which takes
    twenty times as long on a CPU. As there, the first of equal ones gets the gradient.
    """
    import jax.numpy as jnp

    high, wide = layer.pool_size
    apart = layer.strides == layer.pool_size and layer.padding == "valid"
    if not apart or layer.data_format != "channels_last":
        return type(layer).call(layer, x)
    rows, columns = x.shape[1] // high * high, x.shape[2] // wide * wide
    first, *others = (
        x[:, row:rows:high, column:columns:wide] for row in range(high) for column in range(wide)
    )
    for other in others:
        first = jnp.where((first >= other) | jnp.isnan(first), first, other)
    return first


KERNELS: Kernels = {"Conv2D": _convolution, "MaxPooling2D": _max_pooling}
