"""reading: the digits in a picture, how sure it is, and where they are."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image, ImageDraw

from benchmarks import drawing
from mnist_zoo import dense_sigmoid, read_digits
from mnist_zoo.pictures import Box, reading
from mnist_zoo.pictures.digits import Candidates, Shape
from mnist_zoo.pictures.parting import Read
from tests.drawing.strokes import STROKES


@pytest.fixture(scope="module")
def page(sample):
    rng = np.random.default_rng(0)
    whole = np.rint(255 * sample.test.x[:12]).astype(np.uint8)
    return drawing.page(whole, sample.test.y[:12], rng)


def test_a_page_is_read_line_by_line(page):
    reading = read_digits(page.picture)
    assert list(reading.digits) == page.labels
    assert str(reading).replace("\n", "") == "".join(map(str, page.labels))
    assert len(str(reading).splitlines()) == reading.lines[-1] + 1
    assert reading.images.shape == (12, 28, 28)


def test_confidences_and_runners_up_are_the_probabilities_in_order(page):
    reading = read_digits(page.picture)
    for row, digit, confidence, others in zip(
        reading.probabilities,
        reading.digits,
        reading.confidences,
        reading.runners_up(9),
        strict=True,
    ):
        assert confidence == row[digit] == row.max()
        assert [probability for _, probability in others] == sorted(row)[-2::-1]
        assert {digit, *(other for other, _ in others)} == set(range(10))


def test_a_reading_is_data_for_json(page):
    reading = read_digits(page.picture)
    facts = json.loads(json.dumps(reading.to_dict()))
    assert facts["text"] == str(reading)
    first = facts["digits"][0]
    assert first["digit"] == page.labels[0]
    assert first["box"] == reading.boxes[0]._asdict()
    assert len(first["runners_up"]) == 2


def test_another_model_may_read(page):
    by_name = read_digits(page.picture, "dense_sigmoid")
    by_model = read_digits(page.picture, dense_sigmoid(weights="mnist"))
    np.testing.assert_allclose(by_name.probabilities, by_model.probabilities, rtol=1e-4, atol=1e-6)


def test_a_blank_picture_reads_as_nothing():
    reading = read_digits(np.zeros((50, 50), np.uint8))
    assert reading.digits == ()
    assert str(reading) == ""
    assert reading.probabilities.shape == (0, 10)
    assert reading.to_dict() == {"text": "", "turned": 0, "digits": []}


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_page_that_is_turned_is_noticed_and_read_as_if_it_was_upright(page, quarters):
    upright = read_digits(page.picture)
    reading = read_digits(np.rot90(page.picture, quarters))
    assert reading.turned == 90 * (-quarters % 4)
    # A one that lies flat is too low for a digit, and may be lost.
    ones = "" if quarters % 2 == 0 else "1"
    assert str(reading).replace(ones, "") == str(upright).replace(ones, "")
    height, width = np.rot90(page.picture, quarters).shape[:2]
    assert all(box.right <= width and box.bottom <= height for box in reading.boxes)


def test_too_few_digits_are_never_turned(sample):
    upside_down = np.rot90(sample.test.x[1], 2)
    assert read_digits(upside_down).turned == 0


def test_a_turn_is_better_if_the_digits_are_surer_and_not_half_of_them_are_lost():
    def read(count, confidence):
        probabilities = np.full((count, 10), (1.0 - confidence) / 9, np.float32)
        probabilities[:, 0] = confidence
        return Read(Candidates([], 0.0), probabilities)

    assert reading._is_better(read(24, 0.99), read(25, 0.7))
    assert not reading._is_better(read(25, 0.7), read(24, 0.99))
    assert not reading._is_better(read(5, 0.99), read(25, 0.9))
    assert not reading._is_better(read(0, 0.9), read(0, 0.9))


def test_digits_of_which_the_model_is_less_sure_are_left_out(page):
    every = read_digits(page.picture)
    least = sorted(every.confidences)[4]
    sure = read_digits(page.picture, min_confidence=least)
    kept = [number for number, each in enumerate(every.confidences) if each >= least]
    assert 0 < len(kept) < len(every.digits)
    assert sure.boxes == tuple(every.boxes[number] for number in kept)
    assert sure.digits == tuple(every.digits[number] for number in kept)
    np.testing.assert_array_equal(sure.images, every.images[kept])
    assert min(sure.confidences) == least


def test_the_lines_that_are_left_are_counted_anew(monkeypatch):
    blank = np.zeros((28, 28), np.float32)
    places = [(0, 0), (20, 0), (0, 20), (0, 40), (20, 40)]  # Two, one and two in a line.
    boxes = [Box(left, top, left + 9, top + 9) for left, top in places]
    ink = np.full((9, 9), 255, np.uint8)
    found = Candidates([Shape(box, blank, ink) for box in boxes], 9.0)
    probabilities = np.full((5, 10), 0.01, np.float32)
    probabilities[range(5), [3, 1, 4, 1, 5]] = [0.5, 0.5, 0.5, 0.91, 0.91]
    monkeypatch.setattr(reading, "predict_probabilities", lambda images, model: probabilities)
    monkeypatch.setattr(reading, "resolved", lambda read, model: read)
    sure = reading.read_found(found, "linear", 0.9)
    assert (str(sure), sure.lines) == ("15", (0, 0))
    assert reading.read_found(found, "linear", 0.0).lines == (0, 0, 1, 2, 2)
    assert reading.read_found(found, "linear", 1.0).to_dict() == {
        "text": "",
        "turned": 0,
        "digits": [],
    }


@pytest.mark.parametrize("wrong", [-0.1, 1.1, float("nan"), True, "0.5", None])
def test_a_confidence_is_from_0_to_1(wrong):
    with pytest.raises(ValueError, match="min_confidence must be a number of at least 0 and at"):
        read_digits(np.zeros((50, 50), np.uint8), min_confidence=wrong)


def test_ones_on_a_page_on_its_side_are_read_and_dashes_on_an_upright_one_are_not(sample):
    paper = np.full((300, 500), 230, np.uint8)
    for number, digit in enumerate(sample.test.x[sample.test.y == 4][:10]):
        top, left = 40 + 120 * (number // 5), 40 + 60 * (number % 5)
        paper[top : top + 84, left : left + 84] -= np.uint8(200 * np.kron(digit, np.ones((3, 3))))
    assert str(read_digits(paper)).count("4") >= 9
    with_dash, with_one = paper.copy(), paper.copy()
    with_dash[80:86, 400:450] = 30
    with_one[55:110, 420:426] = 30
    assert len(read_digits(with_dash).digits) == len(read_digits(paper).digits)
    on_its_side = read_digits(np.rot90(with_one, -1))
    assert on_its_side.turned == 90
    assert str(on_its_side) == str(read_digits(with_one))


def drawn(side, width, digits):
    """Draw digits in rows of five, each in a square of `side` pixels, with a pen so wide."""
    columns = min(5, len(digits))
    image = Image.new("L", (columns * side, -(-len(digits) // 5) * side), 255)
    canvas = ImageDraw.Draw(image)
    for number, digit in enumerate(digits):
        row, column = divmod(number, 5)
        for stroke in STROKES[digit]:
            places = [((x + column) * side, (y + row) * side) for x, y in stroke]
            canvas.line(places, fill=0, width=width, joint="curve")
    return image


@pytest.mark.parametrize("side", [400, 1200])
@pytest.mark.parametrize("width", [1, 3, 6])
def test_the_thinnest_pen_on_a_large_picture_is_read(side, width):
    read = [str(read_digits(drawn(side, width, [digit]))) for digit in range(10)]
    assert read == list("0123456789")


@pytest.mark.parametrize("width", [1, 2, 3, 5, 8])
def test_a_page_of_large_digits_in_a_thin_pen_is_read(width):
    assert str(read_digits(drawn(1000, width, range(10)))).split() == ["01234", "56789"]


@pytest.mark.parametrize("width", [1, 2, 4, 5, 40])
def test_zeros_that_stand_close_are_neither_joined_nor_cut(width):
    image = Image.new("L", (2000, 2000), 255)
    for box in ([200, 400, 960, 1600], [1040, 400, 1800, 1600]):
        ImageDraw.Draw(image).ellipse(box, outline=0, width=width)
    assert str(read_digits(image)) == "00"


@pytest.fixture
def handwriting():
    """Draw a line of digits, 100 pixels each, with a margin of 60; return the picture and a pen."""

    def draw(digits):
        image = Image.new("L", (100 * len(digits) + 120, 220), 255)
        image.paste(drawn(100, 8, list(map(int, digits))), (60, 60))
        return image, ImageDraw.Draw(image)

    return draw


def boxes(pen, count):
    for number in range(count):
        pen.rectangle([62 + 100 * number, 62, 158 + 100 * number, 158], outline=0, width=3)


def cells(pen, count):
    pen.rectangle([60, 55, 60 + 100 * count, 165], outline=0, width=3)
    for number in range(1, count):
        pen.line([60 + 100 * number, 55, 60 + 100 * number, 165], fill=0, width=3)


def circle(pen, count):
    pen.ellipse([20, 10, 100 + 100 * count, 210], outline=0, width=5)


def frame(pen, count):
    pen.rectangle([15, 15, 105 + 100 * count, 205], outline=0, width=4)


def border(pen, count):
    pen.rectangle([0, 0, 119 + 100 * count, 219], outline=0, width=6)


@pytest.mark.parametrize("around", [boxes, cells, circle, frame, border])
@pytest.mark.parametrize("digits", ["4", "42", "31415"])
def test_what_is_drawn_around_digits_is_not_read(handwriting, around, digits):
    image, pen = handwriting(digits)
    around(pen, len(digits))
    assert str(read_digits(image)) == digits


def test_an_empty_cell_is_not_read(handwriting):
    image = Image.new("L", (640, 220), 255)
    image.paste(handwriting("42")[0], (0, 0))
    cells(ImageDraw.Draw(image), 5)
    assert str(read_digits(image)) == "42"


@pytest.mark.parametrize("speck", [0, 2, 6, 10])
def test_a_zero_with_specks_in_it_is_no_frame(speck):
    image = Image.new("L", (300, 300), 255)
    pen = ImageDraw.Draw(image)
    pen.ellipse([80, 50, 220, 250], outline=0, width=24)
    for x, y in ((135, 120), (160, 170)):
        pen.rectangle([x, y, x + speck, y + speck], fill=0)
    assert str(read_digits(image)) == "0"


@pytest.mark.parametrize("share", [0.05, 0.3])
@pytest.mark.parametrize("side", [220, 700])
def test_pinholes_in_the_ink_do_not_matter(handwriting, share, side):
    line, _ = handwriting("407")
    image = Image.new("L", (max(side, line.width), side), 255)
    image.paste(line, (0, side // 2 - 110))
    pixels = np.array(image)
    pixels[np.random.default_rng(0).random(pixels.shape) < share] = 255
    assert str(read_digits(pixels)) == "407"
