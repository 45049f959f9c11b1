"""Pictures that are damaged at random: the number of a picture is the seed of its damage."""

from __future__ import annotations

import io
import os
import struct
import threading
import time
import warnings
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageDraw, features

from benchmarks.faults.processes import worker
from benchmarks.faults.rows import Progress, Row

SEED = 0
# No picture may take longer.
MOST_SECONDS = 10.0
# So many processes read pictures at the same time.
WORKERS = 2
# A picture gets at most so many damages, one after the other.
MOST_DAMAGES = 2
READ, REFUSED, CRASHED, TOO_LONG = "read", "PictureError", "crash", "too long"
# Values that have made programs fail: the ends of the ranges of whole numbers, and floats that are
# no usual numbers.
EXTREMES = (
    *(value.to_bytes(size, "little") for size in (1, 2, 4) for value in (0, 1, 256**size - 1)),
    *(bytes(size - 1) + bytes([top]) for size in (2, 4) for top in (0x7F, 0x80)),
    *(struct.pack("<f", value) for value in (np.nan, np.inf, -np.inf, 3e38, -1.0)),
    *(struct.pack(">f", value) for value in (np.nan, np.inf)),
)
# In how many bytes at the start a format keeps what the rest means.
HEADER_BYTES = 64
# A camera's note that the picture is to be turned by 90 degrees.
EXIF = b"Exif\0\0MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, 6, 0, 0)

Rng = np.random.Generator


class Encoding(NamedTuple):
    """A way to store a picture: Pillow's format and mode, frames, and options of its encoder."""

    form: str
    mode: str
    frames: int = 1
    options: tuple[tuple[str, Any], ...] = ()


