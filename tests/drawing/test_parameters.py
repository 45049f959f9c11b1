"""drawing.parameters, drawing.files: what the page loads, and how much of it there is."""

from __future__ import annotations

import json
import re
import shutil

import numpy as np
import pytest

from mnist_zoo import ChecksumError, list_models, model_card
from mnist_zoo.drawing import files, parameters, write_page
from mnist_zoo.models import shipped
from mnist_zoo.models.species import SPECIES

SHIPPED = [name for name in list_models() if SPECIES[name].weights]


def opened(content):
    """Return the layers in a model's file, and its parameters."""
    length = int.from_bytes(content[:4], "little")
    assert length % 4 == 0
    return json.loads(content[4 : 4 + length]), np.frombuffer(content[4 + length :], "<f4")


def test_every_shipped_chain_of_layers_can_be_drawn_for():
    chains = [name for name in SHIPPED if model_card(name).architecture.chain]
    assert sorted(parameters.list_drawable()) == chains
    assert set(SHIPPED) - set(chains) == {"vision_transformer"}


@pytest.mark.parametrize("name", parameters.list_drawable())
def test_a_models_file_has_layers_that_follow_each_other_and_all_their_numbers(name):
    layers, numbers = opened(parameters.model_as_bytes(name))
    end = 0
    for before, layer in zip([None, *layers], layers, strict=False):
        assert layer["kind"] in parameters.KINDS
        assert layer["activation"] in parameters.ACTIVATIONS
        if before:  # Pixels with channels may have become one pixel.
            assert np.prod(before["shape"]) == np.prod(layer["before"])
        for start, count in layer["arrays"].values():
            assert start == end
            end = start + count
        if layer["arrays"]:
            assert [count for _, count in layer["arrays"].values()] == [
                np.prod(layer["size"]) * layer["before"][2] * layer["shape"][2],
                layer["shape"][2],
            ]
    assert end == len(numbers)
    assert np.isfinite(numbers).all()
    assert layers[-1]["shape"] == [1, 1, 10]
    assert layers[-1]["activation"] == "softmax"


def test_the_page_begins_with_an_accurate_model_that_is_quick():
    rows = json.loads(parameters.models_as_json())
    assert [row["name"] for row in rows] == parameters.list_drawable()
    assert all(row["accuracy"] == model_card(row["name"]).test.accuracy for row in rows)
    (first,) = (row for row in rows if row["isDefault"])
    assert SPECIES[first["name"]].parameters < parameters.QUICK
    assert first["accuracy"] > 0.99


@pytest.mark.parametrize("name", ["vision_transformer", "nosuch", "../linear", ""])
def test_a_model_that_the_page_cannot_run_is_refused(name):
    with pytest.raises(ValueError, match="the page runs linear, "):
        parameters.model_as_bytes(name)


def test_damaged_parameters_are_refused(monkeypatch, tmp_path):
    for path in shipped.FOLDER.glob("linear.*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "linear.npz").write_bytes(b"damaged")
    content = files.page_files()["linear.bin"].content
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    monkeypatch.setattr(parameters, "list_drawable", lambda: ["linear"])
    with pytest.raises(ChecksumError, match="reinstall"):
        content()


def test_a_page_in_a_folder_is_what_the_server_has(tmp_path):
    folder = tmp_path / "site" / "draw"
    write_page(folder)
    write_page(folder)  # Again, over the first.
    expected = {name: file.content() for name, file in files.page_files().items()}
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == expected


def test_a_folder_that_cannot_be_written_to_is_an_error(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OSError, match="file"):
        write_page(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"


def test_the_page_names_no_other_site():
    for path in files.FOLDER.iterdir():
        text = path.read_text(encoding="utf-8")
        assert not re.findall(r"(?:https?:)?//[\w.-]+\.\w+|@import|url\(", text), path.name


def test_files_that_are_no_part_of_the_page_are_left_out(monkeypatch, tmp_path):
    shutil.copytree(files.FOLDER, tmp_path / "page")
    expected = set(files.page_files())
    monkeypatch.setattr(files, "FOLDER", tmp_path / "page")
    for name in (".DS_Store", "draw.js~", "draw.js.swp"):
        (tmp_path / "page" / name).write_bytes(b"")
    assert set(files.page_files()) == expected


def test_the_scripts_are_short():
    lines = [
        line
        for path in files.FOLDER.glob("*.js")
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip() and not line.lstrip().startswith("//")
    ]
    assert len(lines) < 300
    assert max(map(len, lines)) <= 120
