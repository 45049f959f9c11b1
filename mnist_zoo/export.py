"""A model on disk: as Keras's own file, or as a SavedModel that is proved to compute the same.

Whatever is written is written whole under another name and then moved into place, so that an
interrupted program leaves nothing half-done behind.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mnist_zoo.models import TRAINED_ON

if TYPE_CHECKING:
    import keras

__all__ = ["export_saved_model", "load_model", "save_model"]

TOLERANCE = 1e-5
PROBES = 64
# The file by which a folder can be told to be a SavedModel.
SAVED_MODEL = "saved_model.pb"
# A member of the .keras archive, which Keras passes over, with what the model was trained on.
PROVENANCE = "mnist_zoo.json"


def save_model(
    model: keras.Model, path: str | os.PathLike[str], *, overwrite: bool = False
) -> None:
    """Write a model as a ``.keras`` file, with a note of the digits it was trained on.

    Plain ``keras.saving.load_model`` reads it as well; :func:`load_model` reads the note too,
    by which :func:`~mnist_zoo.evaluate` knows digits that the model has seen.

    Parameters
    ----------
    model : keras.Model
        What to write.
    path : path-like
        Where; must end in ``.keras``.
    overwrite : bool, default False
        Whether a file that is there may be replaced.

    Raises
    ------
    ValueError
        If `path` does not end in ``.keras``.
    FileExistsError
        If the file is there and `overwrite` is false.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from mnist_zoo import linear
    >>> from mnist_zoo.export import load_model, save_model
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_model(linear(seed=0), Path(folder) / "linear.keras")
    ...     load_model(Path(folder) / "linear.keras").name
    'linear'
    """
    target = Path(path)
    if target.suffix != ".keras":
        raise ValueError(f"path must end in .keras; got {str(path)!r}")
    with _replacing(target, overwrite) as part:
        model.save(part)
        with zipfile.ZipFile(part, "a") as archive:
            note = {"trained_on": getattr(model, TRAINED_ON, None)}
            archive.writestr(PROVENANCE, json.dumps(note))


def load_model(path: str | os.PathLike[str]) -> keras.Model:
    """Read a ``.keras`` file, with the note of what it was trained on if it has one.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    keras.Model

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no ``.keras`` file, or holds code of its own, which is not run.
    """
    import keras

    source = Path(path)
    if not source.is_file():
        raise FileNotFoundError(f"{source}: no such file")
    if not zipfile.is_zipfile(source) or source.suffix != ".keras":
        raise ValueError(f"{source}: is not a .keras file")
    model = keras.saving.load_model(source)
    with zipfile.ZipFile(source) as archive:
        if PROVENANCE in archive.namelist():
            setattr(model, TRAINED_ON, json.loads(archive.read(PROVENANCE))["trained_on"])
    return model


def export_saved_model(
    model: keras.Model, path: str | os.PathLike[str], *, overwrite: bool = False
) -> float:
    """Write a model as a TensorFlow SavedModel, load it again, and compare what both compute.

    Its endpoint ``serve`` takes float32 pictures of the model's input shape, any number of them.

    Parameters
    ----------
    model : keras.Model
        What to write; on Keras's TensorFlow or JAX backend.
    path : path-like
        The folder to write.
    overwrite : bool, default False
        Whether a folder that is there may be replaced.

    Returns
    -------
    float
        The largest difference between the outputs of the two, on 64 seeded random pictures.

    Raises
    ------
    FileExistsError
        If the folder is there and `overwrite` is false.
    ArithmeticError
        If the two differ by more than 1e-5; nothing is written then.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from mnist_zoo import linear
    >>> from mnist_zoo.export import export_saved_model
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     export_saved_model(linear(seed=0), Path(folder) / "linear") <= 1e-5
    True
    """
    import keras
    import tensorflow as tf

    # Said outright, as Keras 3.10 makes it a list for a model that was loaded from a file.
    signature = [keras.InputSpec(dtype="float32", shape=model.input_shape)]
    pictures = np.random.default_rng(0).random((PROBES, *model.input_shape[1:]), np.float32)
    with _replacing(Path(path), overwrite) as part:
        model.export(part, format="tf_saved_model", verbose=False, input_signature=signature)
        loaded = tf.saved_model.load(part)
        difference = np.abs(
            np.asarray(loaded.serve(pictures)) - model.predict(pictures, verbose=0)
        ).max()
        if not difference <= TOLERANCE:
            raise ArithmeticError(
                f"the SavedModel differs from the model by {difference:g}, which is more than "
                f"{TOLERANCE:g}: it was not written"
            )
    return float(difference)


def check_absent(path: str | os.PathLike[str], overwrite: bool) -> None:
    """Raise ``FileExistsError`` if something is at `path` that may not be replaced."""
    if not overwrite and Path(path).exists():
        raise FileExistsError(f"{path}: exists already, and is not overwritten unless asked for")
    if Path(path).is_dir() and not (Path(path) / SAVED_MODEL).is_file():
        raise FileExistsError(f"{path}: is a folder, but no SavedModel: it is not replaced")


@contextlib.contextmanager
def _replacing(target: Path, overwrite: bool) -> Iterator[Path]:
    """Give a path to write to, beside `target`; move it there once it is written whole."""
    check_absent(target, overwrite)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".mnist-zoo-", dir=target.parent) as folder:
        part = Path(folder) / target.name
        yield part
        if not target.is_dir():
            os.replace(part, target)
            return
        # A folder cannot be replaced in one step: the old one makes room, and goes last.
        old = target.rename(Path(folder) / "old")
        try:
            part.rename(target)
        except BaseException:
            old.rename(target)
            raise
