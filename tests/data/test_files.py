"""files: the files that MNIST comes in."""

from __future__ import annotations

import gzip
import hashlib
import io
import pickle
import resource
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mnist_zoo import ChecksumError
from mnist_zoo.data import MNIST, files

# The MD5 of the raw IDX files as published by LeCun, Cortes and Burges.
IDX_MD5 = {
    "x_train": "6bbc9ace898e44ae57da46a324031adb",
    "y_train": "a25bea736e30d166cdddb491f175f624",
    "x_test": "2646ac647ad5339dbf082846283269ea",
    "y_test": "27ae3e4e09519cfbb04c329615203637",
}


def write_idx(folder, tiny, packed, rename=lambda name: name):
    folder.mkdir(parents=True)
    for spec in tiny.dataset.arrays:
        content = tiny.idx(spec.key)
        name = rename(spec.idx_name) + (".gz" if packed else "")
        (folder / name).write_bytes(gzip.compress(content) if packed else content)
    return folder


def assert_same(arrays, tiny):
    for key, array in tiny.arrays.items():
        np.testing.assert_array_equal(arrays[key], array)


@pytest.mark.mnist
def test_the_digests_are_those_of_the_published_idx_files(mnist):
    specs = {spec.key: spec for spec in MNIST.arrays}
    arrays = {
        "x_train": np.round(mnist.train.x * 255).astype(np.uint8),
        "y_train": mnist.train.y.astype(np.uint8),
        "x_test": np.round(mnist.test.x * 255).astype(np.uint8),
        "y_test": mnist.test.y.astype(np.uint8),
    }
    for key, array in arrays.items():
        assert files.sha256(array) == specs[key].sha256
        header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
        digest = hashlib.md5(header + array.tobytes(), usedforsecurity=False).hexdigest()
        assert digest == IDX_MD5[key]


def test_an_npz_file_is_read(tiny, tmp_path):
    assert_same(files.read(tiny.write(tmp_path / "any-name.npz"), tiny.dataset), tiny)


def test_a_folder_with_an_npz_is_read(tiny, tmp_path):
    tiny.write(tmp_path / "mnist.npz")
    assert_same(files.read(tmp_path, tiny.dataset), tiny)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("dotted", [False, True])
def test_a_folder_of_idx_files_is_read(tiny, tmp_path, packed, dotted):
    folder = write_idx(
        tmp_path / "idx",
        tiny,
        packed,
        (lambda name: name.replace("-idx", ".idx")) if dotted else (lambda name: name),
    )
    assert_same(files.read(folder, tiny.dataset), tiny)


def test_a_gzipped_idx_file_without_the_ending_is_read(tiny, tmp_path):
    folder = write_idx(tmp_path / "idx", tiny, packed=True)
    for file in folder.iterdir():
        file.rename(file.with_suffix(""))
    assert_same(files.read(folder, tiny.dataset), tiny)


def test_what_is_written_is_read_again(tiny, tmp_path):
    with (tmp_path / "mnist.npz").open("wb") as file:
        files.write_npz(file, tiny.arrays)
    assert_same(files.read(tmp_path, tiny.dataset), tiny)


def test_a_missing_path_is_not_found(tiny, tmp_path):
    with pytest.raises(FileNotFoundError, match="no such file or folder"):
        files.read(tmp_path / "nowhere", tiny.dataset)


def test_a_folder_without_one_of_the_files_names_it(tiny, tmp_path):
    folder = write_idx(tmp_path / "idx", tiny, packed=False)
    (folder / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(FileNotFoundError, match=r"neither mnist\.npz nor t10k-labels-idx1-ubyte"):
        files.read(folder, tiny.dataset)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"x_test": np.zeros((20, 28, 28), np.uint8)},
            "x_test is not that of MNIST: expected the SHA",
        ),
        ({"x_test": np.zeros((20, 784), np.uint8)}, r"shape \(20, 28, 28\), found uint8 of shape"),
        ({"y_test": np.zeros(20, np.int64)}, "expected uint8 .* found int64"),
        ({"y_test": np.array([{}] * 20)}, "is no complete npz archive"),
    ],
    ids=["other digits", "other shape", "other type", "pickled objects"],
)
def test_an_npz_of_something_else_is_refused(tiny, tmp_path, change, message):
    np.savez(tmp_path / "mnist.npz", **{**tiny.arrays, **change})
    with pytest.raises(ChecksumError, match=message):
        files.read(tmp_path, tiny.dataset)


