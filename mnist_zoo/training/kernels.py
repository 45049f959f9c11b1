"""Other functions for the layers of Keras that a backend computes slowly: the same, but faster."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras

# By the class of a layer: what is called in place of its ``call``, with the layer before the rest.
Kernels = Mapping[str, Callable[..., Any]]


@contextlib.contextmanager
def computed_by(kernels: Kernels, model: keras.Model) -> Iterator[None]:
    """Let Keras's own layers of a model be computed by kernels."""
    with contextlib.ExitStack() as stack:
        for layer in layers_of(model):
            kernel = kernels.get(type(layer).__name__)
            keras_own = type(layer).__module__.startswith("keras.") and "call" not in vars(layer)
            if kernel is not None and keras_own:
                layer.call = functools.partial(kernel, layer)
                stack.callback(vars(layer).pop, "call", None)
        yield


def layers_of(layer: Any) -> Iterator[Any]:
    """Yield a model and its layers, those of models within it too; a shared one more than once."""
    import keras

    yield layer
    if isinstance(layer, keras.Model):
        for each in layer.layers:
            yield from layers_of(each)
