"""Files and folders that are written whole, or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path


def check_writable(path: Path, overwrite: bool, marker: str | None = None) -> None:
    """Raise, before long work begins, the error that :func:`replacing` would raise after it.

    Parameters
    ----------
    path : Path
        What is to be written. Folders above it that are missing are made.
    overwrite : bool
        Whether the user allows what is there to be replaced.
    marker : str, optional
        The file by which a folder can be told to be an export, as no other folder is replaced.

    Raises
    ------
    FileExistsError
        If something is at `path` that may not be replaced.
    OSError
        If nothing can be written there.
    """
    with _beside(_target(path), overwrite, marker) as part:
        try:
            part.touch()
        except OSError as error:
            raise _refused(path, error) from None


@contextlib.contextmanager
def replacing(path: Path, overwrite: bool, marker: str | None = None) -> Iterator[Path]:
    """Give a path to write to, beside `path`; move it there once it is written whole.

    Parameters
    ----------
    path, overwrite, marker
        As for :func:`check_writable`. Where a symbolic link points, there the file is written.

    Yields
    ------
    Path
        What to write: a file, or a folder.
    """
    path = _target(path)
    with _beside(path, overwrite, marker) as part:
        yield part
        if not path.is_dir():
            if part.is_file():
                with part.open("rb+") as file:  # So that a crash leaves the old or the new content.
                    os.fsync(file.fileno())
                if path.exists():
                    shutil.copymode(path, part)
            os.replace(part, path)
            return
        # A folder cannot be replaced in one step: the old one makes room, and goes last.
        old = path.rename(part.parent / "old")
        try:
            part.rename(path)
        except BaseException:
            old.rename(path)
            raise


def _target(path: Path) -> Path:
    """Return where a symbolic link points, and any other path as it is."""
    return Path(os.path.realpath(path)) if path.is_symlink() else path


@contextlib.contextmanager
def _beside(path: Path, overwrite: bool, marker: str | None) -> Iterator[Path]:
    """Give a path in a new folder beside `path`, after a check of what is at `path`."""
    if not overwrite and path.exists():
        raise FileExistsError(
            f"{path}: exists already; overwrite=True, or --force on the command line, replaces it"
        )
    if path.is_dir() and not (marker and (path / marker).is_file()):
        expected = f"holds no {marker}" if marker else "a file is to be written"
        raise FileExistsError(f"{path}: is a folder, and {expected}: it is not replaced")
    if path.exists() and not (path.is_dir() or path.is_file()):
        raise FileExistsError(f"{path}: is a device or a pipe: it is not replaced")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = tempfile.TemporaryDirectory(prefix=".mnist-zoo-", dir=path.parent)
    except OSError as error:
        raise _refused(path, error) from None
    with folder as name:
        yield Path(name) / path.name


def _refused(path: Path, error: OSError) -> OSError:
    """Return the same error about `path`, which its user knows."""
    return OSError(error.errno, f"{error.strerror}, so it cannot be written", str(path))
