"""The faults: what they do to the program, how they judge it, and the page that they make."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from multiprocessing.connection import Connection

import pytest

from benchmarks.faults import __main__ as program
from benchmarks.faults import disks, kills, mirrors, pictures, processes, report, sites
from benchmarks.faults import patterns as pattern_stage
from benchmarks.faults.loader_faults import FAULTS, UNAVAILABLE
from benchmarks.faults.rows import Progress, Row
from benchmarks.patterns import Measured
from mnist_zoo import MnistUnavailableError
from mnist_zoo.data import files
from tools import docs

# What a load may end with: the documented errors, and what is passed on as it is.
DOCUMENTED = {
    *(sites.DIGITS, UNAVAILABLE, "ChecksumError", "ValueError", "OSError"),
    *("NotADirectoryError", "FileNotFoundError", "MemoryError", "KeyboardInterrupt"),
}
GOOD_ROW = Row("loader", "the mirror answers 404", "digits", "digits: from a file", 1, 0.123)
BAD_ROW = Row("kills", "SIGKILL", "old or new", "in part", 3, 1.0, "the file was there in part")


def rows_of(stage: str) -> list[dict]:
    return [row for row in docs.read("faults.json")["rows"] if row["stage"] == stage]


# ---- the page


@pytest.mark.parametrize("name", report.TABLES)
def test_each_table_of_the_page_is_made_from_the_figures(name):
    table = (docs.RESULTS / name).read_text(encoding="utf-8")
    assert report.TABLES[name](docs.read("faults.json")) == table


def test_the_page_has_every_table():
    page = (docs.RESULTS.parent / "reliability.md").read_text(encoding="utf-8")
    assert re.findall(r"\]\(results/(\w+\.md)\)", page) == list(report.TABLES)


def test_the_page_is_of_a_whole_run():
    assert len(rows_of("loader")) == len(FAULTS)
    assert [row["count"] for row in rows_of("kills")] == [200, 50]
    assert [row["count"] for row in rows_of("stampede")] == [32]
    assert sum(row["count"] for row in rows_of("pictures")) == 20_000
    assert len(rows_of("disks")) == len(disks.ROOMS) + len(disks.TARGETS)
    assert rows_of("patterns")


def test_the_figures_name_no_folder_of_a_machine():
    text = (docs.RESULTS / "faults.json").read_text(encoding="utf-8")
    folders = "|".join(("tmp", "root", "home", "work", "Users"))
    assert not re.search(rf"/({folders})/|localhost:\d", text)


def test_the_limits_that_the_page_tells_are_those_in_use():
    page = (docs.RESULTS.parent / "reliability.md").read_text(encoding="utf-8")
    told = re.findall(r"(\d+)[^(),]*\((?:usually )?(\d+)\)", page.split("## Loading")[1])
    usual = [sites.BOUNDS, {name: getattr(sites.download, name) for name in sites.BOUNDS}]
    assert [tuple(map(float, pair)) for pair in told] == [
        tuple(bounds[name] for bounds in usual) for name in sites.BOUNDS
    ]


# ---- the program


def test_a_smoke_run_tries_some_of_each_and_breaks_no_rule():
    command = [sys.executable, "-m", "benchmarks.faults", "--smoke"]
    done = subprocess.run(command, cwd=docs.ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "docs/results/faults.json is left as it is: only a part was tried" in done.stderr
    assert "processes that got the right digits: 4" in done.stdout


@pytest.fixture
def results(monkeypatch, tmp_path):
    """The docs' folder, and stages that find something in no time."""
    stages = {"loader": lambda *_: [GOOD_ROW], "kills": lambda *_: [BAD_ROW]}
    monkeypatch.setattr(program, "STAGES", stages)
    monkeypatch.setattr(docs, "RESULTS", tmp_path)
    return tmp_path


def test_a_broken_rule_is_an_exit_status_of_1_and_is_named(results, capsys):
    assert program.main(["--only", "loader"]) == 0
    assert program.main(["--only", "kills"]) == 1
    assert "broke a rule: kills: SIGKILL: the file was there in part" in capsys.readouterr().err


def test_a_part_of_a_run_leaves_the_docs_as_they_are(results, capsys):
    program.main(["--only", "loader"])
    program.main(["--smoke"])
    assert not list(results.iterdir())
    assert capsys.readouterr().err.count("only a part was tried") == 2


