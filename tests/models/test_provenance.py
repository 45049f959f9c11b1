"""provenance: what a model has seen is never forgotten."""

from __future__ import annotations

import copy
import dataclasses
import io
import json
import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mnist_zoo import (
    SeenDigitsError,
    create_model,
    dense_relu,
    evaluate,
    export,
    fit_and_evaluate,
    linear,
)
from mnist_zoo.data import MNIST, Split
from mnist_zoo.data.fingerprints import fingerprints
from mnist_zoo.models import provenance
from mnist_zoo.models.shipped import FOLDER
from mnist_zoo.models.species import SPECIES


def seen_sources(model):
    return set(provenance.seen_by(model).sources)


def clone(model):
    other = keras.models.clone_model(model)
    other.set_weights(model.get_weights())
    return other


def train(model, data, **options):
    options = {"steps": 2, "validation_fraction": 0, "verbose": 0, **options}
    fit_and_evaluate(model, data, **options)
    return model


def random_data(seed, digits=60):
    rng = np.random.default_rng(seed)
    labels = np.arange(digits) % 10
    return tuple((rng.random((digits, 28, 28), np.float32), labels) for _ in range(2))


def test_a_fresh_model_has_seen_nothing(sample):
    assert seen_sources(linear(seed=0)) == set()
    evaluate(linear(seed=0), sample)


def test_shipped_parameters_then_plain_arrays_are_not_tested_on_the_sample(sample):
    """The case that was found: a training on plain arrays took the mark away."""
    (x_train, y_train), (x_test, y_test) = sample
    model = dense_relu(weights="mnist")
    train(model, random_data(0))
    assert seen_sources(model) == {"mnist", "arrays"}
    with pytest.raises(SeenDigitsError, match=r"100% of the test digits .*\(arrays and mnist\)"):
        evaluate(model, sample)
    with pytest.raises(SeenDigitsError):
        evaluate(model, ((x_train, y_train), (x_test[::-1] * 255 / 256, y_test[::-1])))


def test_what_is_trained_on_is_added(sample):
    model = train(linear(seed=0), sample)
    assert seen_sources(model) == {"sample"}
    train(model, random_data(0))
    assert seen_sources(model) == {"sample", "arrays"}
    evaluate(model, sample)  # Its test digits are others.


def test_digits_of_plain_arrays_are_known_too(sample):
    data = random_data(0)
    model = train(linear(), data)
    evaluate(model, data)
    swapped = data[::-1]
    with pytest.raises(SeenDigitsError, match="100% of the test digits"):
        evaluate(model, swapped)
    with pytest.raises(SeenDigitsError):
        fit_and_evaluate(model, (random_data(1)[0], swapped[1]), verbose=0)
    evaluate(model, sample)


def compiled(model):
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


def transfer(model):
    """The features of a model inside another."""
    features = keras.Model(model.inputs, model.layers[-1].input)
    features.trainable = False
    inputs = keras.Input((28, 28))
    return keras.Model(inputs, keras.layers.Dense(10, activation="softmax")(features(inputs)))


def saved_by_keras(model, tmp_path):
    model.save(tmp_path / "keras.keras")
    return keras.saving.load_model(tmp_path / "keras.keras")


def saved_by_us(model, tmp_path):
    export.save_model(model, tmp_path / "ours.keras", overwrite=True)
    return export.load_model(tmp_path / "ours.keras")


def weights_saved(model, tmp_path):
    model.save_weights(tmp_path / "model.weights.h5")
    fresh = keras.models.clone_model(model)
    fresh.load_weights(tmp_path / "model.weights.h5")
    return fresh


COPIES = {
    "the model itself": lambda model, _: model,
    "a clone with its weights": lambda model, _: clone(model),
    "a deep copy": lambda model, _: copy.deepcopy(model),
    "a pickle": lambda model, _: pickle.loads(pickle.dumps(model)),  # noqa: S301
    "a file of ours": saved_by_us,
    "a file of Keras's": saved_by_keras,
    "a file of weights": weights_saved,
    "a model on its layers": lambda model, _: keras.Model(model.inputs, model.outputs),
    "a model around it": lambda model, _: keras.Sequential([keras.Input((28, 28)), model]),
    "its features in another": lambda model, _: transfer(model),
    "compiled anew": lambda model, _: compiled(model),
}


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
@pytest.mark.parametrize("shipped", [True, False], ids=["shipped", "trained here"])
def test_every_copy_has_seen_what_the_model_has(copied, shipped, sample, tmp_path):
    if shipped:
        model = dense_relu(weights="mnist")
    else:
        model = train(dense_relu(seed=0), (sample.test, random_data(0)[1]))
    with pytest.raises(SeenDigitsError, match="train a fresh model"):
        evaluate(copied(model, tmp_path), sample)


