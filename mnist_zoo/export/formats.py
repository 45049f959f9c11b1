"""The formats that a model can be exported to: a table, and :func:`export_model`.

To add a format, write two functions in :mod:`.runtimes` and their row in :data:`FORMATS`: one that
writes a model, and one that reads it back by the format's own runtime and runs it. The proof, the
replacing of what is there, the command line and the tests follow.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import metadata, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnist_zoo.arguments import check_choice
from mnist_zoo.data.datasets import MNIST
from mnist_zoo.data.loading import Mnist, load_mnist
from mnist_zoo.errors import ExportError
from mnist_zoo.export import runtimes
from mnist_zoo.export.elsewhere import write_elsewhere
from mnist_zoo.export.preprocessing import with_preprocessing
from mnist_zoo.export.runtimes import Outputs, Pictures, Run
from mnist_zoo.metrics import accuracy
from mnist_zoo.models.shipped import ShippedWeights, read_parameters
from mnist_zoo.models.species import SPECIES, model_card
from mnist_zoo.writing import check_writable, replacing

if TYPE_CHECKING:
    import keras

# On how many pictures an export is compared with its model.
PROBES = 1_000
# On how many training digits a quantized export learns the ranges of its values.
CALIBRATED_ON = 500
# The file beside an export that says what came of this is called as the export, with this ending.
PROOF_SUFFIX = ".export.json"


@dataclass(frozen=True)
class Format:
    """A format that a model can be exported to.

    Attributes
    ----------
    name : str
        What :func:`~mnist_zoo.export.export_model` calls it.
    summary : str
        What it is for, in a line.
    write : callable
        Writes a model to a path. It is given training digits too, or None.
    load : callable
        Reads what is at a path by the format's own runtime, and returns a function from pictures
        to outputs.
    suffix : str
        How its files end; empty for a folder.
    marker : str or None
        For a folder, the file by which it can be told to be such an export.
    tolerance : float
        The largest difference between its outputs and the model's that is allowed.
    changed : float
        The largest share of pictures that it may put into another class than the model does.
    backends : tuple of str
        The backends of Keras on which it can be written; empty if that is all of them. On another
        one, it is written on the first of these, in a process of its own.
    modules : tuple of str
        What it needs besides this package's own dependencies.
    extra : str or None
        What to install for these, as in ``pip install "mnist-zoo[onnx]"``.
    takes_pictures : bool
        Whether it can be written with ``preprocessing=True``.
    """

    name: str
    summary: str
    write: Callable[[keras.Model, Path, Pictures | None], None]
    load: Callable[[Path], Run]
    suffix: str = ""
    marker: str | None = None
    tolerance: float = 1e-5
    changed: float = 1.0
    backends: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    extra: str | None = None
    takes_pictures: bool = True


class Export(NamedTuple):
    """An export, and how much its outputs differ from the model's.

    Attributes
    ----------
    path : Path
        The file or folder.
    format : str
        Name of the format.
    largest_difference : float
        Between its outputs and the model's.
    classes_changed : int
        How many of the pictures it puts into another class than the model does.
    pictures : int
        On how many pictures the two were compared.
    compared_on : str
        What these were: ``"mnist"`` or ``"sample"``, test digits of these; ``"random"``, random
        numbers.
    accuracy : float or None
        Of the export on these pictures, in [0, 1]; None on random ones. Of the sample, shipped
        parameters have seen the digits.
    model_accuracy : float or None
        The same of the model.
    bytes : int
        Size of the file, or of all files in the folder.
    """

    path: Path
    format: str
    largest_difference: float
    classes_changed: int
    pictures: int
    compared_on: str
    accuracy: float | None
    model_accuracy: float | None
    bytes: int


class _Probes(NamedTuple):
    """What an export is compared on."""

    source: str
    x: NDArray[np.float32]  # in the shape of the model's input
    y: NDArray[np.int64] | None
    train: NDArray[np.float32] | None  # training digits, for what has to learn from some


def export_model(
    model: keras.Model,
    path: str | os.PathLike[str],
    *,
    format: str = "saved_model",  # noqa: A002  # Keras's own name for it.
    data: Mnist | None = None,
    preprocessing: bool = False,
    overwrite: bool = False,
) -> Export:
    """Write a model in another format, read it back, and compare what both compute.

    Beside the export, ``PATH.export.json`` is written: the result of the comparison, what goes in,
    the labels, the versions of what wrote it and, for parameters that come with the package, their
    licence and card.

    Parameters
    ----------
    model : keras.Model
        What to write.
    path : path-like
        The file or folder to write.
    format : str, default "saved_model"
        A key of :data:`FORMATS`.
    data : Mnist, optional
        The two are compared on its first 1,000 test digits, and a quantized export learns the
        ranges of its values from 500 training digits. By default the sample; random pictures
        where that is not installed.
    preprocessing : bool, default False
        Whether the export takes grey pictures of any size, uint8 of shape (n, height, width), and
        returns the digit and the probabilities. Each shows one digit, with a margin as in MNIST;
        dark ink on light paper is inverted.
    overwrite : bool, default False
        Whether an export that is there may be replaced.

    Returns
    -------
    Export
        With the largest difference between the outputs of the two.

    Raises
    ------
    ValueError
        If there is no such format, or `path` does not end as its files do.
    FileExistsError
        If something is at `path`, and `overwrite` is false or it is no such export.
    ImportError
        If something that the format needs is not installed.
    ExportError
        If Keras cannot write the model in the format, or if the two differ by more than the format
        allows; nothing is written then.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from mnist_zoo import linear
    >>> from mnist_zoo.export import export_model
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     made = export_model(linear(seed=0), Path(folder) / "linear.npz", format="npz")
    >>> made.largest_difference <= 1e-5, made.pictures
    (True, 1000)
    """
    check_choice("format", format, FORMATS)
    row, target = FORMATS[format], Path(path)
    proof = target.with_name(target.name + PROOF_SUFFIX)
    if row.suffix and target.suffix != row.suffix:
        raise ValueError(f"path must end in {row.suffix}; got {str(path)!r}")
    if preprocessing and not row.takes_pictures:
        raise ExportError(f"{row.name} is written without the preprocessing of pictures")
    _check_installed(row)
    check_writable(target, overwrite, row.marker)
    check_writable(proof, overwrite)
    probes = _probes(model, data)
    written, pictures = model, probes.x
    if preprocessing:
        written = with_preprocessing(model)
        pictures = np.rint(255.0 * probes.x).astype(np.uint8).reshape(-1, *MNIST.image_shape)
    with replacing(target, overwrite, row.marker) as part, replacing(proof, overwrite) as note:
        found = _written_and_run(row, written, part, pictures, probes.train)
        expected = _probabilities(_outputs(written, pictures))
        export = _compared(target, row, found, expected, probes, _size(part))
        _check_same(row, export)
        facts = {**export._asdict(), "path": target.name, **_facts(model, written)}
        note.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    return export


def _check_installed(row: Format) -> None:
    missing = [name for name in row.modules if importlib.util.find_spec(name) is None]
    if missing:
        raise ImportError(
            f"the format {row.name} needs {', '.join(missing)}: "
            f'pip install "mnist-zoo[{row.extra}]"'
        )


def _probes(model: keras.Model, data: Mnist | None) -> _Probes:
    """Return what to compare on: of data, of the sample, or random pictures."""
    shape = tuple(model.input_shape[1:])
    if data is None and math.prod(shape) == MNIST.pixels:
        with contextlib.suppress(ImportError):
            data = load_mnist(source="sample")
    if data is None:
        noise = np.random.default_rng(0).random((PROBES, *shape), np.float32)
        return _Probes("random", noise, None, None)
    some, labels = data.test.x[:PROBES], data.test.y[:PROBES]
    return _Probes(
        data.source,
        some.reshape(-1, *shape),
        labels if labels.ndim == 1 else labels.argmax(axis=1),
        data.train.x[:CALIBRATED_ON].reshape(-1, *shape),
    )


def _written_and_run(
    row: Format, model: keras.Model, path: Path, pictures: Pictures, digits: Pictures | None
) -> NDArray[np.float32]:
    """Write a model, on a backend of Keras where that can be done; return what the export gives."""
    import keras

    try:
        if not row.backends or keras.backend.backend() in row.backends:
            row.write(model, path, digits)
        else:
            write_elsewhere(model, row.write, path, row.backends[0], digits)
        return _probabilities(row.load(path)(pictures))
    except (ExportError, ImportError, OSError):
        raise
    except Exception as error:  # Each runtime has its own.
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise ExportError(
            f"{model.name} cannot be written as {row.name}, or not be read back: {reason[0]}"
        ) from error


def _outputs(model: keras.Model, pictures: Pictures) -> Outputs:
    outputs = model.predict(pictures, verbose=0)
    return list(outputs.values()) if isinstance(outputs, dict) else [outputs]


def _probabilities(outputs: Outputs) -> NDArray[np.float32]:
    """Return the rows of one value a class; the digit, if it is there too, is one a picture."""
    (rows,) = (output for output in outputs if np.ndim(output) == 2)
    return rows


def _compared(
    path: Path,
    row: Format,
    found: NDArray[np.float32],
    expected: NDArray[np.float32],
    probes: _Probes,
    size: int,
) -> Export:
    """Compare the outputs of an export with those expected of it."""
    classes, model_classes = found.argmax(axis=1), expected.argmax(axis=1)
    labels = probes.y
    return Export(
        path=path,
        format=row.name,
        largest_difference=float(np.abs(found - expected).max()),
        classes_changed=int((classes != model_classes).sum()),
        pictures=len(found),
        compared_on=probes.source,
        accuracy=None if labels is None else accuracy(labels, classes),
        model_accuracy=None if labels is None else accuracy(labels, model_classes),
        bytes=size,
    )


def _check_same(row: Format, export: Export) -> None:
    """Raise ``ExportError`` if an export differs from its model by more than is allowed."""
    if not export.largest_difference <= row.tolerance:
        raise ExportError(
            f"the {row.name} differs from the model by {export.largest_difference:g}, which is "
            f"more than {row.tolerance:g}: it was not written"
        )
    if export.classes_changed > row.changed * export.pictures:
        raise ExportError(
            f"the {row.name} puts {export.classes_changed} of {export.pictures} pictures into "
            f"another class than the model, which is more than {row.changed:.1%}: it was not "
            "written"
        )


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def _facts(model: keras.Model, written: keras.Model) -> dict[str, Any]:
    """Return what a user of an export must know of it, in types that JSON has."""
    import keras

    (entry,) = written.inputs
    facts: dict[str, Any] = {
        "model": model.name,
        "input": {
            "shape": list(entry.shape),
            "dtype": str(entry.dtype),
            "range": [0, 255] if written is not model else [0.0, 1.0],
        },
        "classes": int(model.output_shape[-1]),
        "labels": list(MNIST.class_names),
        "versions": {
            "mnist-zoo": version("mnist-zoo"),
            "keras": keras.__version__,
            "backend": keras.backend.backend(),
        },
    }
    species = SPECIES.get(model.name)
    if species is not None and species.weights is not None and _is_shipped(model, species.weights):
        card = model_card(species.name)
        facts |= {"license": metadata("mnist-zoo")["License-Expression"], "card": card.to_dict()}
    return facts


def _is_shipped(model: keras.Model, weights: ShippedWeights) -> bool:
    """Say whether a model has the parameters that come with the package."""
    from keras import ops

    shipped = read_parameters(weights.file)
    return {weight.path for weight in model.weights} == set(shipped) and all(
        np.array_equal(ops.convert_to_numpy(weight), shipped[weight.path])
        for weight in model.weights
    )


def export_saved_model(
    model: keras.Model, path: str | os.PathLike[str], *, overwrite: bool = False
) -> float:
    """Write a model as a SavedModel: :func:`~mnist_zoo.export.export_model` in its default format.

    Its endpoint ``serve`` takes float32 pictures of the model's input shape, any number of them.

    Parameters
    ----------
    model, path, overwrite
        As for :func:`export_model`.

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


