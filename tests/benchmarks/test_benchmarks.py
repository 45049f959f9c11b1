"""The benchmarks: their table of rows, what they compare, and when they rewrite the docs."""

from __future__ import annotations

import json
import runpy
from collections import Counter

import pytest

from benchmarks import __main__ as program
from benchmarks import report, rows
from benchmarks.rows import GROUPS, ROW_NAMES, Group, Row, select
from mnist_zoo import list_models
from tools import docs

PROGRAMS = sorted(program.PROGRAMS.glob("[!_]*.py"))


def test_the_table_of_the_docs_is_made_from_its_figures():
    table = (docs.RESULTS / "benchmarks.md").read_text(encoding="utf-8")
    assert report.table(docs.read("benchmarks.json")) == table


def make_group(**settings) -> Group:
    row = Row(
        name="job",
        job="a job",
        against="another way",
        plain="theirs",
        ours="ours",
        quantity="fit",
        target=2.0,
    )
    return Group(rows=(row,), **settings)


@pytest.fixture
def results(monkeypatch, tmp_path):
    """The docs' folder, and a machine on which everything is measured in no time."""

    def measure_all(groups, rounds, smoke):
        row_figures = {"process": [4.0] * rounds, "memory": [4.0] * rounds}
        figures = []
        for row in (row for group in groups for row in group.rows):
            measured = {
                name: {**row_figures, row.quantity: [4.0]} for name in (row.plain, row.ours)
            }
            figures.append(program.figures_of(row, measured))
        return figures

    monkeypatch.setattr(program, "measure_all", measure_all)
    monkeypatch.setattr(docs, "RESULTS", tmp_path)
    monkeypatch.setattr(docs, "IMAGES", tmp_path)
    return tmp_path


def answer_with(monkeypatch, work):
    """Let programs answer at once; return the list of what was run, as (program, settings)."""
    runs = []

    def run(name, home, settings):
        runs.append((name, settings))
        number = int(settings["BENCHMARK_SEED"])
        return {"process": 1.0, "memory": 1.0, "fit": float(number)}, work(name, number)

    monkeypatch.setattr(program, "run", run)
    return runs


def test_a_row_has_a_name_of_its_own():
    assert max(Counter(ROW_NAMES).values()) == 1


def test_a_program_is_a_file_and_runs_in_one_group():
    groups = Counter(name for group in GROUPS for name in group.programs)
    assert set(groups.values()) == {1}
    assert {name.partition("@")[0] for name in groups} == {path.stem for path in PROGRAMS}


def test_a_program_runs_once_a_round_however_many_rows_are_read_off_it():
    (group,) = select(["reach", "program", "memory"])
    assert group.programs == ("reach_plain", "reach_ours")


def test_only_the_programs_of_the_chosen_rows_run():
    (group,) = select(["fit_jax"])
    assert group.programs == ("fit_plain", "fit_ours@jax")


def test_a_row_whose_backend_is_not_installed_is_left_out_and_named(monkeypatch, results, capsys):
    monkeypatch.setattr(rows, "find_spec", lambda name: name != "torch")
    program.main([])
    said = capsys.readouterr()
    assert "fit_torch: left out, as torch is not installed" in said.out
    assert "left as it is" in said.err
    assert not select(["fit_torch"])


def test_every_dense_species_is_measured_on_every_backend():
    assert set(rows.SPECIES) == {*list_models("dense*"), *list_models("linear*")}


def test_an_unknown_row_is_refused_by_a_message_that_names_the_rows(capsys):
    with pytest.raises(SystemExit, match="2"):
        program.main(["--only", "import", "fit_numpy"])
    message = capsys.readouterr().err
    assert "'fit_numpy'" in message
    assert all(name in message for name in ROW_NAMES)


def test_a_run_without_rounds_is_refused(capsys):
    with pytest.raises(SystemExit, match="2"):
        program.main(["--rounds", "0"])
    assert "--rounds must be at least 1; got 0" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [["--rounds", "3"], ["--only", "import"], ["--smoke"]],
    ids=["few rounds", "some rows", "smoke"],
)
def test_a_part_of_a_run_leaves_the_docs_as_they_are_and_says_so(arguments, results, capsys):
    program.main(arguments)
    assert not list(results.iterdir())
    assert "docs/results/benchmarks.json is left as it is" in capsys.readouterr().err


def test_a_whole_run_writes_the_figures_the_table_and_the_picture(monkeypatch, results, capsys):
    monkeypatch.setattr(rows, "find_spec", lambda name: True)
    program.main([])
    assert not capsys.readouterr().err
    written = sorted(path.name for path in results.iterdir())
    assert written == ["benchmarks.json", "benchmarks.md", "benchmarks.png"]
    content = json.loads((results / "benchmarks.json").read_text(encoding="utf-8"))
    assert content["rounds"] == 5
    assert [row["name"] for row in content["rows"]] == list(ROW_NAMES)


