"""Writing a format on another backend of Keras than this one, in a process of its own."""

from __future__ import annotations

import os
import subprocess  # nosec B404
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mnist_zoo.errors import ExportError

if TYPE_CHECKING:
    import keras

# What the process runs. It finds the files in the folder that it is given.
PROGRAM = """
import sys
from pathlib import Path
import numpy as np
from mnist_zoo.export import FORMATS, load_model
folder, form, path = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
digits = folder / "digits.npy"
model = load_model(folder / "model.keras")
FORMATS[form].write(model, path, np.load(digits) if digits.exists() else None)
"""


def write_elsewhere(
    model: keras.Model,
    form: str,
    path: Path,
    backend: str,
    digits: NDArray[np.float32] | None,
) -> None:
    """Write a model in a format, as a row of the table of formats would, on another backend.

    Parameters
    ----------
    model : keras.Model
        What to write.
    form : str
        The name of the format.
    path : Path
        Where.
    backend : str
        The backend of Keras to write it on.
    digits : ndarray or None
        Digits that are passed on.

    Raises
    ------
    ExportError
        If that fails, with the last line that it printed.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model.save(folder / "model.keras")
        if digits is not None:
            np.save(folder / "digits.npy", digits)
        done = subprocess.run(  # noqa: S603  # nosec B603  # Python itself.
            [sys.executable, "-c", PROGRAM, str(folder), form, str(path)],
            env={**os.environ, "KERAS_BACKEND": backend},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise ExportError(f"writing {form} on Keras's backend {backend} failed: {lines[-1]}")
