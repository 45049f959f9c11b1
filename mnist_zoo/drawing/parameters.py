"""The shipped models in the form that the page runs, made of the shipped parameters."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import numpy as np

from mnist_zoo.models.building import INPUT_SHAPES
from mnist_zoo.models.forward import folded_layers
from mnist_zoo.models.layers import LayerSpec, Settings
from mnist_zoo.models.shipped import read_facts, read_parameters
from mnist_zoo.models.species import SPECIES, find_shipped

# The kinds of layers that the page runs: the keys of LAYERS in `page/model.js`. Others are given to
# it as one of these: a dense layer as a convolution of one pixel, and a mean of all pixels as a
# pooling with one window.
KINDS = {"Conv2D", "MaxPooling2D", "AveragePooling2D"}
GIVEN_AS = {"Dense": "Conv2D", "GlobalAveragePooling2D": "AveragePooling2D"}
# Layers that leave the numbers, and their order, as they are.
UNCHANGED = {"InputLayer", "Reshape", "Flatten", "Dropout"}
# An activation becomes part of the layer before it, and a normalization is folded into it.
MERGED = {"Activation", "BatchNormalization"}
# The keys of ACTIVATIONS in `page/model.js`.
ACTIVATIONS = {"linear", "relu", "tanh", "sigmoid", "softmax"}
# The page begins with the most accurate model that has fewer parameters than this. Larger ones are
# slower: tests/drawing/test_browser.py prints how long a frame takes.
QUICK = 100_000


def list_drawable() -> list[str]:
    """Return the names of the shipped models that the page can run, the smallest first."""
    rows = sorted(SPECIES.values(), key=lambda row: row.parameters)
    return [row.name for row in rows if row.weights and _can_run(read_facts(row.weights.file))]


def _can_run(facts: dict[str, Any]) -> bool:
    layers = facts["architecture"]["layers"]
    return (
        facts["architecture"]["chain"]
        and tuple(facts["architecture"]["input_shape"]) in INPUT_SHAPES
        and {layer["kind"] for layer in layers} <= KINDS | GIVEN_AS.keys() | UNCHANGED | MERGED
        and {layer["settings"].get("activation", "linear") for layer in layers} <= ACTIVATIONS
    )


def models_as_json() -> bytes:
    """Return what the page says of each model: its name, its test accuracy, and which is first."""
    names = list_drawable()
    accuracies = {
        name: read_facts(find_shipped("model", name).file)["test"]["accuracy"] for name in names
    }
    quick = [name for name in names if SPECIES[name].parameters < QUICK]
    first = max(quick, key=lambda name: accuracies[name])
    rows = [
        {"name": name, "accuracy": accuracies[name], "isDefault": name == first} for name in names
    ]
    return json.dumps(rows, indent=1).encode()


def model_as_bytes(name: str) -> bytes:
    """Return a shipped model in one file.

    Parameters
    ----------
    name : str
        One of :func:`list_drawable`.

    Returns
    -------
    bytes
        The length of a text, as a little-endian integer of 4 bytes; the text; the parameters, as
        little-endian floats of 4 bytes each. The text is JSON: a list of the layers. A layer says
        where each of its arrays begins among the parameters, and how many numbers it has.

    Raises
    ------
    ValueError
        If the page cannot run such a model.
    ChecksumError
        If the shipped parameters were damaged.
    """
    if name not in (known := list_drawable()):
        raise ValueError(f"the page runs {', '.join(known)}; got {name!r}")
    file = find_shipped("model", name).file
    specs = map(LayerSpec.from_dict, read_facts(file)["architecture"]["layers"])
    layers, parameters = folded_layers(tuple(specs), read_parameters(file))
    rows: list[dict[str, Any]] = []
    numbers = np.zeros(0, "<f4")
    before: tuple[int, ...] = (28, 28, 1)
    for layer in layers:
        shape = (1, 1, *layer.output_shape)[-3:]
        activation = layer.settings.get("activation", "linear")
        if layer.kind == "Activation":
            rows[-1]["activation"] = activation
        elif layer.kind not in UNCHANGED:
            own = parameters.get(layer.name, {})
            arrays = {}
            for key in ("kernel", "bias") if own else ():
                array = own.get(key, np.zeros(shape[-1]))
                arrays[key] = (len(numbers), array.size)
                numbers = np.concatenate([numbers, array.ravel()], dtype="<f4")
            rows.append(
                {
                    "name": layer.name,
                    "kind": GIVEN_AS.get(layer.kind, layer.kind),
                    "before": before,
                    "shape": shape,
                    "activation": activation,
                    "arrays": arrays,
                    **_windows(before, shape, layer.settings, own["kernel"].shape if own else ()),
                }
            )
        before = shape
    text = json.dumps(rows).encode()
    text += b" " * (-len(text) % 4)  # Browsers read floats where the place is a multiple of 4.
    return len(text).to_bytes(4, "little") + text + numbers.tobytes()


def _windows(
    before: Iterable[int], shape: Iterable[int], settings: Settings, kernel: tuple[int, ...]
) -> dict[str, tuple[int, ...]]:
    """Return the size of a layer's windows, their strides, and how far the first lies outside."""
    if kernel:
        size = kernel[:2] if len(kernel) == 4 else (1, 1)
    else:
        size = tuple(settings.get("pool_size", tuple(before)[:2]))
    strides = tuple(settings.get("strides", (1, 1)))
    corner = tuple(
        max((count - 1) * step + extent - side, 0) // 2
        for side, count, step, extent in zip(before, shape, strides, size, strict=False)
    )
    return {"size": size, "strides": strides, "corner": corner}
