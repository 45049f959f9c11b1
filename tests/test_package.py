"""The package as a whole: what importing it costs, and that its lists agree."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import mnist_zoo

PACKAGE = Path(mnist_zoo.__file__).parent
FRAMEWORKS = ("tensorflow", "keras", "jax", "torch")

# What each room may import of the others: arrows run one way.
ARROWS = {
    "_checks": set(),
    "_memory": set(),
    "archives": {"_checks"},
    "sources": {"_checks", "archives"},
    "data": {"_checks", "_memory", "archives", "sources"},
    "metrics": {"_checks"},
    "pretrained": {"_checks"},
    "models": {"_checks", "pretrained"},
    "pictures": set(),
    "ink": set(),
    "images": {"ink", "pictures"},
    "agreement": set(),
    "inference": {"_checks", "agreement", "pretrained"},
    "reading": {"images", "inference", "pictures"},
    "evaluation": {"_checks", "agreement", "data", "inference", "metrics", "models"},
    "comparison": {"evaluation", "metrics"},
    "execution": {"_memory"},
    "training": {
        *("_checks", "_memory", "agreement", "evaluation", "execution", "inference", "models"),
    },
    "recipes": {"_checks", "agreement", "data", "evaluation", "metrics", "models", "training"},
    "plots": {"_checks", "evaluation", "metrics", "pictures", "reading"},
    "export": {"models"},
}


def in_a_new_process(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    "use",
    [
        "import mnist_zoo",
        "import mnist_zoo.data",
        "import mnist_zoo.metrics",
        "import mnist_zoo.images",
        "import mnist_zoo, numpy; mnist_zoo.predict_probabilities(numpy.zeros((1, 28, 28)))",
        "import mnist_zoo, numpy; mnist_zoo.read_digits(numpy.eye(100))",
        "import mnist_zoo; mnist_zoo.list_models()",
        "import mnist_zoo; mnist_zoo.model_card('linear')",
        "import mnist_zoo; mnist_zoo.load_mnist(source='sample')",
        "import mnist_zoo; mnist_zoo.plots.training_curves({'accuracy': [1.0]})",
    ],
)
def test_no_framework_is_loaded_for(use):
    program = f"import sys; {use}; print([name for name in {FRAMEWORKS} if name in sys.modules])"
    assert in_a_new_process(program) == "[]"


def test_building_a_model_loads_keras():
    program = "import sys, mnist_zoo; mnist_zoo.linear(); print('keras' in sys.modules)"
    assert in_a_new_process(program) == "True"


@pytest.mark.parametrize("room", ARROWS)
def test_arrows_between_the_rooms_run_one_way(room):
    used = set()
    for node in ast.walk(ast.parse((PACKAGE / f"{room}.py").read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mnist_zoo"):
            _, _, module = (node.module or "").partition(".")
            used |= {module} if module else {alias.name for alias in node.names}
    assert used <= ARROWS[room]


def test_every_room_has_its_arrows():
    rooms = {path.stem for path in PACKAGE.glob("*.py")} - {
        "__init__",
        "__main__",
        "cli",
        "terminal",
    }
    assert rooms == set(ARROWS)


def test_every_public_name_is_there_and_documented():
    for name in mnist_zoo.__all__:
        assert getattr(mnist_zoo, name).__doc__, name
    assert set(mnist_zoo.__all__) <= set(dir(mnist_zoo))


def test_every_public_name_is_in_the_reference():
    reference = (PACKAGE.parent / "docs" / "reference.md").read_text(encoding="utf-8")
    rooms = [importlib.import_module(f"mnist_zoo.{room}") for room in ARROWS]
    names = {name for room in rooms for name in getattr(room, "__all__", ())}
    modules = {"data", "images", "metrics", "models", "plots", "recipes"}
    for name in (names | set(mnist_zoo.__all__)) - modules:
        assert re.search(rf"^[ .].*\b{name}$", reference, re.MULTILINE), name


def test_the_version_is_that_of_the_distribution():
    assert mnist_zoo.__version__ == version("mnist-zoo")


def test_the_package_says_that_it_is_typed():
    assert (PACKAGE / "py.typed").is_file()