def test_a_whole_run_writes_the_figures_and_the_tables_with_what_was_broken(results):
    assert program.main([]) == 1
    assert {path.name for path in results.iterdir()} == {"faults.json", *report.TABLES}
    figures = json.loads((results / "faults.json").read_text(encoding="utf-8"))
    assert figures["rows"] == [GOOD_ROW.to_dict(), BAD_ROW.to_dict()]
    assert "| kills | 1 | 3 | 1 |" in (results / "faults.md").read_text(encoding="utf-8")
    others = (results / "faults_others.md").read_text(encoding="utf-8")
    assert "in part **Broke a rule:** the file was there in part" in others


def test_an_unknown_stage_is_refused_by_a_message_that_names_the_stages(capsys):
    with pytest.raises(SystemExit, match="2"):
        program.main(["--only", "weather"])
    assert all(stage in capsys.readouterr().err for stage in ("'weather'",))


def test_progress_is_told_every_two_seconds(capsys):
    moments = iter([0.0, 1.0, 3.0, 3.0, 4.0])
    progress = Progress("kills", 3, clock=lambda: next(moments))
    for _ in range(3):
        progress.step()
    assert capsys.readouterr().err == "kills: 2 of 3\n"


def test_signs_of_markdown_are_escaped_in_a_cell():
    assert report.cell("a | <b> [c] __main__") == r"a \| \<b\> \[c\] \_\_main\_\_"
    assert report.cell("$HOME of `save_model(a|b)`") == r"\$HOME of `save_model(a\|b)`"
    assert report.cell("one ` only_") == r"one \` only\_"


# ---- faults of the loader


def test_a_fault_and_a_way_to_answer_have_names_of_their_own():
    assert max(Counter(fault.done for fault in FAULTS).values()) == 1
    assert max(Counter(answer.way for answer in mirrors.ANSWERS).values()) == 1


def test_there_are_at_least_forty_faults():
    assert len(FAULTS) >= 40


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.done)
def test_a_fault_may_end_with_digits_or_a_documented_error_only(fault):
    assert set(fault.expected) <= DOCUMENTED


def test_made_up_digits_are_read_as_npz_and_as_idx_files(tmp_path):
    made_up = mirrors.make_up(20, 10)
    for folder, content in (("npz", {"mnist.npz": made_up.npz()}), ("idx", made_up.idx())):
        (tmp_path / folder).mkdir()
        for name, packed in content.items():
            (tmp_path / folder / name).write_bytes(packed)
        arrays = files.read(tmp_path / folder, made_up.dataset)
        assert arrays["x_test"].tobytes() == made_up.arrays["x_test"].tobytes()


def test_a_changed_file_and_one_that_was_left_break_a_rule(tmp_path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "thesis.txt").write_text("precious")
    before = sites.snapshot(tmp_path)
    assert not sites.broken_rules(before, sites.snapshot(tmp_path), "mnist", ())
    (tmp_path / "thesis.txt").write_text("other")
    (tmp_path / "cache" / "mnist.npz").write_bytes(b"digits")
    (tmp_path / "cache" / "mnist.part").mkdir()
    rules = sites.broken_rules(before, sites.snapshot(tmp_path), "mnist", ())
    assert rules == ["changed thesis.txt", "left cache/mnist.part"]


def test_a_broken_file_may_be_set_aside_but_not_lost(tmp_path):
    cached = tmp_path / "cache" / "mnist.npz"
    cached.parent.mkdir()
    cached.write_bytes(b"broken")
    before = sites.snapshot(tmp_path)
    cached.rename(cached.with_name("mnist.npz.broken-1"))
    assert not sites.broken_rules(before, sites.snapshot(tmp_path), "mnist", ())
    cached.with_name("mnist.npz.broken-1").unlink()
    rules = sites.broken_rules(before, sites.snapshot(tmp_path), "mnist", ())
    assert rules == ["changed cache/mnist.npz"]


def test_the_working_folder_may_be_swept_but_not_what_a_link_there_points_at(tmp_path):
    working = tmp_path / "cache" / "mnist.part"
    (working / "mirror").mkdir(parents=True)
    before = sites.snapshot(tmp_path)
    (working / "mirror").rmdir()
    working.rmdir()
    assert not sites.broken_rules(before, sites.snapshot(tmp_path), "mnist", ())
    working.symlink_to(tmp_path)
    before = sites.snapshot(tmp_path)
    working.unlink()
    rules = sites.broken_rules(before, sites.snapshot(tmp_path), "mnist", ())
    assert rules == ["changed cache/mnist.part"]


def test_of_a_list_of_reasons_those_are_told_that_say_more_than_not_there():
    message = (
        "MNIST could not be found. Tried, in this order:\n  - $MNIST_ZOO_DATA: not set\n"
        "  - cache: no such file or folder\n  - https://mirror/: 404\nWhat you can do:\n  - pray"
    )
    assert sites.told(MnistUnavailableError(message)) == "https://mirror/: 404"
    assert sites.told(ValueError("one line")) == "one line"


