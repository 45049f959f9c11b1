"""Keras's own files, with a note of the digits that the model has seen."""

from __future__ import annotations

import os
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from mnist_zoo.export.safety import unpack
from mnist_zoo.models import provenance
from mnist_zoo.models.frameworks import tensorflow_left_out
from mnist_zoo.writing import replacing

if TYPE_CHECKING:
    import keras


def save_model(
    model: keras.Model, path: str | os.PathLike[str], *, overwrite: bool = False
) -> None:
    """Write a model as a ``.keras`` file, with a note of the digits it was trained on.

    Plain ``keras.saving.load_model`` reads it as well; :func:`load_model` reads the note too,
    by which :func:`~mnist_zoo.evaluate` knows digits that the model has seen. ``model.save``
    writes the same note, but not for a model of which nothing is recorded, as a fresh one: its
    file says nothing, while this function writes that nothing was seen.

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
    with replacing(target, overwrite) as part:
        with tensorflow_left_out():
            model.save(part)
        with zipfile.ZipFile(part, "a") as archive:
            provenance.write_note(model, archive)


def load_model(path: str | os.PathLike[str]) -> keras.Model:
    """Read a ``.keras`` file, with the note of what it was trained on if it has one.

    A model without the note may have been trained on any digits: it is not tested on the sample,
    whose digits are of MNIST's training split.

    Only built-in parts of Keras are loaded, and no layer that runs code from the file or reads
    other files, such as ``Lambda``: also after ``keras.config.enable_unsafe_deserialization()``.
    If the file holds layers of your own, read it by ``keras.saving.load_model``.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    keras.Model
        The model.

    Warns
    -----
    UserWarning
        If its note is damaged. The model then counts as one without a note.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no ``.keras`` file, is damaged, or holds anything but built-in parts of Keras and
        their parameters. Nothing of it is run.
    """
    source = Path(path)
    if not source.is_file():
        raise FileNotFoundError(f"{source}: no such file")
    # One open file and a folder of our own, so that Keras reads what was checked, even if the
    # file is replaced meanwhile.
    with source.open("rb") as file, tempfile.TemporaryDirectory(prefix="mnist-zoo-") as folder:
        if not zipfile.is_zipfile(file) or source.suffix != ".keras":
            raise ValueError(f"{source}: is not a .keras file")
        try:
            unpack(file, Path(folder))
        except ValueError as error:
            raise ValueError(f"{source}: {error}") from error
        seen = provenance.read_note(file)
        import keras  # Not before, as it takes seconds, and a file may be refused at once.

        model: keras.Model = keras.saving.load_model(folder, safe_mode=True)
    provenance.record(model, seen)
    return model
