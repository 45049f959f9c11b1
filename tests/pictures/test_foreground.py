"""foreground: what is ink and what is paper, whatever the polarity, the light and the noise."""

from __future__ import annotations

import numpy as np
import pytest

from mnist_zoo.pictures.foreground import find_ink


def stroke(height=120, width=160):
    """A picture of one stroke, light on dark, and where it is."""
    there = np.zeros((height, width), bool)
    there[30:90, 70:82] = True
    return there


def agreement(mask, there):
    """Of what either says is ink, the share that both say is."""
    return (mask & there).sum() / (mask | there).sum()


def paper(there, ink=0.1, bare=0.9):
    return np.where(there, np.float32(ink), np.float32(bare))


def light(shape, darkest):
    return np.linspace(darkest, 1.0, shape[1], dtype=np.float32)[None, :]


PICTURES = {
    "dark on light": lambda there: paper(there),
    "light on dark": lambda there: paper(there, 0.9, 0.1),
    "pencil": lambda there: paper(there, 0.65, 0.8),
    "falling light": lambda there: paper(there) * light(there.shape, 0.4),
    "falling light, light on dark": lambda there: paper(there, 0.9, 0.1) * light(there.shape, 0.4),
    "a shadow": lambda there: (
        paper(there) * np.where(np.arange(there.shape[1]) > 110, 0.6, 1).astype(np.float32)
    ),
    "noise": lambda there: (
        paper(there) + np.random.default_rng(0).normal(0, 0.1, there.shape).astype(np.float32)
    ),
    "pale lines": lambda there: np.where(
        ~there & (np.arange(len(there)) % 20 < 2)[:, None], np.float32(0.6), paper(there)
    ),
    "upright lines": lambda there: np.where(
        ~there & (np.arange(there.shape[1]) % 20 < 2), np.float32(0.6), paper(there)
    ),
}


@pytest.mark.parametrize("name", PICTURES)
def test_ink_is_told_from_paper(name):
    there = stroke()
    found = find_ink(PICTURES[name](there))
    assert found is not None
    assert agreement(found.mask, there) > 0.8
    assert np.median(found.amount[there]) == pytest.approx(1.0, abs=0.15)


def test_lines_as_dark_as_the_ink_are_taken_away_and_strokes_go_on():
    there = stroke()
    lines = (np.arange(len(there)) % 40 < 3)[:, None]
    found = find_ink(paper(there | lines))
    assert agreement(found.mask, there) > 0.9
    assert found.mask[40:43, 75].all()


def test_slanting_lines_are_taken_away():
    there = stroke(300, 400)
    rows = np.arange(300)[:, None] - np.rint(0.04 * np.arange(400)).astype(int)
    found = find_ink(paper(there | (rows % 60 < 3)))
    assert agreement(found.mask, there) > 0.85


def test_the_table_around_a_sheet_is_not_ink():
    there = stroke()
    picture = paper(there)
    picture[:, :15] = picture[-12:] = 0.2
    found = find_ink(picture)
    assert agreement(found.mask[5:-20, 25:], there[5:-20, 25:]) > 0.8
    assert not found.mask[5:-20, :10].any()


@pytest.mark.parametrize(
    "picture",
    [
        np.full((1, 1), 0.5, np.float32),
        np.full((1, 40), 0.5, np.float32),
        np.full((40, 60), 0.9, np.float32),
        np.zeros((40, 60), np.float32),
        np.ones((200, 200), np.float32) * light((200, 200), 0.5),
        np.clip(np.random.default_rng(1).normal(0.7, 0.05, (100, 100)), 0, 1).astype(np.float32),
    ],
    ids=["one pixel", "one row", "white", "black", "a gradient", "noise"],
)
def test_a_blank_picture_has_no_ink(picture):
    assert find_ink(picture) is None
