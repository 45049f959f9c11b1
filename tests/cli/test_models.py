"""cli.models: what the commands about models that are there print, write and return."""

from __future__ import annotations

import io
import json

import keras
import pytest
import rich.console

import mnist_zoo
from mnist_zoo import export
from mnist_zoo.cli import terminal


def test_list_shows_every_model(run):
    status, out, _ = run("list")
    assert status == 0
    assert all(name in out for name in mnist_zoo.list_models())
    status, out, _ = run("list", "*relu*", "--json")
    assert [row["name"] for row in json.loads(out)] == ["dense_relu", "dense_relu_dropout"]


def test_list_says_when_nothing_matches(run):
    status, out, err = run("list", "resnet*")
    assert (status, out) == (1, "")
    assert err.startswith("error: no model's name matches 'resnet*': convnet, ")
    status, out, _ = run("list", "resnet*", "--json")
    assert (status, json.loads(out)) == (1, [])


def test_in_a_pipe_no_row_is_broken(run, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    _, out, _ = run("list")
    assert len(out.splitlines()) == 2 + len(mnist_zoo.list_models())
    _, out, _ = run("info", "linear")
    (limits,) = [text for text in out.splitlines() if text.startswith("limits ")]
    assert limits.endswith("mail.")


@pytest.mark.parametrize("line", ["list", "info linear", "data --data sample"])
def test_tables_fit_a_narrow_screen(run, monkeypatch, line):
    monkeypatch.setenv("COLUMNS", "60")
    status, out, err = run(*line.split())
    assert status == 0, err
    lines = [text for text in out.splitlines() if " " in text.strip()]  # Not of a long word alone.
    assert max(map(len, lines)) <= 60
    assert "…" not in out


def test_info_shows_layers_and_parameters(run):
    status, out, _ = run("info", "dense_sigmoid")
    assert status == 0
    assert "136,074 parameters" in out
    assert "hidden_2" in out
    assert "over the seeds" in out
    _, out, _ = run("info", "dense_sigmoid", "--json")
    facts = json.loads(out)
    assert sum(layer["parameters"] for layer in facts["layers"]) == facts["parameters"] == 136_074
    assert facts["card"]["file"] == "dense_sigmoid.npz"


def test_a_model_of_flat_pictures_is_evaluated_too(run, tmp_path):
    model = mnist_zoo.linear(input_shape=(784,), seed=0)
    export.save_model(model, tmp_path / "flat.keras")
    status, out, _ = run("evaluate", "flat.keras", "--data", "sample", "--json")
    assert status == 0
    assert json.loads(out)["digits"] == 1000


def test_a_model_is_evaluated_on_spoilt_digits_too(run, tmp_path):
    export.save_model(mnist_zoo.linear(seed=0), tmp_path / "new.keras")
    line = ("evaluate", "new.keras", "--data", "sample", "--corruptions")
    status, out, err = run(*line)
    assert status == 0, err
    assert "mean accuracy" in out
    facts = json.loads(run(*line, "--json")[1])
    assert facts["digits"] == 1000
    for name in mnist_zoo.corruptions.CORRUPTIONS:
        assert name in out
        assert 0 <= facts["robustness"]["corrupted"][name]["accuracy"] <= 1


@pytest.mark.mnist
def test_a_model_of_the_package_is_evaluated_by_its_name(run, mnist):
    status, out, err = run("evaluate", "dense_relu", "--json")
    assert status == 0, err
    facts = json.loads(out)
    assert facts["model"] == "dense_relu"
    assert facts["accuracy"] == mnist_zoo.model_card("dense_relu").test.accuracy


def test_a_model_of_the_package_is_not_tested_on_the_sample_which_it_has_seen(run):
    status, out, err = run("evaluate", "linear", "--data", "sample")
    assert (status, out) == (1, "")
    assert "the model was trained on" in err


def test_plots_are_written(run, tmp_path, trained):
    path, _ = trained
    status, _, _ = run("evaluate", path, "--data", "sample", "--plot", "picture.png")
    assert status == 0
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")
    status, _, err = run("evaluate", path, "--data", "sample", "--plot", "picture.png")
    assert status == 1
    assert "picture.png: exists already" in err


writes_saved_models = pytest.mark.skipif(
    keras.backend.backend() not in mnist_zoo.export.FORMATS["saved_model"].backends,
    reason="Keras writes no SavedModel on this backend",
)


@writes_saved_models
def test_a_model_of_the_package_is_exported_by_its_name(run, tmp_path):
    status, out, err = run("export", "linear", "--json")
    assert status == 0, err
    assert json.loads(out)["path"] == "linear"
    assert (tmp_path / "linear" / "saved_model.pb").is_file()


@writes_saved_models
def test_export_says_on_a_terminal_what_it_is_doing(run, monkeypatch):
    screen = io.StringIO()
    console = rich.console.Console(file=screen, force_terminal=True, width=200)
    monkeypatch.setattr(terminal, "stderr", lambda: console)
    status, out, _ = run("export", "linear", "--format", "npz", "--output", "[b].npz")
    assert (status, out.split(";")[0]) == (0, "saved as [b].npz")
    assert "writing [b].npz, and comparing it with the model" in screen.getvalue()


def test_export_writes_a_saved_model_once(run, tmp_path, trained):
    path, _ = trained
    status, out, err = run("export", path, "--output", "served", "--json")
    assert status == 0, err
    assert json.loads(out)["largest_difference"] <= 1e-5
    assert (tmp_path / "served" / "saved_model.pb").is_file()
    status, _, err = run("export", path, "--output", "served")
    assert status == 1
    assert "exists already" in err
