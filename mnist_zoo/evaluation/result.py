"""What a model does on test digits: :class:`Evaluation`."""

from __future__ import annotations

import base64
import dataclasses
import json
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mnist_zoo import metrics
from mnist_zoo.data.datasets import MNIST, SAMPLE, Dataset
from mnist_zoo.markup import element, facts, folded, joined, table
from mnist_zoo.writing import replacing

if TYPE_CHECKING:
    import keras
    import pandas
    from matplotlib.figure import Figure

# Where a file of results has the probabilities: float32, little-endian, row by row, in base64.
PROBABILITIES = "probabilities_float32_base64"
# A notebook shows no matrix of more classes.
MOST_COLUMNS = 30


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
    distortion : str or None
        Class of the layer that distorted the training digits; None if none did.
    """

    epochs: int | None
    steps: int | None
    batch_size: int
    optimizer: str
    loss: str
    learning_rate: float | None
    validation_fraction: float
    seed: int | None
    distortion: str | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Evaluation:
    """A model's results on the test digits; prints as a table.

    The measures are computed from `labels` and `probabilities`, once, when asked for.

    Attributes
    ----------
    model : keras.Model
        The model, trained. None if the results were loaded from a file, which does not hold it.
    labels : ndarray of int64, shape (n,)
        True classes of the test digits.
    probabilities : ndarray of float32, shape (n, classes)
        The model's probabilities for them.
    dataset : Dataset or None
        The data set that the digits are of; None where plain arrays were given.
    class_names : sequence of str
        A name for each class; by default those of the data set, or numbers where plain arrays
        were given or the model has another number of classes.
    history : mapping of str to tuple of float
        Loss and metrics after each epoch, under Keras's names; empty if nothing was trained.
    seconds : float
        Duration of the training, in seconds.
    settings : TrainingSettings or None
        How the model was trained; None if :func:`evaluate` made this.
    interrupted : bool
        Whether Ctrl-C ended the training early.
    diverged : bool
        Whether the trained model's outputs are not all finite. Then its `probabilities` are equal
        for all classes, and the measures are those of a model that knows nothing.
    name : str
        Name of the model.
    parameters : int
        Number of its parameters.
    versions : mapping of str to str
        Of Python and of the packages that were used, and the name of Keras's backend.
    """

    model: keras.Model
    labels: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    dataset: Dataset | None = None
    class_names: Sequence[str] = ()
    history: Mapping[str, tuple[float, ...]] = dataclasses.field(default_factory=dict)
    seconds: float = 0.0
    settings: TrainingSettings | None = None
    interrupted: bool = False
    diverged: bool = False
    name: str = ""
    parameters: int = 0
    versions: Mapping[str, str] = dataclasses.field(default_factory=lambda: _versions())

    def __post_init__(self) -> None:
        if self.model is not None:
            object.__setattr__(self, "name", self.model.name)
            object.__setattr__(self, "parameters", int(self.model.count_params()))
        classes = self.probabilities.shape[1]
        names = tuple(map(str, self.class_names))
        if not names and self.dataset and self.dataset.classes == classes:
            names = self.dataset.class_names
        names = names or tuple(map(str, range(classes)))
        if len(names) != classes:
            raise ValueError(f"class_names must be {classes}, one for each class; got {len(names)}")
        object.__setattr__(self, "class_names", names)

    @property
    def source(self) -> str | None:
        """Name of the data set; None where plain arrays were given."""
        return self.dataset.name if self.dataset else None

    @cached_property
    def predictions(self) -> NDArray[np.int64]:
        """Most probable class of each digit, int64 of shape ``(n,)``."""
        return np.asarray(self.probabilities.argmax(axis=1), np.int64)

    @cached_property
    def confidences(self) -> NDArray[np.float32]:
        """Probability of the predicted class of each digit, float32 of shape ``(n,)``."""
        return np.asarray(self.probabilities.max(axis=1), np.float32)

    @cached_property
    def misclassified(self) -> NDArray[np.int64]:
        """Indices of the digits that are wrong, the one the model is most sure of first."""
        wrong = np.flatnonzero(self.predictions != self.labels)
        return wrong[np.argsort(-self.confidences[wrong], kind="stable")]

    @cached_property
    def measures(self) -> metrics.Measures:
        """Every measure of :mod:`mnist_zoo.metrics`."""
        return metrics.measure(self.labels, self.probabilities)

    @property
    def accuracy(self) -> float:
        """Fraction of the digits that are right, in [0, 1]."""
        return self.measures.accuracy

    @property
    def interval(self) -> metrics.Interval:
        """Wilson's 95 % interval of the accuracy."""
        return self.measures.interval

    @property
    def loss(self) -> float:
        """Mean cross-entropy in nats, whichever loss trained the model."""
        return self.measures.loss

    @property
    def confusion_matrix(self) -> NDArray[np.int64]:
        """Digits by true class (rows) and predicted class (columns)."""
        return self.measures.confusion_matrix

    @property
    def report(self) -> metrics.ClassReport:
        """Precision, recall, F1 and number of digits of every class."""
        return self.measures.report

    @property
    def calibration(self) -> metrics.Calibration:
        """Expected calibration error, and its bins."""
        return self.measures.calibration

    def __repr__(self) -> str:
        return (
            f"Evaluation(model={self.name!r}, accuracy={self.accuracy:.4f}, "
            f"interval=({self.interval.low:.4f}, {self.interval.high:.4f}), loss={self.loss:.4f})"
        )

    def __str__(self) -> str:
        return "\n".join([*self.summary(), "", *aligned(self.class_rows())])

    def class_rows(self) -> list[tuple[str, ...]]:
        """Return the table of classes as text: a row of headings, then a row for each class.

        Returns
        -------
        list of tuple of str
        """
        return metrics.class_rows(self.report, self.class_names)

    def summary(self) -> list[str]:
        """Return the headline numbers, a line of text for each.

        Returns
        -------
        list of str
        """
        return [self._title(), *(f"{name:<8}  {text}" for name, text in self._facts().items())]

    def _title(self) -> str:
        of = f" of {self.dataset.title}" if self.dataset else ""
        return f"{self.name} on {len(self.labels):,} test digits{of}"

    def _facts(self) -> dict[str, str]:
        low, high = self.interval
        lines = {
            "accuracy": f"{self.accuracy:.2%}  (95 % interval {low:.2%} to {high:.2%})",
            "loss": f"{self.loss:.4f}",
        }
        if self.diverged:
            lines["DIVERGED"] = "the model's outputs are not finite: lower the learning rate"
        if self.settings is not None:
            steps, epochs = self.settings.steps, self.settings.epochs
            count, unit = (epochs or 0, "epoch") if steps is None else (steps, "step")
            asked = f"{count:,} {unit}" if count == 1 else f"{count:,} {unit}s"
            epochs_done = len(self.history.get("loss", ()))
            if steps is None and 0 < epochs_done < count and not self.interrupted:
                asked = f"{epochs_done} of {asked}"  # A callback ended it.
            done = f"INTERRUPTED before the end of {asked}," if self.interrupted else f"{asked} in"
            lines["trained"] = f"{done} {self.seconds:.1f} s"
        return lines

    def _repr_html_(self) -> str:
        headings, *classes = self.class_rows()
        parts = [element("h4", self._title()), facts(self._facts().items())]
        parts.append(table(headings, classes))
        if len(self.class_names) <= MOST_COLUMNS:
            rows = [
                (name, *(f"{count:,}" for count in counts))
                for name, counts in zip(self.class_names, self.confusion_matrix, strict=True)
            ]
            matrix = table(("true", *self.class_names), rows)
            parts.append(folded("confusion matrix: predicted classes in columns", matrix))
        return joined(*parts)

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the model and its probabilities, in types that JSON has.

        Returns
        -------
        dict
        """
        return {
            "model": self.name,
            "parameters": self.parameters,
            "source": self.source,
            "class_names": list(self.class_names),
            **self.measures.to_dict(),
            # JSON has no number that is not finite.
            "history": {
                name: [value if np.isfinite(value) else None for value in values]
                for name, values in self.history.items()
            },
            "seconds": self.seconds,
            "interrupted": self.interrupted,
            "diverged": self.diverged,
            "settings": dataclasses.asdict(self.settings) if self.settings else None,
            "versions": dict(self.versions),
            "labels": self.labels.tolist(),
            "predictions": self.predictions.tolist(),
        }

    def plot(self) -> Figure:
        """Draw the results on one page: :func:`mnist_zoo.plots.overview`.

        Returns
        -------
        matplotlib.figure.Figure
            The page, which a notebook shows.
        """
        from mnist_zoo.plots.page import overview

        return overview(self)

    def to_frame(self) -> pandas.DataFrame:
        """Return a row for each digit: its label, its prediction, and the probabilities.

        Returns
        -------
        pandas.DataFrame
            Columns ``label``, ``prediction``, ``confidence``, ``correct``, and one for each class
            under its name.
        """
        import pandas as pd

        facts = {
            "label": self.labels,
            "prediction": self.predictions,
            "confidence": self.confidences,
            "correct": self.labels == self.predictions,
        }
        classes = pd.DataFrame(self.probabilities, columns=list(self.class_names))
        return pd.concat([pd.DataFrame(facts), classes], axis=1)

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write the results as JSON: :meth:`to_dict`, and the probabilities for :meth:`load`.

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
        packed = base64.b64encode(self.probabilities.astype("<f4").tobytes()).decode("ascii")
        facts = {**self.to_dict(), PROBABILITIES: packed}
        with replacing(Path(path), overwrite) as part:
            part.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Evaluation:
        """Read results that :meth:`save` wrote.

        Parameters
        ----------
        path : path-like
            The file.

        Returns
        -------
        Evaluation
            The same results, without the model. A data set other than MNIST and the sample is
            kept by its class names alone.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is not such a file.
        """
        try:
            facts = json.loads(Path(path).read_bytes())
            labels = np.array(facts["labels"], np.int64)
            values = np.frombuffer(base64.b64decode(facts[PROBABILITIES]), "<f4")
            return cls(
                model=None,
                labels=labels,
                probabilities=values.reshape(len(labels), -1).astype(np.float32),
                dataset={each.name: each for each in (MNIST, SAMPLE)}.get(facts["source"]),
                class_names=tuple(facts["class_names"]),
                history={
                    name: tuple(np.nan if value is None else value for value in each)
                    for name, each in facts["history"].items()
                },
                seconds=facts["seconds"],
                settings=TrainingSettings(**facts["settings"]) if facts["settings"] else None,
                interrupted=facts["interrupted"],
                diverged=facts.get("diverged", False),
                name=facts["model"],
                parameters=facts["parameters"],
                versions=facts["versions"],
            )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(
                f"{os.fspath(path)}: holds no results that Evaluation.save wrote ({error!r})"
            ) from error


def aligned(rows: list[tuple[str, ...]], align: Callable[[str, int], str] = str.rjust) -> list[str]:
    """Return the rows of a table as lines, in columns that are aligned to the right or left."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(align, row, widths)).rstrip() for row in rows]


def _versions() -> dict[str, str]:
    import keras

    packages = ("mnist-zoo", "keras", "numpy", "scikit-learn")
    return {
        "python": platform.python_version(),
        "backend": keras.backend.backend(),
        **{package: version(package) for package in packages},
    }
