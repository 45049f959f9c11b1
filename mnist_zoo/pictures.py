"""Any picture as a plane of grey: files, bytes, Pillow's images, arrays; hostile ones refused."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

__all__ = ["Picture", "PictureError"]

Picture = str | os.PathLike[str] | bytes | Image.Image | NDArray[np.generic]
Plane = NDArray[np.float32]

MAX_PIXELS = 50_000_000
# Larger pictures are shrunk by a whole factor, to sides of at least this many pixels.
WORKING_SIDE = 1500
# Formats that Pillow decodes itself: others may start programs, as PostScript does. HEIF is there
# once the package pillow-heif has been registered.
FORMATS = ("PNG", "JPEG", "MPO", "GIF", "BMP", "TIFF", "WEBP", "AVIF", "PPM", "HEIF")
# The luminance of red, green and blue (ITU-R BT.601), as Pillow has it.
LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)
# The white of the modes whose values are not bytes.
WHITE = {"I;16": 65535.0, "I;16L": 65535.0, "I;16B": 65535.0, "I;16N": 65535.0}
# The same for arrays; whole numbers of other types are taken for bytes.
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


class PictureError(ValueError):
    """A picture that cannot be read, or that has no digit in it."""


class Grey(NamedTuple):
    """A picture in grey, upright.

    Attributes
    ----------
    plane : ndarray of float32, shape (height, width)
        From 0, black, to 1, white.
    factor : int
        How many pixels of the picture, in either direction, a pixel of the plane stands for.
    """

    plane: Plane
    factor: int


def open_grey(picture: Picture) -> Grey:
    """Open a picture, turn it upright, lay it on paper where it is transparent, and shrink it."""
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
    except Exception as error:  # Pillow's readers fail in many ways on files that are damaged.
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
        # A JPEG can be decoded at a half, a quarter or an eighth of its size, and without colour.
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
        # By way of RGB, as Pillow has no way from some modes straight to grey.
        grey = image if image.mode == "L" else image.convert("RGB").convert("L")
        return Grey(_bytes(grey, left), factor)
    except Exception as error:  # As above: the pixels are decoded here.
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
    if not (low >= 0.0 and high <= 1.0):  # So written, NaN is refused as well.
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
    """Lay a picture on paper that its ink can be seen on."""
    total = float(alpha.sum())
    if total == 0.0:
        return np.ones_like(grey)
    if alpha.mean() < 0.5:
        # What is there is the ink: the paper is what it is not.
        paper = 0.0 if float((grey * alpha).sum()) / total > 0.5 else 1.0
    else:
        # What is there is ink and paper: there is only more of the paper.
        paper = float(np.median(grey[alpha > 0.5]))
    return paper + (grey - np.float32(paper)) * alpha


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # Damaged notes about a picture are no reason not to look at it.
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
