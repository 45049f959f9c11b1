"""Additions go through the tables: a model, a data set and a format that only these tests know."""

from __future__ import annotations

import dataclasses
import hashlib
import json

import keras
import numpy as np
import pytest

import mnist_zoo
from mnist_zoo import (
    create_model,
    evaluate,
    export,
    fit_and_evaluate,
    list_models,
    model_card,
    predict_probabilities,
)
from mnist_zoo.cli import main
from mnist_zoo.data import MNIST, ArraySpec, Dataset, load_dataset
from mnist_zoo.data.files import sha256
from mnist_zoo.models import forward, shipped
from mnist_zoo.models.building import build_model, dense, documented
from mnist_zoo.models.cards import Architecture
from mnist_zoo.models.layers import LAYERS, LayerKind, describe_layers, is_chain
from mnist_zoo.models.shipped import ShippedWeights
from mnist_zoo.models.species import SPECIES, Species

TOY_WEIGHTS = ShippedWeights("toy")


# What somebody who adds a model writes: a factory, and its row.
@documented
def toy(
    *,
    input_shape=(28, 28),
    input_tensor=None,
    classes=10,
    classifier_activation="softmax",
    include_top=True,
    weights=None,
    seed=None,
    name="toy",
):
    """Build a small convolutional network.

    Parameters
    ----------
    {shared_parameters}
    """

    def features(inputs, seeds):
        outputs = keras.layers.Reshape((28, 28, 1), name="picture")(inputs)
        draw = keras.initializers.GlorotUniform(seed=seeds.next())
        outputs = keras.layers.Conv2D(4, 5, strides=3, kernel_initializer=draw, name="conv")(
            outputs
        )
        outputs = keras.layers.BatchNormalization(name="norm")(outputs)
        outputs = keras.layers.Activation("relu", name="relu")(outputs)
        outputs = keras.layers.MaxPooling2D(name="pool")(outputs)
        outputs = keras.layers.Flatten(name="flatten")(outputs)
        return dense(16, "relu", "hidden", seeds)(outputs)

    return build_model(
        TOY_WEIGHTS,
        features,
        input_shape=input_shape,
        input_tensor=input_tensor,
        classes=classes,
        classifier_activation=classifier_activation,
        include_top=include_top,
        weights=weights,
        seed=seed,
        name=name,
    )


TOY = Species("toy", "a convolution with batch normalisation", toy, parameters=1_110)


@pytest.fixture
def toy_species(monkeypatch):
    monkeypatch.setitem(SPECIES, "toy", TOY)
    return TOY


@pytest.fixture
def run(monkeypatch, capfd, tmp_path):
    monkeypatch.chdir(tmp_path)

    def run_line(*arguments):
        monkeypatch.setattr("sys.argv", ["mnist-zoo", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
        out, err = capfd.readouterr()
        assert not stop.value.code, err
        return out

    return run_line


def test_a_model_without_shipped_parameters_is_a_normal_one(toy_species, sample, run):
    assert "toy" in list_models()
    with pytest.raises(ValueError, match="toy has no trained parameters, and so no card"):
        model_card("toy")
    with pytest.raises(ValueError, match="toy has no trained parameters: train one"):
        predict_probabilities(sample.test.x, "toy")
    result = fit_and_evaluate(create_model("toy", seed=0), sample, epochs=2, seed=0, verbose=0)
    assert result.accuracy > 0.6
    assert "a convolution with batch normalisation" in run("list")
    described = json.loads(run("info", "toy", "--json"))
    assert described["card"] is None
    assert described["parameters"] == create_model("toy").count_params()
    run("train", "toy", "--data", "sample", "--epochs", 1)
    evaluated = json.loads(run("evaluate", "toy.keras", "--data", "sample", "--json"))
    assert evaluated["model"] == "toy"


@pytest.fixture
def trained_toy(monkeypatch, tmp_path, sample):
    """The toy with trained parameters and a card, as a tool would ship them."""
    for file in shipped.FOLDER.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    monkeypatch.setitem(SPECIES, "toy", dataclasses.replace(TOY, weights=TOY_WEIGHTS))
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    model = create_model("toy", seed=0)
    fit_and_evaluate(model, sample, epochs=2, seed=0, verbose=0)
    np.savez(tmp_path / "toy.npz", **{w.path: np.asarray(w) for w in model.weights})
    card = dataclasses.replace(
        model_card("linear"),
        file="toy.npz",
        sha256=hashlib.sha256((tmp_path / "toy.npz").read_bytes()).hexdigest(),
        architecture=Architecture(
            model.input_shape[1:], describe_layers(model), is_chain(model), model.count_params()
        ),
    )
    (tmp_path / "toy.json").write_text(json.dumps(card.to_dict()))
    forward._shipped_model.cache_clear()
    yield model
    forward._shipped_model.cache_clear()


def test_a_convolutional_model_is_run_by_numpy(trained_toy, sample, monkeypatch):
    x = sample.test.x[:50]
    expected = trained_toy.predict(x, verbose=0)
    monkeypatch.setattr(forward, "create_model", lambda *_, **__: pytest.fail("Keras was asked"))
    np.testing.assert_allclose(predict_probabilities(x, "toy"), expected, rtol=1e-4, atol=1e-6)


def test_its_normalisation_is_among_the_parameters_that_are_set(trained_toy, sample):
    loaded = create_model("toy", weights="mnist", seed=1)
    x = sample.test.x[:50]
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), trained_toy.predict(x, verbose=0))
    assert loaded.get_layer("norm").moving_mean.numpy().any()


