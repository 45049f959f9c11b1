"""Each program of the page on other tools runs, and prints what the page says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parent.parent / "docs" / "other_tools.md"
PROGRAM = re.compile(r"```python\n(.*?)```\n\n```text\n(.*?)```", re.DOTALL)
NUMBER = re.compile(r"\d+(?:\.\d+)?")


def programs():
    """Yield the packages that a program needs, the program, and what it prints."""
    for section in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]:
        heading = section.partition("\n")[0]
        needed = re.findall(r"`pip install (\w+)`", section)
        for number, (program, printed) in enumerate(PROGRAM.findall(section)):
            yield pytest.param(needed, program, printed, id=f"{heading} {number}")


def test_every_program_of_the_page_is_tested():
    blocks = PAGE.read_text(encoding="utf-8").count("```python")
    assert blocks == len(list(programs())) > 8


@pytest.mark.slow
@pytest.mark.parametrize(("needed", "program", "printed"), list(programs()))
def test_a_program_prints_what_the_page_says(needed, program, printed, tmp_path):
    for package in needed:
        pytest.importorskip(package)
    command = [sys.executable, "-c", program]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    # The same words. Numbers differ on another processor, and in another version of a package.
    assert NUMBER.sub("0", run.stdout).split() == NUMBER.sub("0", printed).split()
    for found, promised in zip(percents(run.stdout), percents(printed), strict=True):
        assert found == pytest.approx(promised, abs=4)


def percents(text):
    return [float(number) for number in re.findall(r"([\d.]+)%", text)]
