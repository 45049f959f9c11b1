"""What a model does on the test digits: :func:`evaluate` and the :class:`Evaluation` it returns."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mnist_zoo import agreement, metrics
from mnist_zoo._checks import check_integer
from mnist_zoo.data import Mnist
from mnist_zoo.inference import PREDICT_BATCH, model_probabilities
from mnist_zoo.models import TRAINED_ON

if TYPE_CHECKING:
    import keras

__all__ = ["Evaluation", "TrainingSettings", "evaluate"]

Pair = tuple[NDArray[Any], NDArray[Any]]
Data = Mnist | tuple[Pair, Pair]

# Errors of MNIST's test labels, by index: people who labelled the digits again in 2021 agreed on
# another label for the first, and on none for the second.
CORRECTED_LABELS = {
    947: 9,
    1621: 6,
    1901: 4,
    2462: 0,
    2597: 3,
    3558: 0,
    5937: 3,
    6651: 6,
    6783: 6,
    9729: 6,
}
DISPUTED_LABELS = (2130, 2654, 3520, 8527, 9679)


@dataclass(frozen=True)
class TrainingSettings:
    """How :func:`~mnist_zoo.fit_and_evaluate` trained.

    Attributes
    ----------
    epochs, steps : int or None
        What was asked for: passes over the training digits, or batches. The other is None.
    batch_size : int
        Digits a batch.
    optimizer : str
        Class of the optimizer.
    loss : str
        Name of the loss.
    learning_rate : float or None
        Of the optimizer when training began; None if it has none.
    validation_fraction : float
        Fraction of the training split that was kept for validation.
    seed : int or None
        Of the split, the shuffling and the global generators.
    """

    epochs: int | None
    steps: int | None
    batch_size: int
    optimizer: str
    loss: str
    learning_rate: float | None
    validation_fraction: float
    seed: int | None


@dataclass(frozen=True, eq=False, repr=False)
class Evaluation:
    """A model's results on the test digits; prints as a table.

    The other measures are computed from `labels` and `probabilities`, once, when asked for.

    Attributes
    ----------
    model : keras.Model
        The model, trained.
    labels : ndarray of int64, shape (n,)
        True classes of the test digits.
    probabilities : ndarray of float32, shape (n, classes)
        The model's probabilities for them.
    source : {"mnist", "sample"} or None
        What the digits are; None where plain arrays were given.
    history : mapping of str to tuple of float
        Loss and metrics after each epoch, under Keras's names; empty if nothing was trained.
    seconds : float
        Duration of the training, in seconds.
    settings : TrainingSettings or None
        How the model was trained; None if :func:`evaluate` made this.
    interrupted : bool
        Whether Ctrl-C ended the training early.
    """

    model: keras.Model
    labels: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    source: str | None = None
    history: Mapping[str, tuple[float, ...]] = dataclasses.field(default_factory=dict)
    seconds: float = 0.0
    settings: TrainingSettings | None = None
    interrupted: bool = False

    @cached_property
    def predictions(self) -> NDArray[np.int64]:
        """Most probable class of each digit, int64 of shape ``(n,)``."""
        return np.asarray(self.probabilities.argmax(axis=1), np.int64)

    @cached_property
    def accuracy(self) -> float:
        """Fraction of the digits that are right, in [0, 1]."""
        return metrics.accuracy(self.labels, self.predictions)

    @cached_property
    def interval(self) -> metrics.Interval:
        """Wilson's 95 % interval of the accuracy."""
        right = int(np.sum(self.labels == self.predictions))
        return metrics.wilson_interval(right, len(self.labels))

    @cached_property
    def loss(self) -> float:
        """Mean cross-entropy in nats, whichever loss trained the model."""
        return metrics.log_loss(self.labels, self.probabilities)

    @cached_property
    def confusion_matrix(self) -> NDArray[np.int64]:
        """Digits by true class (rows) and predicted class (columns)."""
        classes = self.probabilities.shape[1]
        return metrics.confusion_matrix(self.labels, self.predictions, classes)

    @cached_property
    def report(self) -> metrics.ClassReport:
        """Precision, recall, F1 and number of digits of every class."""
        classes = self.probabilities.shape[1]
        return metrics.class_report(self.labels, self.predictions, classes)

    @cached_property
    def calibration(self) -> metrics.Calibration:
        """Expected calibration error, and its bins."""
        return metrics.expected_calibration_error(self.labels, self.probabilities)

    def __repr__(self) -> str:
        return (
            f"Evaluation(model={self.model.name!r}, accuracy={self.accuracy:.4f}, "
            f"interval=({self.interval.low:.4f}, {self.interval.high:.4f}), loss={self.loss:.4f})"
        )

    def __str__(self) -> str:
        rows = [
            f"{number:>5}  {precision:>9.4f}  {recall:>6.4f}  {f1:>6.4f}  {support:>6,}"
            for number, (precision, recall, f1, support) in enumerate(
                zip(*self.report, strict=True)
            )
        ]
        return "\n".join([*self.summary(), "", "class  precision  recall      f1  digits", *rows])

    def summary(self) -> list[str]:
        """Return the headline numbers, a line of text for each.

        Returns
        -------
        list of str
        """
        digits = {"mnist": "MNIST test digits", "sample": "digits of the MNIST sample"}
        named = digits.get(self.source or "", "test digits")
        lines = [
            f"{self.model.name} on {len(self.labels):,} {named}",
            f"accuracy  {self.accuracy:.2%}  (95 % interval {self.interval.low:.2%} to "
            f"{self.interval.high:.2%})",
            f"loss      {self.loss:.4f}",
        ]
        if self.settings is not None:
            asked = (
                f"{self.settings.epochs} epochs"
                if self.settings.steps is None
                else f"{self.settings.steps:,} steps"
            )
            done = f"INTERRUPTED before the end of {asked}," if self.interrupted else f"{asked} in"
            lines.append(f"trained   {done} {self.seconds:.1f} s")
        return lines

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the model and its probabilities, in types that JSON has.

        Returns
        -------
        dict
        """
        names = metrics.ClassReport._fields
        return {
            "model": self.model.name,
            "parameters": int(self.model.count_params()),
            "source": self.source,
            "digits": len(self.labels),
            "accuracy": self.accuracy,
            "accuracy_interval_95": list(self.interval),
            "loss": self.loss,
            "brier_score": metrics.brier_score(self.labels, self.probabilities),
            "expected_calibration_error": self.calibration.error,
            "per_class": [
                dict(zip(names, row, strict=True))
                for row in zip(*(column.tolist() for column in self.report), strict=True)
            ],
            "confusion_matrix": self.confusion_matrix.tolist(),
            "history": {name: list(values) for name, values in self.history.items()},
            "seconds": self.seconds,
            "interrupted": self.interrupted,
            "settings": dataclasses.asdict(self.settings) if self.settings else None,
            "versions": _versions(),
            "labels": self.labels.tolist(),
            "predictions": self.predictions.tolist(),
        }

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write :meth:`to_dict` as JSON.

        Parameters
        ----------
        path : path-like
            The file to write.
        overwrite : bool, default False
            Whether a file that is there may be replaced.

        Raises
        ------
        FileExistsError
            If the file is there and `overwrite` is false.
        """
        text = json.dumps(self.to_dict(), indent=1)
        with Path(path).open("w" if overwrite else "x", encoding="utf-8") as file:
            file.write(text + "\n")


