"""A drawing of the layers of a model, from the model itself, as SVG for a page of the docs."""

from __future__ import annotations

import html
import math
from typing import TYPE_CHECKING

from mnist_zoo.models.layers import describe_layers

if TYPE_CHECKING:
    from collections.abc import Sequence

    import keras

    from mnist_zoo.models.layers import LayerSpec

# What changes neither the number of values nor their meaning is left out.
LEFT_OUT = (
    *("Reshape", "Flatten", "Dropout", "Activation", "BatchNormalization", "LayerNormalization"),
    "Add",
)
# Keras's names of classes that are long, or not everybody's words.
WORDS = {
    "InputLayer": "Picture",
    "Conv2D": "Convolution",
    "MaxPooling2D": "Max pooling",
    "AveragePooling2D": "Mean pooling",
    "GlobalAveragePooling1D": "Global mean",
    "GlobalAveragePooling2D": "Global mean",
    "MultiHeadAttention": "Attention",
}
# In units of the drawing: the space for a layer, the drawing's height, and where the middle of the
# layers and the first line of text are.
SLOT, HEIGHT, MIDDLE, TEXT = 92, 192, 64, 134
# To fit its place, the drawing is shrunk to this share at most.
LEAST = 0.8
# The largest side of a layer's output, in units of the drawing, and the number of pixels it has.
SIDE, PIXELS = 84, 28


def draw_layers(model: keras.Model) -> str:
    """Return the layers of a model from left to right, as SVG.

    A picture is a square with as many others behind it as its number of channels has binary digits.
    The height of a vector is the logarithm of its length. An arc leads past layers to where what
    they return is added.
    """
    described = {each.name: each for each in describe_layers(model)}
    shown = [each for each in described.values() if each.kind not in LEFT_OUT]
    place = {each.name: number for number, each in enumerate(shown)}
    # A layer that is not shown stands where the last one before it does.
    last = 0
    for name in described:
        last = place.setdefault(name, last)
    sums = [layer for layer in model.layers if described[layer.name].kind == "Add"]
    drawn = [
        *(_arc(min(place[name] for name in _inputs(each)), place[each.name]) for each in sums),
        *(_layer(number, each) for number, each in enumerate(shown)),
    ]
    width = SLOT * len(shown)
    words = html.escape(", ".join(f"{each.kind} {_shape(each.output_shape)}" for each in shown))
    return (
        f'<div class="layers" tabindex="0"><svg viewBox="0 0 {width} {HEIGHT}" '
        f'style="width: {width}px; min-width: {LEAST * width:g}px" role="img" '
        f'aria-label="The layers: {words}">\n' + "\n".join(drawn) + "\n</svg></div>\n"
    )


def _inputs(layer: keras.layers.Layer) -> list[str]:
    """Return the names of the layers whose outputs a layer takes."""
    return [tensor._keras_history.operation.name for tensor in layer.input]


def _layer(number: int, described: LayerSpec) -> str:
    """Return one layer: its output as boxes, and up to four lines of text under them."""
    middle = SLOT * number + SLOT / 2
    lines = (
        WORDS.get(described.kind, described.kind),
        _shape(described.output_shape),
        *((f"{described.parameters:,}", "parameters") if described.parameters else ()),
    )
    text = "".join(
        f'<text x="{middle:g}" y="{TEXT + 15 * row}">{html.escape(line)}</text>'
        for row, line in enumerate(lines)
    )
    return f"<g>{''.join(_boxes(middle, described.output_shape))}{text}</g>"


def _boxes(middle: float, shape: Sequence[int]) -> list[str]:
    """Return rectangles for an output of (height, width[, channels]), or of (..., values)."""
    behind = 1
    if len(shape) == 1 or shape[0] != shape[1]:
        width, height = 10.0, 8 * math.log2(shape[-1])
        if len(shape) == 2:
            width = 8 * math.log2(shape[0])
    else:
        width = height = max(4.0, SIDE * shape[0] / PIXELS)
        behind = 1 if len(shape) == 2 else int(shape[2]).bit_length()
    shift = 2.5
    left, top = middle - (width + shift * (behind - 1)) / 2, MIDDLE - (height - shift * behind) / 2
    return [
        f'<rect x="{left + shift * step:.1f}" y="{top - shift * step:.1f}" '
        f'width="{width:.1f}" height="{height:.1f}"/>'
        for step in reversed(range(behind))
    ]


def _arc(start: int, end: int) -> str:
    """Return the way past the layers after `start`, up to `end`."""
    left, right = SLOT * start + SLOT / 2, SLOT * end + SLOT / 2
    return f'<path d="M{left:g} 28 C{left:g} 0 {right:g} 0 {right:g} 28"/>'


def _shape(shape: Sequence[int]) -> str:
    return " \N{MULTIPLICATION SIGN} ".join(map(str, shape))
