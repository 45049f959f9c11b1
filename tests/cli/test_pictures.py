"""cli.pictures: what is read in pictures, and what is said of it."""

from __future__ import annotations

import ast
import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image


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
        *("requests", "filelock", "platformdirs", "rich", "tqdm"),
    }
