"""What a model file may hold: built-in parts of Keras, and numbers. Anything else is refused.

Keras has a safe mode of its own. It differs from release to release, and
``keras.config.enable_unsafe_deserialization()`` turns it off for the whole process. So the file
is checked here first. Keras then reads a copy that holds nothing but what was checked.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import sys
import zipfile
import zlib
from operator import attrgetter
from pathlib import Path
from types import FunctionType
from typing import IO, Any

import h5py

CONFIG, WEIGHTS = "config.json", "model.weights.h5"
# In bytes. The largest configuration in keras.applications, NASNetLarge's, has 1 MB.
LARGEST_CONFIG = 1 << 23
# Weights hardly compress. More than this is unpacked only from a file of a hundredth of the size.
LARGEST_UNPACKED = 1 << 28
LARGEST_RATIO = 100
# Of lists and objects within each other. A model in a model takes three or four levels.
DEEPEST = 200

# Keras's public modules of the parts that a model is made of, and its own modules whose names it
# writes into files: functional models, operations such as `x + y`, layers of its applications.
MODULES = frozenset(
    f"keras{name}"
    for name in ("", ".constraints", ".dtype_policies", ".initializers", ".layers", ".losses",
                 ".metrics", ".models", ".optimizers", ".optimizers.schedules", ".quantizers",
                 ".random", ".regularizers")
)  # fmt: skip
INTERNAL_MODULES = ("keras.src.models.", "keras.src.ops.", "keras.src.applications.")
# The classes that are such parts, with all that are derived from them. Layers and models are
# operations.
KINDS = ("Operation", "Initializer", "Regularizer", "constraints.Constraint", "Optimizer",
         "optimizers.schedules.LearningRateSchedule", "Loss", "Metric", "DTypePolicy",
         "dtype_policies.DTypePolicyMap", "Quantizer", "quantizers.QuantizationConfig",
         "random.SeedGenerator")  # fmt: skip
# Built-in layers that are refused all the same, and what they can do.
REFUSED = {
    "Lambda": "runs code that is in the file",
    "JaxLayer": "runs any function that is named in the file",
    "FlaxLayer": "runs any function that is named in the file",
    "TorchModuleWrapper": "unpickles what is in the file, which can run any code",
    "TFSMLayer": "loads and runs another model, from any path",
    "StringLookup": "can read its vocabulary from any path",
    "IntegerLookup": "can read its vocabulary from any path",
    "TextVectorization": "can read its vocabulary from any path",
}
# Functions are found by name in these; some of them load objects rather than compute.
FUNCTION_MODULES = ("activations", "losses", "metrics")
NO_PARTS = ("deserialize", "get", "serialize")
# What Keras writes for plain values. (A `__lambda__` is code, a `__typespec__` names any class.)
VALUES = ("__bytes__", "__ellipsis__", "__keras_tensor__", "__numpy__", "__slice__", "__tensor__")


def unpack(file: IO[bytes], folder: Path) -> None:
    """Check a ``.keras`` file, and write the folder that Keras reads in its place.

    Parameters
    ----------
    file : binary file
        The archive. It is read once: what is checked is what is written.
    folder : Path
        Where; gets the configuration and the parameters, and nothing else of the archive.

    Raises
    ------
    ValueError
        If the file is damaged, or holds anything but built-in parts of Keras and numbers.
    """
    largest = max(LARGEST_UNPACKED, LARGEST_RATIO * file.seek(0, os.SEEK_END))
    try:
        with zipfile.ZipFile(file) as archive:
            with _member(archive, CONFIG, LARGEST_CONFIG) as member:
                config = json.loads(member.read())
            with _member(archive, WEIGHTS, largest) as member, (folder / WEIGHTS).open("wb") as to:
                shutil.copyfileobj(member, to)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        # RuntimeError: a password, or JSON that is nested too deeply.
        raise ValueError(f"is damaged, or is not a .keras file ({error})") from error
    check_config(config)
    check_weights(folder / WEIGHTS)
    # Written anew, so that Keras cannot understand it in another way: by the last of two equal
    # keys, or by another encoding.
    (folder / CONFIG).write_text(json.dumps(config), encoding="ascii")


def _member(archive: zipfile.ZipFile, name: str, largest: int) -> IO[bytes]:
    if name not in archive.namelist():
        raise ValueError(f"is not a .keras file: it holds no {name}")
    info = archive.getinfo(name)
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{name} in it is compressed in a way that Keras does not use")
    if info.file_size > largest:
        raise ValueError(f"{name} in it unpacks to {info.file_size} bytes, more than {largest}")
    return archive.open(info)


def check_config(config: Any) -> None:
    """Raise ``ValueError`` unless a model's configuration names built-in parts of Keras only.

    Parameters
    ----------
    config : object
        What is in ``config.json``. All of it is checked: layers, models within models, what the
        model was compiled with.
    """
    import keras

    nodes: list[tuple[Any, int]] = [(config, 0)]
    while nodes:
        node, depth = nodes.pop()
        if depth > DEEPEST:
            raise ValueError(f"its {CONFIG} is nested more than {DEEPEST} levels deep")
        if isinstance(node, str) and keras.saving.get_registered_object(node) is not None:
            raise _not_built_in(node)
        if isinstance(node, dict):
            if "class_name" in node:
                _make_portable(node)
                _check_object(node)
            nodes += ((value, depth + 1) for value in node.values())
        elif isinstance(node, list):
            nodes += ((value, depth + 1) for value in node)
    found = isinstance(config, dict) and _look_up(config.get("module"), config.get("class_name"))
    if not isinstance(found, type) or not issubclass(found, keras.Model):
        raise ValueError(f"is not a .keras file: its {CONFIG} does not describe a model")


def _make_portable(node: dict[str, Any]) -> None:
    """Name an optimizer as every backend knows it: some have classes of their own for it."""
    import keras

    module, name = str(node.get("module")), str(node["class_name"])
    if module.startswith("keras.src.backend.") and hasattr(keras.optimizers, name):
        node["module"] = "keras.optimizers"


def _check_object(node: dict[str, Any]) -> None:
    """Raise ``ValueError`` unless what a part of a configuration names is built in, and is safe."""
    import keras

    module, name, alias = node.get("module"), node["class_name"], node.get("registered_name")
    if name in VALUES:
        return
    if name == "function":
        if not _is_function(module, node.get("config")):
            raise _not_built_in(f"the function {module}.{node.get('config')}")
        return
    found = _look_up(module, name)
    kinds = tuple(attrgetter(*KINDS)(keras))
    # Keras prefers what is registered under the other name, if there is one.
    if not isinstance(found, type) or not issubclass(found, kinds) or alias not in (None, name):
        raise _not_built_in(f"{module}.{name}")
    for refused, reason in REFUSED.items():
        if issubclass(found, getattr(keras.layers, refused, ())):
            raise ValueError(
                f"it holds a layer {name}, which {reason}; such files are not loaded. If you know "
                "who made it, keras.saving.load_model may read it"
            )


def _is_function(module: Any, name: Any) -> bool:
    public = [f"keras.{module}" for module in FUNCTION_MODULES]
    found = [_look_up(public_module, name) for public_module in public]
    known = module == "builtins" or module in public
    return known and name not in NO_PARTS and any(isinstance(f, FunctionType) for f in found)


def _look_up(module: Any, name: Any) -> object:
    """Return what a module of Keras has under a name; nothing is imported for it."""
    if not isinstance(module, str) or not isinstance(name, str) or module not in sys.modules:
        return None
    if module not in MODULES and not module.startswith(INTERNAL_MODULES):
        return None
    found = vars(sys.modules[module]).get(name)
    return found if getattr(found, "__module__", "").startswith("keras.src.") else None


def _not_built_in(name: str) -> ValueError:
    return ValueError(
        f"it holds {name[:100]}, which is not a built-in part of a Keras model; such files are not "
        "loaded. A file with code of your own can be read by keras.saving.load_model"
    )


def check_weights(path: Path) -> None:
    """Raise ``ValueError`` unless a file of parameters holds them itself, as Keras writes them.

    HDF5 can also take arrays from other files, and can declare arrays that are larger than what
    is stored. Nothing of the arrays is read to find out.

    Parameters
    ----------
    path : Path
        An HDF5 file.
    """
    try:
        with h5py.File(path, "r") as file:
            _check_groups(file, path.stat().st_size)
    except (OSError, RuntimeError, KeyError, TypeError) as error:  # As h5py reports damage.
        raise ValueError(f"{WEIGHTS} in it is damaged ({error})") from error


def _check_groups(file: Any, size: int) -> None:
    groups, known = [file], set()
    while groups:
        group = groups.pop()
        for name in group:
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise ValueError(f"{WEIGHTS} in it has a link to elsewhere, {name!r}")
            part = group[name]
            address = h5py.h5o.get_info(part.id).addr
            if isinstance(part, h5py.Group) and address not in known:  # A group may hold itself.
                groups.append(part)
            elif isinstance(part, h5py.Dataset) and not _is_plain(part, size):
                raise ValueError(
                    f"{WEIGHTS} in it has an array {part.name} that is in another file, is "
                    "compressed, or is larger than the file; Keras does not write such arrays"
                )
            known.add(address)


def _is_plain(array: Any, size: int) -> bool:
    """Return whether all bytes of an array lie in the file, as they are."""
    how = array.id.get_create_plist()
    whole = how.get_layout() in (h5py.h5d.CONTIGUOUS, h5py.h5d.COMPACT)
    declared = math.prod(array.shape or ()) * array.dtype.itemsize
    return whole and how.get_external_count() == 0 and declared <= size
