"""strings: how many digits a shape is, where they are, and what they are."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from PIL import Image, ImageDraw

from mnist_zoo.errors import ChecksumError
from mnist_zoo.models import shipped
from mnist_zoo.pictures import strings
from mnist_zoo.pictures.strings import (
    BOX,
    EDGE,
    EVERY,
    HEIGHT,
    MOST,
    STEPS,
    WIDTH,
    Strings,
    count_probabilities,
    most_probable,
    read_strings,
    string_form,
)


def random_steps(rng, n, columns, symbols):
    """Probabilities of each symbol in each column."""
    powers = np.exp(2.0 * rng.normal(size=(n, columns, symbols)))
    return (powers / powers.sum(axis=2, keepdims=True)).astype(np.float32)


def collapsed(path):
    """The reading of a path of symbols: repetitions left out, then what is nothing new."""
    return [symbol for symbol, _ in itertools.groupby(path) if symbol]


def drawn(*lines, width=8, size=(100, 100)):
    """Ink of lines through points, cut to its box."""
    image = Image.new("L", size)
    for points in lines:
        ImageDraw.Draw(image).line(points, 255, width, joint="curve")
    ink = np.asarray(image, np.float32) / 255
    rows, columns = (np.flatnonzero(ink.any(axis=axis)) for axis in (1, 0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def box_of(digit):
    """The ink of one of MNIST's digits, cut to its box and enlarged."""
    rows, columns = (np.flatnonzero((digit > 0.3).any(axis=axis)) for axis in (1, 0))
    cut = digit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    size = 4 * cut.shape[1], 4 * cut.shape[0]
    return np.asarray(Image.fromarray(cut).resize(size, Image.Resampling.BICUBIC)).clip(0, 1)


def beside(one, other):
    """Two digits of one height that touch: the other is moved left until it meets the one."""
    height = max(len(one), len(other))
    one, other = (np.pad(ink, ((0, height - len(ink)), (0, 0))) for ink in (one, other))
    for overlap in range(min(one.shape[1], other.shape[1])):
        if ((one[:, -overlap - 1 :] > 0.5) & (other[:, : overlap + 1] > 0.5)).any():
            break
    ink = np.zeros((height, one.shape[1] + other.shape[1] - overlap - 1), np.float32)
    ink[:, : one.shape[1]] = one
    np.maximum(ink[:, -other.shape[1] :], other, out=ink[:, -other.shape[1] :])
    return ink


def test_the_number_of_digits_is_as_probable_as_all_ways_to_read_it():
    steps = random_steps(np.random.default_rng(0), 3, 6, 3)
    counts = count_probabilities(steps)
    for each, found in zip(steps, counts, strict=True):
        expected = np.zeros(MOST + 1)
        for path in itertools.product(range(3), repeat=6):
            probability = math.prod(float(each[k, symbol]) for k, symbol in enumerate(path))
            expected[min(len(collapsed(path)), MOST)] += probability
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_many_digits_count_as_the_most():
    steps = np.full((1, 20, 11), 1e-4, np.float32)
    steps[0, np.arange(20), np.arange(20) % 2 + 1] = 1.0
    assert count_probabilities(steps)[0].argmax() == MOST
    assert (
        len(most_probable(Strings(count_probabilities(steps), steps, np.array([40])), 0)[0]) == 20
    )


def test_the_most_probable_reading_says_where_its_digits_are_and_which():
    steps = np.full((1, STEPS, 11), 0.01, np.float32)
    steps[0, :, 0] = 0.9
    steps[0, 3:5, 1 + 7] = 2.0
    steps[0, 9, 1 + 7] = 2.0
    strings_ = Strings(count_probabilities(steps), steps, np.array([40]))
    digits = most_probable(strings_, 0)
    assert digits.probabilities.argmax(axis=1).tolist() == [7, 7]
    np.testing.assert_allclose(digits.probabilities.sum(axis=1), 1.0, rtol=1e-6)
    assert digits.places == [(EVERY * 4 - EDGE) / 40, (EVERY * 9.5 - EDGE) / 40]


