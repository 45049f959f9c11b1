"""cli.pictures: what is read in pictures, and what is said of it."""

from __future__ import annotations

import ast
import io
import json
import os
import signal
import subprocess
import sys
import time
import weakref
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import mnist_zoo
from mnist_zoo.pictures import PictureResult


def drawn(path, number=0):
    """A picture of a one."""
    paper = np.full((120, 100), 230, np.uint8)
    paper[20:100, 40 + number : 52 + number] = 20
    Image.fromarray(paper).save(path)


def two_lines(path):
    """A picture of a one, and of another below it."""
    paper = np.full((240, 100), 230, np.uint8)
    paper[20:100, 40:52] = paper[140:220, 40:52] = 20
    Image.fromarray(paper).save(path)


def test_predict_reads_files_folders_and_globs(run, tmp_path):
    (tmp_path / "folder").mkdir()
    for number, name in enumerate(("a.png", "b.jpg", "folder/c.png", "folder/d.png")):
        drawn(tmp_path / name, number)
    (tmp_path / "folder" / "notes.txt").write_text("no picture")
    status, out, _ = run("predict", "a.png", "*.jpg", "folder", "folder/*.png", "--json")
    assert status == 0
    facts = json.loads(out)
    names = [Path(each["picture"]).as_posix() for each in facts]
    assert names == ["a.png", "b.jpg", "folder/c.png", "folder/d.png"]
    assert {each["text"] for each in facts} == {"1"}


def test_predict_prints_the_number_first_and_the_details_after_it(run, tmp_path):
    drawn(tmp_path / "a.png")
    status, out, _ = run("predict", "a.png")
    assert status == 0
    number, headings, _, *digits = out.splitlines()
    assert number == "1"
    assert headings.split() == ["line", "digit", "how", "sure", "runners-up"]
    assert digits[0].split()[:2] == ["1", "1"]


def test_predict_of_several_pictures_has_the_name_of_each(run, tmp_path):
    two_lines(tmp_path / "[b].png")
    drawn(tmp_path / "a.png")
    status, out, _ = run("predict", "[b].png", "a.png")
    assert status == 0
    assert out.startswith("[b].png: 1\n         1\na.png: 1\npicture")
    assert "\n[b].png  1 " in out


def test_lines_are_counted_from_one(run, tmp_path):
    two_lines(tmp_path / "a.png")
    _, out, _ = run("predict", "a.png", "--json")
    assert [digit["line"] for digit in json.loads(out)[0]["digits"]] == [1, 2]
    _, out, _ = run("predict", "a.png")
    assert out.startswith("1\n1\nline")
    assert [row.split()[0] for row in out.splitlines()[-2:]] == ["1", "2"]


def test_predict_reads_a_picture_from_standard_input(run, tmp_path, monkeypatch):
    drawn(tmp_path / "a.png")
    content = (tmp_path / "a.png").read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    status, out, err = run("predict", "-", "--plot", "a.svg")
    assert (status, err) == (0, "")
    assert out.startswith("1\n")
    assert "standard input" in (tmp_path / "a.svg").read_text()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    status, out, err = run("predict", "-")
    assert (status, out) == (1, "")
    assert err.startswith("error: standard input: not a picture")


def test_predict_reports_what_it_cannot_read_and_reads_the_rest(run, tmp_path):
    drawn(tmp_path / "good.png")
    (tmp_path / "empty.png").write_bytes(b"")
    Image.new("L", (50, 50)).save(tmp_path / "blank.png")
    status, out, err = run("predict", "empty.png", "blank.png", "none.png", "good.png", "--json")
    assert status == 1
    facts = {each["picture"]: each for each in json.loads(out)}
    assert facts["good.png"]["text"] == "1"
    assert "not a picture" in facts["empty.png"]["error"]
    assert "no digit was found" in facts["blank.png"]["error"]
    assert "No such file" in facts["none.png"]["error"]
    assert err.count("error:") == 3


def test_predict_of_nothing_says_so(run, tmp_path):
    (tmp_path / "folder").mkdir()
    for name in ("folder", "*.gif"):
        status, out, err = run("predict", name)
        assert (status, out) == (1, "")
        assert "no pictures are there" in err


