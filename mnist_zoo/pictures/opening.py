"""Open a picture (a file, bytes, a Pillow image or an array) and make it grey.

Files that are too large, damaged, or of a format that Pillow does not decode itself are refused.
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from mnist_zoo.errors import PictureError as PictureError

Picture = str | os.PathLike[str] | bytes | Image.Image | NDArray[np.generic]
Plane = NDArray[np.float32]

# A picture with more pixels than this is refused, before it is decoded.
MAX_PIXELS = 50_000_000
# A larger picture is shrunk by a whole factor. Its longer side keeps at least this many pixels.
WORKING_SIDE = 1500
# Formats that Pillow decodes itself. Others may start programs, as PostScript does. Pillow can read
# HEIF once the package pillow-heif is registered.
FORMATS = ("PNG", "JPEG", "MPO", "GIF", "BMP", "TIFF", "WEBP", "AVIF", "PPM", "HEIF")
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
    """

    plane: Plane
    factor: int


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
    if isinstance(picture, np.ndarray):
        return _from_array(picture)
    if isinstance(picture, (bytes, bytearray, memoryview)):
        return _from_file(io.BytesIO(picture), f"the {len(picture):,} bytes")
    if isinstance(picture, (str, os.PathLike)):
        path = Path(picture)
        if path.is_dir():
            raise IsADirectoryError(f"{path} is a folder, not a picture")
        with path.open("rb") as file:
            return _from_file(file, str(path))
    raise TypeError(
        "a picture is a path, bytes, a PIL.Image.Image or a NumPy array; "
        f"got {type(picture).__name__}"
    )


def _from_file(file: io.IOBase, name: str) -> Grey:
    try:
        image = Image.open(file)  # type: ignore[arg-type]
    except Image.DecompressionBombError:
        raise PictureError(_too_large(name, "far more")) from None
    except UnidentifiedImageError:
        raise PictureError(
            f"{name}: not a picture of a known format; save it as PNG or JPEG"
        ) from None
    except Exception as error:  # On damaged files, Pillow raises many kinds of errors.
        raise PictureError(f"{name}: damaged or incomplete ({_reason(error)})") from error
    with image:
        if image.format not in FORMATS:
            raise PictureError(
                f"{name}: a file of the format {image.format}; expected one of {', '.join(FORMATS)}"
            )
        return _from_image(image, name)


def _from_image(image: Image.Image, name: str) -> Grey:
    width, height = image.size
    _check_size(height, width, name)
    factor = _factor(height, width)
    try:
        # A JPEG is decoded faster in grey, and at a half, a quarter or an eighth of its size.
        image.draft("L", (width // factor, height // factor))
        image.load()
        image = _upright(image)
        left = max(1, round(factor * max(image.size) / max(width, height)))
        if image.mode.startswith(("I", "F")):
            values = np.asarray(image, np.float32)
            white = WHITE.get(image.mode) or max(1.0, float(values.max()))
            return Grey(_shrink(values / white, left), factor)
        if image.has_transparency_data:
            channels = _bytes(image.convert("RGBA"), left)
            return Grey(_on_paper(channels[..., :3] @ LUMINANCE, channels[..., 3]), factor)
        # Pillow cannot convert every mode straight to grey, but every mode to RGB.
        grey = image if image.mode == "L" else image.convert("RGB").convert("L")
        return Grey(_bytes(grey, left), factor)
    except Exception as error:  # As above: Pillow decodes the pixels here.
        raise PictureError(f"{name}: damaged or incomplete ({_reason(error)})") from error


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
    values = array.astype(np.float32) / np.float32(white)
    low, high = float(values.min()), float(values.max())
    if not (low >= 0.0 and high <= 1.0):  # Written like this, it refuses NaN too.
        raise ValueError(
            f"a picture's array of {array.dtype} has values from 0 to {white:g}; found "
            f"{low * white:g} to {high * white:g}"
        )
    factor = _factor(*values.shape[:2])
    if values.ndim == 2:
        return Grey(_shrink(values, factor), factor)
    planes = [_shrink(np.ascontiguousarray(plane), factor) for plane in np.moveaxis(values, 2, 0)]
    colours = planes if len(planes) in (1, 3) else planes[:-1]
    grey = colours[0] if len(colours) == 1 else np.stack(colours, -1) @ LUMINANCE
    return Grey(grey if colours is planes else _on_paper(grey, planes[-1]), factor)


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
    try:
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


def _factor(height: int, width: int) -> int:
    return max(1, max(height, width) // WORKING_SIDE)


def _bytes(image: Image.Image, factor: int) -> Plane:
    small = image.reduce(factor) if factor > 1 else image
    return np.asarray(small, np.float32) / np.float32(255.0)


def _shrink(plane: Plane, factor: int) -> Plane:
    return np.asarray(Image.fromarray(plane).reduce(factor)) if factor > 1 else plane


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
