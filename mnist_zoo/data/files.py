"""The files that a data set comes in (npz, IDX, gzipped IDX): read them and verify the arrays.

What is verified is the arrays, not the archive: the bytes of each must be those of the data set,
whoever packed them and however. So one table of digests serves every mirror, format and cache.
"""

from __future__ import annotations

import errno
import gzip
import hashlib
import math
import os
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Literal

import numpy as np
from numpy.typing import NDArray

from mnist_zoo.data.datasets import ArraySpec, Dataset
from mnist_zoo.errors import ChecksumError

Arrays = Mapping[str, NDArray[np.uint8]]

GZIP_MAGIC = b"\x1f\x8b"
# More bytes than an array, an archive or a packed file has beside its content.
OVERHEAD = 1 << 16


def read(path: Path, dataset: Dataset) -> Arrays:
    """Read and verify a data set: an npz file, or a folder with an npz or the IDX files.

    Returns
    -------
    mapping of str to ndarray of uint8
        The arrays ``x_train``, ``y_train``, ``x_test`` and ``y_test``.

    Raises
    ------
    FileNotFoundError
        If there is no such file, or the folder holds neither the npz nor the four IDX files.
    ChecksumError
        If what is there is truncated, damaged, or another data set.
    OSError
        If it cannot be read.
    """
    files = data_files(path, dataset)
    if len(files) == 1:
        arrays = _read_npz(files[0], dataset)
    else:
        arrays = {
            spec.key: _read_idx(file, spec)
            for spec, file in zip(dataset.arrays, files, strict=True)
        }
    verify(arrays, dataset, str(path))
    return arrays


def data_files(path: Path, dataset: Dataset) -> list[Path]:
    """Name the files that :func:`read` would read: one npz, or the IDX files in their order."""
    if not path.is_dir():
        return [_regular(path)]
    npz = path / dataset.npz_name
    if npz.exists():
        return [_regular(npz)]
    found = [_idx_file(path, spec.idx_name) for spec in dataset.arrays]
    missing = [
        spec.idx_name for spec, file in zip(dataset.arrays, found, strict=True) if file is None
    ]
    if missing:
        if not all(missing):  # A data set that has no such files.
            raise FileNotFoundError(f"{path}: holds no {npz.name}")
        raise FileNotFoundError(f"{path}: holds neither {npz.name} nor {', '.join(missing)}[.gz]")
    return [_regular(file) for file in found if file is not None]


def largest_file(dataset: Dataset) -> int:
    """Return more bytes than any file of a data set has, packed or not."""
    return sum(math.prod(spec.shape) for spec in dataset.arrays) + 8 * OVERHEAD


def write_npz(file: IO[bytes], arrays: Arrays) -> None:
    """Write an npz that :func:`read` reads: not compressed, so that reading is fast."""
    np.savez(file, **arrays)  # type: ignore[arg-type]  # mypy takes an array for an option


def verify(arrays: Arrays, dataset: Dataset, name: str) -> None:
    """Raise ``ChecksumError`` unless each array has the type, shape and digest it must have."""
    for spec in dataset.arrays:
        array = arrays[spec.key]
        wrong = f"{name}: {spec.key} is not that of {dataset.title}: expected"
        if array.dtype != np.uint8 or array.shape != spec.shape:
            raise ChecksumError(
                f"{wrong} uint8 of shape {spec.shape}, found {array.dtype} of shape {array.shape}"
            )
        found = sha256(array)
        if found != spec.sha256:
            raise ChecksumError(
                f"{wrong} the SHA-256 {spec.sha256}, found {found}; the file was altered, or "
                "holds another data set of the same shape"
            )


def sha256(array: NDArray[np.uint8]) -> str:
    """Return the SHA-256 of the array's bytes in C order, as 64 hexadecimal digits."""
    return hashlib.sha256(np.ascontiguousarray(array).data).hexdigest()


def as_path(path: str | os.PathLike[str]) -> Path:
    """Return `path` as a ``Path``, with a leading ``~`` expanded."""
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise FileNotFoundError(f"{os.fspath(path)}: no such home folder") from error


def _idx_file(folder: Path, name: str) -> Path | None:
    # Some copies in circulation are named "train-images.idx3-ubyte".
    dotted = name.replace("-idx", ".idx")
    if not name:
        return None
    candidates = (folder / f"{stem}{end}" for stem in (name, dotted) for end in ("", ".gz"))
    return next((file for file in candidates if file.exists()), None)


def _regular(path: Path) -> Path:
    """Return `path` if it is a regular file: to open a pipe or a device may take for ever."""
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file or folder")
    if not path.is_file():
        raise OSError(f"{path}: is not a regular file")
    return path


def _read_npz(path: Path, dataset: Dataset) -> dict[str, NDArray[np.uint8]]:
    if path.stat().st_size > largest_file(dataset):
        raise ChecksumError(f"{path}: is larger than any npz of {dataset.title}")
    with path.open("rb") as file:
        try:
            with zipfile.ZipFile(file) as archive:
                return {spec.key: _read_member(archive, spec) for spec in dataset.arrays}
        except MemoryError:
            raise  # It says nothing about the file.
        except KeyError as error:
            raise ChecksumError(
                f"{path}: is no npz of {dataset.title}: it has no array {error}"
            ) from error
        except Exception as error:
            # An error while reading says nothing about the file either; a seek to where nothing
            # can be does.
            if isinstance(error, OSError) and error.errno != errno.EINVAL:
                raise
            # Damage makes zipfile and NumPy fail in more ways than they document: a fuzzer finds
            # new ones.
            reason = f"{type(error).__name__}: {error}"
            raise ChecksumError(f"{path}: is no complete npz archive ({reason})") from error


def _read_member(archive: zipfile.ZipFile, spec: ArraySpec) -> NDArray[np.uint8]:
    """Read one array of an npz; refuse another type or shape before it is unpacked."""
    size = math.prod(spec.shape)
    name = f"{spec.key}.npy"
    if name not in archive.namelist():
        raise KeyError(spec.key)
    info = archive.getinfo(name)
    with archive.open(info) as member:
        version = np.lib.format.read_magic(member)
        read_header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        shape, fortran_order, dtype = read_header(member)
        if dtype != np.uint8 or shape != spec.shape:
            raise ValueError(
                f"{spec.key}: expected uint8 of shape {spec.shape}, found {dtype} of shape {shape}"
            )
        if info.file_size > size + OVERHEAD:
            raise ValueError(
                f"{spec.key}: expected {size:,} bytes, found an archive that unpacks to "
                f"{info.file_size:,}"
            )
        content = member.read(size + 1)
    if len(content) != size:
        raise ValueError(f"{spec.key}: expected {size:,} bytes, found {len(content):,}")
    order: Literal["F", "C"] = "F" if fortran_order else "C"
    return np.frombuffer(content, np.uint8).reshape(spec.shape, order=order)


def _read_idx(path: Path, spec: ArraySpec) -> NDArray[np.uint8]:
    """Read one IDX file, gzipped or not: its first bytes tell, as file names may be wrong."""
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
