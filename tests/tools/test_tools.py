"""The tools that write the docs' figures, and those that make what is shipped."""

from __future__ import annotations

import dataclasses
import json

import pytest
from matplotlib.figure import Figure

from mnist_zoo import read_digits
from mnist_zoo.models.species import SPECIES
from mnist_zoo.recipes import SHIPPED, SeedResult
from mnist_zoo.training import reproducing
from mnist_zoo.training.recipes import find_recipe
from tools import audit, docs, frontier, hard_pages, make_cards, screenshots, written_page


@pytest.fixture
def results(monkeypatch, tmp_path):
    monkeypatch.setattr(docs, "RESULTS", tmp_path)
    return tmp_path


def test_a_table_is_written_in_markdown():
    table = docs.table(("digit", "read"), [("seven", "7"), ("one", "")])
    assert table == "| digit | read |\n| --- | --- |\n| seven | 7 |\n| one |  |\n"


def test_a_row_of_too_few_cells_is_refused():
    with pytest.raises(ValueError, match=r"expected 2 cells, one a heading; got \['seven'\]"):
        docs.table(("digit", "read"), [("seven",)])


def test_text_is_written_as_it_is_and_figures_as_json(results):
    docs.write("table.md", "| µs |\n")
    docs.write("figures.json", [{"seconds": 1.5}])
    assert (results / "table.md").read_text(encoding="utf-8") == "| µs |\n"
    assert docs.read("figures.json") == [{"seconds": 1.5}]


def test_a_file_that_is_left_is_said_to_be_left_and_is_not_written(results, capsys):
    docs.leave("table.md", "a part of a run")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "docs/results/table.md is left as it is: a part of a run\n")
    assert not list(results.iterdir())


def test_a_fraction_is_written_with_two_digits_of_percent():
    assert docs.percent(0.98765) == "98.77 %"


def test_everything_that_is_shipped_has_a_recipe():
    trained = {recipe.model for recipe in SHIPPED}
    assert {row.weights.file for row in SPECIES.values() if row.weights} <= trained


def test_the_seed_is_chosen_by_the_digits_held_out_for_that_and_not_by_the_test():
    results = [
        SeedResult(0, 0.99, 0.1, 1.0, plan_accuracy=0.97, seed_accuracy=0.95),
        SeedResult(1, 0.97, 0.1, 1.0, plan_accuracy=0.95, seed_accuracy=0.96),
    ]
    assert make_cards.chosen(results).seed == 1


def test_a_card_has_the_losses_and_accuracies_of_the_epochs(tmp_path):
    file = tmp_path / "seed-0.csv"
    file.write_text("epoch,accuracy,loss\n0,0.65068,1.09594\n1,0.88508,0.37273\n")
    expected = {"losses": (1.0959, 0.3727), "accuracies": (0.6507, 0.8851)}
    assert make_cards.curves(file, 2) == expected
    # Of a training of three epochs, this is a part.
    assert make_cards.curves(file, 3) == {"losses": (), "accuracies": ()}
    assert make_cards.curves(tmp_path / "seed-1.csv", 2) == {"losses": (), "accuracies": ()}


def test_a_training_with_other_settings_than_its_recipe_has_is_not_shipped(tmp_path):
    recipe = find_recipe("shipped/linear")
    reproducing.own_folder(tmp_path, dataclasses.replace(recipe, epochs=1))
    (tmp_path / recipe.name / "seed-0.json").write_text("{}")
    with pytest.raises(ValueError, match="were made with other settings of shipped/linear"):
        make_cards.results_of(recipe, tmp_path)


def test_a_seed_is_not_chosen_by_the_test_digits(tmp_path):
    recipe = dataclasses.replace(find_recipe("shipped/linear"), held_out=False)
    with pytest.raises(ValueError, match="no digits that could choose a seed"):
        make_cards.ship(
            recipe, [SeedResult(0, 0.9, 0.1, 1.0), SeedResult(1, 0.9, 0.1, 1.0)], tmp_path, None
        )


@pytest.mark.parametrize("recipe", SHIPPED, ids=lambda recipe: recipe.name)
def test_a_card_states_the_settings_of_its_recipe_in_types_that_json_has(recipe):
    settings = make_cards.settings_of(recipe)
    assert json.loads(json.dumps(settings)) == settings
    assert settings["epochs"] == recipe.epochs
    for kind in ("distortion", "photometry"):
        assert (kind in settings) == (getattr(recipe, kind) is not None)


def test_the_frontier_has_a_point_for_each_file_of_parameters_and_each_published_result():
    ax = Figure().add_subplot()
    frontier.draw(ax, lambda card: card.architecture.parameters, "parameters")
    frontier.draw_published(ax)
    labels = [text.get_text() for text in ax.texts]
    published = [each.name for each in frontier.PUBLISHED]
    assert labels[:-1] == [*frontier.cards(), *published]
    files = [SPECIES[name].weights.file for name in frontier.cards()]
    assert sorted(files) == sorted({row.weights.file for row in SPECIES.values() if row.weights})


AUDITED = {"name": "pillow", "version": "9.0", "vulns": []}
FAULT = {"id": "PYSEC-1", "fix_versions": ["9.0.1", "9.1"], "aliases": [], "description": ""}
UNKNOWN = {"name": "mine", "skip_reason": "not found on PyPI"}


@pytest.mark.parametrize(
    ("packages", "found", "summary"),
    [
        ([AUDITED], [], "1 packages were looked up, 0 vulnerabilities found"),
        (
            [AUDITED | {"vulns": [FAULT]}, UNKNOWN],
            ["pillow 9.0: PYSEC-1, mended in 9.0.1, 9.1"],
            "1 packages were looked up, 1 vulnerabilities found; not known: mine",
        ),
        ([UNKNOWN], [], "skipped: the package index has no data of vulnerabilities"),
    ],
)
def test_an_audit_finds_vulnerabilities_or_says_why_it_could_not(packages, found, summary):
    assert audit.verdict(json.dumps({"dependencies": packages})) == (found, summary)


def test_an_audit_without_an_answer_is_skipped_aloud():
    assert audit.verdict("") == ([], "skipped: the data of vulnerabilities could not be reached")


def test_the_pages_of_the_screenshots_are_there():
    pages = [name for name in screenshots.PAGES if not name.startswith("api/")]
    assert all((docs.ROOT / "docs" / f"{name}.md").exists() for name in pages)


@pytest.mark.slow
def test_a_page_that_is_wider_than_a_phone_is_named(chromium, tmp_path):
    (tmp_path / "narrow.html").write_text("<meta name=viewport content='width=device-width'>text")
    (tmp_path / "wide.html").write_text("<div style='width: 500px'>text</div>")
    (found,) = screenshots.too_wide(chromium, tmp_path)
    assert found.startswith("wide.html: 5")


def test_every_digit_can_be_written():
    assert sorted(written_page.STROKES) == [str(digit) for digit in range(10)]
    strokes = [stroke for digit in written_page.STROKES for stroke in written_page.strokes(digit)]
    assert all(
        stroke.shape[1] == 2 and 0 <= stroke.min() <= stroke.max() <= 1 for stroke in strokes
    )


def test_the_page_of_the_docs_is_read_as_it_is_written():
    assert str(read_digits(written_page.photo())).split() == list(written_page.LINES)


def test_there_are_ten_hard_pages_and_one_on_a_table_is_read():
    assert len(hard_pages.HARD) == 10
    made = hard_pages.pages(("table",))["table"]
    assert sum(map(len, made.lines)) >= 10
    assert str(read_digits(made.photo)) == "\n".join(made.lines)
