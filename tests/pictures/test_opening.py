"""opening: every kind of picture becomes the same plane of grey, and no file does harm."""

from __future__ import annotations

import io
import os
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from mnist_zoo import PictureError
from mnist_zoo.pictures import opening
from mnist_zoo.pictures.opening import open_grey

GREY = np.linspace(0, 255, 12 * 8).reshape(12, 8).astype(np.uint8)


OTHER = Image.new("L", (8, 12))


def encoded(image, form="PNG", **options):
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


PNG = encoded(Image.fromarray(GREY))


@pytest.mark.parametrize(
    "picture",
    [
        PNG,
        bytearray(PNG),
        Image.fromarray(GREY),
        GREY,
        GREY[..., None],
        GREY.astype(np.int64),
        GREY.astype(np.uint16) * 257,
        (GREY / 255.0),
        (GREY / 255.0).astype(np.float16),
        np.stack([GREY] * 3, axis=-1),
        np.stack([*[GREY] * 3, np.full_like(GREY, 255)], axis=-1),
        np.stack([GREY, np.full_like(GREY, 255)], axis=-1),
        Image.fromarray(GREY).convert("RGB"),
        Image.fromarray(GREY).convert("P"),
        Image.fromarray(GREY.astype(np.uint16) * 257),
        Image.fromarray((GREY / 255.0).astype(np.float32)),
        encoded(Image.fromarray(GREY.astype(np.uint16) * 257)),
        encoded(Image.fromarray((GREY / 255.0).astype(np.float32)), "TIFF"),
        encoded(Image.fromarray(GREY), "BMP"),
        encoded(Image.fromarray(GREY), "PPM"),
        encoded(Image.fromarray(GREY).convert("RGB"), "WEBP", lossless=True),
        encoded(
            Image.fromarray(GREY), "GIF", save_all=True, append_images=[Image.new("L", (8, 12))]
        ),
    ],
)
def test_every_kind_of_picture_gives_the_same_plane(picture):
    plane, factor, _ = open_grey(picture)
    assert plane.dtype == np.float32
    assert factor == 1
    np.testing.assert_allclose(plane, GREY / 255.0, atol=1.5 / 255)


def test_a_path_may_be_text_or_a_path(tmp_path):
    path = tmp_path / "grey.png"
    path.write_bytes(PNG)
    for name in (path, str(path)):
        np.testing.assert_array_equal(open_grey(name).plane, open_grey(GREY).plane)


def test_black_and_white_pictures_are_read():
    plane = open_grey(Image.fromarray(GREY > 100)).plane
    np.testing.assert_array_equal(plane, (GREY > 100).astype(np.float32))
    np.testing.assert_array_equal(open_grey(GREY > 100).plane, plane)


def test_cmyk_is_read_as_its_colours():
    image = Image.fromarray(GREY).convert("CMYK")
    np.testing.assert_allclose(open_grey(image).plane, GREY / 255.0, atol=2 / 255)
    jpeg = encoded(image, "JPEG", quality=95)
    assert abs(open_grey(jpeg).plane - GREY / 255.0).max() < 0.1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_that_a_camera_noted_is_honoured(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    turned = Image.fromarray(GREY)
    content = encoded(turned, "PNG", exif=exif)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(content)))) / 255.0
    np.testing.assert_allclose(open_grey(content).plane, expected, atol=1e-6)


@pytest.mark.parametrize(("ink", "paper"), [(0, 1.0), (255, 0.0)])
def test_transparent_pictures_are_laid_on_paper_that_shows_the_ink(ink, paper):
    channels = np.zeros((20, 20, 4), np.uint8)
    channels[5:15, 8:11] = (ink, ink, ink, 255)
    for picture in (channels, encoded(Image.fromarray(channels)), channels / 255.0):
        plane = open_grey(picture).plane
        assert plane[0, 0] == paper
        assert plane[10, 9] == ink / 255


def test_a_cut_out_photo_goes_on_as_paper_where_it_is_transparent():
    channels = np.full((20, 20, 2), 255, np.uint8)
    channels[..., 0] = 200
    channels[5:15, 8:11, 0] = 20
    channels[:4, :4, 1] = 0
    plane = open_grey(channels).plane
    assert plane[0, 0] == plane[-1, -1]


def test_nothing_at_all_is_paper():
    assert (open_grey(np.zeros((5, 5, 4), np.uint8)).plane == 1.0).all()


def test_large_pictures_are_shrunk_by_a_whole_factor():
    plane, factor, _ = open_grey(np.full((100, 4000), 128, np.uint8))
    assert factor == 2
    assert plane.shape == (50, 2000)
    jpeg = encoded(Image.new("RGB", (4000, 3000), "grey"), "JPEG")
    plane, factor, _ = open_grey(jpeg)
    assert (plane.shape, factor) == ((1500, 2000), 2)


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_jpeg_says_in_which_steps_it_stores_paper(mode):
    rows = np.linspace(100, 140, 256).astype(np.uint8)
    image = Image.fromarray(np.tile(rows[:, None], 64)).convert(mode)
    jpeg = encoded(image, "JPEG", quality=10)
    step = open_grey(jpeg).step
    assert open_grey(Image.open(io.BytesIO(jpeg))).step == step
    means = open_grey(jpeg).plane.reshape(32, 8, 64).mean(axis=(1, 2))
    shades = np.unique(np.rint(255 * means))
    # Pixels are whole numbers, so shades are a step apart to one grey level.
    assert np.abs(np.diff(shades) / 255 - step).max() <= 1 / 255
    assert len(shades) < 10
    assert open_grey(encoded(image, "PNG")).step == open_grey(np.asarray(image)).step == 0.0