def test_an_npz_without_one_of_the_arrays_names_it(tiny, tmp_path):
    np.savez(tmp_path / "mnist.npz", x_train=tiny.arrays["x_train"])
    with pytest.raises(ChecksumError, match=r"has no array .*y_train"):
        files.read(tmp_path, tiny.dataset)


def test_a_single_array_is_refused(tiny, tmp_path):
    np.save(tmp_path / "mnist.npy", tiny.arrays["x_train"])
    with pytest.raises(ChecksumError, match="is no complete npz archive"):
        files.read(tmp_path / "mnist.npy", tiny.dataset)


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-1],
        lambda content: content + b"\0",
        lambda content: b"\x00\x00\x0d" + content[3:],
        lambda content: b"",
    ],
    ids=["one byte short", "one byte long", "other type", "empty"],
)
def test_an_idx_file_of_another_size_or_type_is_refused(tiny, tmp_path, damage):
    folder = write_idx(tmp_path / "idx", tiny, packed=False)
    file = folder / "train-images-idx3-ubyte"
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(ChecksumError, match="is not the IDX file train-images-idx3-ubyte"):
        files.read(folder, tiny.dataset)


@pytest.mark.parametrize("keep", [3, 20, -4])
def test_a_truncated_gzip_file_is_refused(tiny, tmp_path, keep):
    folder = write_idx(tmp_path / "idx", tiny, packed=True)
    file = folder / "train-images-idx3-ubyte.gz"
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(ChecksumError, match="is no complete gzip file"):
        files.read(folder, tiny.dataset)


def test_a_gzip_bomb_is_unpacked_no_further_than_it_should_reach(tiny, tmp_path):
    folder = write_idx(tmp_path / "idx", tiny, packed=True)
    (folder / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(bytes(10**7)))
    with pytest.raises(ChecksumError, match="found at least 49 that begin"):
        files.read(folder, tiny.dataset)


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_no_damage_gets_digits_past_that_are_not_the_right_ones(tiny, tmp_path, data):
    packed = io.BytesIO()
    np.savez_compressed(packed, **tiny.arrays)
    content = bytearray(packed.getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        position = data.draw(st.integers(0, len(content) - 1))
        content[position] = data.draw(st.integers(0, 255))
    cut = data.draw(st.none() | st.integers(0, len(content)))
    (tmp_path / "mnist.npz").write_bytes(content[:cut])
    try:
        arrays = files.read(tmp_path, tiny.dataset)
    except ChecksumError:
        return
    assert_same(arrays, tiny)


@pytest.mark.skipif(not hasattr(resource, "getrusage"), reason="memory is not counted here")
def test_a_bomb_is_refused_before_it_is_unpacked(tiny, tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "mnist.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        for spec in tiny.dataset.arrays:
            with archive.open(f"{spec.key}.npy", "w") as member:
                header = {"descr": "|u1", "fortran_order": False, "shape": (300_000_000,)}
                np.lib.format.write_array_header_1_0(member, header)
                for _ in range(300):
                    member.write(bytes(1_000_000))
    assert (tmp_path / "mnist.npz").stat().st_size < 2_000_000
    monkeypatch.setattr(files, "largest_file", lambda dataset: 2_000_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ChecksumError, match="x_train: expected uint8 of shape"):
        files.read(tmp_path, tiny.dataset)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150_000  # KiB


def test_a_file_that_is_far_too_large_is_not_read(tiny, tmp_path):
    with (tmp_path / "mnist.npz").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(ChecksumError, match="larger than any npz of MNIST"):
        files.read(tmp_path, tiny.dataset)


def test_no_message_advises_to_allow_pickles(tiny, tmp_path):
    for content in (b"<html>Please log in</html>", pickle.dumps([1]), b"\x93NUMPY"):
        (tmp_path / "mnist.npz").write_bytes(content)
        with pytest.raises(ChecksumError) as caught:
            files.read(tmp_path, tiny.dataset)
        assert "pickle" not in str(caught.value)
