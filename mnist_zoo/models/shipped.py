"""The trained parameters that come with the package: verified, and set strictly."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnist_zoo.errors import ChecksumError

if TYPE_CHECKING:
    import keras
    import numpy as np
    from numpy.typing import NDArray

    from mnist_zoo.models.cards import ModelCard

    # By layer and name: "hidden_1/kernel".
    Parameters = dict[str, NDArray[np.float32]]

FOLDER = Path(__file__).with_name("weights")


@dataclass(frozen=True)
class ShippedWeights:
    """The trained parameters of a species that come with the package.

    Attributes
    ----------
    file : str
        Name, without its ending, of their file in the folder ``weights``. A recipe of
        :data:`mnist_zoo.recipes.SHIPPED` says how they were trained.
    """

    file: str


def read_facts(file: str) -> dict[str, Any]:
    """Read what the card of a file of parameters states, as JSON gives it back."""
    facts: dict[str, Any] = json.loads((FOLDER / f"{file}.json").read_text(encoding="utf-8"))
    return facts


def read_card(file: str) -> ModelCard:
    """Read the card of a file of parameters."""
    from mnist_zoo.models.cards import ModelCard

    return ModelCard.from_dict(read_facts(file))


def read_parameters(file: str) -> Parameters:
    """Read a file of parameters, by layer and name, having verified its SHA-256."""
    import numpy as np

    expected = read_facts(file)["sha256"]
    content = (FOLDER / f"{file}.npz").read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise ChecksumError(
            f"{FOLDER / file}.npz: expected the SHA-256 {expected} that its card states, found "
            f"{found}; the file was damaged: reinstall mnist-zoo"
        )
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        # Some files have 16 bits for each.
        return {path: array.astype(np.float32) for path, array in arrays.items()}


def set_parameters(
    model: keras.Model, parameters: Parameters, *, spare: Collection[str] = ()
) -> None:
    """Give a model its parameters: every one of them, and no other.

    Parameters
    ----------
    model : keras.Model
        Whose parameters are set.
    parameters : mapping of str to ndarray
        Arrays by the path of the parameter: layer, then name.
    spare : collection of str
        Layers that are left as they are.

    Raises
    ------
    ValueError
        If an array is missing, left over, or of another shape.
    """
    weights = {w.path: w for w in model.weights if w.path.split("/")[0] not in spare}
    arrays = {path: a for path, a in parameters.items() if path.split("/")[0] not in spare}
    faults = [
        *(f"{path} is missing" for path in weights.keys() - arrays.keys()),
        *(f"the model has no {path}" for path in arrays.keys() - weights.keys()),
        *(
            f"{path} is of shape {arrays[path].shape}, where the model's is {tuple(weight.shape)}"
            for path, weight in weights.items()
            if path in arrays and arrays[path].shape != tuple(weight.shape)
        ),
    ]
    if faults:
        raise ValueError(
            f"the parameters are not of this architecture: {'; '.join(sorted(faults))}. Leave the "
            "arguments that set the layers at their defaults, or take weights=None"
        )
    for path, weight in weights.items():
        weight.assign(arrays[path])
