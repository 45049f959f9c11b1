"""readings: digits are drawn where they are, and their labels are legible."""

from __future__ import annotations

import dataclasses
import importlib
import itertools

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from mnist_zoo import plots, read_digits
from mnist_zoo.pictures import Box, Reading

ROWS = np.random.default_rng(0).dirichlet(np.full(10, 0.2), 1000).astype(np.float32)


def reading_of(boxes):
    """Return a reading of which most digits are unsure, so that their labels are long."""
    count = len(boxes)
    boxes = tuple(Box(*map(int, box)) for box in boxes)
    return Reading(boxes, (0,) * count, np.zeros((count, 28, 28), np.float32), ROWS[:count])


def row_of(count, pitch, side, jump=0):
    """Return boxes side by side, each other one higher."""
    return [
        (10 + pitch * i, 60 + jump * (i % 2), 10 + pitch * i + side, 60 + jump * (i % 2) + side)
        for i in range(count)
    ]


# Height and width of a picture, and the boxes of its digits: left, top, right, bottom.
PICTURES = {
    "wide": ((300, 2000), row_of(30, 66, 50, jump=20)),
    "tall": ((2000, 300), [(100, 20 + 95 * i, 160, 100 + 95 * i) for i in range(20)]),
    "many": (
        (1400, 1400),
        [
            (20 + 56 * c, 20 + 70 * r, 60 + 56 * c, 68 + 70 * r)
            for r in range(19)
            for c in range(24)
        ],
    ),
    "close": ((200, 900), row_of(28, 31, 30, jump=12)),
    "thin": ((200, 900), [(20 + 16 * i, 40, 26 + 16 * i, 120) for i in range(50)]),
    "at the edges": (
        (100, 100),
        [(0, 0, 20, 40), (80, 0, 100, 40), (0, 60, 20, 100), (80, 60, 100, 100)],
    ),
    "one": ((60, 60), [(20, 10, 40, 50)]),
}
every_picture = pytest.mark.parametrize(("shape", "boxes"), PICTURES.values(), ids=PICTURES)


def paper(shape, grey=230):
    return np.full(shape, grey, np.uint8)


def overlapping(artists):
    """Return the pairs of artists whose bounding boxes overlap by more than a pixel."""
    drawn = [(artist, artist.get_window_extent()) for artist in artists]
    return [
        (one.get_text(), other.get_text())
        for (one, a), (other, b) in itertools.combinations(drawn, 2)
        if min(a.x1, b.x1) - max(a.x0, b.x0) > 1 and min(a.y1, b.y1) - max(a.y0, b.y0) > 1
    ]


def backgrounds(ax):
    return [text.get_bbox_patch().get_window_extent() for text in ax.texts]


@every_picture
@pytest.mark.parametrize("given", [False, True])
def test_labels_do_not_overlap(shape, boxes, given):
    given_axes = plt.subplots(figsize=(12, 9))[1] if given else None
    ax = plots.reading(paper(shape), reading_of(boxes), ax=given_axes)
    ax.figure.draw_without_rendering()
    assert len(ax.texts) == len(boxes)
    assert overlapping(ax.texts) == []


@every_picture
def test_labels_are_on_the_canvas_and_legible(shape, boxes):
    ax = plots.reading(paper(shape), reading_of(boxes))
    ax.figure.draw_without_rendering()
    canvas = ax.figure.bbox
    for box in backgrounds(ax):
        assert canvas.x0 <= box.x0 < box.x1 <= canvas.x1
        assert canvas.y0 <= box.y0 < box.y1 <= canvas.y1
    assert min(text.get_fontsize() for text in ax.texts) >= 6
    assert min(patch.get_window_extent().height for patch in ax.patches) / ax.figure.dpi >= 0.3


@every_picture
def test_the_canvas_has_the_form_of_the_picture(shape, boxes):
    ax = plots.reading(paper(shape), reading_of(boxes))
    ax.figure.draw_without_rendering()
    drawn = ax.get_images()[0].get_window_extent()
    assert drawn.height / drawn.width == pytest.approx(shape[0] / shape[1], rel=0.01)
    width, height = ax.figure.get_size_inches() * ax.figure.dpi
    assert width - drawn.width < 0.5 * ax.figure.dpi
    assert height - drawn.height < 0.6 * ax.figure.dpi


def luminance(colour):
    """Return the relative luminance of a colour, as WCAG 2.2 defines it."""
    channels = np.array(to_rgb(colour))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("grey", [0, 60, 128, 190, 255])