def test_without_digits_a_reading_is_empty():
    steps = np.zeros((1, STEPS, 11), np.float32)
    steps[0, :, 0] = 1.0
    digits = most_probable(Strings(count_probabilities(steps), steps, np.array([20])), 0)
    assert digits.places == []
    assert digits.probabilities.shape == (0, 10)


@pytest.mark.parametrize(("shape", "width"), [((60, 30), 10), ((20, 20), 20), ((300, 600), 40)])
def test_ink_is_drawn_as_high_as_a_digit(shape, width):
    image, taken = string_form(np.ones(shape, np.float32))
    assert image.shape == (HEIGHT, WIDTH)
    assert taken == width
    rows, columns = (np.flatnonzero((image > 0.5).any(axis=axis)) for axis in (1, 0))
    assert (rows[0], rows[-1]) == (EDGE, HEIGHT - EDGE - 1)
    assert (columns[0], columns[-1]) == (EDGE, EDGE + width - 1)
    assert len(rows) == BOX


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1), (3, 2000)])
def test_ink_of_any_shape_fits(shape):
    image, taken = string_form(np.ones(shape, np.float32))
    assert 1 <= taken <= WIDTH - 2 * EDGE
    assert 0.0 <= image.min() < image.max() <= 1.0


def test_of_no_shapes_nothing_is_read():
    assert read_strings([]).counts.shape == (0, MOST + 1)


def test_nearly_every_digit_counts_as_one(sample):
    counts = read_strings([box_of(digit) for digit in sample.test.x[:200]]).counts
    assert (counts.argmax(axis=1) == 1).mean() >= 0.97
    assert (counts[:, 0] > 0.9).mean() <= 0.01


def test_pairs_that_touch_are_counted_and_read(sample):
    x, y = sample.test.x[:120], sample.test.y[:120]
    pairs = [beside(box_of(x[k]), box_of(x[k + 1])) for k in range(0, 120, 2)]
    read = read_strings(pairs)
    assert (read.counts[:, 2] > 0.5).mean() >= 0.9
    labels = [most_probable(read, k).probabilities.argmax(axis=1).tolist() for k in range(60)]
    right = [labels[k] == y[2 * k : 2 * k + 2].tolist() for k in range(60)]
    assert np.mean(right) >= 0.8


@pytest.mark.parametrize(
    "ink",
    [
        drawn([(5, 50), (95, 45)]),
        drawn([(5, 95), (5, 5), (95, 5)], width=14),
        drawn([(5, 50), (50, 60), (95, 30)], [(50, 60), (60, 95)], width=4),
        np.tril(np.ones((50, 80), np.float32)),
    ],
    ids=["dash", "corner", "creases", "wedge"],
)
def test_what_is_no_digit_is_none(ink):
    assert read_strings([ink]).counts[0, 0] > 0.9


def test_numpy_computes_what_keras_does():
    from tools.train_strings import network, with_softmax

    model = network()
    shipped.set_parameters(model, shipped.read_parameters(strings.FILE))
    images = np.random.default_rng(0).random((20, HEIGHT, WIDTH, 1), np.float32)
    expected = with_softmax(model).predict(images, verbose=0)
    np.testing.assert_allclose(strings._network()(images), expected, atol=1e-5)


def test_damaged_parameters_are_refused(tmp_path, monkeypatch):
    for name in (f"{strings.FILE}.json", f"{strings.FILE}.npz"):
        (tmp_path / name).write_bytes((shipped.FOLDER / name).read_bytes())
    path = tmp_path / f"{strings.FILE}.npz"
    path.write_bytes(path.read_bytes()[:-1])
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    with pytest.raises(ChecksumError):
        shipped.read_parameters(strings.FILE)
