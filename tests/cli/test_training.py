"""cli.training: what is trained, saved and printed, also when it ends early."""

from __future__ import annotations

import dataclasses
import errno
import json
import logging
import os
import re
import signal
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import pytest

import mnist_zoo
from mnist_zoo import export
from mnist_zoo.cli import terminal
from mnist_zoo.data import MNIST
from mnist_zoo.training import recipes


@pytest.mark.parametrize(("given", "strength"), [((), 1.0), ((0.5,), 0.5)])
def test_training_digits_are_distorted_if_that_is_asked_for(run, monkeypatch, given, strength):
    seen = []
    plain = mnist_zoo.fit_and_evaluate

    def spy(*arguments, **options):
        seen.append(options["distortion"])
        return plain(*arguments, **options)

    monkeypatch.setattr(mnist_zoo, "fit_and_evaluate", spy)
    line = ("train", "linear", "--data", "sample", "--steps", 1, "--distort", *given)
    status, _, err = run(*line)
    assert status == 0, err
    assert seen == [strength]


@pytest.mark.parametrize("wrong", [0, "nan", "strong"])
def test_a_strength_that_makes_no_sense_is_refused_before_any_work(run, wrong):
    status, _, err = run("train", "linear", "--data", "sample", f"--distort={wrong}")
    assert status == 2
    assert "--distort" in err


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


def test_the_last_line_of_a_training_says_what_to_do_next(run):
    line = ("train", "linear", "--steps", 1, "--data", "sample", "--output", "my model.keras")
    status, out, _ = run(*line)
    assert status == 0
    last = out.splitlines()[-1]
    assert last == "next: mnist-zoo predict PICTURE --model 'my model.keras'"
    _, out, _ = run(*line, "--force", "--json")
    json.loads(out)


def test_the_options_of_a_training_reach_the_model_and_the_optimizer(run, tmp_path):
    status, out, err = run(
        *("train", "dense_relu_dropout", "-e", 1, "--data", "sample", "-o", "a.keras", "--json"),
        *("--hidden-units", "20,10", "--dropout", 0.4),
        *("--optimizer", "SGD", "--learning-rate", 0.25),
    )
    assert status == 0, err
    settings = json.loads(out)["settings"]
    assert (settings["optimizer"], settings["learning_rate"]) == ("SGD", 0.25)
    layers = {layer.name: layer for layer in export.load_model(tmp_path / "a.keras").layers}
    assert [layers[name].units for name in ("hidden_1", "hidden_2")] == [20, 10]
    assert layers["dropout_1"].rate == 0.4


def test_a_training_begins_with_the_parameters_of_a_file(run, trained):
    path, result = trained
    line = ("train", "linear", "--data", "sample", "--steps", 1, "--learning-rate", 1e-9, "--json")
    status, out, err = run(*line, "--weights", path)
    assert status == 0, err
    assert abs(json.loads(out)["accuracy"] - result.accuracy) < 0.01


@pytest.mark.mnist
def test_a_training_begins_with_the_parameters_of_the_package(run, mnist):
    line = ("train", "linear", "--weights", "mnist", "--steps", 1, "--learning-rate", 1e-9)
    status, out, err = run(*line, "--json")
    assert status == 0, err
    assert abs(json.loads(out)["accuracy"] - mnist_zoo.model_card("linear").test.accuracy) < 0.001


def test_a_training_stops_early_and_keeps_the_best(run):
    line = ("train", "linear", "--data", "sample", "-e", 50, "--optimizer", "sgd")
    line += ("--learning-rate", 30, "--early-stopping", 1)
    status, out, err = run(*line)
    assert status == 0, err
    (said,) = [text for text in out.splitlines() if text.startswith("stopped early")]
    stopped, best = re.findall(r"epoch (\d+)", said)
    assert int(best) == int(stopped) - 1
    status, out, _ = run(*line, "--force", "--json")
    history = json.loads(out)["history"]["val_loss"]
    assert len(history) == int(stopped)
    assert history.index(min(history)) + 1 == int(best)


def test_an_option_that_a_model_does_not_have_is_refused_with_those_it_has(run):
    for name, option, has in (
        ("linear", "--dropout", "--weights"),
        ("dense_relu", "--dropout", "--hidden-units, --weights"),
    ):
        status, out, err = run("train", name, option, 0.5)
        assert (status, out) == (2, "")
        assert f"{option}: {name} has no such option; it has {has}\n" in err


