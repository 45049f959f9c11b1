"""Where a data set is looked for: a file the user points at, the caches, then the mirrors.

Processes that start together make one download between them: the first that has the cache's lock
downloads, and the others wait for it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from functools import cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urljoin

from mnist_zoo.data import download, files
from mnist_zoo.data.cache import Cache
from mnist_zoo.data.cache import default_cache_dir as default_cache_dir
from mnist_zoo.data.datasets import Dataset, Mirror
from mnist_zoo.data.download import Deadline
from mnist_zoo.data.files import Arrays
from mnist_zoo.errors import TROUBLESHOOTING
from mnist_zoo.errors import ChecksumError as ChecksumError
from mnist_zoo.errors import MnistUnavailableError as MnistUnavailableError


class Found(NamedTuple):
    """The verified arrays, and the file, folder, package or URL they were read from."""

    arrays: Arrays
    origin: str


def keras_cache_file(dataset: Dataset) -> Path:
    """Return the file in which Keras keeps its copy of a data set."""
    home = Path(os.environ.get("KERAS_HOME") or "~/.keras")
    with contextlib.suppress(RuntimeError):  # There is no such home folder, and no file in it.
        home = home.expanduser()
    return home / "datasets" / dataset.npz_name


def pointed_path(dataset: Dataset) -> Path | None:
    """Return the file or folder that the user points at by an environment variable, if any."""
    pointed = os.environ.get(dataset.pointer) if dataset.pointer else None
    return Path(pointed) if pointed else None


def find(dataset: Dataset, cache_dir: Path, *, progress: bool) -> Found:
    """Find a data set: where the user points, in a package, in a cache, or on a mirror.

    Raises
    ------
    MnistUnavailableError
        If it is nowhere to be had; the message names every place and mirror with its reason.
    ChecksumError
        If what the user points at, or the package has, is not the data set. It is left as it is.
    NotADirectoryError
        If `cache_dir` is a file.
    """
    if dataset.read is not None:
        return _read_package(dataset)
    pointed = pointed_path(dataset)
    if pointed is not None:
        return _read_pointed(pointed, dataset)
    if os.path.isfile(cache_dir):  # noqa: PTH113  # Path.is_file fails for a name too long.
        raise NotADirectoryError(f"cache_dir must be a folder; {cache_dir} is a file")

    deadline, began = Deadline(download.TOTAL_SECONDS), time.time()
    reasons: list[str] = []
    places = [cache_dir, *([keras_cache_file(dataset)] if dataset.in_keras else [])]
    for place in places:
        try:
            return Found(files.read(place, dataset), str(place))
        except (OSError, ChecksumError) as error:
            reasons.append(str(error))
    cache = Cache(cache_dir, dataset)
    with cache.locked(deadline):
        # While this process waited for the lock another may have finished the download, or
        # found that it cannot be done: then there is no point in waiting for it once more.
        with contextlib.suppress(OSError, ChecksumError):
            return Found(files.read(cache_dir, dataset), str(cache_dir))
        failure = cache.failure_since(began)
        if failure:
            raise MnistUnavailableError(failure)
        with cache.working_folder() as folder:
            for mirror in dataset.mirrors:
                try:
                    arrays = _download(mirror, dataset, folder, deadline, progress)
                except Exception as error:  # Whatever is wrong with one mirror, the next may do.
                    reasons.append(f"{mirror.url}: {_reason(error)}")
                    continue
                cache.set_aside_broken()
                cache.store(arrays, folder)
                return Found(arrays, mirror.url)
            message = _unavailable(dataset, cache_dir, reasons)
            cache.tell_failure(message, folder)
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
        return Found(files.read(files.as_path(path), dataset), str(path))
    except ChecksumError as error:
        raise ChecksumError(f"{error}. {advice}.") from error
    except OSError as error:
        reason = str(error).removesuffix(".")
        reason = reason if str(path) in reason else f"{path}: {reason}"
        raise MnistUnavailableError(f"{reason}. {advice}.") from error


def _download(
    mirror: Mirror, dataset: Dataset, folder: Path, deadline: Deadline, progress: bool
) -> Arrays:
    target = folder / "mirror"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    most = files.largest_file(dataset)
    for name in mirror.files:
        download.download(
            urljoin(mirror.url, name),
            target / name,
            most_bytes=most,
            deadline=deadline,
            progress=progress,
        )
    return files.read(target, dataset)


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
    advice.append(f"look a reason up: {TROUBLESHOOTING}#downloads")
    return (
        f"{dataset.title} could not be found or downloaded. Tried, in this order:\n"
        f"{_listed(reasons)}\nWhat you can do:\n{_listed(advice)}"
    )


def _listed(lines: list[str]) -> str:
    return "\n".join(f"  - {line}" for line in lines)
