"""The examples of the docs and the README's program run, and show what they say."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

from mnist_zoo.recipes import RECIPES
from tools import docs, results_table, species

ROOT = Path(__file__).parent.parent
EXAMPLES = sorted((ROOT / "docs" / "examples").glob("*.py"))


@pytest.fixture(autouse=True)
def no_windows(monkeypatch):
    monkeypatch.setattr(plt, "show", lambda: pytest.fail("an example opens a window"))
    yield
    plt.close("all")


@pytest.mark.slow
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs(example):
    names = runpy.run_path(str(example))
    assert plt.get_fignums(), "the example draws nothing"
    if "result" in names:
        assert names["result"].accuracy >= 0.85


def test_the_loop_of_ones_own_uses_the_tape_and_ends_in_an_evaluation():
    text = (ROOT / "docs" / "examples" / "plot_custom_loop.py").read_text(encoding="utf-8")
    assert "tf.GradientTape()" in text
    assert "result = evaluate(model, data)" in text
    assert ".fit(" not in text


@pytest.mark.slow
@pytest.mark.mnist
def test_the_program_of_the_readme_prints_what_the_readme_says(
    mnist, tmp_path, monkeypatch, capsys
):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    program = re.search(r"```python\n(.*?)```", text, re.DOTALL)[1]
    assert len(program.splitlines()) <= 9
    monkeypatch.chdir(tmp_path)
    exec(program, {})  # noqa: S102  # It is ours.
    printed = capsys.readouterr().out
    promised = re.search(r"accuracy +(\d+\.\d+)%", text)[1]
    found = re.search(r"accuracy +(\d+\.\d+)%", printed)[1]
    # Another processor rounds otherwise; the five seeds of this recipe spread by 0.1 points.
    assert float(found) == pytest.approx(float(promised), abs=0.4)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["digits.keras", "overview.png"]


@pytest.mark.parametrize("figures", results_table.TABLES)
def test_a_table_of_the_docs_is_made_from_its_figures(figures):
    name, make = results_table.TABLES[figures]
    assert make(docs.read(figures)) == (docs.RESULTS / name).read_text(encoding="utf-8")


def test_the_table_to_choose_from_is_made_from_the_cards_and_the_models():
    assert species.table() == (docs.RESULTS / "species.md").read_text(encoding="utf-8")


def test_every_recipe_was_trained_with_five_seeds_and_reached_its_claim():
    rows = docs.read("reproduction.json")
    assert [row["name"] for row in rows] == [recipe.name for recipe in RECIPES]
    assert [len(row["results"]) for row in rows] == [5] * len(RECIPES)
    assert all(row["reached"] is not False for row in rows)
