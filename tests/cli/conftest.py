"""What the tests of the commands share: a line that is run, and a model that is trained."""

from __future__ import annotations

import sys

import pytest

import mnist_zoo
from mnist_zoo import cli, export


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


@pytest.fixture(scope="session")
def trained(tmp_path_factory, sample, can_train):
    """A file with a model that was trained on the sample, and its evaluation."""
    result = mnist_zoo.fit_and_evaluate(
        mnist_zoo.linear(seed=0), sample, epochs=1, seed=0, verbose=0
    )
    path = tmp_path_factory.mktemp("trained") / "linear.keras"
    export.save_model(result.model, path)
    return path, result
