"""The files that MNIST travels in (npz, IDX, gzipped IDX): read them, and prove the digits.

What is proved is the digits, not the archive: whoever packed them, however, the bytes of each
array must be MNIST's. So one table serves every mirror, every format, and every cached copy.
"""

from __future__ import annotations

import gzip
import hashlib
import math
import os
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnist_zoo._checks import ChecksumError

Arrays = Mapping[str, NDArray[np.uint8]]

NPZ_NAME = "mnist.npz"
GZIP_MAGIC = b"\x1f\x8b"


class ArraySpec(NamedTuple):
    """What one array must be: its key in an npz, its IDX file, its shape, its digest."""

    key: str
    idx_name: str
    shape: tuple[int, ...]
    sha256: str


# The MD5 of the four raw IDX files, which the tests compute from these arrays, ties the digests
# to the files that LeCun, Cortes and Burges published.
MNIST: tuple[ArraySpec, ...] = (
    ArraySpec(
        "x_train",
        "train-images-idx3-ubyte",
        (60000, 28, 28),
        "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
    ),
    ArraySpec(
        "y_train",
        "train-labels-idx1-ubyte",
        (60000,),
        "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13",
    ),
    ArraySpec(
        "x_test",
        "t10k-images-idx3-ubyte",
        (10000, 28, 28),
        "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
    ),
    ArraySpec(
        "y_test",
        "t10k-labels-idx1-ubyte",
        (10000,),
        "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5",
    ),
)


def read(path: Path, specs: tuple[ArraySpec, ...] = MNIST) -> Arrays:
    """Read and verify the data set at `path`: an npz file, or a folder with npz or IDX files.

    Returns
    -------
    mapping of str to ndarray of uint8
        The arrays ``x_train``, ``y_train``, ``x_test`` and ``y_test``.

    Raises
    ------
    FileNotFoundError
        If there is no such file, or the folder holds neither ``mnist.npz`` nor the four IDX files.
    ChecksumError
        If what is there is truncated, damaged, or another data set.
    OSError
        If it cannot be read.
    """
    files = data_files(path, specs)
    if len(files) == 1:
        arrays = _read_npz(files[0], specs)
    else:
        arrays = {spec.key: _read_idx(file, spec) for spec, file in zip(specs, files, strict=True)}
    for spec in specs:
        _verify(arrays[spec.key], spec, path)
    return arrays


def data_files(path: Path, specs: tuple[ArraySpec, ...] = MNIST) -> list[Path]:
    """Name the files that :func:`read` would read: one npz, or the IDX files in `specs`' order."""
    if not path.is_dir():
        if not path.exists():
            raise FileNotFoundError(f"{path}: no such file or folder")
        return [path]
    if (path / NPZ_NAME).exists():
        return [path / NPZ_NAME]
    found = [_idx_file(path, spec.idx_name) for spec in specs]
    missing = [spec.idx_name for spec, file in zip(specs, found, strict=True) if file is None]
    if missing:
        raise FileNotFoundError(f"{path}: holds neither {NPZ_NAME} nor {', '.join(missing)}[.gz]")
    return [file for file in found if file is not None]


def write_npz(file: IO[bytes], arrays: Arrays) -> None:
    """Write `arrays` as an npz that :func:`read` reads: not compressed, so that reading is fast."""
    np.savez(file, **arrays)  # type: ignore[arg-type]  # mypy takes an array for an option


def _idx_file(folder: Path, name: str) -> Path | None:
    # Some copies in circulation are named "train-images.idx3-ubyte".
    dotted = name.replace("-idx", ".idx")
    candidates = (folder / f"{stem}{end}" for stem in (name, dotted) for end in ("", ".gz"))
    return next((file for file in candidates if file.exists()), None)


def _read_npz(path: Path, specs: tuple[ArraySpec, ...]) -> dict[str, NDArray[np.uint8]]:
    with path.open("rb") as file:
        try:
            # Without allow_pickle=True a file cannot run code by being read.
            with np.load(file, allow_pickle=False) as archive:
                return {spec.key: archive[spec.key] for spec in specs}
        except KeyError as error:
            raise ChecksumError(f"{path}: is no MNIST npz: it has no array {error}") from error
        except Exception as error:
            # Damage makes NumPy and zipfile fail in more ways than they document, with
            # SyntaxError and TokenError among them: a fuzzer finds new ones.
            reason = f"{type(error).__name__}: {error}"
            raise ChecksumError(f"{path}: is no complete npz archive ({reason})") from error


def _read_idx(path: Path, spec: ArraySpec) -> NDArray[np.uint8]:
    """Read one IDX file, gzipped or not (told by its first bytes, as file names lie)."""
    header = struct.pack(f">HBB{len(spec.shape)}I", 0, 8, len(spec.shape), *spec.shape)
    size = len(header) + math.prod(spec.shape)
    with path.open("rb") as raw:
        packed = raw.read(len(GZIP_MAGIC)) == GZIP_MAGIC
        raw.seek(0)
        try:
            # One byte more than it should hold is enough to see that it holds too much.
            content = (gzip.GzipFile(fileobj=raw) if packed else raw).read(size + 1)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise ChecksumError(f"{path}: is no complete gzip file ({error})") from error
    if len(content) != size or not content.startswith(header):
        found = f"at least {size + 1}" if len(content) > size else f"{len(content)}"
        raise ChecksumError(
            f"{path}: is not the IDX file {spec.idx_name}: expected {size} bytes that begin with "
            f"{header.hex()}, found {found} that begin with {content[: len(header)].hex()}"
        )
    return np.frombuffer(content, np.uint8, offset=len(header)).reshape(spec.shape)


def _verify(array: NDArray[np.uint8], spec: ArraySpec, path: Path) -> None:
    if array.dtype != np.uint8 or array.shape != spec.shape:
        raise ChecksumError(
            f"{path}: {spec.key} is not MNIST's: expected uint8 of shape {spec.shape}, "
            f"found {array.dtype} of shape {array.shape}"
        )
    found = sha256(array)
    if found != spec.sha256:
        raise ChecksumError(
            f"{path}: {spec.key} is not MNIST's: expected the SHA-256 {spec.sha256}, found "
            f"{found}; the file was altered, or holds another data set of the same shape"
        )


def sha256(array: NDArray[np.uint8]) -> str:
    """Return the SHA-256 of the array's bytes in C order, as 64 hexadecimal digits."""
    return hashlib.sha256(np.ascontiguousarray(array).data).hexdigest()


def as_path(path: str | os.PathLike[str]) -> Path:
    """Return `path` as a ``Path``, with a leading ``~`` expanded."""
    return Path(path).expanduser()
