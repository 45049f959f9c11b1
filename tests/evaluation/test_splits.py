"""splits: a split in whatever form people have it becomes a pair of arrays."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from mnist_zoo import evaluate, linear
from mnist_zoo.evaluation.splits import as_pair


@pytest.fixture(scope="module")
def pair():
    rng = np.random.default_rng(0)
    return rng.random((25, 28, 28), np.float32), rng.integers(0, 10, 25)


def as_lists(x, y):
    return x.tolist(), y.tolist()


def as_frames(x, y):
    pandas = pytest.importorskip("pandas")
    return pandas.DataFrame(x.reshape(len(x), -1)), pandas.Series(y, name="digit")


def as_frames_of_one_column(x, y):
    pandas = pytest.importorskip("pandas")
    return pandas.DataFrame(x.reshape(len(x), -1)), pandas.DataFrame({"digit": y})


def as_tf_dataset(x, y):
    tf = pytest.importorskip("tensorflow")
    return tf.data.Dataset.from_tensor_slices((x, y)).batch(10)


def as_loader(x, y):
    torch = pytest.importorskip("torch")
    digits = torch.utils.data.TensorDataset(torch.tensor(x), torch.tensor(y))
    return torch.utils.data.DataLoader(digits, batch_size=10)


def as_generator(x, y):
    return ((x[start : start + 10], y[start : start + 10]) for start in range(0, len(x), 10))


def as_py_dataset(x, y):
    class Batches(keras.utils.PyDataset):
        def __len__(self):
            return 3

        def __getitem__(self, number):
            return x[10 * number : 10 * number + 10], y[10 * number : 10 * number + 10]

    return Batches()


def as_two_batches(x, y):
    return [(x[:10], y[:10]), (x[10:], y[10:])]


FORMS = [
    *(as_lists, as_frames, as_frames_of_one_column, as_tf_dataset, as_loader, as_generator),
    *(as_py_dataset, as_two_batches),
]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_digits_in_the_same_order(pair, form):
    x, y = as_pair("test", form(*pair))
    np.testing.assert_array_equal(x.reshape(25, 28, 28).astype(np.float32), pair[0])
    np.testing.assert_array_equal(y, pair[1])
    assert y.shape == (25,)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_evaluated_the_same(pair, form):
    model = linear(seed=0)
    expected = evaluate(model, (pair, pair)).probabilities
    found = evaluate(model, (None, form(*pair))).probabilities
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_digits_one_at_a_time_are_refused_with_what_to_do(pair):
    with pytest.raises(ValueError, match=r"gives one digit at a time.*\.batch\(1000\)"):
        as_pair("test", zip(*pair, strict=True))


def test_what_repeats_for_ever_is_refused_and_not_waited_for(pair):
    with pytest.raises(ValueError, match=r"train split repeats for ever: leave out \.repeat\(\)"):
        as_pair("train", as_tf_dataset(*pair).repeat())


@pytest.mark.parametrize(
    ("split", "message"),
    [
        ([], "the test split is empty"),
        (3, "must be a pair of arrays .* got int"),
        ("digits.csv", "must be a pair of arrays .* got str"),
        (np.zeros((9, 28, 28)), "must be a pair of arrays .* got ndarray"),
        ([np.zeros((9, 28, 28))] * 3, "one of its batches is of ndarray"),
        ((3, 4), "of many digits each"),
        ([(np.zeros((9, 28, 28)), np.zeros(9), np.ones(9))] * 3, "is of tuple of 3 parts"),
    ],
)
def test_anything_else_is_refused_in_words(split, message):
    with pytest.raises(ValueError, match=message):
        as_pair("test", split)
