"""forward: the shipped parameters by NumPy compute what the Keras models compute."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from mnist_zoo import ChecksumError, create_model, linear, predict_probabilities
from mnist_zoo.models import forward, shipped
from mnist_zoo.models.layers import describe_layers
from mnist_zoo.models.species import SPECIES


@pytest.mark.parametrize("name", [name for name, row in SPECIES.items() if row.weights])
def test_numpy_computes_what_keras_computes(name, sample):
    x = sample.test.x[:200]
    model = create_model(name, weights="mnist")
    np.testing.assert_allclose(
        predict_probabilities(x, name), model.predict(x, verbose=0), rtol=1e-4, atol=1e-6
    )
    np.testing.assert_allclose(
        predict_probabilities(x, name), predict_probabilities(x, model), rtol=1e-4, atol=1e-6
    )


def by_numpy(name):
    """A model of convolutions with random parameters, as NumPy runs it."""
    model = create_model(name, seed=0)
    parameters = {weight.path: np.asarray(weight) for weight in model.weights}
    return forward.numpy_model(describe_layers(model), parameters)


def test_many_pictures_at_once_get_what_each_gets_alone(sample, monkeypatch):
    monkeypatch.setattr(forward, "VALUES_AT_A_TIME", 28 * 28 * 6 * 7)
    x, run = sample.test.x[:100], by_numpy("lenet5")
    alone = np.concatenate([run(picture[None]) for picture in x])
    np.testing.assert_allclose(run(x), alone, atol=1e-6)
    assert run(x[:0]).shape == (0, 10)


def test_threads_that_predict_at_once_leave_numpy_its_threads(sample):
    x, run = sample.test.x[:200], by_numpy("lenet5")
    before = [pool["num_threads"] for pool in threadpool_info()]
    with ThreadPoolExecutor(4) as pool:
        one, *others = pool.map(run, [x] * 8)
    assert [pool["num_threads"] for pool in threadpool_info()] == before
    for other in others:
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_model_runs_in_no_more_threads_than_numpy_may_have(sample, monkeypatch, threads):
    x, run = sample.test.x[:400], by_numpy("lenet5")
    used = set()

    def noted(*arguments, run_layers=forward.run_layers):
        used.add(threading.get_ident())
        return run_layers(*arguments)

    monkeypatch.setattr(forward, "run_layers", noted)
    with threadpool_limits(threads, "blas"):
        run(x)
    assert 1 <= len(used) <= threads


@pytest.mark.parametrize("shape", [(-1, 28, 28), (-1, 28, 28, 1), (-1, 784)])
def test_pictures_may_be_flat_or_not(shape, sample):
    x = sample.test.x[:5]
    expected = predict_probabilities(x)
    assert expected.dtype == np.float32
    np.testing.assert_array_equal(predict_probabilities(x.reshape(shape)), expected)
    flat = linear(input_shape=(784,), seed=0)
    assert predict_probabilities(x, flat).shape == (5, 10)


def test_logits_become_probabilities(sample):
    x = sample.test.x[:5]
    logits = linear(weights="mnist", classifier_activation=None)
    np.testing.assert_allclose(
        predict_probabilities(x, logits), predict_probabilities(x, "linear"), rtol=1e-4, atol=1e-6
    )


def test_no_pictures_have_no_probabilities():
    assert predict_probabilities(np.zeros((0, 28, 28))).shape == (0, 10)
    assert predict_probabilities(np.zeros((0, 28, 28)), linear()).shape == (0, 10)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((28, 28)), r"image\[None\]; got \(28, 28\)"),
        (np.zeros((3, 27, 28)), r"got \(3, 27, 28\)"),
        (np.full((1, 28, 28), 255.0), "found 255 to 255. Divide bytes by 255"),
        (np.full((1, 28, 28), np.nan), "must be in"),
    ],
)
def test_what_is_no_picture_is_refused(images, message):
    with pytest.raises(ValueError, match=message):
        predict_probabilities(images)


def test_an_unknown_model_is_named():
    with pytest.raises(ValueError, match="'lenet'"):
        predict_probabilities(np.zeros((1, 28, 28)), "lenet")


def test_damaged_parameters_are_refused(monkeypatch, tmp_path):
    for name in ("linear.npz", "linear.json"):
        (tmp_path / name).write_bytes((shipped.FOLDER / name).read_bytes())
    content = bytearray((tmp_path / "linear.npz").read_bytes())
    content[-1] ^= 1
    (tmp_path / "linear.npz").write_bytes(content)
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    forward._shipped_model.cache_clear()
    with pytest.raises(ChecksumError, match="reinstall mnist-zoo"):
        predict_probabilities(np.zeros((1, 28, 28)), "linear")


def test_a_model_that_diverged_is_refused():
    model = linear()
    model.set_weights([np.full(weight.shape, np.nan) for weight in model.get_weights()])
    assert isinstance(model, keras.Model)
    with pytest.raises(ValueError, match="not all finite"):
        predict_probabilities(np.zeros((1, 28, 28)), model)