def test_folders_ports_and_random_names_are_taken_out_of_a_message(tmp_path):
    addresses = mirrors.Addresses("localhost:99", *["nowhere"] * 6)
    site = sites.Site(tmp_path / "site", addresses, mirrors.make_up(10, 10))
    text = f"https://localhost:99/x {site.cache} {tmp_path}/disk/x {site.temporary}/mnist-zoo-a_1/x"
    told = sites.anonymous(f"{text} port=99 broken-123", site)
    assert told == "https://MIRROR/x cache disk/x tmp/mnist-zoo-.../x port=... broken-..."


def test_a_message_is_cut_between_words():
    assert sites.shortened_text("a  b\nc") == "a b c"
    long = sites.shortened_text("word " * 100)
    assert long.endswith("word ...")
    assert len(long) <= sites.WORDS + 4


# ---- processes


def test_a_process_that_ends_without_an_answer_is_an_error():
    with pytest.raises(ChildProcessError, match="ended with status 0"):
        processes.call(id, 60.0)


def test_a_process_that_gives_no_answer_in_time_is_ended():
    with pytest.raises(TimeoutError, match="no answer within 0 seconds"):
        processes.call(Connection.recv, 0.0)


def test_a_file_in_the_cache_is_absent_whole_or_there_in_part(tmp_path):
    made_up = mirrors.make_up(20, 10)
    addresses = mirrors.Addresses(*[""] * 7)
    site = sites.Site(tmp_path, addresses, made_up)
    assert kills.state_of_cache(site) == "absent"
    site.cache.mkdir()
    site.file.write_bytes(made_up.npz())
    assert kills.state_of_cache(site) == "whole"
    site.file.write_bytes(made_up.npz()[:-100])
    assert kills.state_of_cache(site) == "in part"


# ---- pictures, patterns, disks


def test_a_number_gives_the_same_damaged_picture_every_time():
    first = [pictures.damaged(number) for number in range(200)]
    assert [pictures.damaged(number) for number in range(200)] == first
    originals = dict.fromkeys(content for _, content in pictures.originals())
    assert sum(content not in originals for _, content in first) > 150


def test_a_picture_that_is_not_damaged_is_read(monkeypatch):
    monkeypatch.setattr(pictures, "damaged", lambda number: pictures.originals()[number])
    kinds = {pictures.read_picture(n).kind for n in range(len(pictures.originals()))}
    assert kinds == {pictures.READ}


def test_a_png_with_mended_checksums_is_read_again():
    content = bytearray(pictures.encoded(pictures.Encoding("PNG", "L")))
    whole = bytes(content)
    content[29:33] = b"\0\0\0\0"  # The checksum of the first chunk.
    pictures.mend_png(content, pictures.np.random.default_rng(0))
    assert bytes(content) == whole


def test_an_error_other_than_a_picture_error_breaks_a_rule():
    readings = [
        pictures.Reading(0, "PNG", pictures.READ, "", 0.1),
        pictures.Reading(1, "PNG", pictures.REFUSED, "", 0.1),
        pictures.Reading(2, "PNG", "LinAlgError", "did not converge", 0.1),
        pictures.Reading(3, "PNG", pictures.READ, "", 11.0),
    ]
    assert not pictures.row_of("PNG", readings[:2]).broken
    assert pictures.row_of("PNG", readings).broken == (
        "1 times LinAlgError, first with picture 2: did not converge; picture 3 took 11 seconds"
    )


def test_a_pattern_that_takes_too_much_breaks_a_rule():
    nan = float("nan")
    measured = Measured("dots", "find_digits", 1.0, 200.0, "3 digits")
    assert not pattern_stage.row_of(measured).broken
    for worse in (
        measured._replace(seconds=11.0),
        measured._replace(megabytes=2000.0),
        Measured("dots", "find_digits", nan, nan, "Segmentation fault"),
    ):
        row = pattern_stage.row_of(worse)
        assert row.broken == "not within 10 seconds and 1,000 MB"
        json.dumps(row.to_dict(), allow_nan=False)


def test_the_path_of_a_pattern_is_taken_out_of_its_message():
    measured = Measured("dots", "find_digits", 1.0, 200.0, "/somewhere/picture.npy: damaged")
    assert pattern_stage.row_of(measured).observed == "damaged"


def test_names_that_are_drawn_at_random_are_taken_out_of_a_message(tmp_path):
    text = f"{{{{node x}}}} {tmp_path}/.mnist-zoo-5_fag6ml/m: No space left on device"
    assert disks.without(text, tmp_path) == ".mnist-zoo-.../m: No space left on device"
