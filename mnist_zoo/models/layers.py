"""The kinds of layers: how NumPy runs each, and whether XLA may compile it.

To run another kind of Keras layer without a framework, write a function and its row in
:data:`LAYERS`. A model with a layer that has no function is run by Keras itself.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

if TYPE_CHECKING:
    import keras

Array = NDArray[np.float32]
# A setting of a layer, in types that JSON has.
Setting = str | float | int | bool | tuple[int, ...] | tuple[str, ...] | None
# From what goes in, the layer's parameters by name, and its settings, to what comes out.
Run = Callable[[Array, Mapping[str, Array], Mapping[str, Any]], Array]
Parameters = Mapping[str, Array]
Settings = Mapping[str, Any]


class LayerSpec(NamedTuple):
    """One layer of an architecture.

    Attributes
    ----------
    kind : str
        Keras's name of its class.
    name : str
        Its own name.
    output_shape : tuple of int
        Shape of what it returns for one picture.
    parameters : int
        Number of its parameters.
    settings : mapping of str to Setting
        The settings of the layer that ``LAYERS`` needs, from Keras's configuration.
    """

    kind: str
    name: str
    output_shape: tuple[int, ...]
    parameters: int
    settings: Mapping[str, Setting]

    def to_dict(self) -> dict[str, Any]:
        """Return the layer in types that JSON has."""
        return {
            **self._asdict(),
            "output_shape": list(self.output_shape),
            "settings": {
                k: list(v) if isinstance(v, tuple) else v for k, v in self.settings.items()
            },
        }

    @classmethod
    def from_dict(cls, facts: Mapping[str, Any]) -> LayerSpec:
        """Return the layer that :meth:`to_dict` described."""
        settings = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in facts["settings"].items()
        }
        shape = tuple(facts["output_shape"])
        return cls(**{**facts, "output_shape": shape, "settings": settings})


class LayerKind(NamedTuple):
    """What is known of one kind of layer.

    Attributes
    ----------
    run : callable or None
        Computes it by NumPy.
    settings : tuple of str
        What of Keras's configuration of the layer `run` needs.
    only : mapping
        Settings that must have these values for `run` to hold.
    xla : bool
        Whether training gains by having XLA compile it on TensorFlow, as measured by
        ``python -m benchmarks.ablation``. Not Dropout: on a CPU, XLA draws random numbers so
        slowly for TensorFlow that an epoch takes more than four times as long.
    loop : bool
        Whether JAX may train many batches of it in one compiled loop. Not convolutions: on a CPU,
        XLA computes them ten times slower within a loop than without.
    """

    run: Run | None
    settings: tuple[str, ...] = ()
    only: Mapping[str, Any] = {}
    xla: bool = False
    loop: bool = False


# SciPy has both of these, but its import takes longer than all else here.
def _sigmoid(x: Array) -> Array:
    power = np.exp(-np.abs(x))  # At most 1, so that nothing overflows.
    result = np.where(x >= 0.0, 1.0, power) / (1.0 + power)
    return result.astype(np.float32, copy=False)


def softmax(x: NDArray[Any]) -> NDArray[Any]:
    """Return the softmax along the last axis."""
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    result: NDArray[Any] = powers / powers.sum(axis=-1, keepdims=True)
    return result


ACTIVATIONS: dict[str | None, Callable[[Array], Array]] = {
    None: lambda x: x,
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, np.float32(0.0)),
    "sigmoid": _sigmoid,
    "tanh": np.tanh,
    "softmax": softmax,
}


def _unchanged(x: Array, _: Parameters, __: Settings) -> Array:
    return x


def _flatten(x: Array, _: Parameters, __: Settings) -> Array:
    return x.reshape(len(x), math.prod(x.shape[1:]))


def _reshape(x: Array, _: Parameters, settings: Settings) -> Array:
    return x.reshape(len(x), *settings["target_shape"])


def _activation(x: Array, _: Parameters, settings: Settings) -> Array:
    activated: Array = ACTIVATIONS[settings["activation"]](x)
    return activated


def _dense(x: Array, parameters: Parameters, settings: Settings) -> Array:
    return _biased(x @ parameters["kernel"], parameters, settings)


def _conv2d(x: Array, parameters: Parameters, settings: Settings) -> Array:
    kernel = parameters["kernel"]  # (height, width, channels in, channels out)
    high, wide, channels, count = kernel.shape
    down, right = settings["strides"]
    x = np.ascontiguousarray(_padded(x, (high, wide), settings, filling=0.0))
    n, rows, columns, _ = x.shape
    # Not `x.strides`, which may be anything for an axis of length 1.
    value = x.itemsize
    column, row = channels * value, columns * channels * value
    picture = rows * row
    # The values of a row of a window lie one after the other in memory.
    places = (n, (rows - high) // down + 1, (columns - wide) // right + 1)
    steps = (picture, down * row, right * column)
    window, within = (high, wide * channels), (row, value)
    if channels > 1:
        windows = as_strided(x, places + window, steps + within, writeable=False)
        matrix = windows.reshape(math.prod(places), math.prod(window))
    else:  # Windows have short rows then: copying goes along the rows of pictures.
        windows = as_strided(x, window + places, within + steps, writeable=False)
        matrix = windows.reshape(math.prod(window), math.prod(places)).T
    outputs = matrix @ kernel.reshape(-1, count)
    return _biased(outputs.reshape(*places, count), parameters, settings)


def _max_pooling(x: Array, _: Parameters, settings: Settings) -> Array:
    return functools.reduce(np.maximum, _pixels_of_windows(x, settings, filling=-np.inf))


def _average_pooling(x: Array, _: Parameters, settings: Settings) -> Array:
    # Beyond the rim there is nothing: such pixels do not count.
    inside = np.ones((1, *x.shape[1:3], 1), np.float32)
    sums, counts = (
        functools.reduce(np.add, _pixels_of_windows(each, settings, filling=0.0))
        for each in (x, inside)
    )
    return sums / counts


def _global_average_pooling(x: Array, _: Parameters, settings: Settings) -> Array:
    result: Array = x.mean(axis=(1, 2), keepdims=settings["keepdims"], dtype=np.float32)
    return result


def _batch_normalization(x: Array, parameters: Parameters, settings: Settings) -> Array:
    scale, shift = _scale_and_shift(parameters, settings)
    return x * scale + shift


def _scale_and_shift(parameters: Parameters, settings: Settings) -> tuple[Array, Array]:
    """Return what a normalization multiplies each channel by, and adds to it then."""
    scale = 1.0 / np.sqrt(parameters["moving_variance"] + np.float32(settings["epsilon"]))
    scale = scale * parameters.get("gamma", np.float32(1.0))
    return scale, parameters.get("beta", np.float32(0.0)) - parameters["moving_mean"] * scale


def _biased(x: Array, parameters: Parameters, settings: Settings) -> Array:
    if "bias" in parameters:
        x += parameters["bias"]
    return ACTIVATIONS[settings["activation"]](x)


def _pixels_of_windows(x: Array, settings: Settings, filling: float) -> Iterator[Array]:
    """Yield the first pixel of every window of pictures, then the second, and so on."""
    (high, wide), (down, right) = settings["pool_size"], settings["strides"]
    x = _padded(x, (high, wide), settings, filling)
    rows, columns = x.shape[1] - high + 1, x.shape[2] - wide + 1
    for row, column in itertools.product(range(high), range(wide)):
        yield x[:, row : row + rows : down, column : column + columns : right]


def _padded(x: Array, size: tuple[int, int], settings: Settings, filling: float) -> Array:
    """Return pictures with as much around them as Keras takes windows from."""
    if settings["padding"] == "valid":
        return x
    n, rows, columns, channels = x.shape
    # Half on either side, the odd one below and to the right.
    total = [
        max((-(-side // step) - 1) * step + extent - side, 0)
        for side, step, extent in zip((rows, columns), settings["strides"], size, strict=True)
    ]
    top, left = (pad // 2 for pad in total)
    padded = np.full((n, rows + total[0], columns + total[1], channels), filling, np.float32)
    padded[:, top : top + rows, left : left + columns] = x
    return padded


_CHANNELS_LAST = {"data_format": "channels_last"}
_PLAIN_CONVOLUTION = {**_CHANNELS_LAST, "dilation_rate": (1, 1), "groups": 1}
_POOLING = ("pool_size", "strides", "padding")

#: Every kind of layer that is known here, by Keras's name of its class.
LAYERS: dict[str, LayerKind] = {
    "InputLayer": LayerKind(_unchanged, xla=True, loop=True),
    "Flatten": LayerKind(_flatten, only=_CHANNELS_LAST, xla=True, loop=True),
    "Reshape": LayerKind(_reshape, ("target_shape",), xla=True, loop=True),
    "Dense": LayerKind(_dense, ("activation",), xla=True, loop=True),
    "Activation": LayerKind(_activation, ("activation",), xla=True, loop=True),
    "Softmax": LayerKind(None, xla=True, loop=True),
    "Dropout": LayerKind(_unchanged, loop=True),
    "Conv2D": LayerKind(_conv2d, ("strides", "padding", "activation"), _PLAIN_CONVOLUTION),
    "MaxPooling2D": LayerKind(_max_pooling, _POOLING, _CHANNELS_LAST),
    "AveragePooling2D": LayerKind(_average_pooling, _POOLING, _CHANNELS_LAST),
    "GlobalAveragePooling2D": LayerKind(_global_average_pooling, ("keepdims",), _CHANNELS_LAST),
    "BatchNormalization": LayerKind(_batch_normalization, ("epsilon",), {"axis": -1}),
}


def suits_xla(model: keras.Model) -> bool:
    """Say whether XLA may compile the training of all layers of a model on TensorFlow."""
    return all(LAYERS.get(type(layer).__name__, LayerKind(None)).xla for layer in model.layers)


def suits_loop(model: keras.Model) -> bool:
    """Say whether XLA trains all layers of a model in a loop as fast as one batch a call."""
    return all(LAYERS.get(type(layer).__name__, LayerKind(None)).loop for layer in model.layers)


def is_chain(model: keras.Model) -> bool:
    """Say whether each layer of a functional model takes what the layer before it returns."""
    return all(after.input is before.output for before, after in itertools.pairwise(model.layers))


def describe_layers(model: keras.Model) -> tuple[LayerSpec, ...]:
    """Return the layers of a model.

    Parameters
    ----------
    model : keras.Model
        A functional model, built.

    Returns
    -------
    tuple of LayerSpec
    """
    return tuple(_describe(layer) for layer in model.layers)


def _describe(layer: keras.layers.Layer) -> LayerSpec:
    kind = type(layer).__name__
    known = LAYERS.get(kind, LayerKind(None))
    config = layer.get_config()
    settings = {name: config[name] for name in (*known.settings, *known.only)}
    if isinstance(settings.get("axis"), int) and settings["axis"] == len(layer.output.shape) - 1:
        settings["axis"] = -1
    return LayerSpec(
        kind,
        layer.name,
        tuple(layer.output.shape[1:]),
        layer.count_params(),
        {n: tuple(v) if isinstance(v, list) else v for n, v in settings.items()},
    )


def runs_without_framework(layers: tuple[LayerSpec, ...]) -> bool:
    """Say whether NumPy can run all of these layers."""
    return all(
        layer.kind in LAYERS
        and LAYERS[layer.kind].run is not None
        and all(layer.settings[n] == value for n, value in LAYERS[layer.kind].only.items())
        and layer.settings.get("activation") in ACTIVATIONS
        for layer in layers
    )


def without_normalization(
    layers: Sequence[LayerSpec], parameters: Mapping[str, Mapping[str, Array]]
) -> tuple[tuple[LayerSpec, ...], dict[str, Mapping[str, Array]]]:
    """Return layers that compute the same, with normalizations folded into what comes before.

    Parameters
    ----------
    layers : sequence of LayerSpec
        A chain.
    parameters : mapping of str to mapping of str to ndarray
        The parameters of each layer, by the layer's name and their own.

    Returns
    -------
    tuple of LayerSpec, dict
        The layers that are left, and their parameters.
    """
    left: list[LayerSpec] = []
    folded = dict(parameters)
    for layer in layers:
        before = left[-1] if left else None
        if (
            layer.kind == "BatchNormalization"
            and before is not None
            and before.kind in ("Conv2D", "Dense")
            and before.settings["activation"] == "linear"
        ):
            scale, shift = _scale_and_shift(folded.pop(layer.name), layer.settings)
            own = folded[before.name]
            bias = own.get("bias", np.float32(0.0)) * scale + shift
            folded[before.name] = {"kernel": own["kernel"] * scale, "bias": bias}
        else:
            left.append(layer)
    return tuple(left), folded


def run_layers(
    layers: tuple[LayerSpec, ...], parameters: Mapping[str, Mapping[str, Array]], x: Array
) -> Array:
    """Run layers one after the other.

    Parameters
    ----------
    layers : tuple of LayerSpec
        Of kinds that have a function.
    parameters : mapping of str to mapping of str to ndarray
        The parameters of each layer, by the layer's name and their own.
    x : ndarray of float32
        Pictures, of the shape that the first layer takes.

    Returns
    -------
    ndarray of float32
        What the last layer returns.
    """
    for layer in layers:
        run = LAYERS[layer.kind].run
        if run is None:
            raise ValueError(f"layers of the kind {layer.kind} are not run by NumPy")
        x = run(x, parameters.get(layer.name, {}), layer.settings)
    return x
