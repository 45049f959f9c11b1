"""Open a picture (a file, bytes, a Pillow image or an array) and make it grey.

Files that are too large, damaged, or of a format that Pillow does not decode itself are refused.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageFile, ImageOps, UnidentifiedImageError

from mnist_zoo.errors import PictureError as PictureError

Picture = str | os.PathLike[str] | bytes | Image.Image | NDArray[np.generic]
Plane = NDArray[np.float32]

# A picture with more pixels than this is refused, before it is decoded.
MAX_PIXELS = 50_000_000
# The same for the formats that Pillow decodes in Python, at a microsecond a pixel: text files of
# pixels (PPM) and compressed BMP.
MAX_PIXELS_IN_PYTHON = 4_000_000
# A JPEG sends its pixels in scans, and each costs time for the whole picture. Progressive ones have
# about ten.
MAX_SCANS = 100
# A JPEG consists of segments, each of which begins with a marker. In compressed data, 255 is
# followed by 0 or by a mark to restart at.
MAX_SEGMENTS = 100_000
MARKER = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")
# What is done to the pixels of a decoded picture is done to so many of them at a time.
BAND = 4_000_000
# A larger picture is shrunk by a whole factor. Its longer side keeps at least this many pixels.
WORKING_SIDE = 1500
# Formats that Pillow decodes itself. The usual ones are tried first, as loading the others takes
# time. Formats that are in neither list may start programs, as PostScript does. Pillow can read
# HEIF once the package pillow-heif is registered.
USUAL_FORMATS = ("PNG", "JPEG", "GIF", "BMP", "PPM")
OTHER_FORMATS = ("TIFF", "WEBP", "AVIF", "HEIF")
# The weights of red, green and blue in grey (ITU-R BT.601), as Pillow uses them.
LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)
# The value of white, by Pillow's mode of an image. In the modes that are not here it is found from
# the pixels, or is 255.
WHITE = {"I;16": 65535.0, "I;16L": 65535.0, "I;16B": 65535.0, "I;16N": 65535.0}
# The value of white, by the type of an array. Signed and wider integers are taken to hold bytes.
WHITE_OF_DTYPE = {
    "float": 1.0,
    "bool": 1.0,
    "uint8": 255.0,
    "uint16": 65535.0,
    "int16": 255.0,
    "int32": 255.0,
    "int64": 255.0,
    "uint32": 255.0,
    "uint64": 255.0,
}


class Grey(NamedTuple):
    """An upright picture in grey.

    Attributes
    ----------
    plane : ndarray of float32, shape (height, width)
        From 0, black, to 1, white.
    factor : int
        By which the picture was shrunk: one pixel of the plane is `factor` by `factor` pixels of
        the picture.
    step : float
        The steps in which a JPEG file stores the mean of 8 by 8 pixels, as a share of white: it has
        no finer shades of paper. 0 for other files.
    """

    plane: Plane
    factor: int
    step: float = 0.0


def open_grey(picture: Picture) -> Grey:
    """Open a picture, turn it upright, make it grey, and shrink it if it is large.

    Transparent parts become paper.

    Parameters
    ----------
    picture : path, bytes, PIL.Image.Image or ndarray
        As for :func:`mnist_zoo.prepare_digit`.

    Returns
    -------
    Grey

    Raises
    ------
    PictureError
        If the picture cannot be read, or is too large.
    OSError
        If there is no such file.
    TypeError, ValueError
        If an array has another shape, type or range.
    """
    if isinstance(picture, Image.Image):
        return _from_image(picture, "the image")
    if isinstance(picture, np.ma.MaskedArray):
        raise TypeError(
            "a picture's array must not be masked; picture.filled(value) gives the masked pixels a "
            "value"
        )
    if isinstance(picture, np.ndarray):
        return _from_array(np.asarray(picture))
    if isinstance(picture, (bytes, bytearray, memoryview)):
        return _from_file(io.BytesIO(picture), f"the {len(picture):,} bytes")
    if isinstance(picture, (str, os.PathLike)):
        path = Path(picture)
        if path.is_dir():
            raise IsADirectoryError(f"{path} is a folder, not a picture")
        if path.exists() and not path.is_file():
            raise PictureError(f"{path}: not a regular file")
        with path.open("rb") as file:
            return _from_file(file, str(path))
    raise TypeError(
        "a picture is a path, bytes, a PIL.Image.Image or a NumPy array; "
        f"got {type(picture).__name__}"
    )


def _from_file(file: BinaryIO, name: str) -> Grey:
    try:
        image = _identified(file)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PictureError(_too_large(name, "far more")) from None
    except UnidentifiedImageError:
        raise PictureError(
            f"{name}: not a picture of a known format "
            f"({', '.join(USUAL_FORMATS + OTHER_FORMATS)}); save it as PNG or JPEG"
        ) from None
    except Exception as error:  # On damaged files, Pillow raises many kinds of errors.
        raise PictureError(f"{name}: damaged or incomplete ({_reason(error)})") from error
    with image:
        width, height = image.size
        _check_size(height, width, name)
        if _decodes_in_python(image) and height * width > MAX_PIXELS_IN_PYTHON:
            found = f"{width} x {height} = {width * height:,}"
            raise PictureError(
                f"{name}: at most {MAX_PIXELS_IN_PYTHON:,} pixels are read in this form of "
                f"{image.format}; found {found}. Save it as PNG"
            )
        if image.format in ("JPEG", "MPO") and _scans(file) > MAX_SCANS:
            raise PictureError(f"{name}: at most {MAX_SCANS} scans of a JPEG are read; found more")
        # A JPEG is decoded faster in grey, and at a half, a quarter or an eighth of its size: the
        # largest that leaves a whole factor to shrink it by afterwards.
        factor = _factor(max(width, height))
        step = min(factor & -factor, 8)
        image.draft("L", (width // step, height // step))
        return _from_image(image, name, longer_side=max(width, height))


def _identified(file: BinaryIO) -> ImageFile.ImageFile:
    """Open a file by the first of the formats that knows it; no other format reads its header."""
    for register, names in ((Image.preinit, USUAL_FORMATS), (Image.init, OTHER_FORMATS)):
        register()
        formats = [name for name in names if name in Image.OPEN]
        with contextlib.suppress(UnidentifiedImageError):
            return Image.open(file, formats=formats)
    raise UnidentifiedImageError


def _decodes_in_python(image: ImageFile.ImageFile) -> bool:
    decoders = [Image.DECODERS.get(tile[0]) for tile in image.tile]
    return any(isinstance(d, type) and issubclass(d, ImageFile.PyDecoder) for d in decoders)


def _scans(file: BinaryIO) -> int:
    """Count the scans of a JPEG, up to the end of its image: a video may follow it."""
    place = file.tell()
    file.seek(0)
    content = file.read()
    file.seek(place)
    at = count = 0
    for _ in range(MAX_SEGMENTS):
        marker = MARKER.search(content, at)
        if marker is None or marker[1] == b"\xd9":
            return count
        count += marker[1] == b"\xda"
        at = marker.end()
        if marker[1] not in (b"\xd8", b"\x01"):  # All others begin with their length.
            at += max(2, int.from_bytes(content[at : at + 2], "big"))
    return MAX_SCANS + 1


def _step(image: Image.Image) -> float:
    """Return the steps in which a JPEG file stores the mean grey of its blocks of pixels."""
    tables = getattr(image, "quantization", None) or {}
    # The first number is for the mean, times 8 (ITU-T T.81, A.3.3: 8 by 8 cosines of norm 1).
    return tables[0][0] / 8.0 / 255.0 if tables.get(0) else 0.0


def _from_image(image: Image.Image, name: str, longer_side: int | None = None) -> Grey:
    """Make an image grey. Its longer side may have been shrunk already, from `longer_side`."""
    _check_size(image.height, image.width, name)
    side = longer_side or max(image.size)
    factor = _factor(side)
    left = max(1, round(factor * max(image.size) / side))
    try:
        image.load()
        upright = _upright(image)
        is_number = upright.mode.startswith(("I", "F"))
        if not is_number and upright.has_transparency_data:
            channels = _by_bands(upright, left, lambda band: _bytes(band.convert("RGBA"), left))
            return Grey(_on_paper(channels[..., :3] @ LUMINANCE, channels[..., 3]), factor)
        if not is_number:
            plane = _by_bands(upright, left, lambda band: _bytes(_in_grey(band), left))
            return Grey(plane, factor, _step(image))
        plane = _by_bands(upright, left, lambda band: _shrink(_numbers(band), left))
        white = WHITE.get(upright.mode) or max(1.0, float(np.max(upright.getextrema())))
    except Exception as error:  # As above: Pillow decodes the pixels here.
        raise PictureError(f"{name}: damaged or incomplete ({_reason(error)})") from error
    return Grey(np.clip(plane / np.float32(white), 0.0, 1.0), factor)


def _by_bands(image: Image.Image, factor: int, read: Callable[[Image.Image], Plane]) -> Plane:
    """Read a large image band by band, so that it is in memory once. Bands are shrunk whole."""
    width, height = image.size
    rows = max(1, BAND // (factor * width)) * factor
    if rows >= height:
        return read(image)
    tops = range(0, height, rows)
    bands = (image.crop((0, top, width, min(height, top + rows))) for top in tops)
    return np.concatenate([read(band) for band in bands])


def _in_grey(image: Image.Image) -> Image.Image:
    # Pillow cannot convert every mode straight to grey, but every mode to RGB.
    rgb = image if image.mode in ("L", "RGB") else image.convert("RGB")
    return rgb if rgb.mode == "L" else rgb.convert("L")


def _numbers(image: Image.Image) -> Plane:
    """Return the pixels of an image of one channel of integers or floats."""
    values = np.asarray(image, np.float32)
    if not np.isfinite(values).all():
        raise ValueError("it has pixels that are infinite or not a number")
    return values


def _from_array(array: NDArray[np.generic]) -> Grey:
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 2, 3, 4)):
        raise ValueError(
            "a picture's array is of shape (height, width), or (height, width, channels) with 1 to "
            f"4 channels: grey, grey and alpha, RGB, RGBA; got {array.shape}"
        )
    _check_size(array.shape[0], array.shape[1], "the array")
    white = WHITE_OF_DTYPE.get("float" if array.dtype.kind == "f" else array.dtype.name)
    if white is None:
        raise TypeError(f"a picture's array is of uint8 or of floats; got {array.dtype}")
    low, high = float(array.min()), float(array.max())
    if not (low >= 0.0 and high <= white):  # Written like this, it refuses NaN too.
        raise ValueError(
            f"a picture's array of {array.dtype} has values from 0 to {white:g}; found {low:g} to "
            f"{high:g}"
        )
    factor = _factor(max(array.shape[:2]))
    # One channel at a time, so that a large picture is in memory once as floats.
    channels = [array] if array.ndim == 2 else list(np.moveaxis(array, 2, 0))
    planes = [_shrink(_scaled(channel, white), factor) for channel in channels]
    colours = planes if len(planes) in (1, 3) else planes[:-1]
    grey = colours[0] if len(colours) == 1 else np.stack(colours, -1) @ LUMINANCE
    return Grey(grey if colours is planes else _on_paper(grey, planes[-1]), factor)


def _scaled(channel: NDArray[np.generic], white: float) -> Plane:
    values = np.ascontiguousarray(channel, np.float32)
    return values if white == 1.0 else values / np.float32(white)


def _on_paper(grey: Plane, alpha: Plane) -> Plane:
    """Put a picture with transparency on paper of a colour that its ink can be seen on."""
    total = float(alpha.sum())
    if total == 0.0:
        return np.ones_like(grey)
    if alpha.mean() < 0.5:
        # Mostly transparent: the opaque part is ink, so choose a contrasting paper.
        paper = 0.0 if float((grey * alpha).sum()) / total > 0.5 else 1.0
    else:
        # Mostly opaque: the picture has paper of its own. It is most of the picture, so its grey is
        # the median.
        paper = float(np.median(grey[alpha > 0.5]))
    return paper + (grey - np.float32(paper)) * alpha


def _upright(image: Image.Image) -> Image.Image:
    """Turn a picture as its camera noted; without a note, or with a damaged one, leave it."""
    try:
        if image.getexif().get(ExifTags.Base.Orientation, 1) == 1:
            return image
        return ImageOps.exif_transpose(image)
    except Exception:  # A picture with damaged metadata is still read.
        return image


def _check_size(height: int, width: int, name: str) -> None:
    if height < 1 or width < 1:
        raise PictureError(f"{name}: has no pixels ({width} x {height})")
    if height * width > MAX_PIXELS:
        raise PictureError(_too_large(name, f"{width} x {height} = {width * height:,}"))


def _too_large(name: str, found: str) -> str:
    return f"{name}: at most {MAX_PIXELS:,} pixels are read; found {found}. Shrink it first"


def _factor(longer_side: int) -> int:
    return max(1, longer_side // WORKING_SIDE)


def _bytes(image: Image.Image, factor: int) -> Plane:
    small = image.reduce(factor) if factor > 1 else image
    return np.asarray(small, np.float32) / np.float32(255.0)


def _shrink(plane: Plane, factor: int) -> Plane:
    return np.asarray(Image.fromarray(plane).reduce(factor)) if factor > 1 else plane


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
