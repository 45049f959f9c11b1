"""Where a data set is looked for: a file the user points at, the caches, then the mirrors.

A download is finished, verified and only then moved into the cache, under a lock. So a process
sees a whole file or none, and processes that start together make one download between them.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urljoin

import platformdirs

from mnist_zoo.data import files
from mnist_zoo.data.datasets import Dataset, Mirror
from mnist_zoo.data.download import download
from mnist_zoo.data.files import Arrays
from mnist_zoo.errors import ChecksumError as ChecksumError
from mnist_zoo.errors import MnistUnavailableError as MnistUnavailableError


class Found(NamedTuple):
    """The verified arrays, and the file, folder, package or URL they were read from."""

    arrays: Arrays
    origin: str


def default_cache_dir() -> Path:
    """Return this package's cache folder, in the operating system's place for caches."""
    return platformdirs.user_cache_path("mnist-zoo")


def keras_cache_file(dataset: Dataset) -> Path:
    """Return the file in which Keras keeps its copy of a data set."""
    home = os.environ.get("KERAS_HOME") or Path.home() / ".keras"
    return files.as_path(home) / "datasets" / dataset.npz_name


def pointed_path(dataset: Dataset) -> Path | None:
    """Return the file or folder that the user points at by an environment variable, if any."""
    pointed = os.environ.get(dataset.pointer) if dataset.pointer else None
    return files.as_path(pointed) if pointed else None


def find(dataset: Dataset, cache_dir: Path, *, progress: bool) -> Found:
    """Find a data set: where the user points, in a package, in a cache, or on a mirror.

    Raises
    ------
    MnistUnavailableError
        If it is nowhere to be had; the message names every place and mirror with its reason.
    ChecksumError
        If what the user points at, or the package has, is not the data set. It is left as it is.
    """
    if dataset.read is not None:
        return _read_package(dataset)
    pointed = pointed_path(dataset)
    if pointed is not None:
        return _read_pointed(pointed, dataset)

    waiting_since = time.time()
    reasons: list[str] = []
    places = [cache_dir, *([keras_cache_file(dataset)] if dataset.in_keras else [])]
    for place in places:
        try:
            return Found(files.read(place, dataset), str(place))
        except OSError as error:
            reasons.append(str(error))
        except ChecksumError as error:
            reasons.append(str(error))
            if place == cache_dir:  # Keras's cache is Keras's: not ours to tidy.
                _set_aside_broken(cache_dir, dataset)
    with _lock(cache_dir, dataset):
        # While this process waited for the lock another may have finished the download, or
        # found that it cannot be done: then there is no point in waiting for it once more.
        with contextlib.suppress(OSError, ChecksumError):
            return Found(files.read(cache_dir, dataset), str(cache_dir))
        failure = cache_dir / f"{Path(dataset.npz_name).stem}.failure"
        if failure.exists() and failure.stat().st_mtime > waiting_since:
            raise MnistUnavailableError(failure.read_text(encoding="utf-8"))
        for mirror in dataset.mirrors:
            try:
                arrays = _download(mirror, dataset, progress=progress)
            except Exception as error:  # Whatever is wrong with one mirror, the next may be well.
                reasons.append(f"{mirror.url}: {_reason(error)}")
                continue
            _store(cache_dir, dataset, arrays)
            return Found(arrays, mirror.url)
        message = _unavailable(dataset, cache_dir, reasons)
        with contextlib.suppress(OSError):
            failure.write_text(message, encoding="utf-8")
        raise MnistUnavailableError(message)


@cache
def _read_package(dataset: Dataset) -> Found:
    """Read and verify a data set that comes with a Python package: once, as that may take seconds.

    The arrays are shared; whoever hands them out copies them.
    """
    if dataset.read is None:
        raise ValueError(f"{dataset.title} comes with no package")
    arrays = dataset.read()
    try:
        files.verify(arrays, dataset, f"the package {dataset.package}")
    except ChecksumError as error:
        raise ChecksumError(f"{error}; reinstall {dataset.package}") from error
    return Found(arrays, f"the package {dataset.package}")


def _read_pointed(path: Path, dataset: Dataset) -> Found:
    """Read what the user points at. It is the user's: never moved, never replaced by another."""
    name = dataset.pointer
    advice = f"{name} points there: mend the path or the file, or unset {name}"
    try:
        return Found(files.read(path, dataset), str(path))
    except ChecksumError as error:
        raise ChecksumError(f"{error}. {advice}.") from error
    except OSError as error:
        raise MnistUnavailableError(f"{error}. {advice}.") from error


def _set_aside_broken(folder: Path, dataset: Dataset) -> None:
    """Rename broken cache files, and so keep them for whoever wants to know why."""
    with _lock(folder, dataset):
        try:
            files.read(folder, dataset)  # Another process may have put a whole one there.
        except OSError:
            return
        except ChecksumError as error:
            for file in files.data_files(folder, dataset):
                aside = file.with_name(f"{file.name}.broken-{time.time_ns()}")
                # A folder that cannot be written stays as it is.
                with contextlib.suppress(OSError):
                    file.rename(aside)
                    warnings.warn(f"{error}. It was set aside as {aside.name}.", stacklevel=5)


@contextlib.contextmanager
def _lock(folder: Path, dataset: Dataset) -> Iterator[None]:
    """Hold the cache's lock; where the folder cannot be written, there is nothing to guard."""
    import filelock

    lock = filelock.FileLock(folder / f"{Path(dataset.npz_name).stem}.lock")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError:
        yield
        return
    try:
        yield
    finally:
        lock.release()


def _store(folder: Path, dataset: Dataset, arrays: Arrays) -> None:
    """Write the cache file under another name, then move it into place in one step."""
    target = folder / dataset.npz_name
    try:
        descriptor, name = tempfile.mkstemp(prefix=f"{target.stem}-", suffix=".part", dir=folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                files.write_npz(file, arrays)
            os.replace(name, target)
        except BaseException:
            Path(name).unlink()
            raise
    except OSError as error:
        warnings.warn(
            f"{dataset.title} was downloaded, but no copy could be kept in {folder} ({error}): "
            "the next start will download it again",
            stacklevel=2,
        )


def _download(mirror: Mirror, dataset: Dataset, *, progress: bool) -> Arrays:
    with tempfile.TemporaryDirectory(prefix="mnist-zoo-") as folder:
        for name in mirror.files:
            download(urljoin(mirror.url, name), Path(folder) / name, progress=progress)
        return files.read(Path(folder), dataset)


def _reason(error: Exception) -> str:
    """Say in one line why a mirror failed: the innermost reason that requests wraps."""
    cause = getattr(error.args[0], "reason", error) if error.args else error
    return f"{type(cause).__name__}: {cause}".replace("\n", " ")


def _unavailable(dataset: Dataset, cache_dir: Path, reasons: list[str]) -> str:
    advice = [f"copy {dataset.npz_name} or the four IDX files into {cache_dir}"]
    if dataset.pointer:
        reasons = [f"${dataset.pointer}: not set", *reasons]
        advice.insert(
            0,
            f"point {dataset.pointer} at a copy: {dataset.npz_name}, or a folder with it or with "
            "the four IDX files",
        )
    if dataset.instead:
        advice.append(dataset.instead)
    return (
        f"{dataset.title} could not be found or downloaded. Tried, in this order:\n"
        f"{_listed(reasons)}\nWhat you can do:\n{_listed(advice)}"
    )


def _listed(lines: list[str]) -> str:
    return "\n".join(f"  - {line}" for line in lines)
