"""The table of exports has a row for each that was measured, and says which failed."""

from __future__ import annotations

import json

import pytest

from mnist_zoo import list_models
from mnist_zoo.export import FORMATS
from tools import docs, formats_table

WHOLE = {"bytes": 31_500, "accuracy": 0.9, "one": 0.0123, "many": 1234.5}
RESULTS = [
    {"model": "linear", "format": "npz", "backend": "tensorflow", "difference": 1.2e-6, **WHOLE},
    {"model": "linear", "format": "npz", "backend": "jax", "difference": 3.4e-6, "bytes": 31_500},
    {"model": "lenet5", "format": "onnx", "backend": "tensorflow", "error": "lenet5 cannot be"},
]


def test_a_row_has_the_measures_and_the_difference_on_each_backend():
    lines = formats_table.table_of(RESULTS).splitlines()
    row = "| `linear` | `npz` | 32 kB | 90.00 % | 0.01 ms | 1,234 ms | 1e-06 | 3e-06 |  |"
    assert lines[2:] == [row, "", "Not written:", "", "- `lenet5` as `onnx`: lenet5 cannot be"]


def test_a_model_has_a_table_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr(docs, "RESULTS", tmp_path)
    docs.write(formats_table.RESULTS, RESULTS)
    assert formats_table.table_of_model("linear").splitlines()[2:] == [
        "| `npz` | 32 kB | 90.00 % | 0.01 ms | 1,234 ms |"
    ]
    assert formats_table.table_of_model("lenet5") == formats_table.table_of_model("convnet") == ""


def test_results_are_kept_in_the_order_of_models_formats_and_backends():
    keys = [formats_table.key_of(found) for found in RESULTS]
    assert sorted(keys, key=formats_table.order) == [keys[2], keys[0], keys[1]]


def test_the_table_of_the_docs_is_made_from_its_results_and_has_every_model_in_every_format():
    results = docs.read(formats_table.RESULTS)
    text = (docs.RESULTS / "formats.md").read_text(encoding="utf-8")
    assert text == formats_table.table_of(results)
    keys = {formats_table.key_of(found) for found in results}
    first = formats_table.BACKENDS[0]
    assert {(name, form, first) for name in list_models() for form in FORMATS} <= keys


@pytest.mark.mnist
@pytest.mark.usefixtures("mnist")
def test_one_export_is_measured(capsys, monkeypatch):
    from benchmarks import formats

    monkeypatch.setattr("sys.argv", ["formats", "--only", "linear", "npz", "--whole"])
    formats.main()
    found = json.loads(capsys.readouterr().out)
    assert formats_table.is_measured(found)
    assert (found["model"], found["format"], found["accuracy"]) == ("linear", "npz", 0.9227)
    assert found["difference"] < 1e-5
