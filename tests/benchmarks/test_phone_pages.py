"""phone_pages: pages as phones photograph them, the same for the same seed."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from benchmarks import phone, phone_pages, writing
from benchmarks.writing import Pen, Style


def numbered(name):
    """The number of a condition, by its name."""
    return [condition.name for condition in phone_pages.CONDITIONS].index(name)


def test_a_page_is_the_same_for_the_same_job(sample):
    job = phone_pages.Job(numbered("two shadows"), 0.66, 3)
    one, other = (phone_pages.make(job, sample.test.x, sample.test.y) for _ in range(2))
    assert one == other
    assert one != phone_pages.make(job._replace(number=4), sample.test.x, sample.test.y)
    assert max(Image.open(io.BytesIO(one.photo)).size) == writing.LONG


def test_a_page_says_what_is_written_on_it(sample):
    style = Style(lines=(3, 3), columns=(4, 5))
    rng = np.random.default_rng(0)
    sheet = writing.write(sample.test.x[:1], sample.test.y[:1], style, rng)
    assert len(sheet.lines) == 3
    assert set("".join(sheet.lines)) == {str(sample.test.y[0])}


@pytest.mark.parametrize("width", [2.0, 6.0])
def test_a_pen_is_as_wide_and_as_dark_as_it_says(width):
    ink = np.zeros((120, 120, 3), np.float32)
    upright = np.ones((60, 1), bool)
    rng = np.random.default_rng(0)
    writing.draw(ink, upright, (60.0, 60.0), 80.0, 0.0, Pen(width, 0.5), rng)
    across = ink[60, :, 0]
    assert across.max() == pytest.approx(0.5, abs=0.01)
    assert across.sum() / 0.5 == pytest.approx(width, abs=0.4)


def test_middle_lines_of_strokes_are_a_pixel_wide(sample):
    for digit in sample.test.x[:5]:
        lines = writing.strokes(digit)
        assert lines.any()
        squares = lines[1:, 1:] & lines[1:, :-1] & lines[:-1, 1:] & lines[:-1, :-1]
        assert squares.sum() <= 2


@pytest.mark.parametrize("condition", phone_pages.CONDITIONS[1:], ids=lambda each: each.name)
def test_every_condition_changes_the_photo(condition, sample):
    def pixels(conditions):
        made = phone_pages.page(
            conditions, 1.0, sample.test.x, sample.test.y, np.random.default_rng(5)
        )
        return np.asarray(Image.open(io.BytesIO(made.photo)).convert("L"), float)

    plain, changed = pixels([]), pixels([condition])
    assert plain.shape != changed.shape or np.abs(plain - changed).mean() > 0.2


def test_edits_are_counted():
    assert phone_pages.edits("123\n45", "123\n45") == 0
    assert phone_pages.edits("123", "12") == 1
    assert phone_pages.edits("", "12") == 2
    assert phone_pages.edits("1234", "1934") == 1


@pytest.mark.parametrize("kind", phone_pages.BLANKS, ids=lambda kind: kind.name)
def test_sheets_without_a_digit_have_none_written_on_them(kind):
    made = phone_pages.empty_page(kind, np.random.default_rng(0))
    assert made.lines == ()
    assert Image.open(io.BytesIO(made.photo)).format == "JPEG"


def test_a_shadow_leaves_the_share_of_light_that_it_says():
    seen = phone.scene(np.zeros((140, 100, 3), np.float32), np.random.default_rng(0))
    shaded = phone.shadow_band(seen, 1.0, np.random.default_rng(1))
    share = shaded.light / seen.light
    assert share.min() == pytest.approx(0.3, abs=0.01)
    assert share.max() == pytest.approx(1.0)
