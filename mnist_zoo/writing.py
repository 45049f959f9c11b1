"""Files and folders that are written whole, or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path


def check_replaceable(path: Path, overwrite: bool, marker: str | None = None) -> None:
    """Raise ``FileExistsError`` if something is at `path` that may not be replaced.

    Parameters
    ----------
    path : Path
        What is to be written.
    overwrite : bool
        Whether the user allows what is there to be replaced.
    marker : str, optional
        The file by which a folder can be told to be an export, as no other folder is replaced.
    """
    if not overwrite and path.exists():
        raise FileExistsError(
            f"{path}: exists already; overwrite=True, or --force on the command line, replaces it"
        )
    if path.is_dir() and not (marker and (path / marker).is_file()):
        expected = f"holds no {marker}" if marker else "a file is to be written"
        raise FileExistsError(f"{path}: is a folder, and {expected}: it is not replaced")


@contextlib.contextmanager
def replacing(path: Path, overwrite: bool, marker: str | None = None) -> Iterator[Path]:
    """Give a path to write to, beside `path`; move it there once it is written whole."""
    check_replaceable(path, overwrite, marker)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".mnist-zoo-", dir=path.parent) as folder:
        part = Path(folder) / path.name
        yield part
        if not path.is_dir():
            if part.is_file():
                with part.open("rb+") as file:  # So that a crash leaves the old or the new content.
                    os.fsync(file.fileno())
            os.replace(part, path)
            return
        # A folder cannot be replaced in one step: the old one makes room, and goes last.
        old = path.rename(Path(folder) / "old")
        try:
            part.rename(path)
        except BaseException:
            old.rename(path)
            raise
