"""All that the page loads: its own files, and those that are made of the shipped models."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

from mnist_zoo.drawing.parameters import list_drawable, model_as_bytes, models_as_json

FOLDER = Path(__file__).with_name("page")
FIRST = "index.html"
# What the files of the page are, by their endings.
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".bin": "application/octet-stream",
}


class PageFile(NamedTuple):
    """A file that the page loads.

    Attributes
    ----------
    type : str
        What is in it, as HTTP names it.
    content : callable
        Returns its bytes.
    """

    type: str
    content: Callable[[], bytes]


def page_files() -> dict[str, PageFile]:
    """Return every file that the page loads, by its name; models are made when asked for."""
    contents = {
        path.name: path.read_bytes for path in sorted(FOLDER.iterdir()) if path.suffix in TYPES
    }
    contents["models.json"] = models_as_json
    contents.update({f"{name}.bin": partial(model_as_bytes, name) for name in list_drawable()})
    return {name: PageFile(TYPES[Path(name).suffix], content) for name, content in contents.items()}


def write_page(folder: str | os.PathLike[str]) -> None:
    """Write the page on which one draws a digit, with all that it loads, into a folder.

    Any server of files can serve the folder. Browsers do not run the page from a local file.

    Parameters
    ----------
    folder : path
        Made if it is not there. Files of the page that are in it are replaced.

    Raises
    ------
    OSError
        If the folder cannot be written to.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from mnist_zoo.drawing import write_page
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_page(folder)
    ...     (Path(folder) / "index.html").is_file()
    True
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, file in page_files().items():
        (folder / name).write_bytes(file.content())
