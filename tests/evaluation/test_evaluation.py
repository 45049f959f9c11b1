"""evaluation: what an Evaluation says, and which digits a model may be tested on."""

from __future__ import annotations

import json
from pathlib import Path

import keras
import numpy as np
import pytest

from mnist_zoo import (
    Evaluation,
    SeenDigitsError,
    compare,
    dense_relu,
    evaluate,
    fit_and_evaluate,
    linear,
    metrics,
    model_card,
    predict_probabilities,
    read_digits,
)
from mnist_zoo.data import MNIST
from mnist_zoo.evaluation import TrainingSettings


@pytest.fixture(scope="module")
def evaluation(sample):
    return evaluate(linear(seed=0), sample)


def test_every_measure_is_that_of_the_metrics_module(evaluation, sample):
    labels, probabilities = sample.test.y, evaluation.probabilities
    predictions = probabilities.argmax(axis=1)
    np.testing.assert_array_equal(evaluation.labels, labels)
    np.testing.assert_array_equal(evaluation.predictions, predictions)
    assert evaluation.accuracy == metrics.accuracy(labels, predictions)
    assert evaluation.loss == metrics.log_loss(labels, probabilities)
    right = int((labels == predictions).sum())
    assert evaluation.interval == metrics.wilson_interval(right, 1000)
    expected = metrics.confusion_matrix(labels, predictions)
    np.testing.assert_array_equal(evaluation.confusion_matrix, expected)
    np.testing.assert_array_equal(evaluation.report.support, [100] * 10)
    calibration = metrics.expected_calibration_error(labels, probabilities)
    assert evaluation.calibration.error == calibration.error


def test_loss_and_accuracy_are_those_that_keras_computes(sample):
    model = linear(seed=0)
    model.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    loss, accuracy = model.evaluate(*sample.test, verbose=0)
    ours = evaluate(model, sample)
    assert ours.loss == pytest.approx(loss, rel=1e-5)
    assert ours.accuracy == pytest.approx(accuracy, abs=1e-6)


def test_logits_and_probabilities_of_one_model_are_evaluated_alike(sample):
    probabilities = evaluate(dense_relu(seed=0), sample).probabilities
    logits = evaluate(dense_relu(seed=0, classifier_activation=None), sample).probabilities
    assert logits.dtype == np.float32
    np.testing.assert_allclose(probabilities, logits, atol=1e-6)


def test_one_hot_labels_and_plain_arrays_are_taken_too(sample, evaluation):
    (x_train, y_train), (x_test, y_test) = sample
    result = evaluate(evaluation.model, ((x_train, y_train), (x_test, np.eye(10)[y_test])))
    np.testing.assert_array_equal(result.labels, y_test)
    assert result.accuracy == evaluation.accuracy
    assert result.source is None


def test_it_prints_as_a_table(evaluation):
    lines = str(evaluation).splitlines()
    assert lines[0] == "linear on 1,000 test digits of the MNIST sample"
    assert lines[1].startswith(f"accuracy  {evaluation.accuracy:.2%}  (95 % interval ")
    assert lines[4] == "class  precision  recall      F1  digits"
    assert len(lines) == 5 + 10
    assert repr(evaluation).startswith("Evaluation(model='linear', accuracy=0.")


def test_training_and_its_interruption_are_told(evaluation):
    settings = TrainingSettings(3, None, 32, "adam", "loss", 0.001, 0.1, 0)
    arguments = (evaluation.model, evaluation.labels, evaluation.probabilities, MNIST)
    trained = Evaluation(*arguments, seconds=1.25, settings=settings)
    assert trained.summary()[0] == "linear on 1,000 test digits of MNIST"
    assert trained.summary()[-1] == "trained   3 epochs in 1.2 s"
    stopped = Evaluation(*arguments, seconds=1.25, settings=settings, interrupted=True)
    assert "INTERRUPTED before the end of 3 epochs" in str(stopped)
    by_steps = TrainingSettings(None, 3000, 32, "adam", "loss", None, 0.1, 0)
    assert "3,000 steps" in str(Evaluation(*arguments, settings=by_steps))


def test_it_is_saved_as_json_and_overwrites_nothing(evaluation, tmp_path):
    evaluation.save(tmp_path / "result.json")
    saved = json.loads((tmp_path / "result.json").read_text())
    assert saved.pop("probabilities_float32_base64")
    assert saved == json.loads(json.dumps(evaluation.to_dict()))
    assert saved["accuracy"] == evaluation.accuracy
    assert saved["predictions"] == evaluation.predictions.tolist()
    assert saved["per_class"][3]["support"] == 100
    assert saved["versions"]["keras"] == keras.__version__
    with pytest.raises(FileExistsError):
        evaluation.save(tmp_path / "result.json")
    evaluation.save(tmp_path / "result.json", overwrite=True)


def test_what_was_saved_is_loaded_again(evaluation, tmp_path):
    evaluation.save(tmp_path / "result.json")
    loaded = Evaluation.load(tmp_path / "result.json")
    assert loaded.to_dict() == evaluation.to_dict()
    assert str(loaded) == str(evaluation)
    assert repr(loaded) == repr(evaluation)
    assert (loaded.model, loaded.dataset) == (None, evaluation.dataset)
    np.testing.assert_array_equal(loaded.probabilities, evaluation.probabilities, strict=True)
    loaded.save(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "result.json").read_bytes()


