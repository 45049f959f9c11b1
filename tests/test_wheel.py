"""The wheel: built anywhere and at any time, it is the same byte for byte."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BUILD = "import hatchling.build, sys; print(hatchling.build.build_wheel(sys.argv[1]))"


def built(folder, umask):
    """Copy the project into a new folder, with other dates and modes, and build its wheel."""
    source = folder / "source"
    shutil.copytree(
        ROOT / "mnist_zoo",
        source / "mnist_zoo",
        ignore=shutil.ignore_patterns("__pycache__"),
        copy_function=shutil.copyfile,
    )
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copyfile(ROOT / name, source / name)
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(folder)],
        cwd=source,
        env={**os.environ, "TZ": f"UTC+{umask}"},
        umask=umask,
        capture_output=True,
        text=True,
        check=True,
    )
    return folder / done.stdout.split()[-1]


@pytest.mark.slow
@pytest.mark.skipif(not (ROOT / "pyproject.toml").is_file(), reason="not in a checkout")
def test_a_wheel_that_is_built_twice_is_the_same_byte_for_byte(tmp_path):
    pytest.importorskip("hatchling")
    first, second = built(tmp_path / "one", 0o022), built(tmp_path / "another", 0o002)
    assert first.name == second.name
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as wheel:
        names = wheel.namelist()
    assert "mnist_zoo/py.typed" in names
    assert "mnist_zoo/drawing/page/index.html" in names
    assert not any(name.endswith(".bin") for name in names)  # Made of the npz files.
    assert not any(name.startswith(("tests", "benchmarks", "tools", "docs")) for name in names)
