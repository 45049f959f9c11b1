"""The package as a whole: what importing it costs, and that its rooms and lists fit together."""

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
from tools import architecture

PACKAGE = Path(mnist_zoo.__file__).parent
FRAMEWORKS = ("tensorflow", "keras", "jax", "torch")

# What each room may use of the others. Arrows run one way.
ARROWS = {
    "errors": set(),
    "arguments": set(),
    "jobs": set(),
    "markup": set(),
    "signals": set(),
    "writing": set(),
    "data": {"arguments", "errors", "markup"},
    "metrics": {"arguments"},
    "models": {"arguments", "data", "errors", "markup", "metrics"},
    "pictures": {"arguments", "data", "errors", "jobs", "markup", "models"},
    "evaluation": {
        *("arguments", "data", "errors", "markup", "metrics", "models", "pictures", "plots"),
        "writing",
    },
    "training": {
        *("arguments", "data", "errors", "evaluation", "jobs", "metrics", "models", "signals"),
        "writing",
    },
    "corruptions": {"evaluation"},
    "recipes": {"training"},
    "plots": {"arguments", "data", "metrics", "pictures"},
    "export": {"arguments", "data", "errors", "metrics", "models", "writing"},
    "drawing": {"errors", "models"},
    "cli": {
        *("arguments", "data", "drawing", "evaluation", "export", "models", "pictures", "plots"),
        *("corruptions", "recipes", "signals", "training", "writing"),
    },
}
ROOMS = [room for room in ARROWS if (PACKAGE / room).is_dir()]


def in_a_new_process(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    "use",
    [
        "import mnist_zoo",
        "import mnist_zoo.data, mnist_zoo.data.loading",
        "import mnist_zoo.metrics; mnist_zoo.metrics.accuracy",
        "import mnist_zoo.pictures; mnist_zoo.pictures.find_digits",
        "import mnist_zoo.models; mnist_zoo.models.Species",
        "import mnist_zoo, numpy; mnist_zoo.predict_probabilities(numpy.zeros((1, 28, 28)))",
        "import mnist_zoo, numpy; mnist_zoo.read_digits(numpy.eye(100))",
        "import mnist_zoo; mnist_zoo.list_models()",
        "import mnist_zoo; mnist_zoo.model_card('linear')",
        "import mnist_zoo; mnist_zoo.load_mnist(source='sample')",
        "import mnist_zoo; mnist_zoo.plots.training_curves({'accuracy': [1.0]})",
        "import mnist_zoo; mnist_zoo.training.FAST",
        "import mnist_zoo, numpy; mnist_zoo.corruptions.corrupt(numpy.zeros((1, 28, 28)), 'fog')",
        "import mnist_zoo; mnist_zoo.export.FORMATS",
        "import mnist_zoo; mnist_zoo.drawing.PageServer().files['linear.bin'].content()",
    ],
)
def test_no_framework_is_loaded_for(use):
    program = f"import sys; {use}; print([name for name in {FRAMEWORKS} if name in sys.modules])"
    assert in_a_new_process(program) == "[]"


def test_names_are_listed_without_numpy():
    program = "import sys, mnist_zoo; mnist_zoo.list_models(); print('numpy' in sys.modules)"
    assert in_a_new_process(program) == "False"


def test_a_picture_is_read_with_numpy_and_pillow_alone():
    program = "import sys, mnist_zoo, numpy; mnist_zoo.read_digits(numpy.eye(100)); "
    program += "print({'scipy', 'sklearn', 'matplotlib', 'requests'} & set(sys.modules))"
    assert in_a_new_process(program) == "set()"


def test_pictures_are_read_one_after_the_other_without_joblib():
    program = "import sys, mnist_zoo, numpy;"
    program += "print(len(list(mnist_zoo.read_pictures([numpy.eye(100)] * 2, n_jobs=1))),"
    program += "'joblib' in sys.modules)"
    assert in_a_new_process(program) == "2 False"