def test_a_training_is_loaded_with_its_history_and_settings(sample, tmp_path, can_train):
    result = fit_and_evaluate("linear", sample, steps=20, seed=0, verbose=0)
    result.save(tmp_path / "result.json")
    loaded = Evaluation.load(str(tmp_path / "result.json"))
    assert loaded.settings == result.settings
    assert loaded.history == result.history
    assert loaded.name == "linear"


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"labels": [1]}'])
def test_a_file_of_something_else_is_not_loaded(tmp_path, content):
    (tmp_path / "other.json").write_text(content)
    with pytest.raises(ValueError, match="holds no results that Evaluation.save wrote"):
        Evaluation.load(tmp_path / "other.json")
    with pytest.raises(FileNotFoundError):
        Evaluation.load(tmp_path / "none.json")


def test_misclassified_digits_come_with_the_most_confident_first(evaluation):
    wrong = evaluation.misclassified
    assert len(wrong) == round((1 - evaluation.accuracy) * 1000)
    assert (evaluation.predictions[wrong] != evaluation.labels[wrong]).all()
    assert (np.diff(evaluation.confidences[wrong]) <= 0).all()


def test_it_draws_itself(evaluation):
    titles = [axes.get_title() for axes in evaluation.plot().get_axes()]
    assert len(titles) == 4


def test_a_frame_has_a_row_for_each_digit(evaluation):
    frame = evaluation.to_frame()
    assert frame.columns.tolist() == [
        *("label", "prediction", "confidence", "correct"),
        *map(str, range(10)),
    ]
    assert frame["correct"].mean() == evaluation.accuracy
    np.testing.assert_array_equal(frame.loc[:, "0":"9"].to_numpy(), evaluation.probabilities)


def test_a_name_stands_for_the_shipped_model(sample):
    digits = np.random.default_rng(0).random((50, 28, 28), np.float32), np.arange(50) % 10
    result = evaluate("linear", (digits, digits))
    np.testing.assert_allclose(
        result.probabilities, predict_probabilities(digits[0], "linear"), atol=1e-5
    )
    assert (result.name, result.parameters) == ("linear", 7850)
    assert compare("linear", "dense_relu", (digits, digits)).a.name == "linear"
    with pytest.raises(SeenDigitsError):
        evaluate("linear", sample)


@pytest.mark.parametrize("call", [evaluate, fit_and_evaluate])
@pytest.mark.parametrize(
    ("model", "message"),
    [
        (linear, r"linear is what makes one: pass linear\(\), or its name"),
        ("resnet", "must be one of 'convnet'.*got 'resnet'"),
        (None, "must be a keras.Model, or a name that list_models.* got None"),
    ],
)
def test_what_is_no_model_is_refused_in_words(sample, call, model, message):
    with pytest.raises(ValueError, match=message):
        call(model, sample)


def test_long_results_say_what_they_are_in_a_line(evaluation, sample):
    compared = compare(linear(seed=0), linear(seed=1), sample)
    for short in (compared, evaluation, model_card("linear"), read_digits(np.eye(100))):
        assert len(repr(short)) < 120
        assert "\n" not in repr(short)


def test_a_full_disk_leaves_the_old_result(evaluation, tmp_path, monkeypatch):
    path = tmp_path / "result.json"
    evaluation.save(path)
    before = path.read_text()

    def full(self, text, **_):
        with self.open("w") as file:
            file.write(text[:100])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space left"):
        evaluation.save(path, overwrite=True)
    assert path.read_text() == before
    assert [each.name for each in tmp_path.iterdir()] == ["result.json"]


def test_it_is_frozen(evaluation):
    with pytest.raises(AttributeError):
        evaluation.labels = np.zeros(3)


def test_a_model_that_diverged_is_not_given_an_accuracy(sample):
    model = linear(seed=0)
    model.set_weights([np.full_like(weight, np.nan) for weight in model.get_weights()])
    with pytest.raises(ValueError, match="its training diverged"):
        evaluate(model, sample)


@pytest.mark.parametrize("batch_size", [0, -1, 1.5])
def test_a_bad_batch_size_is_named(sample, batch_size):
    with pytest.raises(ValueError, match="batch_size must be an integer of at least 1"):
        evaluate(linear(), sample, batch_size=batch_size)


def test_no_test_digit_is_dropped_whatever_the_batch(sample, evaluation):
    result = evaluate(evaluation.model, sample, batch_size=7)
    np.testing.assert_allclose(result.probabilities, evaluation.probabilities, atol=1e-6)


def test_two_models_are_compared_on_the_same_digits_though_batches_are_shuffled(sample):
    tf = pytest.importorskip("tensorflow")
    batches = tf.data.Dataset.from_tensor_slices(tuple(sample.test)).shuffle(1000).batch(100)
    model = linear(seed=0)
    for test in (batches, iter(batches)):
        compared = compare(model, model, (None, test))
        assert len(compared.differing) == 0
        assert compared.test.p_value == 1.0