def test_rows_that_are_measured_again_take_the_places_of_those_in_the_docs(monkeypatch, results):
    monkeypatch.setattr(rows, "find_spec", lambda name: True)
    program.main([])
    path = results / "benchmarks.json"
    before = json.loads(path.read_text(encoding="utf-8"))
    for row in before["rows"]:
        row["ratio"] = -1.0
    path.write_text(json.dumps(before), encoding="utf-8")
    program.main(["--again", "--only", "import", "fit_jax"])
    after = json.loads(path.read_text(encoding="utf-8"))["rows"]
    assert [row["name"] for row in after] == list(ROW_NAMES)
    assert {row["name"] for row in after if row["ratio"] != -1.0} == {"import", "fit_jax"}


@pytest.mark.parametrize("change", [{"machine": {"system": "another"}}, {"rounds": 6}])
def test_rows_of_another_machine_or_of_other_rounds_are_not_mixed(
    change, monkeypatch, results, capsys
):
    monkeypatch.setattr(rows, "find_spec", lambda name: True)
    program.main([])
    path = results / "benchmarks.json"
    content = json.dumps({**json.loads(path.read_text(encoding="utf-8")), **change})
    path.write_text(content, encoding="utf-8")
    program.main(["--again", "--only", "import"])
    assert path.read_text(encoding="utf-8") == content
    assert "left as it is: it is of another machine" in capsys.readouterr().err


def test_a_ratio_is_the_median_over_the_rounds_of_plain_over_ours():
    (row,) = make_group().rows
    measured = {"theirs": {"fit": [2.0, 6.0, 8.0]}, "ours": {"fit": [1.0, 2.0, 1.0]}}
    figures = program.figures_of(row, measured)
    assert (figures["ratio"], figures["ratio_range"]) == (3.0, [2.0, 8.0])


def test_the_warm_up_is_not_measured_and_trains_for_an_epoch(monkeypatch, tmp_path):
    runs = answer_with(monkeypatch, lambda name, number: {})
    measured = program.measure(make_group(), 2, tmp_path, smoke=False)
    assert [name for name, _ in runs] == ["theirs", "ours"] * 3
    assert ["BENCHMARK_EPOCHS" in settings for _, settings in runs] == [True] * 2 + [False] * 4
    assert measured["ours"]["fit"] == [1.0, 2.0]


def test_programs_that_did_not_do_the_same_work_are_refused(monkeypatch, tmp_path):
    answer_with(monkeypatch, lambda name, number: {"accuracy": 0.97 if name == "ours" else 0.98})
    assert program.measure(make_group(tolerance=0.02), 1, tmp_path, smoke=False)
    with pytest.raises(RuntimeError, match="not the same work"):
        program.measure(make_group(), 1, tmp_path, smoke=False)


def test_programs_that_did_other_things_are_refused_whatever_the_tolerance():
    with pytest.raises(RuntimeError, match="not the same work"):
        program.check_same_work({"theirs": {"accuracy": 1.0}, "ours": {"digit": 1}}, 10.0)


def test_a_group_says_whether_its_warm_up_is_the_same_work(monkeypatch, tmp_path):
    answer_with(monkeypatch, lambda name, number: {"accuracy": float(number or len(name))})
    assert program.measure(make_group(same_work_when_warming_up=False), 1, tmp_path, smoke=False)
    with pytest.raises(RuntimeError, match="not the same work"):
        program.measure(make_group(), 1, tmp_path, smoke=False)


@pytest.mark.parametrize(
    ("missing", "rounds", "refused"),
    [("ours", 5, True), ("ours", 4, False), ("theirs", 5, False)],
)
def test_our_program_must_reach_the_goal_in_the_mean_of_five_seeds(
    missing, rounds, refused, monkeypatch, tmp_path
):
    answer_with(monkeypatch, lambda name, _: {"accuracy": 0.96 if name == missing else 0.98})
    group = make_group(tolerance=0.1, goal=0.97)
    if not refused:
        assert program.measure(group, rounds, tmp_path, smoke=False)
        return
    with pytest.raises(RuntimeError, match=r"ours: the mean accuracy 96\.00% is below 97\.00%"):
        program.measure(group, rounds, tmp_path, smoke=False)


def test_a_program_emits_one_line_of_json(capsys):
    emit = runpy.run_path(str(program.PROGRAMS / "_emit.py"))["emit"]
    emit(work={"digit": 7}, at={"read": 1.5})
    said = {"work": {"digit": 7}, "at": {"read": 1.5}, "seconds": {}}
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [said]


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_no_program_prints_its_measurements_by_itself(path):
    assert "json.dumps" not in path.read_text(encoding="utf-8")