@pytest.mark.parametrize("mode", ["RGBA", "I;16", "P", "RGB", "L", "F"])
def test_shrinking_keeps_the_place_of_things_whatever_the_mode(mode):
    grey = np.zeros((1600, 3200), np.uint8)
    grey[400:800, 800:1600] = 255
    image = Image.fromarray(grey.astype(np.uint16) * 257 if mode == "I;16" else grey)
    plane, factor, _ = open_grey(image if mode in ("I;16", "L") else image.convert(mode))
    assert (plane.shape, factor) == ((800, 1600), 2)
    assert plane[200:400, 400:800].min() > 0.99
    assert plane.mean() == pytest.approx(1 / 16, abs=1e-3)


def chunk(kind, data):
    checksum = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)


def png_of(width, height, data=b""):
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + header + body


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "0 bytes: not a picture of a known format"),
        (b"hello, world", "not a picture of a known format"),
        (PNG[: len(PNG) // 2], "damaged or incomplete"),
        (png_of(5000, 5000, b"\0" * 99), "damaged or incomplete"),
        (png_of(8000, 8000), "at most 50,000,000 pixels are read; found 8000 x 8000"),
        (png_of(100_000, 100_000), "at most 50,000,000 pixels are read"),
        (
            b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n",
            "not a picture of a known format .PNG, JPEG",
        ),
    ],
)
def test_files_that_are_no_good_are_refused_in_words(content, message):
    with pytest.raises(PictureError, match=message):
        open_grey(content)


def test_a_zip_bomb_of_a_picture_costs_no_memory(monkeypatch):
    monkeypatch.setattr(opening, "MAX_PIXELS", 1000)
    with pytest.raises(PictureError, match="found 200 x 200 = 40,000"):
        open_grey(encoded(Image.new("L", (200, 200))))


def test_a_folder_and_a_missing_file_are_what_they_are(tmp_path):
    with pytest.raises(IsADirectoryError, match="is a folder"):
        open_grey(tmp_path)
    with pytest.raises(FileNotFoundError):
        open_grey(tmp_path / "none.png")


@pytest.mark.parametrize(
    ("array", "error", "message"),
    [
        (np.zeros(9), ValueError, r"got \(9,\)"),
        (np.zeros((2, 2, 5)), ValueError, r"got \(2, 2, 5\)"),
        (np.zeros((0, 4)), PictureError, "has no pixels"),
        (np.full((4, 4), 255.0), ValueError, "values from 0 to 1; found 255 to 255"),
        (np.full((4, 4), -1), ValueError, "values from 0 to 255; found -1 to -1"),
        (np.full((4, 4), np.nan), ValueError, "found nan"),
        (np.zeros((4, 4), complex), TypeError, "got complex128"),
        (np.broadcast_to(np.uint8(0), (50_000_001, 1)), PictureError, "at most 50,000,000"),
        ([[0, 1], [1, 0]], TypeError, "got list"),
        (None, TypeError, "got NoneType"),
    ],
)
def test_arrays_that_are_no_pictures_are_refused(array, error, message):
    with pytest.raises(error, match=message):
        open_grey(array)


def pfm(values):
    """Return a file of floats, in the format that has no other name than its magic."""
    height, width = values.shape
    return f"Pf\n{width} {height}\n-1.0\n".encode() + values.astype("<f4").tobytes()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [(0, 0), (7, 5)])
def test_a_picture_of_floats_with_pixels_that_are_no_numbers_is_refused(bad, place):
    values = (GREY / 255.0).astype(np.float32)
    values[place] = bad
    for picture in (
        pfm(values),
        encoded(Image.fromarray(values), "TIFF"),
        Image.fromarray(values),
    ):
        with pytest.raises(PictureError, match="infinite or not a number"):
            open_grey(picture)


def test_floats_of_any_size_become_grey():
    for values in (GREY * 1e30, GREY * -1.0, GREY - 100.0):
        plane = open_grey(Image.fromarray(values.astype(np.float32))).plane
        assert plane.min() >= 0.0
        assert plane.max() <= 1.0


@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_a_matrix_is_an_array_and_a_masked_array_is_refused_in_words():
    np.testing.assert_array_equal(
        open_grey(np.asmatrix(GREY)).plane, open_grey(GREY).plane, strict=True
    )
    with pytest.raises(TypeError, match=r"must not be masked; picture\.filled\(value\)"):
        open_grey(np.ma.masked_less(GREY, 10))


