"""The formats that a model can be exported to: a table, and :func:`export_model`.

To add a format, write two functions and their row in :data:`FORMATS`: one that writes a model, and
one that reads it back by the format's own runtime and runs it. The proof, the replacing of what is
there, the command line and the tests follow.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnist_zoo.arguments import check_choice
from mnist_zoo.errors import ExportError
from mnist_zoo.writing import replacing

if TYPE_CHECKING:
    import keras

PROBES = 64


@dataclass(frozen=True)
class Format:
    """A format that a model can be exported to.

    Attributes
    ----------
    name : str
        What :func:`export_model` calls it.
    summary : str
        What it is for, in a line.
    write : callable
        Writes a model to a path.
    run : callable
        Reads what is at a path by the format's own runtime, and returns its outputs for pictures.
    suffix : str
        How its files end; empty for a folder.
    marker : str or None
        For a folder, the file by which it can be told to be such an export.
    tolerance : float
        The largest difference between its outputs and the model's that is allowed.
    backends : tuple of str
        The backends of Keras on which it can be written; empty if that is all of them.
    """

    name: str
    summary: str
    write: Callable[[keras.Model, Path], None]
    run: Callable[[Path, NDArray[np.float32]], NDArray[Any]]
    suffix: str = ""
    marker: str | None = None
    tolerance: float = 1e-5
    backends: tuple[str, ...] = ()


class Export(NamedTuple):
    """An export, and how much its outputs differ from the model's.

    Attributes
    ----------
    path : Path
        The file or folder.
    format : str
        Name of the format.
    largest_difference : float
        Between its outputs and the model's, on 64 seeded random pictures.
    """

    path: Path
    format: str
    largest_difference: float


def export_model(
    model: keras.Model,
    path: str | os.PathLike[str],
    *,
    format: str = "saved_model",  # noqa: A002  # Keras's own name for it.
    overwrite: bool = False,
) -> Export:
    """Write a model in another format, read it back, and compare what both compute.

    Parameters
    ----------
    model : keras.Model
        What to write.
    path : path-like
        The file or folder to write.
    format : str, default "saved_model"
        A key of :data:`FORMATS`.
    overwrite : bool, default False
        Whether an export that is there may be replaced.

    Returns
    -------
    Export
        With the largest difference between the outputs of the two.

    Raises
    ------
    ValueError
        If there is no such format.
    FileExistsError
        If something is at `path`, and `overwrite` is false or it is no such export.
    ExportError
        If Keras cannot write the format on its backend, or if the two differ by more than the
        format's tolerance; nothing is written then.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from mnist_zoo import linear
    >>> from mnist_zoo.export import export_model
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     export_model(linear(seed=0), Path(folder) / "linear").largest_difference <= 1e-5
    True
    """
    check_choice("format", format, FORMATS)
    row, target = FORMATS[format], Path(path)
    _check_backend(row)
    pictures = np.random.default_rng(0).random((PROBES, *model.input_shape[1:]), np.float32)
    with replacing(target, overwrite, row.marker) as part:
        row.write(model, part)
        difference = float(
            np.abs(row.run(part, pictures) - model.predict(pictures, verbose=0)).max()
        )
        if not difference <= row.tolerance:
            raise ExportError(
                f"the {row.name} differs from the model by {difference:g}, which is more than "
                f"{row.tolerance:g}: it was not written"
            )
    return Export(target, row.name, difference)


def _check_backend(row: Format) -> None:
    import keras

    backend = keras.backend.backend()
    if row.backends and backend not in row.backends:
        raise ExportError(
            f"a model is exported as {row.name} on the backends {', '.join(row.backends)}; "
            f"this is {backend}. Save the model by save_model, and export the file in a program "
            f"that is started with KERAS_BACKEND={row.backends[0]}"
        )


def export_saved_model(
    model: keras.Model, path: str | os.PathLike[str], *, overwrite: bool = False
) -> float:
    """Write a model as a TensorFlow SavedModel: :func:`export_model` in its default format.

    Its endpoint ``serve`` takes float32 pictures of the model's input shape, any number of them.

    Parameters
    ----------
    model, path, overwrite
        As for :func:`export_model`. Keras writes a SavedModel on its TensorFlow and JAX backends
        only.

    Returns
    -------
    float
        The largest difference between the outputs of the two.

    Raises
    ------
    FileExistsError, ExportError
        As for :func:`export_model`.
    """
    return export_model(model, path, format="saved_model", overwrite=overwrite).largest_difference


def _write_saved_model(model: keras.Model, path: Path) -> None:
    with warnings.catch_warnings():
        # On JAX. Keras passes a setting that JAX is to drop, and no user can change that.
        warnings.filterwarnings("ignore", "The `native_serialization`", DeprecationWarning)
        model.export(path, format="tf_saved_model", verbose=False)


def _run_saved_model(path: Path, pictures: NDArray[np.float32]) -> NDArray[Any]:
    import tensorflow as tf

    loaded = tf.saved_model.load(path)  # Its variables live as long as it does.
    return np.asarray(loaded.serve(pictures))


#: Every format, by its name.
FORMATS: dict[str, Format] = {
    row.name: row
    for row in (
        Format(
            name="saved_model",
            summary="a TensorFlow SavedModel, for TensorFlow Serving",
            write=_write_saved_model,
            run=_run_saved_model,
            marker="saved_model.pb",
            # On torch, Keras 3.15 fails where the size of a batch is open; for a fixed size it
            # needs torch_xla. On numpy and openvino it has no such export.
            backends=("tensorflow", "jax"),
        ),
    )
}
