"""The cache: a folder in which a data set is whole or not there, whatever happens to a process.

A download is finished, verified and only then moved into its place, under a lock. What a process
leaves that is killed is swept by the next one that has the lock.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import platformdirs

from mnist_zoo.data import files
from mnist_zoo.data.datasets import Dataset
from mnist_zoo.data.download import Deadline
from mnist_zoo.data.files import Arrays
from mnist_zoo.errors import ChecksumError, MnistUnavailableError

# The file by which backup programs, and this one, know a cache: https://bford.info/cachedir
TAG = "CACHEDIR.TAG"
TAG_TEXT = (
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# This folder is a cache of mnist-zoo. Its files can be downloaded again.\n"
)


def default_cache_dir() -> Path:
    """Return this package's cache folder, in the operating system's place for caches."""
    return platformdirs.user_cache_path("mnist-zoo")


class Cache:
    """The files of one data set in a cache folder.

    Parameters
    ----------
    folder : Path
        The cache folder; it need not be there yet.
    dataset : Dataset
        Whose files are meant.
    """

    def __init__(self, folder: Path, dataset: Dataset) -> None:
        self.folder, self.dataset = folder, dataset
        self._file = folder / dataset.npz_name
        self._working = folder / f"{self._file.stem}.part"
        self._failure = folder / f"{self._file.stem}.failure"

    @contextlib.contextmanager
    def locked(self, deadline: Deadline) -> Iterator[None]:
        """Hold the lock; where the folder cannot be written, there is nothing to guard.

        Raises
        ------
        MnistUnavailableError
            If another process holds it until the deadline.
        """
        import filelock

        lock = filelock.FileLock(self.folder / f"{self._file.stem}.lock")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=deadline.remaining())
        except filelock.Timeout:
            raise MnistUnavailableError(
                f"another process has held {lock.lock_file} for too long: it downloads very "
                "slowly, or was stopped. End it, or remove the file"
            ) from None
        except OSError:
            yield
            return
        try:
            yield
        finally:
            lock.release()

    @contextlib.contextmanager
    def working_folder(self) -> Iterator[Path]:
        """Give an empty folder, in the cache if possible; it is gone afterwards.

        It has one name, so that what a killed process left there is swept by the next.
        """
        try:
            shutil.rmtree(self._working, ignore_errors=True)
            self._working.mkdir()
        except OSError:
            with tempfile.TemporaryDirectory(prefix="mnist-zoo-") as elsewhere:
                yield Path(elsewhere)
            return
        try:
            yield self._working
        finally:
            shutil.rmtree(self._working, ignore_errors=True)

    def store(self, arrays: Arrays, working: Path) -> None:
        """Write the file under another name, then move it into place in one step."""
        try:
            if os.path.lexists(self._file):  # A link to a disk that is away is someone's too.
                raise FileExistsError(f"{self._file} is there, and was not written by mnist-zoo")
            part = working / self._file.name
            with part.open("wb") as file:
                files.write_npz(file, arrays)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, self._file)
            (self.folder / TAG).write_text(TAG_TEXT, encoding="utf-8")
        except OSError as error:
            warnings.warn(
                f"{self.dataset.title} was downloaded, but no copy could be kept in {self.folder} "
                f"({error}): the next start will download it again",
                stacklevel=5,
            )

    def set_aside_broken(self) -> None:
        """Rename a broken file, and so keep it for whoever wants to know why.

        Only a file in a folder that this package made its cache, and only for wrong content: an
        error while reading says nothing about a file.
        """
        try:
            ours = (self.folder / TAG).is_file() or self.folder == default_cache_dir()
            if ours and self._file.is_file():
                files.read(self._file, self.dataset)
        except ChecksumError as error:
            aside = self._file.with_name(f"{self._file.name}.broken-{time.time_ns()}")
            with contextlib.suppress(OSError):
                self._file.rename(aside)
                warnings.warn(f"{error}. It was set aside as {aside.name}.", stacklevel=5)
        except OSError:
            return

    def failure_since(self, moment: float) -> str | None:
        """Return why another process could not download, if it found so after `moment`."""
        with contextlib.suppress(OSError):
            told = self._failure.lstat().st_mtime
            if self._failure.is_file() and moment < told <= time.time():
                return self._failure.read_text(encoding="utf-8", errors="replace")
        return None

    def tell_failure(self, message: str, working: Path) -> None:
        """Tell the processes that wait for the lock why the download failed."""
        with contextlib.suppress(OSError):
            part = working / self._failure.name
            part.write_text(message, encoding="utf-8")
            os.replace(part, self._failure)
