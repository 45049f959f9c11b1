"""pages: the ink of a page in a phone's light, and none where there is none."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from benchmarks import drawing, phone, phone_pages, writing
from benchmarks.phone_pages import Condition
from benchmarks.writing import Pen, Style
from mnist_zoo import find_digits, prepare_digit
from mnist_zoo.pictures import filters

STYLE = Style(lines=(3, 3), columns=(4, 4), height=(70.0, 80.0))


def photo(sample, condition, strength=0.66, seed=0):
    """A photo of twelve digits under a condition."""
    rng = np.random.default_rng(seed)
    style = condition.restyle(STYLE, strength, rng)
    sheet = writing.write(sample.test.x[:200], sample.test.y[:200], style, rng)
    return phone.photo(condition.effect(phone.scene(sheet.ink, rng), strength, rng), rng)


FOUND = [
    "vignette",
    "a phone's shadow",
    "a hard band of shadow",
    "a dark table",
    "print showing through",
    "felt pen and pencil",
    "pale pencil",
    "sensor noise",
    "JPEG blocks",
    "coloured light",
]


@pytest.mark.parametrize("name", FOUND)
def test_every_digit_of_a_page_is_found_and_nothing_else(sample, name):
    (condition,) = (each for each in phone_pages.CONDITIONS if each.name == name)
    found = find_digits(photo(sample, condition))
    assert [each.line for each in found] == [0] * 4 + [1] * 4 + [2] * 4


def together(*names):
    """Several conditions at once."""
    chosen = [each for each in phone_pages.CONDITIONS if each.name in names]

    def restyle(style, strength, rng):
        for condition in chosen:
            style = condition.restyle(style, strength, rng)
        return style

    def effect(seen, strength, rng):
        for condition in chosen:
            seen = condition.effect(seen, strength, rng)
        return seen

    return Condition("several", restyle, effect)


@pytest.mark.parametrize("seed", [0, 3, 4, 5])
def test_pale_pencil_beside_two_shadows_is_found(sample, seed):
    # The shadows are darker than the ink, and their corners are as large as digits.
    found = find_digits(photo(sample, together("pale pencil", "two shadows"), 1.0, seed))
    assert [each.line for each in found] == [0] * 4 + [1] * 4 + [2] * 4


@pytest.mark.parametrize("seed", [1, 14])
def test_digits_are_found_where_two_shadows_are_as_dark_as_a_table(sample, seed):
    shadows = together("a phone's shadow", "a hard band of shadow")
    found = find_digits(photo(sample, shadows, 1.0, seed))
    assert [each.line for each in found] == [0] * 4 + [1] * 4 + [2] * 4


@pytest.mark.parametrize("seed", [5, 7, 11])
def test_a_wedge_between_shadows_does_not_hide_a_page_of_pencil(sample, seed):
    # It is darker than the ink, and found by wider windows alone.
    shadows = together("a phone's shadow", "a hard band of shadow", "pale pencil")
    assert 10 <= len(find_digits(photo(sample, shadows, 1.0, seed))) <= 14


@pytest.mark.parametrize("seed", [0, 1, 8, 10])
def test_pencil_that_is_hardly_darker_than_noise_is_found(sample, seed):
    hard = together("vignette", "two shadows", "pale pencil", "sensor noise")
    assert 11 <= len(find_digits(photo(sample, hard, 1.0, seed))) <= 13


@pytest.mark.parametrize("seed", [1, 8, 10])
def test_creases_beside_the_edge_of_a_sheet_are_no_digits(sample, seed):
    # Their outlines are soft but for the place where they meet the edge.
    found = find_digits(photo(sample, together("crumpled paper", "a dark table"), 1.0, seed))
    assert [each.line for each in found] == [0] * 4 + [1] * 4 + [2] * 4


@pytest.mark.parametrize("seed", [0, 2, 3, 8, 10])
def test_creases_among_pencil_are_no_digits(sample, seed):
    names = "crumpled paper", "a dark table", "pale pencil"
    found = find_digits(photo(sample, together(*names), 1.0, seed))
    assert [each.line for each in found] == [0] * 4 + [1] * 4 + [2] * 4


@pytest.mark.parametrize("seed", [0, 1, 6, 7])
def test_the_parts_of_broken_digits_are_joined_though_most_digits_are_broken(sample, seed):
    found = find_digits(photo(sample, together("broken digits"), 1.0, seed))
    assert [each.line for each in found] == [0] * 4 + [1] * 4 + [2] * 4


@pytest.mark.parametrize("seed", [0, 2, 4, 8])
def test_lines_are_left_out_where_a_table_of_another_slope_shows_through(sample, seed):
    pens = (Pen(5.0, 0.7), Pen(1.6, 0.3, 0.15))
    ruled = Condition(
        "ruled",
        lambda style, strength, rng: style._replace(tilt=3.5, ruled=0.4, pens=pens),
        phone.show_through,
    )
    found = find_digits(photo(sample, ruled, 1.0, seed))
    assert [each.line for each in found] == [0] * 4 + [1] * 4 + [2] * 4


@pytest.mark.parametrize("seed", [2, 9, 10, 11])
def test_small_pencil_digits_on_ruled_lines_stay_whole(sample, seed):
    pens = (Pen(1.6, 0.3, 0.15),)
    small = Condition(
        "small",
        lambda style, strength, rng: style._replace(
            tilt=1.5, ruled=0.4, height=(42.0, 50.0), pens=pens
        ),
    )
    found = find_digits(photo(sample, small, 1.0, seed))
    assert [each.line for each in found] == [0] * 4 + [1] * 4 + [2] * 4


def test_ruled_lines_that_a_shadow_interrupts_are_left_out():
    rng = np.random.default_rng(0)
    ink = np.zeros((900, 900, 3), np.float32)
    writing.rule(ink, 60.0, 1.0, Pen(1.6, 0.4))
    for left in range(60, 860, 160):  # Each line has five gaps.
        ink[:, left : left + 40] = 0.0
    paper = 0.9 * (1.0 - ink[..., 0]) + rng.normal(0.0, 0.01, ink.shape[:2])
    paper[400:430, 300:304] *= 0.2  # A one, smaller than the parts of the lines.
    assert [found.box.top // 10 for found in find_digits(paper.clip(0.0, 1.0))] == [40]


def test_steep_ruled_lines_are_left_out_and_digits_on_them_kept(sample):
    tilted = Condition(
        "tilt", lambda style, strength, rng: style._replace(tilt=14.0, ruled=0.4), phone.vignette
    )
    found = find_digits(photo(sample, tilted))
    assert [each.line for each in found] == [0] * 4 + [1] * 4 + [2] * 4


@pytest.mark.parametrize("degrees", [12, 15, 17])
def test_a_slanted_stroke_across_a_picture_is_not_a_ruled_line(degrees):
    ink = np.zeros((300, 300, 3), np.float32)
    lines = np.zeros((40, 5), bool)
    lines[:, 2] = True
    rng = np.random.default_rng(0)
    writing.draw(ink, lines, (150.0, 150.0), 260.0, float(degrees), Pen(14.0, 0.8), rng)
    assert len(find_digits(0.9 * (1.0 - ink[..., 0]))) == 1


@pytest.mark.parametrize("table", [0.03, 0.12])
def test_digits_in_a_shadow_that_reaches_the_table_are_found(table):
    light = np.full((900, 900), 0.8)
    light[:600, 390:850] = 0.25  # A shadow.
    light[:90] = table
    for left in (200, 400, 500, 600):
        light[300:380, left : left + 10] *= 0.3
    assert [found.box.left // 10 for found in find_digits(light)] == [20, 40, 50, 60]


def test_most_digits_of_pale_pencil_in_a_shadow_and_in_noise_are_found(sample):
    pencil = Condition(
        "pencil",
        lambda style, strength, rng: style._replace(pens=(Pen(1.6, 0.3, 0.0),)),
        lambda seen, strength, rng: phone.sensor_noise(
            phone.shadow_band(seen, strength, rng), strength, rng
        ),
    )
    found = [len(find_digits(photo(sample, pencil, 1.0, seed))) for seed in range(6)]
    assert max(found) <= 12
    assert sum(found) >= 66  # Of 72; 62 if strokes are not averaged along their length.


def test_digits_in_a_shadow_along_most_of_a_rim_are_found():
    light = np.full((900, 900), 0.8)
    light[150:, 500:] = 0.2
    for left in (200, 400, 600, 800):
        light[300:380, left : left + 10] *= 0.3
    assert [found.box.left // 10 for found in find_digits(light)] == [20, 40, 60, 80]


def test_the_grain_of_a_dark_table_is_no_digit():
    rng = np.random.default_rng(0)
    light = np.full((900, 900), 0.7)
    grain = ndimage.gaussian_filter(rng.normal(0.0, 1.0, (900, 90)), (12.0, 1.5))
    light[:, 810:] = (0.04 + 0.3 * grain).clip(0.005, 0.08)
    assert find_digits(light) == []


@pytest.mark.parametrize("seed", range(3))
def test_steep_ruled_lines_are_left_out_where_print_shows_through(sample, seed):
    both = Condition(
        "both",
        lambda style, strength, rng: style._replace(tilt=13.0, ruled=0.4),
        phone.show_through,
    )
    found = find_digits(photo(sample, both, 1.0, seed))
    assert [each.line for each in found] == [0] * 4 + [1] * 4 + [2] * 4


@pytest.mark.parametrize("seed", range(4))
def test_the_steps_of_a_jpeg_in_a_dark_shadow_are_no_digits(seed):
    rng = np.random.default_rng(seed)
    light = np.full((900, 900), 0.8)
    # A dark shadow whose darkness changes by less than the steps in which a JPEG stores it.
    light[200:700, 100:800] = 0.06 + 0.03 * np.linspace(0, 1, 500)[:, None]
    light += rng.normal(0.0, 0.004, light.shape)
    light[800:860, 300:308] = 0.1
    file = io.BytesIO()
    Image.fromarray((255 * light).clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=15)
    assert [found.box.left // 10 for found in find_digits(file.getvalue())] == [30]


def test_the_edges_of_a_large_digit_are_no_strokes_beside_shadows(sample):
    (number,) = (
        number
        for number, condition in enumerate(drawing.CONDITIONS)
        if condition.name.startswith("2000 x 2000")
    )
    digit = sample.test.x[5]
    picture = drawing.CONDITIONS[number].draw(digit, np.random.default_rng([5, 5]))
    assert np.abs(prepare_digit(picture) - digit).mean() < 0.05


def test_a_zero_around_print_that_shows_through_is_not_a_frame():
    paper = np.full((900, 900), 0.8)
    rows, columns = np.indices(paper.shape)
    for middle in (200, 400, 600):
        ring = np.abs(np.hypot((rows - 450) / 1.3, columns - middle) - 40) < 3
        paper[ring] *= 0.7
        paper[435:465, middle - 6 : middle - 3] *= 0.93  # Print, in the loop.
    assert len(find_digits(paper)) == 3


@pytest.mark.parametrize("seed", range(4))
def test_ripples_that_jpeg_leaves_beside_a_shadow_are_no_digits(sample, seed):
    shadow, blocks = (
        next(each for each in phone_pages.CONDITIONS if each.name == name)
        for name in ("a phone's shadow", "JPEG blocks")
    )

    def both(seen, strength, rng):
        return blocks.effect(shadow.effect(seen, strength, rng), strength, rng)

    found = find_digits(photo(sample, Condition("both", effect=both), 1.0, seed))
    assert [each.line for each in found] == [0] * 4 + [1] * 4 + [2] * 4


def test_lines_tilted_by_ten_degrees_are_kept_apart(sample):
    tilted = Condition("tilt", lambda style, strength, rng: style._replace(tilt=10.0))
    found = find_digits(photo(sample, tilted))
    assert [each.line for each in found] == [0] * 4 + [1] * 4 + [2] * 4


EMPTY = [
    "blank",
    "blank, vignette and noise",
    "blank, a phone's shadow",
    "blank, a hard band of shadow",
    "blank, print showing through",
    "ruled",
    "squares",
    "doodle",
]


@pytest.mark.parametrize("name", EMPTY)
def test_a_sheet_without_a_digit_has_none(name):
    (kind,) = (each for each in phone_pages.BLANKS if each.name == name)
    assert find_digits(phone_pages.empty_page(kind, np.random.default_rng(7)).photo) == []


@pytest.mark.parametrize("seed", [1000, 1003, 2007, 2021])
def test_the_grain_of_a_table_beside_a_blank_sheet_is_no_digit(seed):
    names = [kind.name for kind in phone_pages.BLANKS]
    number = names.index("blank, a dark table")
    rng = np.random.default_rng([99, number, seed])
    assert find_digits(phone_pages.empty_page(phone_pages.BLANKS[number], rng).photo) == []


def test_light_ink_on_a_dark_board_is_found(sample):
    rng = np.random.default_rng(0)
    sheet = writing.write(sample.test.x[:50], sample.test.y[:50], STYLE, rng)
    assert len(find_digits(0.15 + 0.7 * sheet.ink[..., 0])) == 12


def test_a_large_digit_on_a_large_picture_is_one_digit(sample):
    ink = np.zeros((900, 900, 3), np.float32)
    lines = writing.strokes(sample.test.x[0])
    writing.draw(ink, lines, (450.0, 450.0), 700.0, 0.0, Pen(90.0, 0.8), np.random.default_rng(0))
    assert len(find_digits(0.9 * (1.0 - ink[..., 0]))) == 1


@pytest.mark.parametrize("number", [1, 4, 7, 9])
@pytest.mark.parametrize("room", [0, 8])
def test_a_digit_that_was_cut_out_closely_is_found_in_a_large_picture(sample, number, room):
    digit = sample.test.x[number]
    rows, columns = np.nonzero(digit > 0.3)
    box = digit[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    size = tuple(round(side * 800 / max(box.shape)) for side in box.shape[::-1])
    large = np.asarray(Image.fromarray(box).resize(size, Image.Resampling.BICUBIC))
    paper = 0.9 - 0.8 * np.pad(large.clip(0.0, 1.0), room)
    (found,) = find_digits(paper)
    left, top, right, bottom = found.box
    assert (right - left) * (bottom - top) > 0.9 * paper.size


@pytest.mark.parametrize("shape", [(1, 3000), (3000, 1), (2, 40_000), (30, 601), (601, 30)])
def test_a_strip_is_searched_too(shape):
    assert find_digits(np.full(shape, 0.9)) == []
    find_digits(np.random.default_rng(0).uniform(0.0, 1.0, shape))


def test_a_digit_on_a_strip_is_found():
    strip = np.full((30, 700), 0.9)
    strip[5:25, 100:104] = 0.1
    assert [found.box for found in find_digits(strip)] == [(100, 5, 104, 25)]


def grid(digits, columns, side=70):
    """Digits in frames of `side` pixels on a sheet, 1.3 frames apart."""
    rows, pitch = -(-len(digits) // columns), round(1.3 * side)
    sheet = np.zeros((pitch * (rows + 1), pitch * (columns + 1)), np.float32)
    for number, digit in enumerate(digits):
        large = Image.fromarray(digit).resize((side, side), Image.Resampling.BICUBIC)
        top, left = (pitch // 2 + pitch * place for place in divmod(number, columns))
        sheet[top : top + side, left : left + side] = large
    return np.clip(0.9 - 0.8 * sheet, 0.0, 1.0)


@pytest.mark.parametrize("columns", [3, 13])
def test_every_digit_of_a_narrow_page_is_found(sample, columns):
    assert len(find_digits(grid(sample.test.x[:39], columns))) == 39


def test_a_digit_whose_strokes_run_together_is_found_among_others(sample):
    digits = list(sample.test.x[:12])
    y, x = np.mgrid[:28, :28]
    digits[5] = np.float32((x - 14) ** 2 / 80 + (y - 14) ** 2 / 60 < 1.0)
    assert len(find_digits(grid(digits, 6, side=200))) == 12


def test_loops_are_counted():
    mask = np.zeros((12, 20), bool)
    mask[1:6, 1:6] = True  # A ring,
    mask[2:5, 2:5] = False
    mask[1:10, 8:13] = True  # an eight,
    mask[2:5, 9:12] = mask[6:9, 9:12] = False
    mask[1:5, 16] = True  # and a line.
    np.testing.assert_array_equal(filters.loops_of(filters.label_regions(mask)), [1, 2, 0])