def test_an_image_of_the_user_is_left_as_it_is():
    image = Image.open(io.BytesIO(encoded(Image.new("RGB", (4000, 3000), "red"), "JPEG")))
    open_grey(image)
    assert (image.size, image.mode) == ((4000, 3000), "RGB")


@pytest.mark.parametrize("factor", range(1, 8))
def test_a_large_jpeg_is_shrunk_by_the_factor_that_is_told(factor):
    side = opening.WORKING_SIDE * factor + 100
    image = Image.new("L", (side, 200), 255)
    image.paste(0, (side // 2, 50, side // 2 + 40 * factor, 150))
    plane, told, _ = open_grey(encoded(image, "JPEG", quality=95))
    expected = open_grey(encoded(image)).plane
    assert told == factor
    assert plane.shape == expected.shape
    assert max(plane.shape) >= opening.WORKING_SIDE
    np.testing.assert_allclose(plane, expected, atol=0.3)
    assert np.abs(plane - expected).mean() < 0.01


def test_what_follows_the_image_in_a_jpeg_is_no_scan_of_it():
    content = encoded(Image.fromarray(GREY).convert("RGB"), "JPEG")
    assert open_grey(content + b"\xff\xda" * 1000).plane.shape == GREY.shape


def test_a_jpeg_of_many_scans_is_refused_before_they_are_decoded():
    content = encoded(Image.fromarray(GREY).convert("RGB"), "JPEG", progressive=True)
    assert open_grey(content).plane.shape == GREY.shape
    last, end = content.rindex(b"\xff\xda"), content.rindex(b"\xff\xd9")
    many = content[:last] + content[last:end] * opening.MAX_SCANS + content[end:]
    with pytest.raises(PictureError, match="at most 100 scans of a JPEG are read; found more"):
        open_grey(many)


@pytest.mark.parametrize(
    ("content", "is_slow"),
    [
        (b"P2\n20 10\n9\n" + b"1 " * 200, True),
        (b"P5\n20 10\n9\n" + b"1" * 200, True),
        (b"P5\n20 10\n255\n" + b"1" * 200, False),
    ],
)
def test_what_pillow_decodes_in_python_has_a_limit_of_its_own(content, is_slow, monkeypatch):
    assert open_grey(content).plane.shape == (10, 20)
    monkeypatch.setattr(opening, "MAX_PIXELS_IN_PYTHON", 199)
    if is_slow:
        with pytest.raises(PictureError, match=r"at most 199 pixels are read in this form of PPM"):
            open_grey(content)
    else:
        assert open_grey(content).plane.shape == (10, 20)


def test_no_other_format_reads_the_header_of_a_file(monkeypatch):
    asked = []
    Image.init()
    for name, (factory, _) in list(Image.OPEN.items()):
        accept = lambda prefix, name=name: bool(asked.append(name))  # noqa: E731
        monkeypatch.setitem(Image.OPEN, name, (factory, accept))
    with pytest.raises(PictureError, match="not a picture of a known format"):
        open_grey(PNG)
    assert set(asked) <= {*opening.USUAL_FORMATS, *opening.OTHER_FORMATS}
    assert "EPS" in Image.OPEN


@pytest.mark.parametrize("mode", ["RGBA", "RGB", "L", "F", "I;16", "LA"])
@pytest.mark.parametrize("size", [(40, 3100), (3100, 40), (1700, 1600)])
def test_a_large_picture_read_by_bands_is_the_same(mode, size, monkeypatch):
    grey = np.random.default_rng(0).integers(0, 256, size, np.uint8)
    image = Image.fromarray(grey.astype(np.uint16) * 257 if mode == "I;16" else grey)
    image = image if mode in ("I;16", "L") else image.convert(mode)
    whole = open_grey(image)
    monkeypatch.setattr(opening, "BAND", 5_000)
    np.testing.assert_array_equal(open_grey(image).plane, whole.plane)
    np.testing.assert_allclose(open_grey(grey).plane, whole.plane, atol=1.5 / 255)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(PictureError, match="not a regular file"):
        open_grey(tmp_path / "pipe.png")


FILES = [
    encoded(Image.fromarray(GREY).convert(mode), form)
    for form, mode in [
        ("PNG", "RGBA"),
        ("PNG", "P"),
        ("JPEG", "RGB"),
        ("JPEG", "CMYK"),
        ("GIF", "P"),
        ("BMP", "RGB"),
        ("TIFF", "L"),
        ("WEBP", "RGB"),
        ("PPM", "L"),
    ]
]


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    content=st.sampled_from(FILES),
    changes=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=6),
    end=st.integers(1, 600),
)
@pytest.mark.filterwarnings("default")
def test_damaged_files_are_read_or_refused_and_nothing_else(content, changes, end):
    damaged = bytearray(content)
    for place, value in changes:
        damaged[place % len(damaged)] = value
    try:
        plane = open_grey(bytes(damaged[:end])).plane
    except PictureError:
        return
    assert np.isfinite(plane).all()
    assert plane.min() >= 0.0
    assert plane.max() <= 1.0 + 1e-6
