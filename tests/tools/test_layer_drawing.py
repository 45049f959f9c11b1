"""The drawing of a model's layers has every layer that changes something, and is valid XML."""

from __future__ import annotations

from xml.etree import ElementTree

import keras
import pytest

from mnist_zoo import create_model
from mnist_zoo.models.species import SPECIES
from tools.layer_drawing import draw_layers

TIMES = "\N{MULTIPLICATION SIGN}"


def drawn(model: keras.Model) -> ElementTree.Element:
    return ElementTree.fromstring(draw_layers(model))[0]  # noqa: S314  # Our own.


def texts(svg: ElementTree.Element) -> list[list[str]]:
    return [[each.text for each in group.iter("text") if each.text] for group in svg.iter("g")]


def test_each_layer_is_drawn_with_its_output_and_its_parameters():
    assert texts(drawn(create_model("dense_relu"))) == [
        ["Picture", f"28 {TIMES} 28"],
        ["Dense", "128", "100,480", "parameters"],
        ["Dense", "64", "8,256", "parameters"],
        ["Dense", "10", "650", "parameters"],
    ]


@pytest.mark.parametrize("name", SPECIES)
def test_every_species_is_drawn_inside_its_frame(name):
    svg = drawn(create_model(name))
    _, _, width, height = map(float, svg.get("viewBox", "").split())
    for box in svg.iter("rect"):
        left, top, wide, high = (float(box.get(key)) for key in ("x", "y", "width", "height"))
        assert 0 <= left < left + wide <= width
        assert 0 <= top < top + high <= height
    assert svg.get("aria-label", "").startswith(f"The layers: InputLayer 28 {TIMES} 28, ")


def test_channels_are_a_stack_and_larger_outputs_are_larger():
    first, c1, s2, *_ = drawn(create_model("lenet5")).iter("g")
    stacks = [list(group.iter("rect")) for group in (first, c1, s2)]
    assert [len(stack) for stack in stacks] == [1, 3, 3]  # 1, 6 and 6 channels: 1, 110, 110.
    widths = [float(stack[0].get("width")) for stack in stacks]
    assert widths == [84, 84, 42]


def test_an_arc_leads_past_the_layers_to_each_sum():
    picture = keras.Input((4, 4, 2))
    inner = keras.layers.Conv2D(2, 3, padding="same")(picture)
    inner = keras.layers.Conv2D(2, 3, padding="same")(inner)
    model = keras.Model(picture, keras.layers.Add()([picture, inner]))
    (arc,) = drawn(model).iter("path")
    assert arc.get("d") == "M46 28 C46 0 230 0 230 28"  # From the first to the third of 92.
    assert len(list(drawn(create_model("vision_transformer")).iter("path"))) == 8