def test_predict_draws_the_readings(run, tmp_path):
    for number in range(5):
        drawn(tmp_path / f"{number}.png")
    status, _, err = run("predict", ".", "--plot", "readings.pdf")
    assert status == 0, err
    assert (tmp_path / "readings.pdf").read_bytes().startswith(b"%PDF")
    status, _, err = run("predict", ".", "--plot", "readings.pdf")
    assert status == 1
    assert "exists already" in err


def test_predict_takes_a_model_by_name_or_from_a_file(run, tmp_path, trained):
    drawn(tmp_path / "a.png")
    for model in ("dense_sigmoid", trained[0]):
        status, out, err = run("predict", "a.png", "--model", model, "--json")
        assert status == 0, err
        assert len(json.loads(out)[0]["digits"]) == 1


def test_jsonl_takes_a_model_from_a_file(run, tmp_path, trained, monkeypatch):
    drawn(tmp_path / "a.png")
    line = ("predict", "a.png", "--model", trained[0], "--jsonl", "read.jsonl")
    assert run(*line) == (0, "pictures in read.jsonl: 1\n", "")
    assert json.loads((tmp_path / "read.jsonl").read_text())["model"] == str(trained[0])
    monkeypatch.setattr(mnist_zoo.export, "load_model", None)  # It is not needed any more.
    assert run(*line) == (0, "pictures in read.jsonl: 1 (1 from before)\n", "")


