"""Which digits a model has seen: a set that only grows.

What is kept is the fingerprints of the digits that a model was trained on, with the names of
their data sets, so that tests can be refused by content: whatever array the digits lie in, and
whatever was done to the model in between. It stays with

- the model's layers, and so with every model that is built from them;
- the values of its parameters, and so with copies of them in the same process: clones, pickles,
  files that Keras wrote (the shipped parameters are known in every process);
- the files that :func:`mnist_zoo.export.save_model` writes.

What cannot be seen: a training that is not done by :func:`mnist_zoo.fit_and_evaluate`, also one
that goes on with copied parameters; a file that a callback writes in the middle of an epoch; in
another process, a file or pickle that Keras wrote; digits that were changed by more than their
scale; and a model that is trained on the outputs of another.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import io
import json
import os
import warnings
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from mnist_zoo.data.fingerprints import Fingerprints
from mnist_zoo.models.shipped import FOLDER

if TYPE_CHECKING:
    import keras

# A source: arrays of the user's own. Their digits are known, but not which data set they are of.
ARRAYS = "arrays"
# A source: a file that does not say what its model was trained on.
UNKNOWN = "unknown"
# The attribute of a layer that keeps what it has seen.
ATTRIBUTE = "mnist_zoo_seen"
# The members of a .keras archive that keep it; Keras passes over them.
NOTE, DIGITS = "mnist_zoo.json", "mnist_zoo_seen.npy"
# The fingerprints of MNIST's training digits, on which the shipped parameters were trained.
SHIPPED_FILE = "mnist_train.fingerprints"
# In bytes: some names of data sets, and 64 million digits. More is not read.
LARGEST = {NOTE: 1 << 16, DIGITS: 1 << 28}
# Parameters with fewer values are not unmistakable: two untrained biases are alike.
LEAST_VALUES = 64


@dataclass(frozen=True, eq=False)
class Seen:
    """The digits that a model has been trained on.

    Attributes
    ----------
    sources : frozenset of str
        Names of their data sets; ``"unknown"`` for a file that does not say.
    digits : ndarray of uint32
        Fingerprints of the digits, sorted, each once.
    """

    sources: frozenset[str] = frozenset()
    digits: Fingerprints = field(default_factory=lambda: np.zeros(0, np.uint32))

    def __or__(self, other: Seen) -> Seen:
        if other is self or not other.sources:
            return self
        if not self.sources:
            return other
        return Seen(self.sources | other.sources, np.union1d(self.digits, other.digits))


NOTHING = Seen()
# By a digest of the values of a parameter. This and the next are the only globals of the package
# that change: a copy of a model shares nothing with it but these values.
_BY_VALUES: dict[bytes, Seen] = {}
# The same records by their content, so that equal ones are kept once.
_BY_CONTENT: dict[tuple[frozenset[str], bytes], Seen] = {}


def seen_by(model: keras.Model) -> Seen:
    """Return what a model has seen, as far as that can be known."""
    seen = NOTHING
    for layer in _layers(model):
        seen |= getattr(layer, ATTRIBUTE, NOTHING)
    for digest in values(model):
        seen |= _BY_VALUES.get(digest, NOTHING)
        seen |= _shipped_values().get(digest, NOTHING)
    return seen


def record(model: keras.Model, seen: Seen) -> None:
    """Add to what a model has seen."""
    seen = seen_by(model) | seen
    for layer in _layers(model):
        setattr(layer, ATTRIBUTE, seen)


@contextlib.contextmanager
def training_on(model: keras.Model, digits: Seen) -> Iterator[Callable[[], None]]:
    """Record that the training within has seen some digits, however it ends.

    Parameters
    ----------
    model : keras.Model
        What is trained.
    digits : Seen
        The digits that it is trained on.

    Yields
    ------
    callable
        Makes the values that the model has at that moment known, as copies of it may have them.
    """
    seen = _shared(seen_by(model) | digits)
    setattr(model, ATTRIBUTE, seen)
    # Layers and values that do not change have learned nothing: a frozen layer may be part of
    # other models, and a fresh model may have the same values.
    before = {id(layer): _all_values(layer) for layer in _layers(model)}
    values_before = values(model)

    def note() -> None:
        _BY_VALUES.update(dict.fromkeys(values(model) - values_before, seen))

    try:
        yield note
    finally:
        note()
        for layer in _layers(model):
            if _all_values(layer) != before.get(id(layer)):
                setattr(layer, ATTRIBUTE, seen)


def _shared(seen: Seen) -> Seen:
    """Return an equal one that is known already, so that trainings on the same digits share it."""
    key = (seen.sources, _digest(seen.digits))
    return _BY_CONTENT.setdefault(key, seen)


def values(model: keras.Model) -> frozenset[bytes]:
    """Return digests of the values of a model's parameters, of those that are unmistakable."""
    return frozenset(
        _digest(array)
        for array in _arrays(model)
        if array.size >= LEAST_VALUES and array.min() != array.max()
    )