def test_labels_and_frames_can_be_seen_on_any_paper(grey):
    shape, boxes = PICTURES["wide"]
    ax = plots.reading(paper(shape, grey), reading_of(boxes))
    for text in ax.texts:
        background = text.get_bbox_patch()
        assert background.get_alpha() in (None, 1.0)
        assert contrast(text.get_color(), background.get_facecolor()) >= 4.5
    ax.figure.canvas.draw()
    pixels = np.asarray(ax.figure.canvas.buffer_rgba())[..., :3] / 255
    for patch in ax.patches:
        frame = patch.get_window_extent()
        row, column = round(len(pixels) - (frame.y0 + frame.y1) / 2), round(frame.x0)
        across = pixels[row, column - 3 : column + 4]
        assert max(contrast(colour, str(grey / 255)) for colour in across) >= 2


def test_crowded_labels_leave_the_probabilities_out():
    shape, boxes = PICTURES["thin"]
    crowded = plots.reading(paper(shape), reading_of(boxes))
    assert all(len(text.get_text()) == 1 for text in crowded.texts)
    shape, boxes = PICTURES["one"]
    assert plots.reading(paper(shape), reading_of(boxes)).texts[0].get_text().endswith("%)")


def test_a_reading_is_drawn_where_the_digits_are():
    picture = paper((3000, 2000))  # Shrunk to be read, but not in its coordinates.
    picture[400:1200, 300:400] = picture[400:1200, 1000:1100] = 20
    read = read_digits(picture)
    ax = plots.reading(picture, read)
    assert len(ax.patches) == len(ax.texts) == 2
    for patch, box in zip(ax.patches, read.boxes, strict=True):
        assert patch.get_x() < box.left < box.right < patch.get_x() + patch.get_width()
    assert ax.get_xlim() == (0, 2000)
    assert ax.get_ylim() == (3000, 0)


def test_a_reading_without_digits_is_drawn_too():
    ax = plots.reading(paper((50, 80)), reading_of([]))
    assert len(ax.texts) == 0


def test_what_was_taken_for_ink_is_drawn_on_request():
    picture = paper((3000, 2000))
    picture[400:1200, 300:400] = 20
    read = read_digits(picture)
    assert len(plots.reading(picture, read).images) == 1
    grey, ink = plots.reading(picture, read, ink=True).images
    assert ink.get_extent() == grey.get_extent() == [0, 2000, 3000, 0]
    # As in the picture, shrunk: the mask has the share of it that is ink, and is see-through else.
    assert ink.get_array().mask.shape == grey.get_array().shape
    assert (~ink.get_array().mask).mean() == pytest.approx(0.1 * 0.8 / 6, rel=0.05)
    assert len(plots.reading(paper((90, 90)), reading_of([]), ink=True).images) == 1


def test_a_reading_that_is_not_sure_says_how_sure_it_is():
    picture = paper((200, 200))
    picture[40:160, 40:60] = 20
    read = read_digits(picture)
    unsure = dataclasses.replace(read, probabilities=np.full((1, 10), 0.1, np.float32))
    assert plots.reading(picture, unsure).texts[0].get_text() == "0 (10%)"


@pytest.fixture
def ten(tmp_path):
    """Ten pictures of many forms, two of which have long names."""
    forms = [*PICTURES.values(), *[PICTURES["one"], PICTURES["close"], PICTURES["at the edges"]]]
    read = {}
    for number, (shape, boxes) in enumerate(forms):
        name = f"scan {number}.png" if number < 8 else f"IMG_{'0123456789' * 20}_${number}$.png"
        Image.fromarray(paper(shape)).save(tmp_path / name)
        read[tmp_path / name] = reading_of(boxes)
    return read


def test_ten_readings_on_one_page_are_legible(ten):
    figure = plots.readings(ten)
    figure.draw_without_rendering()
    assert len(figure.axes) == len(ten)
    dpi = figure.dpi
    for ax, read in zip(figure.axes, ten.values(), strict=True):
        assert len(ax.texts) == len(read.boxes)
        assert min(text.get_fontsize() for text in ax.texts) >= 6
        assert min(patch.get_window_extent().height for patch in ax.patches) / dpi >= 0.3
    assert overlapping([text for ax in figure.axes for text in (*ax.texts, ax.title)]) == []
    assert figure.get_figwidth() < 20


def test_a_page_of_readings_has_the_names_of_the_files(ten):
    titles = [ax.get_title() for ax in plots.readings(ten, ink=True).axes]
    assert titles[:8] == [path.name for path in ten][:8]
    for title, path in zip(titles[8:], list(ten)[8:], strict=True):
        start, end = title.split("\N{HORIZONTAL ELLIPSIS}")
        assert path.name.startswith(start)
        assert path.name.endswith(end)
    with pytest.raises(ValueError, match="at least one reading"):
        plots.readings({})


def test_a_page_is_not_higher_than_can_be_written(ten, monkeypatch, tmp_path):
    module = importlib.import_module("mnist_zoo.plots.readings")
    monkeypatch.setattr(module, "HIGHEST_PAGE", 10.0)
    figure = plots.readings(ten)
    assert figure.get_figheight() <= 10.0
    figure.savefig(tmp_path / "page.png")