def test_other_classes_and_no_top_keep_what_was_seen():
    assert seen_sources(dense_relu(weights="mnist", classes=26)) == {"mnist"}
    assert seen_sources(dense_relu(weights="mnist", include_top=False)) == {"mnist"}


@pytest.mark.parametrize("name", [name for name, row in SPECIES.items() if row.weights])
def test_shipped_parameters_are_known_in_a_model_that_nobody_marked(name, tmp_path, sample):
    model = create_model(name, weights="mnist")
    plain = keras.models.clone_model(model)
    plain.set_weights(model.get_weights())
    assert seen_sources(plain) == {"mnist"}


def test_a_fresh_model_of_the_same_seed_is_not_taken_for_a_trained_one(sample):
    still = linear(seed=3)
    train(still, sample, optimizer=keras.optimizers.SGD(0.0))
    assert seen_sources(still) == {"sample"}
    assert seen_sources(linear(seed=3)) == set()


def test_a_training_that_fails_has_seen_its_digits(sample):
    def fail(batch, logs):
        raise KeyError(batch)

    model = linear(seed=0)
    callback = keras.callbacks.LambdaCallback(on_train_batch_end=fail)
    with pytest.raises(KeyError):
        train(model, sample, callbacks=[callback])
    assert seen_sources(model) == seen_sources(clone(model)) == {"sample"}


def test_a_file_without_a_note_may_be_of_any_digits(tmp_path, sample):
    model = linear(seed=0)
    model.save(tmp_path / "theirs.keras")
    model.save_weights(tmp_path / "theirs.weights.h5")
    for loaded in (
        export.load_model(tmp_path / "theirs.keras"),
        linear(weights=tmp_path / "theirs.weights.h5"),
        linear(weights=tmp_path / "theirs.keras"),
    ):
        assert seen_sources(loaded) == {"unknown"}
        with pytest.raises(SeenDigitsError, match="a file that does not say what"):
            evaluate(loaded, sample)
        evaluate(loaded, random_data(0))


@pytest.mark.mnist
def test_a_file_without_a_note_is_tested_on_mnist(tmp_path, mnist):
    linear(seed=0).save(tmp_path / "theirs.keras")
    assert evaluate(export.load_model(tmp_path / "theirs.keras"), mnist).accuracy < 0.5


def test_a_file_of_ours_says_that_nothing_was_seen(tmp_path, sample):
    export.save_model(linear(seed=0), tmp_path / "fresh.keras")
    evaluate(export.load_model(tmp_path / "fresh.keras"), sample)


def test_a_file_does_not_repeat_what_is_in_the_package(tmp_path):
    export.save_model(dense_relu(weights="mnist"), tmp_path / "a.keras")
    with zipfile.ZipFile(tmp_path / "a.keras") as archive:
        assert provenance.NOTE in archive.namelist()
        assert provenance.DIGITS not in archive.namelist()
    seen = provenance.read_note(tmp_path / "a.keras")
    np.testing.assert_array_equal(seen.digits, provenance.shipped().digits)


def in_another_process(program, folder, backend=None):
    """Return what a program prints as JSON that runs in a folder; warnings of a user are errors."""
    environment = {**os.environ, "KERAS_BACKEND": backend or keras.backend.backend()}
    command = [sys.executable, "-W", "error::UserWarning", "-c", program]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


LOOK = """
import json, pickle
from pathlib import Path
from mnist_zoo import export
from mnist_zoo.models.provenance import seen_by

seen = {}
for path in Path().iterdir():
    model = pickle.loads(path.read_bytes()) if path.suffix == ".pickle" else export.load_model(path)
    seen[path.name] = [sorted(seen_by(model).sources), len(seen_by(model).digits)]
print(json.dumps(seen))
"""