def test_a_kind_of_layer_that_numpy_is_not_taught_is_run_by_keras(trained_toy, sample, monkeypatch):
    monkeypatch.setitem(LAYERS, "BatchNormalization", LayerKind(None))
    x = sample.test.x[:50]
    expected = trained_toy.predict(x, verbose=0)
    np.testing.assert_allclose(predict_probabilities(x, "toy"), expected, rtol=1e-4, atol=1e-6)


@pytest.fixture
def shapes(tmp_path, monkeypatch):
    """A data set of noisy squares and bars, in a file that an environment variable points at."""
    rng = np.random.default_rng(0)

    def split(count):
        x = rng.integers(0, 120, (count, 28, 28), np.uint8)
        y = np.arange(count, dtype=np.uint8) % np.uint8(2)
        for picture, label in zip(x, y, strict=True):
            top, left = rng.integers(2, 16, 2)
            picture[top : top + 8, left : left + (8 if label else 2)] = rng.integers(200, 256)
        return x, y

    keys = ("x_train", "y_train", "x_test", "y_test")
    arrays = dict(zip(keys, (*split(400), *split(100)), strict=True))
    np.savez(tmp_path / "shapes.npz", **arrays)
    monkeypatch.setenv("SHAPES_DATA", str(tmp_path / "shapes.npz"))
    # What somebody who adds a data set writes.
    return Dataset(
        name="shapes",
        title="the shapes",
        arrays=tuple(ArraySpec(k, "", a.shape, sha256(a)) for k, a in arrays.items()),
        class_names=("bar", "square"),
        pointer="SHAPES_DATA",
    )


def test_a_data_set_is_one_value(shapes, tmp_path):
    data = load_dataset(shapes, one_hot=True)
    assert data.source == "shapes"
    assert data.train.y.shape == (400, 2)
    assert data.origin.endswith("shapes.npz")
    model = mnist_zoo.dense_relu(classes=2, hidden_units=(16,), seed=0)
    result = fit_and_evaluate(model, data, epochs=5, seed=0, verbose=0)
    assert result.class_names == ("bar", "square")
    assert "100 test digits of the shapes" in str(result)
    assert "square" in str(result)
    axes = mnist_zoo.plots.overview(result).axes
    assert [label.get_text() for label in axes[0].get_xticklabels()] == ["bar", "square"]
    with pytest.raises(mnist_zoo.SeenDigitsError, match="shapes"):
        evaluate(model, (data.test, data.train))


def test_a_data_set_that_is_not_there_is_named_with_where_it_was_looked_for(shapes, monkeypatch):
    monkeypatch.delenv("SHAPES_DATA")
    with pytest.raises(mnist_zoo.MnistUnavailableError, match="the shapes could not be found"):
        load_dataset(dataclasses.replace(shapes, cache_key="shapes"))


def test_another_data_set_is_not_taken_for_it(shapes, monkeypatch, tmp_path):
    np.savez(tmp_path / "other.npz", **{s.key: np.zeros(s.shape, np.uint8) for s in shapes.arrays})
    monkeypatch.setenv("SHAPES_DATA", str(tmp_path / "other.npz"))
    with pytest.raises(mnist_zoo.ChecksumError, match="x_train is not that of the shapes"):
        load_dataset(shapes)


# What somebody who adds a format writes: two functions, and their row.
def write_arrays(model, path, digits):
    with path.open("wb") as file:
        np.savez(file, *[np.asarray(weight) for weight in model.weights])


def load_arrays(path):
    with np.load(path) as arrays:
        kernel, bias = arrays["arr_0"], arrays["arr_1"]

    def run(pictures):
        powers = np.exp(pictures.reshape(len(pictures), -1) @ kernel + bias)
        return [powers / powers.sum(axis=1, keepdims=True)]

    return run


@pytest.fixture
def toy_format(monkeypatch):
    row = export.Format("arrays", "NumPy's arrays", write_arrays, load_arrays, suffix=".npz")
    monkeypatch.setitem(export.FORMATS, "arrays", row)
    return row


def test_a_format_is_one_row(toy_format, run, tmp_path):
    model = mnist_zoo.linear(weights="mnist")
    written = export.export_model(model, tmp_path / "a.npz", format="arrays")
    assert written.largest_difference < 1e-5
    with pytest.raises(FileExistsError, match="exists already"):
        export.export_model(model, tmp_path / "a.npz", format="arrays")
    export.save_model(model, tmp_path / "linear.keras")
    facts = json.loads(run("export", "linear.keras", "--format", "arrays", "--json"))
    assert facts["format"] == "arrays"
    assert facts["path"] == "linear.npz"
    assert (tmp_path / "linear.npz").is_file()


def test_a_format_that_computes_something_else_is_refused(toy_format, monkeypatch, tmp_path):
    wrong = dataclasses.replace(toy_format, load=lambda path: lambda x: [np.zeros((len(x), 10))])
    monkeypatch.setitem(export.FORMATS, "arrays", wrong)
    with pytest.raises(mnist_zoo.ExportError, match="the arrays differs from the model by"):
        export.export_model(mnist_zoo.linear(), tmp_path / "a.npz", format="arrays")
    assert not (tmp_path / "a.npz").exists()


def test_a_command_is_one_row():
    from mnist_zoo.cli.commands import COMMANDS, app

    assert list(app.commands) == [command.name for command in COMMANDS]
    assert all(command.run.__doc__ for command in COMMANDS)


def test_mnist_is_a_data_set_like_any_other():
    assert (MNIST.image_shape, MNIST.pixels, MNIST.classes) == ((28, 28), 784, 10)
    assert MNIST.npz_name == "mnist.npz"
