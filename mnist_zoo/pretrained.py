"""The trained parameters that come with the package: verified, and described by their cards.

A file belongs to an architecture, not to a name: ``dense_relu`` and ``dense_relu_dropout`` differ
in training alone, and share theirs.
"""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from mnist_zoo._checks import ChecksumError, check_choice

if TYPE_CHECKING:
    import keras
    import numpy as np
    from numpy.typing import NDArray

    Parameters = dict[str, NDArray[np.float32]]

__all__ = ["ModelCard", "model_card"]

FOLDER = files("mnist_zoo") / "weights"
# The file of each model.
WEIGHTS = {
    "linear": "linear",
    "dense_relu": "dense_relu",
    "dense_relu_dropout": "dense_relu",
    "dense_sigmoid": "dense_sigmoid",
}


@dataclass(frozen=True)
class ModelCard:
    """What is known of the trained parameters of a model; prints as text.

    Attributes
    ----------
    file, sha256 : str
        The file in the package's folder ``weights``, and the digest of its bytes.
    architecture : dict
        Hidden units, activation and number of parameters.
    training : dict
        The command, its settings, the seed that was chosen, the validation and test accuracy of
        every seed, the digests of the digits, and the versions of the libraries.
    test : dict
        Measured on the 10,000 test digits of MNIST, in one forward pass: accuracy with its 95 %
        interval, log loss, Brier score, expected calibration error, confusion matrix, the indices
        of the misclassified digits, and the accuracy with the known label errors set right.
    speed : dict
        Time of forward passes, on the machine that made the card.
    licence, intended_use, limits : str
        What the parameters may be, and are to be, used for, and what not to expect of them.
    """

    file: str
    sha256: str
    architecture: dict[str, Any]
    training: dict[str, Any]
    test: dict[str, Any]
    speed: dict[str, Any]
    licence: str
    intended_use: str
    limits: str

    def __str__(self) -> str:
        low, high = self.test["accuracy_interval_95"]
        corrected = self.test["corrected_labels"]
        units = "-".join(map(str, (784, *self.architecture["hidden_units"], 10)))
        seeds = ", ".join(f"{seed['test_accuracy']:.2%}" for seed in self.training["seeds"])
        lines = {
            "architecture": f"{units}, {self.architecture['parameters']:,} parameters",
            "test accuracy": f"{self.test['accuracy']:.2%}  "
            f"(95 % interval {low:.2%} to {high:.2%})",
            "labels corrected": f"{corrected['accuracy']:.2%} of {corrected['digits']:,} digits",
            "log loss": f"{self.test['log_loss']:.4f}",
            "Brier score": f"{self.test['brier_score']:.5f}",
            "calibration error": f"{self.test['expected_calibration_error']:.2%}",
            "over the seeds": f"{seeds}; validation chose seed {self.training['seed']}",
            "trained by": self.training["command"],
            "file": f"{self.file}, SHA-256 {self.sha256}",
            "licence": self.licence,
            "intended use": self.intended_use,
            "limits": self.limits,
        }
        return "\n".join(f"{name:<18}{text}" for name, text in lines.items())


def model_card(name: str) -> ModelCard:
    """Return the card of the trained parameters that ``weights="mnist"`` gives a model.

    Parameters
    ----------
    name : str
        The name of a model, as in :func:`~mnist_zoo.list_models`.

    Returns
    -------
    ModelCard

    Raises
    ------
    ValueError
        If there is no such model.

    Examples
    --------
    >>> from mnist_zoo import model_card
    >>> model_card("dense_relu").architecture["parameters"]
    109386
    """
    check_choice("name", name, WEIGHTS)
    return ModelCard(**json.loads((FOLDER / f"{WEIGHTS[name]}.json").read_text(encoding="utf-8")))


def read_parameters(card: ModelCard) -> Parameters:
    """Read the arrays of a card's file, ``layer/kernel`` and ``layer/bias``, having verified it."""
    import numpy as np  # Here, as the names of the models are read without it.

    content = (FOLDER / card.file).read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != card.sha256:
        raise ChecksumError(
            f"{FOLDER / card.file}: expected the SHA-256 {card.sha256} that its card states, found "
            f"{found}; the file was damaged: reinstall mnist-zoo"
        )
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return dict(arrays)


def set_parameters(model: keras.Model, parameters: Parameters, *, top: bool = True) -> None:
    """Give the model's layers their arrays; without `top`, all but the classifying layer."""
    for layer in model.layers:
        if f"{layer.name}/kernel" in parameters and (top or layer.name != "predictions"):
            layer.set_weights([parameters[f"{layer.name}/{kind}"] for kind in ("kernel", "bias")])