def evaluate(model: keras.Model, data: Data, *, batch_size: int = PREDICT_BATCH) -> Evaluation:
    """Measure a model, however it was trained, on the test split of `data`.

    Parameters
    ----------
    model : keras.Model
        From pictures of the shape of ``x_test`` to probabilities or logits of shape
        ``(n, classes)``; which of the two it finds out.
    data : Mnist or pair of pairs of arrays
        What :func:`~mnist_zoo.load_mnist` returns, or arrays as
        ``(x_train, y_train), (x_test, y_test)``. Only the test split is read.
    batch_size : int, default 1000
        Digits in one forward pass.

    Returns
    -------
    Evaluation

    Raises
    ------
    ValueError
        If the data does not suit the model, or the model was trained on MNIST and is to be
        measured on the sample, all of whose digits it may have seen.

    Examples
    --------
    >>> from mnist_zoo import evaluate, linear, load_mnist
    >>> result = evaluate(linear(seed=0), load_mnist(source="sample"))
    >>> result.accuracy < 0.5  # it is not trained
    True
    """
    _, (x, y) = agreement.check_structure(data)
    check_unseen(model, data)
    agreement.check_split("test", x, y, model)
    return assess(model, x, y, data, check_integer("batch_size", batch_size, 1))


def assess(
    model: keras.Model, x: Any, y: Any, data: Data, batch_size: int = PREDICT_BATCH, **trained: Any
) -> Evaluation:
    """Read the (checked) test split, once, and make an :class:`Evaluation` of it."""
    probabilities = model_probabilities(model, x, batch_size)
    return Evaluation(model, agreement.as_classes(y), probabilities, source_of(data), **trained)


def card_measures(evaluation: Evaluation) -> dict[str, Any]:
    """Return what a model's card says of its test on MNIST, in types that JSON has."""
    labels, predictions = evaluation.labels, evaluation.predictions
    corrected = labels.copy()
    corrected[list(CORRECTED_LABELS)] = list(CORRECTED_LABELS.values())
    agreed = np.setdiff1d(np.arange(len(labels)), DISPUTED_LABELS)
    return {
        "digits": len(labels),
        "accuracy": evaluation.accuracy,
        "accuracy_interval_95": list(evaluation.interval),
        "log_loss": evaluation.loss,
        "brier_score": metrics.brier_score(labels, evaluation.probabilities),
        "expected_calibration_error": evaluation.calibration.error,
        "confusion_matrix": evaluation.confusion_matrix.tolist(),
        "misclassified": np.flatnonzero(labels != predictions).tolist(),
        "corrected_labels": {
            "digits": len(agreed),
            "accuracy": metrics.accuracy(corrected[agreed], predictions[agreed]),
        },
    }


def source_of(data: Data) -> str | None:
    """Return what the digits are, where the data says."""
    return data.source if isinstance(data, Mnist) else None


def check_unseen(model: keras.Model, data: Data) -> None:
    """Raise ``ValueError`` if the model was trained on the very digits it is to be tested on."""
    if source_of(data) == "sample" and getattr(model, TRAINED_ON, None) == "mnist":
        raise ValueError(
            "the model was trained on MNIST, and every digit of the sample comes from MNIST's "
            "training split: evaluate it on load_mnist(), or train a fresh one on the sample"
        )


def _versions() -> dict[str, str]:
    import keras

    packages = ("mnist-zoo", "keras", "numpy", "scikit-learn")
    return {
        "python": platform.python_version(),
        "backend": keras.backend.backend(),
        **{package: version(package) for package in packages},
    }