@pytest.fixture(scope="module")
def written(tmp_path_factory, sample):
    """What Keras and Python write of a model that was trained here, and then by plain Keras."""
    folder = tmp_path_factory.mktemp("written")
    model = dense_relu(seed=0)
    callbacks = [
        keras.callbacks.ModelCheckpoint(folder / "epoch.keras"),
        keras.callbacks.ModelCheckpoint(folder / "within.keras", save_freq=3),
    ]
    train(model, sample, steps=None, epochs=1, callbacks=callbacks)
    model.save(folder / "saved.keras")
    copied = copy.deepcopy(model)
    copied.save(folder / "copied.keras")
    (folder / "model.pickle").write_bytes(pickle.dumps(model))
    (folder / "copied.pickle").write_bytes(pickle.dumps(copied))
    keras.Sequential([keras.Input((28, 28)), model]).save(folder / "around.keras")
    compiled(model).fit(*sample.test, epochs=1, verbose=0)
    model.save(folder / "fitted.keras")
    (folder / "fitted.pickle").write_bytes(pickle.dumps(model))
    (folder / "fitted copy.pickle").write_bytes(pickle.dumps(copy.deepcopy(model)))
    export.save_model(model, folder / "ours.keras")
    return folder


def test_another_process_knows_what_was_seen_in_files_and_pickles_of_keras(written):
    seen = in_another_process(LOOK, written)
    known, changed = [["sample"], 4000], [["sample", "unknown"], 4000]
    assert seen == {
        "epoch.keras": known,
        "saved.keras": known,
        "copied.keras": known,
        "model.pickle": known,
        "copied.pickle": known,
        "within.keras": changed,
        "fitted.keras": changed,
        "fitted.pickle": changed,
        "fitted copy.pickle": changed,
        "ours.keras": changed,
        "around.keras": [["unknown"], 0],
    }


def test_another_backend_knows_what_was_seen(written):
    assert in_another_process(LOOK, written, "numpy")["saved.keras"] == [["sample"], 4000]


def test_plain_keras_reads_what_was_written_without_this_package_and_without_a_warning(written):
    program = """
import json, pickle, sys
from pathlib import Path
sys.modules["mnist_zoo"] = None  # An import of it fails.
import keras

for path in Path().iterdir():
    if path.suffix == ".pickle":
        model = pickle.loads(path.read_bytes())
    else:
        model = keras.saving.load_model(path, safe_mode=True)
    pickle.loads(pickle.dumps(model))
    keras.models.clone_model(model).set_weights(model.get_weights())
print(json.dumps(sorted(path.name for path in Path().iterdir())))
"""
    assert in_another_process(program, written) == sorted(path.name for path in written.iterdir())


def test_a_deep_copy_keeps_what_was_seen_when_others_train_it(sample):
    model = copy.deepcopy(train(dense_relu(seed=0), sample))
    compiled(model).fit(*random_data(0)[0], verbose=0)
    assert len(provenance.seen_by(model).digits) == 4000
    around = keras.Model(model.inputs, model.layers[-1].output)
    assert len(provenance.seen_by(around).digits) == 4000
    assert seen_sources(copy.deepcopy(model)) == {"sample", "unknown"}


def test_the_best_epoch_is_known_when_it_is_restored(sample, tmp_path):
    model = linear(seed=0)
    checkpoint = keras.callbacks.ModelCheckpoint(
        tmp_path / "{epoch}.weights.h5", save_weights_only=True
    )
    train(model, sample, steps=None, epochs=2, callbacks=[checkpoint])
    model.load_weights(tmp_path / "1.weights.h5")
    model.save(tmp_path / "best.keras")
    assert provenance.read_note(tmp_path / "best.keras").sources == {"sample"}


def test_a_model_that_saves_assets_of_its_own_still_does(sample, tmp_path):
    class WithAssets(keras.Sequential):
        def save_assets(self, folder):
            (Path(folder) / "own.txt").write_text("kept")

    model = train(WithAssets([keras.Input((28, 28)), linear(seed=0)]), sample)
    model.save(tmp_path / "theirs.keras")
    with zipfile.ZipFile(tmp_path / "theirs.keras") as archive:
        assert archive.read("assets/own.txt") == b"kept"
    assert provenance.read_note(tmp_path / "theirs.keras").sources == {"unknown"}
    export.save_model(model, tmp_path / "ours.keras")
    assert provenance.read_note(tmp_path / "ours.keras").sources == {"sample"}


