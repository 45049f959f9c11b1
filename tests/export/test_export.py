"""export: files that are whole or not there, and that compute what the model computes."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from mnist_zoo import create_model, export, list_models
from mnist_zoo.models import provenance

every_model = pytest.mark.parametrize("name", list_models())
writes_saved_models = pytest.mark.skipif(
    keras.backend.backend() not in export.FORMATS["saved_model"].backends,
    reason="Keras writes no SavedModel on this backend",
)


@every_model
def test_a_saved_model_loads_with_its_provenance(name, tmp_path, sample):
    model = create_model(name, seed=0)
    seen = provenance.Seen(frozenset({"sample"}), np.arange(5, dtype=np.uint32))
    provenance.record(model, seen)
    export.save_model(model, tmp_path / "model.keras")
    loaded = provenance.seen_by(export.load_model(tmp_path / "model.keras"))
    assert loaded.sources == {"sample"}
    np.testing.assert_array_equal(loaded.digits, seen.digits)


@every_model
def test_a_saved_model_computes_the_same_when_loaded(name, tmp_path, sample):
    model = create_model(name, seed=0)
    export.save_model(model, tmp_path / "model.keras")
    loaded = export.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(
        loaded.predict(sample.test.x, verbose=0), model.predict(sample.test.x, verbose=0)
    )


def test_keras_reads_what_is_saved_and_what_keras_saved_is_read(tmp_path):
    model = create_model("linear", seed=0)
    export.save_model(model, tmp_path / "ours.keras")
    assert keras.saving.load_model(tmp_path / "ours.keras").name == "linear"
    model.save(tmp_path / "theirs.keras")
    loaded = export.load_model(tmp_path / "theirs.keras")
    assert loaded.name == "linear"
    assert provenance.seen_by(loaded).sources == {provenance.UNKNOWN}


@writes_saved_models
@every_model
def test_a_saved_model_of_tensorflow_computes_the_same(name, tmp_path, sample):
    import tensorflow as tf

    model = create_model(name, seed=0)
    assert (
        export.export_saved_model(model, tmp_path / "saved")
        <= export.FORMATS["saved_model"].tolerance
    )
    served = tf.saved_model.load(tmp_path / "saved")
    np.testing.assert_allclose(
        served.serve(sample.test.x).numpy(), model.predict(sample.test.x, verbose=0), atol=1e-5
    )


@pytest.mark.parametrize(
    ("write", "name"),
    [
        (export.save_model, "a.keras"),
        pytest.param(export.export_saved_model, "saved", marks=writes_saved_models),
    ],
)
def test_nothing_is_replaced_unless_asked_for(write, name, tmp_path):
    model = create_model("linear", seed=0)
    write(model, tmp_path / name)
    with pytest.raises(FileExistsError, match="exists already"):
        write(model, tmp_path / name)
    write(model, tmp_path / name, overwrite=True)
    assert {path.name for path in tmp_path.iterdir()} - {f"{name}.export.json"} == {name}


@writes_saved_models
def test_a_folder_that_is_no_saved_model_is_never_replaced(tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter-1.txt").write_text("precious")
    with pytest.raises(FileExistsError, match="is a folder, and holds no saved_model.pb"):
        export.export_saved_model(create_model("linear"), tmp_path / "thesis", overwrite=True)
    assert (tmp_path / "thesis" / "chapter-1.txt").read_text() == "precious"


def test_a_failure_half_way_leaves_what_was_there_and_nothing_else(tmp_path, monkeypatch):
    model = create_model("linear", seed=0)
    export.save_model(model, tmp_path / "a.keras")
    before = (tmp_path / "a.keras").read_bytes()

    def fail(self, path, **options):
        path.write_bytes(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(keras.Model, "save", fail)
    with pytest.raises(OSError, match="No space left"):
        export.save_model(model, tmp_path / "a.keras", overwrite=True)
    assert (tmp_path / "a.keras").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["a.keras"]


@writes_saved_models
def test_a_folder_that_cannot_be_moved_into_place_leaves_the_old_one(tmp_path, monkeypatch):
    model = create_model("linear", seed=0)
    export.export_saved_model(model, tmp_path / "saved")
    rename = Path.rename

    def fail_for_the_new_one(self, target):
        if self.name == "saved" and target == tmp_path / "saved":
            raise OSError("the disk is gone")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail_for_the_new_one)
    with pytest.raises(OSError, match="the disk is gone"):
        export.export_saved_model(model, tmp_path / "saved", overwrite=True)
    assert (tmp_path / "saved" / "saved_model.pb").is_file()
    assert {path.name for path in tmp_path.iterdir()} == {"saved", "saved.export.json"}


@writes_saved_models
def test_a_saved_model_that_computes_something_else_is_not_written(tmp_path, monkeypatch):
    model = create_model("linear", seed=0)
    monkeypatch.setattr(model, "predict", lambda x, verbose: np.zeros((len(x), 10)))
    with pytest.raises(ArithmeticError, match="differs from the model by"):
        export.export_saved_model(model, tmp_path / "saved")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["model.h5", "model"])
def test_a_path_with_another_ending_is_refused(name, tmp_path):
    with pytest.raises(ValueError, match="path must end in .keras"):
        export.save_model(create_model("linear"), tmp_path / name)


def test_what_is_no_keras_file_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such file"):
        export.load_model(tmp_path / "nothing.keras")
    (tmp_path / "text.keras").write_text("hello")
    with pytest.raises(ValueError, match="is not a .keras file"):
        export.load_model(tmp_path / "text.keras")