#: Every format, by its name.
FORMATS: dict[str, Format] = {
    row.name: row
    for row in (
        Format(
            name="saved_model",
            summary="a TensorFlow SavedModel, for TensorFlow Serving",
            write=runtimes.write_saved_model,
            load=runtimes.load_saved_model,
            marker="saved_model.pb",
            # On torch, Keras 3.15 fails where the size of a batch is open; for a fixed size it
            # needs torch_xla. On numpy and openvino it has no such export.
            backends=("tensorflow", "jax"),
        ),
        Format(
            name="onnx",
            summary="ONNX, for ONNX Runtime and many others",
            write=runtimes.write_onnx,
            load=runtimes.load_onnx,
            suffix=".onnx",
            # On JAX, Keras needs jax2onnx; on torch, it cannot write layers that normalize.
            backends=("tensorflow",),
            modules=("tf2onnx", "onnxruntime"),
            extra="onnx",
        ),
        Format(
            name="litert",
            summary="LiteRT, once TensorFlow Lite, for phones and small computers",
            write=runtimes.write_litert,
            load=runtimes.load_litert,
            suffix=".tflite",
            backends=("tensorflow",),
            modules=("ai_edge_litert",),
            extra="litert",
        ),
        Format(
            name="litert-int8",
            summary="LiteRT that computes with 8 bits, for microcontrollers",
            write=runtimes.write_litert_int8,
            load=runtimes.load_litert,
            suffix=".tflite",
            tolerance=1.0,
            changed=0.01,
            backends=("tensorflow",),
            modules=("ai_edge_litert",),
            extra="litert",
            takes_pictures=False,
        ),
        Format(
            name="openvino",
            summary="OpenVINO, for Intel's processors",
            write=runtimes.write_openvino,
            load=runtimes.load_openvino,
            marker=runtimes.OPENVINO_FILE,
            # What Keras writes on JAX, OpenVINO cannot read.
            backends=("tensorflow",),
            modules=("openvino",),
            extra="openvino",
        ),
        Format(
            name="torch",
            summary="an exported program of PyTorch",
            write=runtimes.write_torch,
            load=runtimes.load_torch,
            suffix=".pt2",
            backends=("torch",),
            modules=("torch",),
            extra="torch",
        ),
        Format(
            name="npz",
            summary="the parameters and a list of the layers, for NumPy",
            write=runtimes.write_npz,
            load=runtimes.load_npz,
            suffix=".npz",
            takes_pictures=False,
        ),
    )
}