def test_a_model_is_saved_without_a_note_if_that_cannot_be_written(tmp_path, monkeypatch):
    def full(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    dense_relu(weights="mnist").save(tmp_path / "a.keras")
    assert seen_sources(keras.saving.load_model(tmp_path / "a.keras")) == {"mnist"}
    assert provenance.read_note(tmp_path / "a.keras").sources == {"unknown"}


def test_a_damaged_note_of_a_pickle_means_unknown_digits():
    model = pickle.loads(pickle.dumps(linear(seed=0)))  # noqa: S301
    vars(model)[provenance.ATTRIBUTE] = {provenance.NOTE: b"{"}
    with pytest.warns(UserWarning, match="linear: its note .* is damaged"):
        assert seen_sources(model) == {"unknown"}


def npy(array, shape=None):
    with io.BytesIO() as file:
        np.save(file, array)
        header, content = file.getvalue()[:128], file.getvalue()[128:]
    if shape:
        header = header.replace(b"(3,), }", b"(%d,), }" % shape)
    return header + content


NOTE = b'{"trained_on": ["arrays"], "all_training_digits_of_mnist": false}'
DAMAGED = {
    "not JSON": (b"{", None),
    "not text": (b"\xff", None),
    "a list": (b"[]", None),
    "nested deeply": (b"[" * 100_000, None),
    "without names": (b'{"all_training_digits_of_mnist": false}', None),
    "a name": (NOTE.replace(b'["arrays"]', b'"arrays"'), None),
    "numbers for names": (NOTE.replace(b'"arrays"', b"1"), None),
    "digits that are text": (NOTE, b"digits"),
    "other numbers": (NOTE, npy(np.zeros(3, np.float32))),
    "other dimensions": (NOTE, npy(np.zeros((3, 1), np.uint32))),
    "objects": (NOTE, npy(np.array([print], object))),
    "a huge array that is not there": (NOTE, npy(np.zeros(3, np.uint32), shape=10**12)),
    "an array that is longer": (NOTE, npy(np.zeros(3, np.uint32)) + b"more"),
}


@pytest.mark.parametrize(("note", "digits"), DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_note_is_ignored_with_a_warning(note, digits, tmp_path):
    linear().save(tmp_path / "a.keras")
    with zipfile.ZipFile(tmp_path / "a.keras", "a") as archive:
        archive.writestr(provenance.NOTE, note)
        if digits is not None:
            archive.writestr(provenance.DIGITS, digits)
    with pytest.warns(UserWarning, match="its note .* is ignored .* trained on unknown digits"):
        loaded = export.load_model(tmp_path / "a.keras")
    assert seen_sources(loaded) == {"unknown"}
    with pytest.warns(UserWarning, match="its note of the digits .* is damaged"):
        loaded = linear(weights=tmp_path / "a.keras")
    assert seen_sources(loaded) == {"unknown"}


@pytest.mark.parametrize("name", [provenance.NOTE, provenance.DIGITS])
def test_a_note_that_unpacks_to_far_more_is_ignored_unread(name, tmp_path, monkeypatch):
    monkeypatch.setitem(provenance.LARGEST, name, 1 << 16)
    note = {provenance.NOTE: NOTE, provenance.DIGITS: npy(np.zeros(3, np.uint32))}
    note[name] = bytes(1 << 20)
    linear().save(tmp_path / "a.keras")
    with zipfile.ZipFile(tmp_path / "a.keras", "a", zipfile.ZIP_DEFLATED) as archive:
        for member, content in note.items():
            archive.writestr(member, content)
    with pytest.warns(UserWarning, match=f"{name} unpacks to 1048576 bytes, more than 65536"):
        assert provenance.read_note(tmp_path / "a.keras").sources == {"unknown"}


@pytest.mark.mnist
def test_the_shipped_fingerprints_are_those_of_mnists_training_digits(mnist):
    stored = np.load(FOLDER / f"{provenance.SHIPPED_FILE}.npy")
    np.testing.assert_array_equal(stored, np.unique(fingerprints(mnist.train.x)))
    assert MNIST.name in provenance.shipped().sources


def test_trainings_on_the_same_digits_share_what_is_remembered(sample):
    models = [train(linear(seed=seed), sample) for seed in range(3)]
    clones = [provenance.seen_by(clone(model)) for model in models]
    assert clones[0].digits is clones[1].digits is clones[2].digits


def test_a_checkpoint_of_an_epoch_is_known(sample, tmp_path):
    model = linear(seed=0)
    checkpoint = keras.callbacks.ModelCheckpoint(tmp_path / "{epoch}.keras")
    data = (sample.test, random_data(0)[1])
    train(model, data, steps=None, epochs=3, callbacks=[checkpoint])
    for epoch in (1, 2, 3):
        with pytest.raises(SeenDigitsError):
            evaluate(keras.saving.load_model(tmp_path / f"{epoch}.keras"), sample)


def test_a_frozen_part_that_is_shared_has_learned_nothing():
    base = dense_relu(weights="mnist", include_top=False)
    base.trainable = False
    (x, y), _ = random_data(3, digits=90)

    def fold(train_digits, test_digits):
        layers = [keras.Input((28, 28)), base, keras.layers.Dense(10, activation="softmax")]
        model = keras.Sequential(layers)
        train(model, ((x[train_digits], y[train_digits]), (x[test_digits], y[test_digits])))
        return model

    first, last = slice(0, 60), slice(30, 90)
    assert seen_sources(fold(first, slice(60, 90))) == {"mnist", "arrays"}
    fold(last, slice(0, 30))


@pytest.mark.mnist
def test_a_part_of_mnist_stays_a_part_in_a_file(mnist, sample, tmp_path):
    some = dataclasses.replace(mnist, train=Split(*(part[:500] for part in mnist.train)))
    model = train(linear(seed=0), some)
    export.save_model(model, tmp_path / "a.keras")
    loaded = export.load_model(tmp_path / "a.keras")
    assert len(provenance.seen_by(loaded).digits) == 500
    others = Split(*(part[50_000:51_000] for part in mnist.train))
    evaluate(loaded, (sample.train, others))


def test_seen_digits_between_others_are_found(sample):
    model = train(linear(seed=0), (sample.test, random_data(0)[1]))
    x, y = random_data(9, digits=1000)[0]
    mixed = np.stack([x, sample.test.x], axis=1).reshape(-1, 28, 28)
    with pytest.raises(SeenDigitsError, match="% of the test digits"):
        evaluate(model, (sample.train, (mixed, np.stack([y, sample.test.y], axis=1).ravel())))


def test_a_few_pictures_that_a_data_set_holds_twice_are_no_reason_to_refuse():
    (x, y), (x_test, y_test) = random_data(0)
    x_test[:3] = x[:3]
    train(linear(), ((x, y), (x_test, y_test)))


# Steps that a program may take with a model, each with the digits that it adds.
STEPS = {
    "train on the sample": lambda model, sample, _: (train(model, sample), sample.train.x),
    "train on its test digits": lambda model, sample, _: (
        train(model, (sample.test, random_data(5)[1])),
        sample.test.x,
    ),
    "train on a part of them, flat and scaled": lambda model, sample, _: (
        train(model, ((255 * sample.test.x[:500] / 256, sample.test.y[:500]), random_data(5)[1])),
        sample.test.x[:500],
    ),
    "train on noise": lambda model, _, __: (train(model, random_data(7)), None),
    "save and load": lambda model, _, path: (saved_by_us(model, path), None),
    "save and load by Keras": lambda model, _, path: (saved_by_keras(model, path), None),
    "clone": lambda model, _, __: (clone(model), None),
    "deep copy": lambda model, _, __: (copy.deepcopy(model), None),
    "compile": lambda model, _, __: (
        model.compile("sgd", "sparse_categorical_crossentropy") or model,
        None,
    ),
    "put inside another": lambda model, _, __: (
        keras.Sequential([keras.Input((28, 28)), model]),
        None,
    ),
}
STARTS = {
    "fresh": lambda: (linear(seed=0), False),
    "shipped": lambda: (linear(weights="mnist"), True),
}


@pytest.mark.slow
@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    start=st.sampled_from(sorted(STARTS)),
    steps=st.lists(st.sampled_from(sorted(STEPS)), max_size=4),
)
def test_no_sequence_of_steps_lets_seen_digits_be_scored(start, steps, sample, tmp_path):
    model, seen = STARTS[start]()
    for step in steps:
        try:
            model, digits = STEPS[step](model, sample, tmp_path)
        except SeenDigitsError:
            assert seen, (start, steps)
            continue
        seen = seen or (digits is not None and digits is not sample.train.x)
    if seen:
        with pytest.raises(SeenDigitsError):
            evaluate(model, sample)
        with pytest.raises(SeenDigitsError):
            evaluate(model, (sample.train, (sample.test.x[::-1] / 2, sample.test.y[::-1])))
    else:
        evaluate(model, sample)
