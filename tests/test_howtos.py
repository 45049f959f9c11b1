"""Each program of the pages that show programs runs, and prints what the page says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent / "docs"
# The fewest programs of each page.
PAGES = {"other_tools": 9, "coming_from": 4, "index": 1}
BLOCK = r"\n((?:(?!```).)*)```"
PROGRAM = re.compile(rf"```python{BLOCK}\n\n```text{BLOCK}", re.DOTALL)
NUMBER = re.compile(r"\d+(?:\.\d+)?")


def text_of(page):
    return (DOCS / f"{page}.md").read_text(encoding="utf-8")


def needs_mnist(program):
    return "load_mnist(" in program and 'source="sample"' not in program


def programs(page):
    """Yield the packages that a program needs, the program, and what it prints."""
    for section in re.split(r"^##? ", text_of(page), flags=re.M)[1:]:
        heading = section.partition("\n")[0]
        needed = re.findall(r"`pip install (\w+)`", section)
        for number, (program, printed) in enumerate(PROGRAM.findall(section)):
            mark = pytest.mark.mnist if needs_mnist(program) else ()
            name = f"{page}: {heading} {number}"
            yield pytest.param(needed, program, printed, id=name, marks=mark)


@pytest.mark.parametrize("page", PAGES)
def test_every_program_of_a_page_is_tested(page):
    blocks = re.findall(rf"```python{BLOCK}", text_of(page), re.DOTALL)
    ours = [program for program in blocks if "mnist_zoo" in program]
    assert len(ours) == len(list(programs(page))) >= PAGES[page]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("needed", "program", "printed"), [each for page in PAGES for each in programs(page)]
)
def test_a_program_prints_what_the_page_says(needed, program, printed, tmp_path, request):
    if needs_mnist(program):
        request.getfixturevalue("mnist")
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
