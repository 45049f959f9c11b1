"""Writing a format on another backend of Keras than this one, in a process of its own.

``python -m mnist_zoo.export.elsewhere`` is that process.
"""

from __future__ import annotations

import importlib
import os
import subprocess  # nosec B404
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mnist_zoo.errors import ExportError
from mnist_zoo.export.files import load_model, save_model

if TYPE_CHECKING:
    import keras

    Write = Callable[[keras.Model, Path, NDArray[np.float32] | None], None]

# The files that are handed over.
MODEL, DIGITS = "model.keras", "digits.npy"


def write_elsewhere(
    model: keras.Model, write: Write, path: Path, backend: str, digits: NDArray[np.float32] | None
) -> None:
    """Write a model on another backend of Keras.

    Parameters
    ----------
    model : keras.Model
        What to write.
    write : callable
        A function of a module, which writes a model to a path. It is given the digits too.
    path : Path
        Where.
    backend : str
        The backend to write it on.
    digits : ndarray or None
        Training digits.

    Raises
    ------
    ExportError
        If that fails, with the last line that it printed.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        save_model(model, folder / MODEL)
        if digits is not None:
            np.save(folder / DIGITS, digits)
        function = write.__module__, write.__qualname__
        done = subprocess.run(  # noqa: S603  # nosec B603  # Python itself.
            [sys.executable, "-m", __name__, *function, name, os.fspath(path)],
            env={**os.environ, "KERAS_BACKEND": backend},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise ExportError(f"writing {path.name} on Keras's backend {backend} failed: {lines[-1]}")


def main() -> None:
    """Write what :func:`write_elsewhere` handed over."""
    module, name, folder, path = sys.argv[1:]
    write: Write = getattr(importlib.import_module(module), name)
    digits = Path(folder) / DIGITS
    model = load_model(Path(folder) / MODEL)
    write(model, Path(path), np.load(digits) if digits.exists() else None)


if __name__ == "__main__":
    main()
