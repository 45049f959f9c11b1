"""Which digits a model has seen: a set that only grows.

What is kept is the fingerprints of the digits that a model was trained on, with the names of
their data sets, so that tests can be refused by content: whatever array the digits lie in, and
whatever was done to the model in between. It stays with

- the model's layers, and so with every model that is built from them;
- the values of its parameters, and so with copies of them in the same process: clones, pickles,
  files that Keras wrote (the shipped parameters are known in every process);
- the ``.keras`` files that Keras writes of a model that has a record, as a note among the assets.
  The note is read by :func:`mnist_zoo.export.load_model` and by ``weights=path``;
- its deep copies;
- its pickles, as an attribute of the model that comes out of them.

A file, a pickle or a deep copy of a model that has a record says "unknown" besides if the
parameters have values that are not of a training by :func:`mnist_zoo.fit_and_evaluate`: after
``model.fit``, or within an epoch. (Parameters of less than 64 values are not compared.)

What cannot be seen: a training that is not done by :func:`mnist_zoo.fit_and_evaluate`; digits that
were changed by more than their scale; and a model that is trained on the outputs of another. In
another process, too: what comes with parameters alone (``get_weights``, ``.weights.h5`` files,
which count as unknown if they are read by ``weights=path``); a ``.keras`` file that is read by
``keras.saving.load_model``, as Keras passes over the note; and a model on the layers of an
unpickled one, or its pickle, as only the unpickled model itself has the attribute.
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
from pathlib import Path
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
# The attribute of a layer that keeps what it has seen: a Seen, or in an unpickled model the files
# of its note, so that it can be unpickled without this package.
ATTRIBUTE = "mnist_zoo_seen"
# The members of a .keras archive that keep it, among the files that layers may add to an archive.
# Layers of the model may have notes in folders below, which do not tell about all of it.
NOTE, DIGITS = "assets/mnist_zoo.json", "assets/mnist_zoo_seen.npy"
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
UNKNOWN_DIGITS = Seen(frozenset({UNKNOWN}))
# By a digest of the values of a parameter. This and the next are the only globals of the package
# that change: a copy of a model shares nothing with it but these values.
_BY_VALUES: dict[bytes, Seen] = {}
# The same records by their content, so that equal ones are kept once.
_BY_CONTENT: dict[tuple[frozenset[str], bytes], Seen] = {}


def seen_by(model: keras.Model) -> Seen:
    """Return what a model has seen, as far as that can be known."""
    seen = NOTHING
    for layer in _layers(model):
        seen |= _kept_by(layer)
    for digest in values(model):
        seen |= _BY_VALUES.get(digest, NOTHING)
        seen |= _shipped_values().get(digest, NOTHING)
    return seen


def _kept_by(layer: keras.layers.Layer) -> Seen:
    kept = getattr(layer, ATTRIBUTE, NOTHING)
    if isinstance(kept, Seen):
        return kept
    try:
        return _noted(kept)
    except Exception as error:  # Of another version of the package, perhaps.
        return _damaged(layer.name, error)


def record(model: keras.Model, seen: Seen) -> None:
    """Add to what a model has seen."""
    seen = seen_by(model) | seen
    for layer in _layers(model):
        _mark(layer, seen)


def _mark(layer: Any, seen: Seen) -> None:
    """Let a layer keep what it has seen, and a model hand it on to its files and pickles."""
    import keras

    setattr(layer, ATTRIBUTE, seen)
    if not isinstance(layer, keras.Model):
        return
    cls, recorded = type(layer), values(layer)
    # Keras, pickle and copy look for these names. A class that has its own way keeps it.
    if not hasattr(cls, "save_assets"):
        layer.save_assets = functools.partial(_save_assets, layer, recorded)
    if cls.__reduce__ is keras.Model.__reduce__ and not hasattr(cls, "__deepcopy__"):
        layer.__reduce__ = functools.partial(_reduce, layer, recorded)
        layer.__deepcopy__ = functools.partial(_deep_copy, layer, recorded)


def _save_assets(model: keras.Model, recorded: frozenset[bytes], folder: str) -> None:
    """Write a note into the folder that Keras puts into the archive of a model."""
    # A model can be used without its note; it counts as trained on unknown digits then.
    with contextlib.suppress(OSError):
        for name, content in _files(_seen_or_unknown(model, recorded)).items():
            Path(folder, Path(name).name).write_bytes(content)


def _reduce(model: keras.Model, recorded: frozenset[bytes]) -> tuple[Any, ...]:
    """Return how a pickle of a model is loaded: as Keras does, with what it has seen added."""
    load, content = _keras_pickle(model)
    return load, content, {ATTRIBUTE: _files(_seen_or_unknown(model, recorded))}


def _deep_copy(model: keras.Model, recorded: frozenset[bytes], memo: object) -> keras.Model:
    """Return a copy of a model that is marked as the model is."""
    load, content = _keras_pickle(model)
    copied: keras.Model = load(*content)
    record(copied, _seen_or_unknown(model, recorded))
    return copied


def _keras_pickle(model: keras.Model) -> Any:
    """Return what Keras pickles and copies a model by: a function, and what to call it with."""
    cls: Any = type(model)
    return cls.__reduce__(model)


def _seen_or_unknown(model: keras.Model, recorded: frozenset[bytes]) -> Seen:
    """Return what a model has seen; unknown digits too if others have changed its parameters.

    Parameters
    ----------
    model : keras.Model
        The model.
    recorded : frozenset of bytes
        Digests of the values that its parameters had when it was recorded what it has seen.
    """
    known = recorded | _BY_VALUES.keys() | _shipped_values().keys()
    return seen_by(model) | (NOTHING if values(model) <= known else UNKNOWN_DIGITS)


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
    _mark(model, seen)
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
                _mark(layer, seen)


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
    """Write into a .keras archive what a model has seen, if Keras has not done so."""
    if NOTE not in archive.namelist():
        for name, content in _files(seen_by(model)).items():
            archive.writestr(name, content)


def _files(seen: Seen) -> dict[str, bytes]:
    """Return the files of a note, by their names in an archive; the note is the last."""
    files, digits = {}, seen.digits
    # What is in the package need not be in the file too.
    whole = bool(np.isin(shipped().digits, digits, assume_unique=True).all())
    if whole:
        digits = np.setdiff1d(digits, shipped().digits, assume_unique=True)
    if len(digits):
        with io.BytesIO() as file:
            np.save(file, digits)
            files[DIGITS] = file.getvalue()
    note = {"trained_on": sorted(seen.sources), "all_training_digits_of_mnist": whole}
    return {**files, NOTE: json.dumps(note).encode()}


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
    if not zipfile.is_zipfile(file):
        return UNKNOWN_DIGITS
    try:
        with zipfile.ZipFile(file) as archive:
            names = LARGEST.keys() & archive.namelist()
            if NOTE not in names:
                return UNKNOWN_DIGITS
            return _noted({name: _small(archive, name) for name in names})
    except Exception as error:  # Whatever is wrong with it: a model can be used without its note.
        return _damaged(file if isinstance(file, (str, os.PathLike)) else file.name, error)


def _damaged(name: str | os.PathLike[str], error: Exception) -> Seen:
    warnings.warn(
        f"{name}: its note of the digits that the model has seen is damaged, and is "
        f"ignored ({error}); the model counts as trained on unknown digits",
        UserWarning,
        stacklevel=4,
    )
    return UNKNOWN_DIGITS


def _noted(files: dict[str, bytes]) -> Seen:
    note = json.loads(files[NOTE])
    sources, digits = note["trained_on"], NOTHING.digits
    if not isinstance(sources, list) or not all(isinstance(name, str) for name in sources):
        raise ValueError(f"trained_on must be a list of names, found {sources!r:.40}")
    if note["all_training_digits_of_mnist"]:
        digits = shipped().digits
    if DIGITS in files:
        digits = np.union1d(digits, _fingerprints(files[DIGITS]))
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
                # As they are in a model: some files have 16 bits for each.
                found.update(
                    (_digest(a.astype(np.float32)), shipped())
                    for a in arrays.values()
                    if a.size >= LEAST_VALUES
                )
    return found
