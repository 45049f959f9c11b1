"""What the docs say of a species: how many multiplications it takes, and the table to choose from.

``python -m tools.results_table`` writes the table, ``docs/results/species.md``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from mnist_zoo import ModelCard, create_model, model_card
from mnist_zoo.models import shipped
from mnist_zoo.models.species import SPECIES, Species
from tools import docs
from tools.docs import percent
from tools.frontier import BEST, PUBLISHED

if TYPE_CHECKING:
    import keras

# Where a figure is not known.
NONE = "–"  # noqa: RUF001  # A dash, as in any table.


def _of_kernels(layer: keras.layers.Layer) -> int:
    """Each kernel is applied at each position of the output: a pixel, a patch, or the only one."""
    *positions, _ = layer.output.shape[1:]
    kernels = [math.prod(weight.shape) for weight in layer.weights if weight.name == "kernel"]
    return int(math.prod(positions) * sum(kernels))


def _of_attention(layer: keras.layers.Layer) -> int:
    """Besides the kernels: each query times each key, and each weight times each value."""
    config, (length, _) = layer.get_config(), layer.output.shape[1:]
    sizes = config["key_dim"] + (config["value_dim"] or config["key_dim"])
    return _of_kernels(layer) + int(config["num_heads"] * length * length * sizes)


#: The kinds of layers that multiply by kernels, and how often.
PRODUCTS: dict[str, Callable[[keras.layers.Layer], int]] = {
    "Dense": _of_kernels,
    "Conv2D": _of_kernels,
    "MultiHeadAttention": _of_attention,
}


def multiply_adds(layer: keras.layers.Layer) -> int:
    """Return how many multiplications, each with an addition, a layer takes for one picture.

    Parameters
    ----------
    layer : keras.layers.Layer
        A layer of a functional model, with the channels last.

    Returns
    -------
    int
        Those of kernels and of attention. Poolings, normalizations, biases and activations are not
        counted, as is usual: they are few beside these.

    Raises
    ------
    ValueError
        If the layer has a kernel, and is of a kind that is not known here.
    """
    kind = type(layer).__name__
    if kind in PRODUCTS:
        return PRODUCTS[kind](layer)
    if any(weight.name == "kernel" for weight in layer.weights):
        raise ValueError(f"{kind}: not known here; give it a row in tools.species.PRODUCTS")
    return 0


def multiply_adds_of(model: keras.Model) -> int:
    """Return how many multiplications, each with an addition, a model takes for one picture."""
    return sum(map(multiply_adds, model.layers))


def size_of(card: ModelCard) -> int:
    """Return the size of a file of parameters that is shipped, in bytes."""
    return (shipped.FOLDER / card.file).stat().st_size


def table() -> str:
    """Return the table to choose a species from: the species, then what others published."""
    headings = (
        *("model", "test accuracy", "95 % interval", "spoilt digits"),
        *("parameters", "multiply-adds", "file, kB", "1 digit, ms", "10,000, ms"),
    )
    return docs.table(headings, [*map(_cells, SPECIES.values()), *_published()])


def _cells(species: Species) -> tuple[str, ...]:
    # A link to its code on a code host, and to its page in the docs.
    name = f"[`{species.name}`](../../{species.factory.__module__.replace('.', '/')}.py)"
    size = (f"{species.parameters:,}", f"{multiply_adds_of(create_model(species.name)):,}")
    if species.weights is None:
        return (f"{name}, not trained", *[NONE] * 3, *size, *[NONE] * 3)
    card = model_card(species.name)
    low, high = card.test.interval
    return (
        name,
        percent(card.test.accuracy),
        f"{100 * low:.2f} to {percent(high)}",
        percent(card.robustness.mean),
        *size,
        f"{size_of(card) / 1000:,.0f}",
        *(f"{card.speed.milliseconds[digits]:,.1f}" for digits in (1, 10_000)),
    )


def _published() -> list[tuple[str, ...]]:
    rows = [
        (each.name, percent(each.accuracy), *[NONE] * 2, f"{each.parameters:,}", *[NONE] * 4)
        for each in PUBLISHED
    ]
    return [*rows, ("best ensemble, An et al. 2020", percent(BEST), *[NONE] * 7)]
