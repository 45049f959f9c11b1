"""parting: digits that touch are cut apart, the parts of broken ones joined, and others left."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra import numpy as hnp
from PIL import Image

from benchmarks import phone, writing
from benchmarks.writing import Pen, Style
from mnist_zoo import dense_relu, read_digits
from mnist_zoo.models.forward import predict_probabilities
from mnist_zoo.pictures import Box, parting, strings
from mnist_zoo.pictures.digits import Candidates, Shape, find_candidates, turned
from mnist_zoo.pictures.forms import fit
from mnist_zoo.pictures.parting import Read, cut, find_cuts, images_of, resolved


def group(digits, seed, overlap=0.03, size=80.0):
    """A photo of digits that touch each other."""
    rng = np.random.default_rng(seed)
    ink = np.zeros((180, int(size * (1.1 * len(digits) + 1.2)), 3), np.float32)
    style = Style(touching=overlap)
    start = np.array([90.0, 0.2 * size])
    writing.write_group(ink, digits, start, size, style, Pen(6.0, 0.8), rng)
    return phone.photo(phone.scene(ink, rng), rng)


def shape_of(ink):
    """A shape of this ink."""
    box = Box(0, 0, ink.shape[1], ink.shape[0])
    return Shape(box, fit(ink), np.rint(255 * ink).astype(np.uint8))


def test_most_pairs_that_touch_are_read_as_two_digits(sample):
    read = []
    for number in range(12):
        picture = group(sample.test.x[2 * number : 2 * number + 2], number)
        assert len(find_candidates(picture).shapes) == 1
        expected = "".join(map(str, sample.test.y[2 * number : 2 * number + 2]))
        read.append(str(read_digits(picture)) == expected)
    assert np.mean(read) >= 0.75


def test_a_doubtful_shape_is_cut_beside_others_that_are_several_digits():
    assert parting._are_several(np.array([0.7])).tolist() == [False]
    assert parting._are_several(np.array([0.7, 0.99, 0.99, 0.99])).tolist() == [True] * 4
    alone = parting._are_several(np.array([0.9, *[0.01] * 30]))
    assert not alone.any()
    assert parting._are_several(np.zeros(0)).shape == (0,)
    assert parting._are_several(np.array([1.0, 0.0])).tolist() == [True, False]


def test_a_crease_on_a_line_of_its_own_is_left_out_and_a_one_is_kept(sample):
    page = np.full((900, 700), 0.9)
    place = iter(np.ndindex(3, 4))
    for image in sample.test.x[:12]:
        row, column = next(place)
        large = np.asarray(Image.fromarray(image).resize((84, 84), Image.Resampling.BICUBIC))
        top, left = 100 + 200 * row, 80 + 140 * column
        page[top : top + 84, left : left + 84] -= 0.8 * large.clip(0.0, 1.0)
    expected = str(read_digits(page))
    assert [len(line) for line in expected.split("\n")] == [4, 4, 4]
    with_one = page.copy()
    with_one[700:780, 300:308] = 0.1
    assert str(read_digits(with_one)) == f"{expected}\n1"
    with_line = page.copy()
    with_line[690:890, 300:303] = 0.1  # It is three times as high as a digit.
    assert str(read_digits(with_line)) == expected


def test_a_paper_clip_is_no_one_though_it_is_narrow():
    rows, columns = np.indices((100, 30))
    one = np.where(np.abs(columns - 15) < 3, 255, 0).astype(np.uint8)
    clip = np.where(columns % 10 < 3, 255, 0).astype(np.uint8)
    clip[:3] = clip[-3:] = 255
    assert parting._is_one_stroke(one)
    assert parting._is_one_stroke(np.where(np.abs(columns - rows // 4) < 3, 255, 0))
    assert not parting._is_one_stroke(clip)


def test_the_halves_of_a_broken_one_may_be_joined_on_a_page_of_smaller_digits():
    page = [[100 * column, 0, 100 * column + 50, 69] for column in range(6)]
    halves = [[467, 448, 493, 500], [447, 504, 468, 541]]  # Together as high as 1.35 digits.
    assert parting._close(np.array(page + halves)).tolist() == [[6, 7]]


def test_a_digit_of_a_wide_hand_is_not_cut(sample):
    for digit in (0, 2, 4, 7):
        for image in sample.test.x[sample.test.y == digit][:6]:
            wide = Image.fromarray(image).resize((140, 100), Image.Resampling.BICUBIC)
            picture = 0.9 - 0.8 * np.asarray(wide).clip(0.0, 1.0)
            assert len(read_digits(np.pad(picture, 20, constant_values=0.9)).digits) == 1


def test_a_cut_goes_between_slanted_strokes_and_not_through_them():
    ink = np.zeros((80, 120), np.float32)
    for row in range(80):
        ink[row, 70 - row // 2 : 80 - row // 2] = 1.0
        ink[row, 100 - row // 2 : 110 - row // 2] = 1.0
    ink[40:44, 50:85] = 1.0  # Joins them.
    (path,) = find_cuts(ink, [50, 85])
    assert ink[np.arange(80), path].sum() <= 6.0


def test_cuts_do_not_cross_each_other_and_stay_in_the_shape(sample):
    for image in sample.test.x[:20]:
        large = np.asarray(Image.fromarray(image).resize((100, 80), Image.Resampling.BICUBIC))
        paths = np.array(find_cuts(large.clip(0.0, 1.0), [10, 35, 60, 90]))
        assert paths.shape == (3, 80)
        assert (np.diff(paths, axis=0) >= 0).all()
        assert (paths >= 0).all()
        assert (paths <= 100).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 90), (90, 1), (2, 2), (3, 50)])
def test_the_smallest_shapes_can_be_cut(shape):
    parts = cut(shape_of(np.ones(shape, np.float32)), [0.2, 0.5, 0.8])
    assert 1 <= len(parts) <= 3


def test_each_part_has_its_own_ink_only():
    ink = np.zeros((60, 100), np.float32)
    ink[:, 10:20] = ink[:, 70:80] = 1.0  # Two ones,
    ink[30:34, 20:70] = 1.0  # with a flourish between them.
    one, other = cut(shape_of(ink), [0.15, 0.75])
    assert one.box.left == 10
    assert other.box.right == 80
    drawn = np.zeros_like(ink)
    for part in (one, other):
        left, top, right, bottom = part.box
        drawn[top:bottom, left:right] += part.ink / 255.0
    np.testing.assert_array_equal(drawn, ink)


def test_the_halves_of_a_digit_one_above_the_other_are_one_digit(sample):
    digits = sample.test.x[np.flatnonzero(np.isin(sample.test.y, (2, 3, 5)))[:5]]
    large = [
        np.asarray(Image.fromarray(digit).resize((112, 112), Image.Resampling.BICUBIC)).clip(0, 1)
        for digit in digits
    ]
    whole = read_digits(0.9 - 0.8 * np.concatenate(large, axis=1))
    large[2] = large[2].copy()
    large[2][54:59] = 0.0
    broken = read_digits(0.9 - 0.8 * np.concatenate(large, axis=1))
    assert len(broken.digits) == 5
    assert broken.digits[:2] + broken.digits[3:] == whole.digits[:2] + whole.digits[3:]
    assert broken.lines == (0,) * 5


@pytest.mark.parametrize("count", [2, 3, 4])
def test_neighbours_that_nearly_touch_are_not_joined(count):
    paper = np.full((200, 400), 240, np.uint8)
    for left in range(50, 50 + 15 * count, 15):
        paper[50:150, left : left + 10] = 20
    assert str(read_digits(paper)) == "1" * count


@pytest.mark.parametrize("digit", [3, 5])
def test_the_halves_of_the_only_digit_are_joined(sample, digit):
    image = sample.test.x[np.flatnonzero(sample.test.y == digit)[0]]
    large = Image.fromarray(image).resize((112, 112), Image.Resampling.BICUBIC)
    broken = np.asarray(large).clip(0.0, 1.0).copy()
    broken[54:59] = 0.0
    assert len(read_digits(np.pad(0.9 - 0.8 * broken, 10, constant_values=0.9)).digits) == 1


def test_a_page_of_digits_that_touch_is_not_turned(sample):
    rng = np.random.default_rng(0)
    style = Style(lines=(3, 3), columns=(6, 6), height=(70.0, 80.0), touching=0.03)
    sheet = writing.write(sample.test.x[:200], sample.test.y[:200], style, rng)
    photo = phone.photo(phone.scene(sheet.ink, rng), rng)
    assert read_digits(photo).turned == 0


def test_digits_that_touch_are_cut_on_a_page_on_its_side(sample):
    paper = np.full((300, 620), 230, np.uint8)
    large = [np.kron(digit, np.ones((3, 3))) for digit in sample.test.x[sample.test.y == 4][:10]]
    for number, digit in enumerate(large):
        top, left = 40 + 120 * (number // 5), 40 + 70 * (number % 5)
        paper[top : top + 84, left : left + 84] -= np.uint8(200 * digit)
    paper[50:130, 460:470] = paper[50:130, 520:530] = paper[85:92, 470:520] = 30
    upright = read_digits(paper)
    turned_page = read_digits(np.rot90(paper))
    assert turned_page.turned == 270
    assert str(turned_page) == str(upright)
    height, width = np.rot90(paper).shape
    for box in turned_page.boxes:
        assert 0 <= box.left < box.right <= width
        assert 0 <= box.top < box.bottom <= height


def test_turning_four_times_changes_nothing(sample):
    rng = np.random.default_rng(0)
    style = Style(lines=(2, 2), columns=(3, 3))
    sheet = writing.write(sample.test.x[:20], sample.test.y[:20], style, rng)
    found = find_candidates(phone.photo(phone.scene(sheet.ink, rng), rng))
    again = turned(turned(found, 3), 1)
    assert [shape.box for shape in again.shapes] == [shape.box for shape in found.shapes]
    for one, other in zip(again.shapes, found.shapes, strict=True):
        np.testing.assert_array_equal(one.digit, other.digit)
        np.testing.assert_array_equal(one.ink, other.ink)


def test_the_pairs_that_may_be_joined_are_bounded(monkeypatch):
    monkeypatch.setattr(parting, "MOST_PAIRS", 2)
    counts = []

    def counted(inks):
        counts.append(len(inks))
        return strings.read_strings(inks)

    monkeypatch.setattr(parting, "read_strings", counted)
    ink = np.ones((60, 10), np.float32)
    bars = [shape_of(ink)._replace(box=Box(left, 0, left + 10, 60)) for left in range(0, 120, 15)]
    found = Candidates(bars, 60.0)
    resolved(Read(found, predict_probabilities(images_of(bars))), "convnet")
    assert counts[0] == 2
    assert max(counts) == len(bars)


def test_what_is_as_narrow_as_a_one_is_never_left_out(monkeypatch):
    monkeypatch.setattr(parting, "NONE", 0.0)
    monkeypatch.setattr(parting, "SURE", 1.1)
    shapes = [shape_of(np.ones((60, width), np.float32)) for width in (8, 28, 32, 60)]
    read = Read(Candidates(shapes, 60.0), predict_probabilities(images_of(shapes)))
    monkeypatch.setattr(parting, "JOINED", 1.1)
    left = resolved(read, "convnet").candidates.shapes
    assert [shape.ink.shape[1] for shape in left] == [8, 28]


def test_a_model_of_other_classes_reads_the_parts_itself(sample):
    model = dense_relu(classes=12, seed=0)
    reading = read_digits(group(sample.test.x[:2], 0), model)
    assert reading.probabilities.shape == (2, 12)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=40)))
def test_whatever_the_pixels_the_boxes_are_in_the_picture(array):
    reading = read_digits(array)
    for box in reading.boxes:
        assert 0 <= box.left < box.right <= array.shape[1]
        assert 0 <= box.top < box.bottom <= array.shape[0]
