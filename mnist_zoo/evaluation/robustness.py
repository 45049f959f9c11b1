"""How a model does on spoilt digits, and on pictures that are none: :func:`robustness`."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mnist_zoo import metrics
from mnist_zoo.arguments import check_seed
from mnist_zoo.data.datasets import MNIST
from mnist_zoo.evaluation.corruptions import CORRUPTIONS, corrupt
from mnist_zoo.evaluation.inputs import Data, as_classes, check_test_data
from mnist_zoo.evaluation.nondigits import NON_DIGITS, non_digits
from mnist_zoo.evaluation.result import aligned
from mnist_zoo.evaluation.testing import trained_model
from mnist_zoo.models.outputs import model_probabilities

if TYPE_CHECKING:
    import keras


# Above this probability, a model counts as sure.
SURE = 0.9


class Doubt(NamedTuple):
    """How well a model tells pictures that are no digits from digits.

    Attributes
    ----------
    pictures : int
        Number of pictures.
    sure : float
        The share of them that the model gives a digit of a probability above 0.9.
    auroc : float
        The area under the curve of true against false positives, where digits are told by the
        probability of the model's answer: 1 if every digit has a higher one than every other
        picture, 0.5 if the probabilities say nothing.
    """

    pictures: int
    sure: float
    auroc: float


@dataclass(frozen=True, eq=False, repr=False)
class Robustness:
    """A model's results on spoilt test digits and on pictures that are none; prints as a table.

    Attributes
    ----------
    name : str
        Name of the model.
    clean : Measures
        On the digits as they are.
    corrupted : mapping of str to Measures
        On the spoilt digits, by the name of the corruption.
    doubts : mapping of str to Doubt
        On pictures that are no digits, by their kind. Empty for models of other pictures than
        28 x 28.
    """

    name: str
    clean: metrics.Measures
    corrupted: Mapping[str, metrics.Measures]
    doubts: Mapping[str, Doubt]

    @property
    def mean(self) -> float:
        """Mean accuracy over the corruptions."""
        return statistics.fmean(measures.accuracy for measures in self.corrupted.values())

    @property
    def mean_unlike_training(self) -> float:
        """Mean accuracy over the corruptions that are unlike the package's distortions."""
        return statistics.fmean(
            measures.accuracy
            for name, measures in self.corrupted.items()
            if not CORRUPTIONS[name].resembles
        )

    def __repr__(self) -> str:
        return f"Robustness({self.name!r}, mean={self.mean:.4f})"

    def __str__(self) -> str:
        title = f"{self.name}, {self.clean.digits:,} digits"
        return "\n".join([title, "", *aligned(self.rows(), str.ljust), "", self.summary()])

    def rows(self) -> list[tuple[str, ...]]:
        """Return the table as text: a row of headings, the clean digits, each corruption.

        Returns
        -------
        list of tuple of str
        """
        rows: list[tuple[str, ...]] = [("digits", "accuracy", "95 % interval", "calibration error")]
        for name, measures in {"clean": self.clean, **self.corrupted}.items():
            low, high = measures.interval
            accuracy, error = f"{measures.accuracy:.2%}", f"{measures.calibration.error:.2%}"
            rows.append((name, accuracy, f"{low:.2%} to {high:.2%}", error))
        return rows

    def summary(self) -> str:
        """Return the means in words.

        Returns
        -------
        str
        """
        means = (
            f"mean accuracy {self.mean:.2%}; over the corruptions that are unlike the package's "
            f"distortions for training {self.mean_unlike_training:.2%}"
        )
        sure = [f"{doubt.sure:.0%} of {name}" for name, doubt in self.doubts.items()]
        areas = [f"{doubt.auroc:.3f}" for doubt in self.doubts.values()]
        if not sure:
            return means
        return (
            f"{means}\nover {SURE:.0%} sure of no digits: {', '.join(sure)}; AUROC of telling them "
            f"from digits: {', '.join(areas)}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the results in types that JSON has.

        Returns
        -------
        dict
        """
        return {
            "name": self.name,
            "mean": self.mean,
            "mean_unlike_training": self.mean_unlike_training,
            "clean": _facts(self.clean),
            "corrupted": {name: _facts(measures) for name, measures in self.corrupted.items()},
            "doubts": {name: doubt._asdict() for name, doubt in self.doubts.items()},
        }


def _facts(measures: metrics.Measures) -> dict[str, Any]:
    return {
        "accuracy": measures.accuracy,
        "accuracy_interval_95": list(measures.interval),
        "loss": measures.loss,
        "expected_calibration_error": measures.calibration.error,
    }


def robustness(
    model: keras.Model | str,
    data: Data,
    *,
    seed: int = 0,
    on_result: Callable[[str], None] | None = None,
) -> Robustness:
    """Measure a model on test digits that are spoilt in fifteen ways, those of MNIST-C [1]_.

    And on letters, noise and blank paper, of which it should not be sure.

    Parameters
    ----------
    model : keras.Model or str
        As for :func:`~mnist_zoo.evaluate`.
    data : Mnist or pair of splits
        As for :func:`~mnist_zoo.evaluate`. Only the test split is read.
    seed : int, default 0
        Of the corruptions.
    on_result : callable, optional
        Called with the name of each corruption, and each kind of other pictures, when it is
        measured.

    Returns
    -------
    Robustness
        Accuracy with its interval, loss and calibration, clean and for each corruption; and how
        sure the model is of what is no digit.

    Raises
    ------
    ValueError
        If the data does not suit the model.
    SeenDigitsError
        If the model may have been trained on the test digits. A ``ValueError``.

    References
    ----------
    .. [1] N. Mu and J. Gilmer, "MNIST-C: A robustness benchmark for computer vision", ICML 2019
       Workshop on Uncertainty and Robustness in Deep Learning, arXiv:1906.02337.

    Examples
    --------
    >>> from mnist_zoo import Split, linear, load_mnist, robustness
    >>> data = load_mnist(source="sample")
    >>> some = Split(data.test.x[:50], data.test.y[:50])
    >>> result = robustness(linear(seed=0), (data.train, some))
    >>> sorted(result.corrupted)[:3]
    ['brightness', 'canny_edges', 'dotted_line']
    """
    check_seed(seed)
    model = trained_model(model)
    test = check_test_data(model, data)
    labels = as_classes(test.y)
    side = math.isqrt(math.prod(test.x.shape[1:]))
    pictures = test.x.reshape(-1, side, side)

    def probabilities(x: Any) -> Any:
        return model_probabilities(model, x.reshape(-1, *test.x.shape[1:]))

    on_clean = probabilities(pictures)
    corrupted, doubts = {}, {}
    for name in CORRUPTIONS:
        spoilt = corrupt(pictures, name, seed=seed)
        corrupted[name] = metrics.measure(labels, probabilities(spoilt))
        if on_result is not None:
            on_result(name)
    for name in NON_DIGITS if pictures.shape[1:] == MNIST.image_shape else ():
        doubts[name] = _doubt(on_clean, probabilities(non_digits(name, seed=seed)))
        if on_result is not None:
            on_result(name)
    return Robustness(model.name, metrics.measure(labels, on_clean), corrupted, doubts)


def _doubt(of_digits: Any, of_others: Any) -> Doubt:
    from sklearn.metrics import roc_auc_score

    digits, others = of_digits.max(axis=1), of_others.max(axis=1)
    is_digit = np.repeat([1, 0], [len(digits), len(others)])
    auroc = roc_auc_score(is_digit, np.concatenate([digits, others]))
    return Doubt(len(others), float((others > SURE).mean()), float(auroc))
