"""cli.commands, cli.help: what is said of the commands, and how a line ends."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import mnist_zoo
from mnist_zoo.cli.commands import COMMANDS
from mnist_zoo.cli.options import OPTIMIZERS
from mnist_zoo.models.species import SPECIES


def test_the_version_is_printed(run):
    assert run("--version") == (0, f"mnist-zoo {mnist_zoo.__version__}\n", "")


def test_a_line_without_a_command_is_status_2_and_prints_the_help(run):
    status, out, err = run()
    assert (status, out) == (2, "")
    assert "Commands:\n  list " in err


@pytest.mark.parametrize(
    "line",
    [
        ("train", "resnet"),
        ("train",),
        ("train", "linear", "--epochs", 0),
        ("train", "linear", "--epochs", 1, "--steps", 1),
        ("train", "linear", "--output", "model.h5"),
        ("train", "linear", "--data", "fashion"),
        ("train", "linear", "--optimizer", "newton"),
        ("train", "linear", "--seed", 2**32),
        ("train", "linear", "--learning-rate", 0),
        ("train", "linear", "--validation-fraction", 1),
        ("train", "linear", "--early-stopping", 2, "--validation-fraction", 0),
        ("train", "linear", "--dropout", 0.5),
        ("train", "dense_relu", "--hidden-units", "128,0"),
        ("train", "dense_relu", "--hidden-units", "many"),
        ("train", "dense_relu", "--hidden-units", 64, "--weights", "mnist"),
        ("train", "dense_relu", "--weights", "missing.keras"),
        ("train", "dense_relu", "--weights", "weights.npz"),
        ("predict", "a.png", "--jobs", 0),
        ("predict", "a.png", "--jobs", "many"),
        ("predict", "a.png", "--min-confidence", 1.5),
        ("predict", "a.png", "--min-confidence", "nan"),
        ("predict", "a.png", "--jsonl", "a.jsonl", "--json"),
        ("reproduce", "resnet"),
        ("fly",),
    ],
    ids=lambda line: " ".join(map(str, line)),
)
def test_a_line_that_makes_no_sense_is_status_2_before_any_work(run, monkeypatch, line):
    monkeypatch.setattr(mnist_zoo.data, "load_mnist_or_sample", None)
    monkeypatch.setattr(mnist_zoo, "load_mnist", None)
    status, out, err = run(*line)
    assert (status, out) == (2, "")
    assert "Error: " in err
    assert "NoneType" not in err


def test_wrong_lines_are_refused_without_a_framework(tmp_path):
    lines = [
        "info nosuch",
        "evaluate missing.keras",
        "export missing.keras",
        "evaluate nosuch",
        "predict a.png --model missing.keras",
        "train linear --optimizer newton",
        f"train linear --seed {2**32}",
        "train linear --dropout 0.5",
        "train dense_relu --hidden-units 64 --weights mnist",
        "train linear --output no.h5",
        "train linear --plot no.h5",
        "reproduce nosuch",
    ]
    assert_starts_no_framework(lines, tmp_path)


def test_what_needs_no_framework_starts_none(tmp_path):
    lines = ["--help", "list", "train --help", "reproduce --help"]
    lines += [f"info {name}" for name, row in SPECIES.items() if row.weights]
    assert_starts_no_framework(lines, tmp_path)


def assert_starts_no_framework(lines, folder):
    program = (
        "import sys\n"
        "from mnist_zoo.cli import main\n"
        f"for line in {lines!r}:\n"
        "    sys.argv = ['mnist-zoo', *line.split()]\n"
        "    try:\n"
        "        main()\n"
        "    except SystemExit:\n"
        "        pass\n"
        "    loaded = {'keras', 'tensorflow', 'jax', 'torch'} & set(sys.modules)\n"
        "    if loaded:\n"
        "        sys.exit(f'{line}: loads {loaded}')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True)
    assert done.returncode == 0, done.stderr


def test_the_optimizers_are_those_that_keras_makes_of_a_name():
    import keras

    made = []
    for name, kind in vars(keras.optimizers).items():
        if isinstance(kind, type) and kind is not keras.optimizers.Optimizer:
            with contextlib.suppress(KeyError, TypeError, ValueError):  # Some need an argument.
                made.append(keras.optimizers.get(name.lower()) and name.lower())
    assert sorted(OPTIMIZERS) == sorted(made)


@pytest.mark.parametrize("option", ["-h", "--help"])
@pytest.mark.parametrize("command", [None, *(command.name for command in COMMANDS)])
def test_help_is_plain_text_without_the_marks_of_the_tool(run, monkeypatch, command, option):
    monkeypatch.setenv("COLUMNS", "60")
    status, out, err = run(*([command] if command else []), option)
    assert (status, err) == (0, "")
    assert out.startswith(f"Usage: mnist-zoo {command or '[OPTIONS]'}")
    assert max(map(len, out.splitlines())) <= 60
    for mark in ("<bool>", "{", "}", "...\n", "<str>", "│"):
        assert mark not in out.partition("\n")[2]
    assert "{" not in out


@pytest.mark.parametrize(
    ("command", "names"),
    [
        ("info", mnist_zoo.list_models()),
        ("train", OPTIMIZERS),
        ("reproduce", [recipe.name for recipe in mnist_zoo.recipes.RECIPES]),
        ("export", list(mnist_zoo.export.FORMATS)),
    ],
)
def test_help_has_the_names_that_a_command_takes(run, command, names):
    _, out, _ = run(command, "-h")
    whole = re.sub(r"-\n *", "-", out)  # Lines are broken after hyphens too.
    words = whole.replace(",", " ").replace(".", " ").replace(";", " ").split()
    assert [name for name in names if name not in words] == []


@pytest.mark.parametrize("name", ["missing.keras", "text.keras", "lenet"])
@pytest.mark.parametrize("line", ["evaluate", "export", "predict a.png --model"])
def test_an_error_is_one_line_and_status_1(run, tmp_path, line, name):
    (tmp_path / "text.keras").write_text("hello")
    status, out, err = run(*line.split(), name)
    assert (status, out) == (1, "")
    assert err.startswith(f"error: {name}")
    assert err.count("\n") == 1


def test_debug_shows_the_traceback(run, tmp_path):
    with pytest.raises(FileNotFoundError):
        run("evaluate", "missing.keras", "--debug")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("train linear --plot keepme", "must end in .png, .svg, .pdf; got 'keepme'"),
        ("train linear --plot picture.bmp", "must end in .png"),
        ("train linear --output folder.keras", "folder.keras: exists already"),
        ("train linear --force --output folder.keras", "is a folder, and a file is to be"),
        ("train linear --output file/linear.keras", "so it cannot be written"),
        ("evaluate linear --plot folder.png --force", "is a folder"),
        ("predict some.png --plot folder.png --force", "is a folder"),
        ("predict some.png --jsonl folder.png", "is a folder"),
        ("predict some.png --jsonl file", "file: line 1 is not of --jsonl"),
        ("predict some.png --jsonl file/a.jsonl", "so it cannot be written"),
        ("predict some.png --jsonl folder.png --force", "is a folder"),
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
    monkeypatch.setattr(mnist_zoo, "read_pictures", None)
    status, out, err = run(*line.split())
    assert status in (1, 2)
    assert out == ""
    assert message in " ".join(err.replace("│", " ").split())


@pytest.mark.parametrize(
    ("words", "completions"),
    [
        ("mnist-zoo pre", ["plain,predict"]),
        ("mnist-zoo train dense_r", ["plain,dense_relu", "plain,dense_relu_dropout"]),
        ("mnist-zoo train linear --data s", ["plain,sample"]),
        ("mnist-zoo predict a.png --model li", ["plain,linear"]),
        ("mnist-zoo export a.keras --format s", ["plain,saved_model"]),
        ("mnist-zoo reproduce relu-5-epochs sig", ["plain,sigmoid-sgd"]),
        ("mnist-zoo evaluate lin", ["plain,linear"]),
        ("mnist-zoo train linear --optimizer adamw", ["plain,adamw"]),
        ("mnist-zoo info my", []),
    ],
)
def test_a_shell_completes_commands_and_names(run, monkeypatch, words, completions):
    monkeypatch.setenv("_MNIST_ZOO_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
    status, out, err = run()
    assert (status, out.split(), err) == (0, completions, "")


@pytest.mark.parametrize(
    "words",
    [
        *("predict my", "predict a.png --model my", "evaluate my", "export my"),
        *("export a.keras --output my", "train linear --weights my", "train linear --plot my"),
    ],
)
def test_a_shell_completes_files_where_no_name_fits(run, monkeypatch, words):
    monkeypatch.setenv("_MNIST_ZOO_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", f"mnist-zoo {words}")
    monkeypatch.setenv("COMP_CWORD", str(len(words.split())))
    assert run() == (0, "file,my\n", "")


@pytest.mark.parametrize(("shell", "current"), [("zsh", "2"), ("fish", "lin")])
def test_other_shells_complete_too(run, monkeypatch, shell, current):
    monkeypatch.setenv("_MNIST_ZOO_COMPLETE", f"{shell}_complete")
    monkeypatch.setenv("COMP_WORDS", "mnist-zoo train lin")
    monkeypatch.setenv("COMP_CWORD", current)
    status, out, err = run()
    assert (status, err) == (0, "")
    assert "linear" in out


def test_a_backend_that_is_not_installed_is_named(run, monkeypatch):
    def build(*arguments, **options):
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setattr("mnist_zoo.models.building.build_model", build)
    monkeypatch.setattr("mnist_zoo.models.dense.build_model", build)
    status, _, err = run("train", "linear", "--data", "sample")
    assert status == 1
    assert "pip install torch" in err
    assert "KERAS_BACKEND" in err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_for_a_shell_is_shown(run, monkeypatch, shell):
    monkeypatch.setenv("SHELL", f"/bin/{shell}")
    status, out, err = run("--show-completion")
    assert (status, err) == (0, "")
    assert f"_MNIST_ZOO_COMPLETE={shell}_complete" in out
    monkeypatch.setenv("_MNIST_ZOO_COMPLETE", f"{shell}_source")
    assert run()[1].strip() == out.strip()


@pytest.mark.parametrize(
    ("shell", "script", "start"),
    [
        ("bash", ".bash_completions/mnist-zoo.sh", ".bashrc"),
        ("zsh", ".zfunc/_mnist-zoo", ".zshrc"),
        ("fish", ".config/fish/completions/mnist-zoo.fish", None),
    ],
)
def test_completion_is_installed_where_the_shell_looks(
    run, monkeypatch, tmp_path, shell, script, start
):
    monkeypatch.setenv("SHELL", f"/bin/{shell}")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    if start:
        (tmp_path / start).write_text("mine")
    for _ in range(2):
        status, out, err = run("--install-completion")
        assert (status, err) == (0, "")
        assert f"{shell} completion installed in {tmp_path / script}" in out
    assert f"_MNIST_ZOO_COMPLETE={shell}_complete" in (tmp_path / script).read_text()
    if start:
        mine, line = (tmp_path / start).read_text().splitlines()
        assert mine == "mine"
        assert str(Path(script).parent) in line


@pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash here")
def test_bash_reads_the_script_that_is_installed(run, monkeypatch, tmp_path):
    monkeypatch.setenv("SHELL", "/bin/bash")
    monkeypatch.setenv("HOME", str(tmp_path))
    run("--install-completion")
    line = "source ~/.bashrc; complete -p mnist-zoo"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "-F _mnist_zoo_completion mnist-zoo" in done.stdout


@pytest.mark.parametrize("option", ["--show-completion", "--install-completion"])
@pytest.mark.parametrize("shell", ["/usr/bin/xonsh", ""])
def test_a_shell_that_cannot_complete_is_status_1(run, monkeypatch, option, shell):
    monkeypatch.setenv("SHELL", shell)
    status, out, err = run(option)
    assert (status, out) == (1, "")
    assert err.startswith("error: ")
    assert "SHELL=bash mnist-zoo" in err


@pytest.mark.parametrize("closed", ["2>&-", "0<&- 2>&-", "0<&- 1>&- 2>&-"])
def test_closed_streams_do_not_end_a_command(tmp_path, closed):
    line = f"{sys.executable} -m mnist_zoo list --json {closed}"
    done = subprocess.run(line, shell=True, cwd=tmp_path, stdout=subprocess.PIPE)  # noqa: S602
    assert done.returncode == 0
    if "1>&-" not in closed:
        assert len(json.loads(done.stdout)) == len(mnist_zoo.list_models())
