"""The page of the architecture says what is true: its drawing, rooms, names and journeys."""

from __future__ import annotations

import dataclasses
import importlib
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType

import pytest
from PIL import Image, ImageDraw

import mnist_zoo
from mnist_zoo.data import loading
from mnist_zoo.models import forward
from tools import architecture

PACKAGE = Path(mnist_zoo.__file__).parent
PAGE = (PACKAGE.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
ROOMS = sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))
MODULES = {architecture.module_of(path) for path in PACKAGE.rglob("*.py")}
# `data.loading.load_mnist`, and the like.
NAMES = sorted(set(re.findall(rf"`((?:{'|'.join(ROOMS)}|errors)\.(?!py`)[\w.]+)`", PAGE)))


def section(heading: str) -> str:
    return re.split(r"^#+ ", PAGE.partition(f"# {heading}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]


def steps(heading: str) -> list[str]:
    return re.findall(r"^\d+\. `([\w.]+)`", section(heading), re.MULTILINE)


def look_up(name: str) -> object:
    """Return what `name` is: the longest beginning that is a module, then its attributes."""
    parts = f"mnist_zoo.{name}".split(".")
    length = max(n for n in range(len(parts) + 1) if ".".join(parts[:n]) in MODULES)
    found = importlib.import_module(".".join(parts[:length]))
    for part in parts[length:]:
        found = getattr(found, part)
    return found


def calls_of(program: Callable[[], object]) -> list[str]:
    """Run a program; return the functions of the package by the order of their first calls."""
    called: dict[CodeType, None] = {}
    ours = str(PACKAGE)

    def note(frame: FrameType, event: str, _: object) -> None:
        # As little as can be: this is called for each call of the frameworks too.
        if event == "call" and frame.f_code.co_filename.startswith(ours):
            called.setdefault(frame.f_code)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        program()
    finally:
        sys.setprofile(before)
    return [f"{module_in_package(code.co_filename)}.{code.co_qualname}" for code in called]


def module_in_package(file: str) -> str:
    return ".".join(Path(file).relative_to(PACKAGE).with_suffix("").parts)


def assert_runs_as_told(heading: str, program: Callable[[], object]) -> None:
    told, calls = steps(heading), calls_of(program)
    assert len(told) >= 5
    assert [name for name in told if name not in calls] == []
    assert sorted(told, key=calls.index) == told


def test_the_drawing_has_the_arrows_of_the_imports():
    drawn = re.findall(r"<title>(\w+)&#45;&gt;(\w+)</title>", architecture.DRAWING.read_text())
    assert sorted(drawn) == re.findall(r'"(\w+)" -> "(\w+)"', architecture.graph())


def test_every_room_is_told_as_it_tells_itself():
    told = dict(re.findall(r"^- \*\*(\w+)\*\*: (.*)$", section("The rooms"), re.MULTILINE))
    docs = {room: importlib.import_module(f"mnist_zoo.{room}").__doc__ for room in ROOMS}
    first_lines = {room: doc.splitlines()[0] for room, doc in docs.items()}
    assert told == {r: re.sub(":func:`(.*)`", r"``\1``", text) for r, text in first_lines.items()}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_on_the_page_exists(name):
    assert look_up(name) is not None


def test_the_tables_are_tables():
    text = section("One home for every fact")
    tables = re.findall(r"^- .* are in `([\w.]+)`:", text, re.MULTILINE)
    assert len(tables) == 6
    assert all(len(look_up(name)) for name in tables)


def test_the_journey_of_the_digits_is_as_told(tiny, server, homeless, monkeypatch):
    mirror = server.mirror("good")
    monkeypatch.setattr(loading, "MNIST", dataclasses.replace(tiny.dataset, mirrors=(mirror,)))
    assert_runs_as_told(
        "From `load_mnist()` to arrays",
        lambda: mnist_zoo.load_mnist(cache_dir=homeless, progress=False),
    )


@pytest.mark.slow
def test_the_journey_of_a_model_is_as_told(sample):
    def program():
        model = mnist_zoo.dense_relu(seed=0)
        return str(mnist_zoo.fit_and_evaluate(model, sample, epochs=1, seed=0, verbose=0))

    assert_runs_as_told("From a model to a printed report", program)


def test_the_journey_of_a_photo_is_as_told(tmp_path):
    paper = Image.new("L", (200, 300), 225)
    ImageDraw.Draw(paper).line([(100, 40), (96, 260)], fill=40, width=24)
    paper.save(tmp_path / "photo.jpg")
    forward._shipped_model.cache_clear()
    assert_runs_as_told(
        "From a photo to digits", lambda: str(mnist_zoo.read_digits(tmp_path / "photo.jpg"))
    )