def _all_values(layer: keras.layers.Layer) -> list[bytes]:
    return [_digest(array) for array in _arrays(layer)]


def _arrays(layer: keras.layers.Layer) -> Iterator[Any]:
    import keras

    return (keras.ops.convert_to_numpy(weight) for weight in layer.weights)


@functools.cache
def shipped() -> Seen:
    """Return what the parameters that come with the package have seen: MNIST's training digits."""
    content = (FOLDER / f"{SHIPPED_FILE}.npy").read_bytes()
    return Seen(frozenset({"mnist"}), np.load(io.BytesIO(content), allow_pickle=False))


def write_note(model: keras.Model, archive: zipfile.ZipFile) -> None:
    """Write into a .keras archive what a model has seen."""
    seen = seen_by(model)
    digits = seen.digits
    # What is in the package need not be in the file too.
    whole = bool(np.isin(shipped().digits, digits).all())
    if whole:
        digits = np.setdiff1d(digits, shipped().digits)
    note = {"trained_on": sorted(seen.sources), "all_training_digits_of_mnist": whole}
    archive.writestr(NOTE, json.dumps(note))
    if len(digits):
        with io.BytesIO() as file:
            np.save(file, digits)
            archive.writestr(DIGITS, file.getvalue())


def read_note(file: str | os.PathLike[str] | IO[bytes]) -> Seen:
    """Return what a file of a model or of parameters says that it has seen; unknown if nothing.

    Parameters
    ----------
    file : path-like or binary file
        The file.

    Returns
    -------
    Seen
        What the note in it says.

    Warns
    -----
    UserWarning
        If there is a note, but it is damaged: then it is unknown what the model has seen.
    """
    unknown = Seen(frozenset({UNKNOWN}))
    if not zipfile.is_zipfile(file):
        return unknown
    try:
        with zipfile.ZipFile(file) as archive:
            return _noted(archive) if NOTE in archive.namelist() else unknown
    except Exception as error:  # Whatever is wrong with it: a model can be used without its note.
        name = file if isinstance(file, (str, os.PathLike)) else file.name
        warnings.warn(
            f"{name}: its note of the digits that the model has seen is damaged, and is "
            f"ignored ({error}); the model counts as trained on unknown digits",
            UserWarning,
            stacklevel=3,
        )
        return unknown


def _noted(archive: zipfile.ZipFile) -> Seen:
    note = json.loads(_small(archive, NOTE))
    sources, digits = note["trained_on"], NOTHING.digits
    if not isinstance(sources, list) or not all(isinstance(name, str) for name in sources):
        raise ValueError(f"trained_on must be a list of names, found {sources!r:.40}")
    if note["all_training_digits_of_mnist"]:
        digits = shipped().digits
    if DIGITS in archive.namelist():
        digits = np.union1d(digits, _fingerprints(_small(archive, DIGITS)))
    return Seen(frozenset(sources), digits)


def _small(archive: zipfile.ZipFile, name: str) -> bytes:
    """Return a member of an archive that does not fill the memory."""
    info = archive.getinfo(name)
    if info.file_size > LARGEST[name]:
        raise ValueError(f"{name} unpacks to {info.file_size} bytes, more than {LARGEST[name]}")
    return archive.read(info)


def _fingerprints(content: bytes) -> Fingerprints:
    """Return the array of an npy file whose bytes are all there, whatever its header says."""
    file = io.BytesIO(content)
    np.lib.format.read_magic(file)
    shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    bytes_there = len(content) - file.tell()
    if dtype != np.uint32 or len(shape) != 1 or shape[0] * dtype.itemsize != bytes_there:
        raise ValueError(f"{DIGITS} has {bytes_there} bytes for {dtype} of shape {shape}")
    return np.frombuffer(content, np.uint32, offset=file.tell())


def _layers(model: Any) -> Iterator[Any]:
    """Yield a model and its layers that have parameters, those of models within it too."""
    if model.weights:
        yield model
    for layer in getattr(model, "layers", ()):
        yield from _layers(layer)


def _digest(array: Any) -> bytes:
    return hashlib.blake2b(np.ascontiguousarray(array).tobytes(), digest_size=16).digest()


@functools.cache
def _shipped_values() -> dict[bytes, Seen]:
    """Return digests of the parameters that come with the package."""
    found: dict[bytes, Seen] = {}
    for file in FOLDER.iterdir():
        if file.name.endswith(".npz"):
            with np.load(io.BytesIO(file.read_bytes()), allow_pickle=False) as arrays:
                found.update(
                    (_digest(a), shipped()) for a in arrays.values() if a.size >= LEAST_VALUES
                )
    return found