def test_predict_loads_no_library_that_it_can_do_without(tmp_path):
    drawn(tmp_path / "a.png")
    program = (
        "import sys; sys.argv = ['mnist-zoo', 'predict', 'a.png'];"
        "from mnist_zoo.cli import app;"
        "app(standalone_mode=False);"
        "print({name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    *reading, loaded = done.stdout.splitlines()
    assert reading[0] == "1"
    assert not ast.literal_eval(loaded) & {
        *("keras", "tensorflow", "jax", "torch", "h5py"),
        *("scipy", "sklearn", "pandas", "matplotlib", "seaborn"),
        *("requests", "filelock", "platformdirs", "rich", "tqdm", "joblib", "threadpoolctl"),
    }


def test_predict_says_the_same_with_several_jobs(run, tmp_path):
    for number in range(5):
        drawn(tmp_path / f"{number}.png", number)
    (tmp_path / "3.png").write_bytes(b"damaged")
    assert run("predict", ".", "--jobs", 2) == run("predict", ".")
    assert run("predict", ".", "--jobs", -1, "--json") == run("predict", ".", "--json")


def test_predict_leaves_out_digits_that_the_model_is_not_sure_of(run, tmp_path):
    two_lines(tmp_path / "a.png")
    line = ("predict", "a.png", "--model", "linear", "--min-confidence")
    _, out, _ = run("predict", "a.png", "--model", "linear", "--json")
    least = min(digit["confidence"] for digit in json.loads(out)[0]["digits"])
    assert run(*line, least, "--json") == (0, out, "")
    status, out, err = run(*line, 1)
    assert (status, out) == (1, "")
    assert err == "error: a.png: no digit was found in it with a confidence of at least 1\n"


@pytest.fixture
def scans(tmp_path):
    """A folder of six pictures, the third of which is damaged; returns their names in order."""
    (tmp_path / "scans").mkdir()
    for number in range(6):
        drawn(tmp_path / "scans" / f"{number}.png", number)
    (tmp_path / "scans" / "2.png").write_bytes(b"damaged")
    return [str(Path("scans") / f"{number}.png") for number in range(6)]


def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def asked(monkeypatch):
    """The pictures that are read, in the order in which they are."""
    names = []
    read = mnist_zoo.read_pictures

    def noted(files, *arguments, **settings):
        names.extend(map(str, files))
        return read(files, *arguments, **settings)

    monkeypatch.setattr(mnist_zoo, "read_pictures", noted)
    return names


@pytest.mark.parametrize("jobs", [1, 2])
def test_jsonl_has_a_line_for_each_picture(run, tmp_path, scans, jobs):
    _, printed, _ = run("predict", "scans", "--json")
    status, out, err = run("predict", "scans", "--jsonl", "read.jsonl", "--jobs", jobs)
    assert (status, out) == (1, "pictures in read.jsonl: 6\n")
    assert err == "error: 1 of 6 pictures could not be read: see read.jsonl\n"
    facts = lines_of(tmp_path / "read.jsonl")
    assert [each["picture"] for each in facts] == scans
    for each in facts:
        assert each.pop("model") == "convnet"
        assert each.pop("min_confidence") == 0.0
    assert sorted(json.loads(printed), key=lambda each: each["picture"]) == facts


@pytest.mark.parametrize("whole", range(7))
@pytest.mark.parametrize("piece", [0, 1, 60, -1])
def test_a_run_that_was_stopped_anywhere_goes_on(run, tmp_path, scans, asked, whole, piece):
    run("predict", "scans", "--jsonl", "all.jsonl")
    content = (tmp_path / "all.jsonl").read_bytes()
    lines = content.splitlines(keepends=True)
    part = [*lines, b""][whole][:piece]
    (tmp_path / "part.jsonl").write_bytes(b"".join(lines[:whole]) + part)
    asked.clear()
    status, out, err = run("predict", "scans", "--jsonl", "part.jsonl")
    assert status == 1  # As for the picture that is damaged, whichever run found out.
    before = f" ({whole} from before)" if whole else ""
    assert out == f"pictures in part.jsonl: 6{before}\n"
    assert "1 of 6 pictures could not be read" in err
    assert (tmp_path / "part.jsonl").read_bytes() == content
    assert asked == scans[whole:]


def test_new_pictures_are_added_to_those_that_are_done(run, tmp_path, scans, asked):
    run("predict", "scans", "--jsonl", "read.jsonl")
    drawn(tmp_path / "scans" / "1b.png")
    (tmp_path / "scans" / "2.png").unlink()
    asked.clear()
    status, out, err = run("predict", "scans", "--jsonl", "read.jsonl")
    assert (status, out, err) == (0, "pictures in read.jsonl: 6 (5 from before)\n", "")
    added = str(Path("scans") / "1b.png")
    assert asked == [added]
    assert [each["picture"] for each in lines_of(tmp_path / "read.jsonl")] == [*scans, added]


def test_jsonl_with_force_begins_anew(run, tmp_path, scans, asked):
    (tmp_path / "read.jsonl").write_text("mine")
    run("predict", *scans[:2], "--jsonl", "read.jsonl", "--force")
    run("predict", *scans[:2], "--jsonl", "read.jsonl", "--force")
    assert asked == 2 * scans[:2]
    assert len(lines_of(tmp_path / "read.jsonl")) == 2


@pytest.mark.parametrize(
    "content",
    [
        b"mine",
        b"mine\n",
        b"[]\n",
        b'{"picture": 1}\n',
        b'{"text": "1"}\n',
        b'{"picture": "a.png"}\n',
        b"\x89PNG\r\n\x1a\n",
        bytes(100),
        b"\n",
        b'{"picture": "a.png", "model": "convnet", "min_confidence": 0.0}\nmine',
        b'{"picture": "a.pn\n{"picture": "b.png"}\n',
    ],
)
def test_another_file_is_not_taken_for_the_lines_of_a_run(run, tmp_path, scans, asked, content):
    (tmp_path / "read.jsonl").write_bytes(content)
    status, out, err = run("predict", "scans", "--jsonl", "read.jsonl")
    assert (status, out) == (1, "")
    assert err.startswith("error: read.jsonl: ")
    assert "--force" in err
    assert asked == []
    assert (tmp_path / "read.jsonl").read_bytes() == content


@pytest.mark.parametrize("setting", [("--model", "linear"), ("--min-confidence", 0.5)])
def test_a_run_with_other_settings_does_not_go_on(run, tmp_path, scans, setting):
    run("predict", "scans", "--jsonl", "read.jsonl")
    status, out, err = run("predict", "scans", "--jsonl", "read.jsonl", *setting)
    assert (status, out) == (1, "")
    assert f"and is not continued with {setting[1]!r}" in err


@pytest.mark.parametrize("other", [("--plot", "a.png"), ("--json",), ("-",)])
def test_what_keeps_all_results_cannot_be_had_with_jsonl(run, scans, asked, other):
    status, out, err = run("predict", "scans", "--jsonl", "read.jsonl", *other)
    assert (status, out, asked) == (2, "", [])
    assert f"--jsonl cannot be used with {other[0]}: " in err


def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on(run, tmp_path, scans, monkeypatch):
    read = mnist_zoo.read_pictures

    def interrupted(*arguments, **settings):
        results = read(*arguments, **settings)
        yield from (next(results) for _ in range(4))
        raise KeyboardInterrupt

    for options in ((), ("--force",)):
        with monkeypatch.context() as patch:
            patch.setattr(mnist_zoo, "read_pictures", interrupted)
            status, out, err = run("predict", "scans", "--jsonl", "read.jsonl", *options)
        assert (status, out) == (130, "")
        again = "the same command" + "".join(f" without {option}" for option in options)
        assert err == f"stopped: 4 of 6 pictures are in read.jsonl; {again} goes on from there\n"
    status, out, _ = run("predict", "scans", "--jsonl", "read.jsonl")
    assert out == "pictures in read.jsonl: 6 (4 from before)\n"
    assert [each["picture"] for each in lines_of(tmp_path / "read.jsonl")] == scans


def test_a_model_that_cannot_be_loaded_leaves_the_lines_as_they_are(run, tmp_path, scans):
    (tmp_path / "read.jsonl").write_text("mine")
    (tmp_path / "bad.keras").write_text("bad")
    status, _, err = run("predict", "scans", "--jsonl", "read.jsonl", "-f", "-m", "bad.keras")
    assert status == 1
    assert "bad.keras" in err
    assert (tmp_path / "read.jsonl").read_text() == "mine"


def test_jsonl_keeps_no_reading_in_memory(run, scans, monkeypatch):
    read = mnist_zoo.read_pictures
    alive = []

    def watched(*arguments, **settings):
        for picture, reading, error in read(*arguments, **settings):
            alive.append(sum(each() is not None for each in readings))
            if reading is not None:
                readings.append(weakref.ref(reading))
            yield PictureResult(picture, reading, error)

    readings = []
    monkeypatch.setattr(mnist_zoo, "read_pictures", watched)
    run("predict", "scans", "--jsonl", "read.jsonl")
    assert len(readings) == 5
    assert max(alive) <= 2  # The last one, and the one before it.


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have names of text only")
def test_a_name_that_is_no_text_is_known_again(run, tmp_path, asked):
    drawn(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / os.fsdecode(b"\xff.png"))
    for out in ("pictures in r.jsonl: 1\n", "pictures in r.jsonl: 1 (1 from before)\n"):
        assert run("predict", ".", "--jsonl", "r.jsonl") == (0, out, "")
    assert len(lines_of(tmp_path / "r.jsonl")) == 1


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no groups of processes to kill")
@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("name", ["SIGKILL", "SIGINT", "SIGTERM"])
def test_a_program_that_is_killed_loses_nothing(run, tmp_path, jobs, name):
    (tmp_path / "scans").mkdir()
    for number in range(200):
        drawn(tmp_path / "scans" / f"{number:03}.png", number % 5)
    command = [sys.executable, "-m", "mnist_zoo", "predict", "scans", "--jobs", jobs]
    file = tmp_path / "read.jsonl"
    with subprocess.Popen(
        [*command, "--jsonl", file],
        cwd=tmp_path,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as killed:
        while not (file.exists() and file.read_bytes().count(b"\n") > 3):
            assert killed.poll() is None
            time.sleep(0.01)
        os.killpg(killed.pid, getattr(signal, name))
        _, err = killed.communicate()
    done = file.read_bytes()
    if name != "SIGKILL":
        assert killed.returncode == 130
        assert err.startswith("stopped: ")
        assert err.count("\n") == 1
    assert 3 < done.count(b"\n") < 200
    status, _, err = run("predict", "scans", "--jsonl", file)
    assert (status, err) == (0, "")
    assert file.read_bytes().startswith(done[: done.rfind(b"\n") + 1])
    names = [each["picture"] for each in lines_of(file)]
    assert names == [str(Path("scans") / f"{number:03}.png") for number in range(200)]
