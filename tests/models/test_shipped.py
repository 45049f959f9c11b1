"""shipped: the parameters that ship, and the cards that describe them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from mnist_zoo import (
    ChecksumError,
    ModelCard,
    create_model,
    dense_relu,
    evaluate,
    linear,
    model_card,
    robustness,
)
from mnist_zoo.evaluation.corruptions import CORRUPTIONS
from mnist_zoo.evaluation.label_errors import corrected_accuracy
from mnist_zoo.models import shipped
from mnist_zoo.models.layers import describe_layers, is_chain
from mnist_zoo.models.species import SPECIES

every_shipped_model = pytest.mark.parametrize(
    "name", [name for name, row in SPECIES.items() if row.weights]
)


def parameters_of(model):
    return {weight.path: np.asarray(weight) for weight in model.weights}


@every_shipped_model
def test_a_trained_model_has_the_parameters_of_its_file(name):
    parameters = shipped.read_parameters(SPECIES[name].weights.file)
    model = create_model(name, weights="mnist")
    assert {path: array.shape for path, array in parameters.items()} == {
        path: array.shape for path, array in parameters_of(model).items()
    }
    for path, array in parameters_of(model).items():
        assert array.dtype == np.float32
        np.testing.assert_array_equal(array, parameters[path])


@every_shipped_model
def test_the_card_states_the_architecture(name):
    card = model_card(name)
    assert card.architecture.parameters == create_model(name).count_params()
    assert card.training.seed in [seed.seed for seed in card.training.seeds]
    assert [seed.seed for seed in card.training.seeds] == list(range(len(card.training.seeds)))
    assert card.architecture.layers == describe_layers(create_model(name))
    assert card.architecture.chain == is_chain(create_model(name))
    (chosen,) = (s for s in card.training.seeds if s.seed == card.training.seed)
    accuracies = [seed.validation_accuracy for seed in card.training.seeds]
    assert len(accuracies) == 1 or chosen.validation_accuracy == max(accuracies)
    assert chosen.test_accuracy == card.test.accuracy
    assert f"{card.test.accuracy:.2%}" in str(card)


@pytest.mark.mnist
@every_shipped_model
def test_the_numbers_of_the_card_are_those_of_the_shipped_file(name, mnist):
    card = model_card(name)
    evaluation = evaluate(create_model(name, weights="mnist"), mnist)
    found, stated = evaluation.measures.to_dict(), card.test.to_dict()
    exact = ("digits", "accuracy", "accuracy_interval_95", "confusion_matrix", "misclassified")
    for measure in (*exact, "per_class"):
        assert found[measure] == stated[measure], measure
    corrected = corrected_accuracy(evaluation.labels, evaluation.predictions)
    assert corrected == card.corrected_labels
    # Sums of 10,000 numbers: the order in which another processor adds may show here.
    for measure in ("loss", "brier_score", "expected_calibration_error"):
        assert found[measure] == pytest.approx(stated[measure], rel=1e-4), measure


@pytest.mark.slow
@pytest.mark.mnist
@every_shipped_model
def test_the_robustness_of_the_card_is_that_of_the_shipped_file(name, mnist, monkeypatch):
    # Each corruption takes seconds. These three are of blurred, moved and covered digits.
    some = {kind: CORRUPTIONS[kind] for kind in ("glass_blur", "shear", "zigzag")}
    monkeypatch.setattr(sys.modules[robustness.__module__], "CORRUPTIONS", some)
    stated, found = model_card(name).robustness, robustness(name, mnist)
    assert found.corrupted.keys() == some.keys()
    # Another version of SciPy or Pillow may round a pixel differently.
    for kind, measures in found.corrupted.items():
        assert measures.accuracy == pytest.approx(stated.accuracies[kind], abs=0.005), kind
    for kind, doubt in found.doubts.items():
        assert doubt.sure == pytest.approx(stated.sure[kind], abs=0.02), kind
        assert doubt.auroc == pytest.approx(stated.auroc[kind], abs=0.01), kind


@every_shipped_model
def test_the_mean_robustness_of_the_card_is_that_of_its_rows(name):
    stated = model_card(name).robustness
    assert stated.accuracies.keys() == CORRUPTIONS.keys()
    assert stated.mean == pytest.approx(np.mean(list(stated.accuracies.values())), abs=1e-4)
    unlike = [stated.accuracies[kind] for kind, each in CORRUPTIONS.items() if not each.resembles]
    assert stated.mean_unlike_training == pytest.approx(np.mean(unlike), abs=1e-4)


@every_shipped_model
def test_the_published_numbers_are_those_that_must_be_reached(name):
    least = {
        "linear": 0.92,
        "dense_sigmoid": 0.9920,
        "lenet5": 0.9945,
        "keras_convnet": 0.9940,
        "convnet_small": 0.9945,
        "convnet": 0.9965,
    }.get(name, 0.9925)
    assert model_card(name).test.accuracy >= least


def test_the_name_and_the_shape_of_the_input_do_not_matter(sample):
    x = sample.test.x
    expected = dense_relu(weights="mnist").predict(x, verbose=0)
    flat = dense_relu(weights="mnist", name="mine", input_shape=(784,))
    np.testing.assert_array_equal(flat.predict(x.reshape(-1, 784), verbose=0), expected)


def test_with_other_classes_the_hidden_layers_are_trained_and_the_head_is_fresh():
    trained = dense_relu(weights="mnist")
    letters = dense_relu(weights="mnist", classes=26, seed=0)
    for layer in ("hidden_1", "hidden_2"):
        np.testing.assert_array_equal(
            letters.get_layer(layer).kernel, trained.get_layer(layer).kernel
        )
    fresh = dense_relu(classes=26, seed=0).get_layer("predictions").kernel
    np.testing.assert_array_equal(letters.get_layer("predictions").kernel, fresh)


def test_without_top_the_features_are_those_of_the_trained_model(sample):
    trained = dense_relu(weights="mnist")
    features = dense_relu(weights="mnist", include_top=False)
    before_top = keras.Model(trained.inputs, trained.get_layer("predictions").input)
    x = sample.test.x[:50]
    np.testing.assert_array_equal(features.predict(x, verbose=0), before_top.predict(x, verbose=0))


def test_other_hidden_units_are_refused():
    with pytest.raises(
        ValueError,
        match=r"hidden_2/kernel is of shape \(128, 64\), where the model's is \(128, 128\)",
    ):
        dense_relu(weights="mnist", hidden_units=(128, 128))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: p.pop("hidden_1/bias"), "hidden_1/bias is missing"),
        (lambda p: p.update({"hidden_3/kernel": p["hidden_2/kernel"]}), "has no hidden_3/kernel"),
        (lambda p: p.update({"hidden_2/bias": np.zeros(3)}), r"hidden_2/bias is of shape \(3,\)"),
    ],
    ids=["missing", "left over", "wrongly shaped"],
)
def test_parameters_are_set_all_of_them_or_none(change, message):
    parameters = shipped.read_parameters("dense_relu")
    change(parameters)
    model = dense_relu(seed=0)
    before = model.get_weights()
    with pytest.raises(ValueError, match=message):
        shipped.set_parameters(model, parameters)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_normalisation_is_not_passed_over_when_parameters_are_set():
    inputs = keras.Input((4,))
    model = keras.Model(inputs, keras.layers.BatchNormalization(name="norm")(inputs))
    with pytest.raises(ValueError, match="norm/beta is missing; norm/gamma is missing; norm/mov"):
        shipped.set_parameters(model, {})
    values = {f"norm/{name}": np.full(4, 2.0) for name in ("gamma", "beta")}
    values |= {f"norm/moving_{name}": np.full(4, 3.0) for name in ("mean", "variance")}
    shipped.set_parameters(model, values)
    assert {float(np.asarray(weight)[0]) for weight in model.weights} == {2.0, 3.0}


@every_shipped_model
def test_a_card_survives_its_json(name):
    card = model_card(name)
    facts = json.loads(json.dumps(card.to_dict()))
    assert ModelCard.from_dict(facts).to_dict() == facts
    assert str(ModelCard.from_dict(facts)) == str(card)


def test_trained_parameters_are_never_measured_on_the_sample(sample):
    for model in (linear(weights="mnist"), linear(weights="mnist", classes=12)):
        with pytest.raises(ValueError, match="100% of the test digits are among the digits that"):
            evaluate(model, sample)


def test_a_damaged_file_is_refused(monkeypatch, tmp_path):
    card = model_card("linear")
    content = bytearray((shipped.FOLDER / card.file).read_bytes())
    content[1000] ^= 1
    (tmp_path / card.file).write_bytes(content)
    (tmp_path / "linear.json").write_text((shipped.FOLDER / "linear.json").read_text())
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    with pytest.raises(ChecksumError, match="reinstall mnist-zoo"):
        linear(weights="mnist")


def test_all_files_together_stay_under_four_megabytes():
    sizes = [path.stat().st_size for path in Path(str(shipped.FOLDER)).iterdir()]
    assert 0 < sum(sizes) < 4_000_000


def test_a_model_has_a_card_if_it_has_parameters_and_no_other_name_has_one():
    for name, row in SPECIES.items():
        if row.weights:
            assert model_card(name).file == f"{row.weights.file}.npz"
        else:
            with pytest.raises(ValueError, match=f"{name} has no trained parameters"):
                model_card(name)
    with pytest.raises(ValueError, match="name must be one of"):
        model_card("resnet")