def test_a_star_import_binds_no_module():
    program = "before = set(dir()); from mnist_zoo import *; import types; print([n for n in "
    program += "set(dir()) - before if isinstance(globals()[n], types.ModuleType)])"
    assert in_a_new_process(program) == "['types']"
    import mnist_zoo

    assert "load_mnist" in mnist_zoo.__all__
    assert mnist_zoo.metrics.__name__ == "mnist_zoo.metrics"


def test_building_a_model_loads_keras():
    program = "import sys, mnist_zoo; mnist_zoo.linear(); print('keras' in sys.modules)"
    assert in_a_new_process(program) == "True"


def test_every_room_has_its_arrows():
    rooms = {path.stem for path in PACKAGE.glob("*.py")} | {
        path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()
    }
    assert rooms - {"__init__", "__main__"} == set(ARROWS)


@pytest.mark.parametrize("room", ARROWS)
def test_arrows_between_the_rooms_run_one_way(room):
    assert architecture.room_arrows()[room] <= ARROWS[room]


def test_no_arrow_is_allowed_that_nothing_uses():
    assert architecture.room_arrows() == ARROWS


def test_the_rooms_lie_in_floors():
    """Each room may use only rooms that are allowed without using it, however far down."""
    floors: list[str] = []
    while len(floors) < len(ARROWS):
        free = [r for r in ARROWS if r not in floors and ARROWS[r] <= set(floors)]
        assert free, "the rooms use each other in a circle"
        floors += free


def test_files_within_a_room_do_not_use_each_other_in_a_circle():
    arrows = architecture.file_arrows()
    done: set[str] = set()
    while len(done) < len(arrows):
        free = [file for file in arrows if file not in done and arrows[file] <= done]
        assert free, {file: arrows[file] - done for file in arrows if file not in done}
        done.update(free)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_what_it_is_for_and_who_may_use_it(room):
    text = importlib.import_module(f"mnist_zoo.{room}").__doc__
    assert re.search(r"may use this (room|one)|uses this one", text)
    assert re.search(r"It uses", text)


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.name)
def test_a_file_without_its_docstrings_is_short(path):
    text = path.read_text(encoding="utf-8")
    lines = len(text.splitlines())
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(
            node
        ):
            lines -= node.body[0].end_lineno - node.body[0].lineno + 1
    assert lines <= 400


def test_every_public_name_is_there_and_documented():
    for name in mnist_zoo.__all__:
        assert getattr(mnist_zoo, name).__doc__, name
    assert set(mnist_zoo.__all__) <= set(dir(mnist_zoo))


@pytest.mark.parametrize("room", ROOMS)
def test_every_name_of_a_room_is_there(room):
    module = importlib.import_module(f"mnist_zoo.{room}")
    for name in getattr(module, "__all__", ()):
        assert getattr(module, name) is not None


def test_every_room_is_reached_from_the_front_door():
    assert all(hasattr(mnist_zoo, room) for room in set(ROOMS) - {"cli"})


def test_every_public_name_is_in_the_reference():
    reference = (PACKAGE.parent / "docs" / "reference.md").read_text(encoding="utf-8")
    rooms = [importlib.import_module(f"mnist_zoo.{room}") for room in ROOMS]
    names = {name for room in rooms for name in getattr(room, "__all__", ())}
    for name in (names | set(mnist_zoo.__all__)) - {*ROOMS, "recipes"}:
        assert re.search(rf"^[ .].*\b{name}$", reference, re.MULTILINE), name


def test_what_users_import_is_where_it_was():
    from mnist_zoo.data import ChecksumError, MnistUnavailableError, one_hot_labels  # noqa: F401
    from mnist_zoo.export import export_saved_model, load_model, save_model  # noqa: F401
    from mnist_zoo.metrics import accuracy  # noqa: F401
    from mnist_zoo.models import dense_relu, list_models  # noqa: F401
    from mnist_zoo.pictures import Box, FoundDigit, PictureError  # noqa: F401
    from mnist_zoo.plots import overview  # noqa: F401
    from mnist_zoo.recipes import FAST, RECIPES, reproduce, train_recipe  # noqa: F401


def test_the_version_is_that_of_the_distribution():
    assert mnist_zoo.__version__ == version("mnist-zoo")


def test_the_package_says_that_it_is_typed():
    assert (PACKAGE / "py.typed").is_file()