ENCODINGS = (
    *(Encoding("PNG", mode) for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")),
    Encoding("PNG", "L", 3),
    *(Encoding("JPEG", mode) for mode in ("L", "RGB", "CMYK")),
    Encoding("JPEG", "RGB", 1, (("progressive", True),)),
    Encoding("JPEG", "RGB", 1, (("exif", EXIF),)),
    Encoding("MPO", "RGB", 2),
    Encoding("GIF", "L"),
    Encoding("GIF", "P", 3),
    Encoding("GIF", "P", 1, (("transparency", 0),)),
    *(Encoding("BMP", mode) for mode in ("1", "L", "P", "RGB", "RGBA")),
    *(Encoding("TIFF", mode) for mode in ("1", "L", "RGB", "RGBA", "CMYK", "I;16", "I", "F")),
    Encoding("TIFF", "L", 3),
    *(
        Encoding("TIFF", mode, 1, (("compression", packing),))
        for mode, packing in (
            ("1", "group4"),
            ("L", "tiff_lzw"),
            ("RGB", "jpeg"),
            ("RGB", "packbits"),
            ("F", "tiff_adobe_deflate"),
        )
    ),
    *(Encoding("WEBP", mode) for mode in ("RGB", "RGBA")),
    Encoding("WEBP", "RGB", 3),
    Encoding("WEBP", "RGB", 1, (("lossless", True),)),
    *(Encoding("PPM", mode) for mode in ("1", "L", "RGB", "I;16", "F")),
    *([Encoding("AVIF", "RGB"), Encoding("AVIF", "RGBA")] if features.check("avif") else []),
)


def drawn(mode: str, number: int = 0) -> Image.Image:
    """Draw a seven of 30 by 40 pixels; the number moves it."""
    picture = Image.new("L", (30, 40), 230)
    points = [(6 + number, 8), (24, 8), (12, 33 - number)]
    ImageDraw.Draw(picture).line(points, fill=20, width=3)
    if mode == "F":
        return Image.fromarray(np.asarray(picture, np.float32) / np.float32(255.0))
    if mode == "I;16":
        return Image.fromarray(np.asarray(picture, np.uint16) * np.uint16(257))
    if mode == "LA":
        return Image.merge("LA", (picture, picture))
    return picture.convert(mode)


def encoded(encoding: Encoding) -> bytes:
    """Return a picture in one encoding."""
    options = dict(encoding.options)
    if encoding.frames > 1:
        others = [drawn(encoding.mode, number) for number in range(1, encoding.frames)]
        options |= {"save_all": True, "append_images": others}
    with io.BytesIO() as file:
        drawn(encoding.mode).save(file, encoding.form, **options)
        return file.getvalue()


@cache
def originals() -> tuple[tuple[str, bytes], ...]:
    """Return the pictures that are damaged: the format and the content of each."""
    as_text = b"P2\n4 4\n255\n" + b"0 255 0 255\n" * 4
    return (*((one.form, encoded(one)) for one in ENCODINGS), ("PPM", as_text))


# ---- damages: each takes the content and a source of random numbers


def place(content: bytearray, rng: Rng) -> int:
    """Choose a place; often one in the header."""
    most = HEADER_BYTES if rng.random() < 0.3 else len(content)
    return int(rng.integers(max(1, min(most, len(content)))))


def flip(content: bytearray, rng: Rng) -> None:
    """Flip a bit at up to eight places."""
    for _ in range(int(rng.integers(1, 9))):
        if content:
            content[place(content, rng)] ^= 1 << int(rng.integers(8))


def overwrite(content: bytearray, rng: Rng) -> None:
    """Write an extreme number over some bytes."""
    at, value = place(content, rng), EXTREMES[rng.integers(len(EXTREMES))]
    content[at : at + len(value)] = value


def aligned(content: bytearray, rng: Rng) -> None:
    """Write an extreme number over many bytes in line."""
    at, value = place(content, rng), EXTREMES[rng.integers(len(EXTREMES))]
    content[at : at + 8 * len(value)] = value * 8


def cut(content: bytearray, rng: Rng) -> None:
    """Cut the end off."""
    del content[place(content, rng) :]


def insert(content: bytearray, rng: Rng) -> None:
    """Insert random bytes."""
    at = place(content, rng)
    content[at:at] = rng.bytes(int(rng.integers(1, 33)))


def take_out(content: bytearray, rng: Rng) -> None:
    """Take bytes out."""
    at = place(content, rng)
    del content[at : at + int(rng.integers(1, 33))]


def repeat(content: bytearray, rng: Rng) -> None:
    """Repeat a part, up to 50 times."""
    at = place(content, rng)
    part = content[at : at + int(rng.integers(1, 257))]
    content[at:at] = part * int(rng.integers(1, 51))


def exchange(content: bytearray, rng: Rng) -> None:
    """Exchange two parts."""
    first, second = sorted((place(content, rng), place(content, rng)))
    size = int(rng.integers(1, 33))
    one, other = content[first : first + size], content[second : second + size]
    content[second : second + size], content[first : first + size] = one, other


def graft(content: bytearray, rng: Rng) -> None:
    """Go on as another picture does."""
    _, other = originals()[rng.integers(len(originals()))]
    content[place(content, rng) :] = other[int(rng.integers(len(other))) :]


def mend_png(content: bytearray, _: Rng) -> None:
    """Mend the checksums of a PNG, so that what is damaged within is read too."""
    at = 8
    while content.startswith(b"\x89PNG") and at + 12 <= len(content):
        size = int.from_bytes(content[at : at + 4], "big")
        end = at + 8 + size
        if end + 4 > len(content):
            return
        content[end : end + 4] = zlib.crc32(content[at + 4 : end]).to_bytes(4, "big")
        at = end + 4


DAMAGES: tuple[Callable[[bytearray, Rng], None], ...] = (
    flip,
    overwrite,
    aligned,
    cut,
    insert,
    take_out,
    repeat,
    exchange,
    graft,
)


def damaged(number: int) -> tuple[str, bytes]:
    """Return the format and the content of the damaged picture with this number."""
    form, original = originals()[number % len(originals())]
    rng, content = np.random.default_rng([SEED, number]), bytearray(original)
    for _ in range(int(rng.integers(1, MOST_DAMAGES + 1))):
        DAMAGES[rng.integers(len(DAMAGES))](content, rng)
    if rng.random() < 0.7:
        mend_png(content, rng)
    return form, bytes(content)


class Reading(NamedTuple):
    """What reading one picture did."""

    number: int
    form: str
    kind: str
    text: str
    seconds: float


def read_pictures(line: Connection, numbers: Sequence[int]) -> None:
    """In a process of its own: read damaged pictures, and send what each did."""
    warnings.simplefilter("ignore")
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123
        os.dup2(nowhere.fileno(), 2)  # Decoders written in C complain there.
    for number in numbers:
        line.send(read_picture(number))


def read_picture(number: int) -> Reading:
    """Read one damaged picture."""
    from mnist_zoo.pictures import PictureError, find_digits

    form, content = damaged(number)
    started = time.monotonic()
    try:
        find_digits(content)
    except PictureError:
        kind, text = REFUSED, ""
    except BaseException as error:  # Whatever it is, it is what the program did.
        kind, text = type(error).__name__, str(error)
    else:
        kind, text = READ, ""
    return Reading(number, form, kind, text, time.monotonic() - started)


def watch(numbers: Sequence[int], record: Callable[[Reading], None]) -> None:
    """Have pictures read; after a crash or a picture that takes too long, go on with the next."""
    done = 0
    while done < len(numbers):
        with worker(read_pictures, numbers[done:]) as reader:
            while done < len(numbers):
                number = numbers[done]
                done += 1
                try:
                    # The time to start a process is not the picture's.
                    record(reader.answer(3 * MOST_SECONDS))
                except TimeoutError as error:
                    record(Reading(number, damaged(number)[0], TOO_LONG, str(error), 99.0))
                    break
                except ChildProcessError as error:
                    record(Reading(number, damaged(number)[0], CRASHED, str(error), 0.0))
                    break


def picture_rows(count: int) -> list[Row]:
    """Read damaged pictures; return a row for each format."""
    progress, readings, lock = Progress("pictures", count), list[Reading](), threading.Lock()

    def record(reading: Reading) -> None:
        with lock:
            readings.append(reading)
            progress.step()

    shares = [range(start, count, WORKERS) for start in range(WORKERS)]
    threads = [threading.Thread(target=watch, args=(share, record)) for share in shares]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(readings) != count:
        raise RuntimeError(f"{len(readings)} of {count} pictures were read")
    forms = dict.fromkeys(form for form, _ in originals())
    return [
        row_of(form, [one for one in readings if one.form == form])
        for form in forms
        if any(one.form == form for one in readings)
    ]


def row_of(form: str, readings: list[Reading]) -> Row:
    """Return what was done with the pictures of one format."""
    kinds = Counter(reading.kind for reading in readings)
    slow = [one for one in readings if one.seconds > MOST_SECONDS and one.kind != TOO_LONG]
    wrong = [one for one in readings if one.kind not in (READ, REFUSED)]
    first = {one.kind: one for one in sorted(wrong, reverse=True)}
    broken = [
        f"{kinds[kind]} times {kind}, first with picture {one.number}: {one.text}"
        for kind, one in first.items()
    ]
    broken += [f"picture {one.number} took {one.seconds:.0f} seconds" for one in slow]
    said = {READ: "read", REFUSED: "refused with a PictureError"}
    return Row(
        "pictures",
        f"{form} pictures, damaged at random",
        "digits, or a PictureError, within 10 seconds",
        ", ".join(f"{said.get(kind, kind)}: {times:,}" for kind, times in kinds.most_common()),
        len(readings),
        max(reading.seconds for reading in readings),
        "; ".join(broken),
    )
