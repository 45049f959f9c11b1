"""Arrays whose memory TensorFlow and JAX take as it is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mnist_zoo import load_mnist
from mnist_zoo.data.memory import ALIGNMENT, aligned_empty, as_aligned


def address(array):
    return array.ctypes.data


@given(arrays.array_shapes(), st.sampled_from(["uint8", "float16", "float32", "int64"]))
def test_an_aligned_array_has_its_shape_its_type_and_such_an_address(shape, dtype):
    array = aligned_empty(shape, dtype)
    assert array.shape == shape
    assert array.dtype == dtype
    assert address(array) % ALIGNMENT == 0
    assert array.flags.c_contiguous
    assert array.flags.writeable


def test_an_aligned_array_is_shared():
    array = aligned_empty((3, 4), "float32")
    assert as_aligned(array) is array


def read_only(array):
    array.flags.writeable = False
    return array


@pytest.mark.parametrize(
    "change",
    [lambda a: a[1:], lambda a: a.T, lambda a: a[::2], read_only],
    ids=["shifted", "transposed", "stepped", "read-only"],
)
def test_any_other_array_is_copied(change):
    array = aligned_empty((5, 7), "float32")
    array[:] = np.arange(35).reshape(5, 7)
    other = change(array)
    copy = as_aligned(other)
    assert not np.shares_memory(copy, array)
    assert address(copy) % ALIGNMENT == 0
    np.testing.assert_array_equal(copy, other)


def test_loaded_digits_need_no_copy():
    x = load_mnist(source="sample").train.x
    assert as_aligned(x) is x