def test_the_bar_shows_how_good_the_model_is():
    logs = {"accuracy": 0.9, "loss": 0.5, "val_accuracy": 0.8, "val_loss": 0.75}
    assert terminal.measures(logs) == "validation accuracy 80.0%, loss 0.75"
    assert terminal.measures({"accuracy": 0.9, "loss": 0.5}) == "accuracy 90.0%, loss 0.50"


def test_the_bar_ends_at_its_total(sample):
    with terminal.progress() as progress:
        callback = terminal.epoch_bar(progress)
        mnist_zoo.fit_and_evaluate(
            mnist_zoo.linear(seed=0), sample, steps=200, callbacks=[callback], verbose=0
        )
    (bar,) = progress.tasks
    assert (bar.completed, bar.total) == (2, 2)
    assert bar.description.startswith("validation accuracy ")


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


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_export_keeps_the_frameworks_log_off_the_screen(tmp_path, backend):
    line = [sys.executable, "-m", "mnist_zoo", "export", "linear", "-o", "served"]
    environment = {**os.environ, "KERAS_BACKEND": backend}
    done = subprocess.run(line, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("saved as served; ")


def test_warnings_and_logs_of_frameworks_are_kept_off_the_screen_and_no_others(capfd):
    with terminal.quiet_logs():
        warnings.warn_explicit("of Keras", UserWarning, "file.py", 1, module="keras.src.saving")
        logging.getLogger("absl").warning("of TensorFlow")
        os.write(2, b"of its C++ code")
        with pytest.warns(UserWarning, match="of the package"):
            warnings.warn_explicit("of the package", UserWarning, "file.py", 1, module="mnist_zoo")
        sys.stderr.write("of Python\n")
    assert capfd.readouterr().err == "of Python\n"
    assert logging.root.manager.disable == logging.NOTSET


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


@pytest.mark.parametrize("name", [name for name in terminal.ENDINGS if hasattr(signal, name)])
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


@pytest.fixture
def short_recipes(monkeypatch, sample):
    """Recipes of two steps on a few digits that pass for MNIST."""
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
    table = out[out.index("recipe") :].splitlines()
    assert max(map(len, table)) <= 60
    assert run(*line)[0] == 1


def test_reproduce_keeps_shipped_models_and_does_not_train_them_twice(
    run, tmp_path, short_recipes, monkeypatch
):
    (recipe, *_) = recipes.SHIPPED
    short = (dataclasses.replace(recipe, epochs=1, warmup=2),)
    for module in (recipes, mnist_zoo.recipes):
        monkeypatch.setattr(module, "SHIPPED", short)
    line = ("reproduce", recipe.name, "--seeds", 1, "--json")
    status, out, err = run(*line)
    assert status == 0, err
    folder = tmp_path / "trainings" / recipe.name
    assert export.load_model(folder / "seed-0.keras").name == recipe.model
    before = (folder / "seed-0.json").stat().st_mtime_ns
    assert run(*line)[:2] == (status, out)
    assert (folder / "seed-0.json").stat().st_mtime_ns == before
    (result,) = json.loads(out)[0]["results"]
    assert {"plan_accuracy", "seed_accuracy"} <= result.keys()


@pytest.mark.slow
def test_reproduce_takes_all_recipes_by_default(run, short_recipes):
    _, out, err = run("reproduce", "--seeds", 1, "--json")
    assert [row["name"] for row in json.loads(out)] == [r.name for r in recipes.RECIPES], err


def test_a_signal_while_a_model_is_saved_does_no_harm_though_nobody_reads_the_message(monkeypatch):
    class Gone:
        def write(self, text):
            raise BrokenPipeError

        flush = write

    monkeypatch.setattr(sys, "stderr", Gone())
    with terminal.uninterrupted("a moment"):
        for _ in range(2):
            signal.raise_signal(signal.SIGINT)


def test_names_of_files_are_printed_as_they_are(run):
    _, _, err = run("evaluate", ":smile:[red].keras")
    assert err == "error: :smile:[red].keras: no such file\n"
