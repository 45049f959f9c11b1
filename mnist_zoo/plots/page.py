"""All plots of an evaluation on one page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from matplotlib.figure import Figure
from numpy.typing import NDArray

from mnist_zoo import metrics
from mnist_zoo.plots.axes import new_figure
from mnist_zoo.plots.calibration import reliability_diagram
from mnist_zoo.plots.classes import class_bars, confusion_matrix
from mnist_zoo.plots.history import training_curves


class Results(Protocol):
    """What a page shows: an :class:`~mnist_zoo.Evaluation`, which draws itself by this page."""

    @property
    def history(self) -> Mapping[str, Sequence[float]]:
        """Loss and metrics after each epoch."""

    @property
    def class_names(self) -> Sequence[str]:
        """A name for each class."""

    @property
    def confusion_matrix(self) -> NDArray[Any]:
        """Digits by true class and predicted class."""

    @property
    def report(self) -> metrics.ClassReport:
        """Measures of every class."""

    @property
    def calibration(self) -> metrics.Calibration:
        """Expected calibration error, and its bins."""

    def summary(self) -> list[str]:
        """Return the headline numbers, a line for each."""


def overview(evaluation: Results) -> Figure:
    """Draw an evaluation on one page.

    The page has the confusion matrix, recall by class and the reliability diagram. If the model was
    trained by :func:`~mnist_zoo.fit_and_evaluate`, it also has loss and accuracy by epoch.

    Parameters
    ----------
    evaluation : Evaluation
        What to draw.

    Returns
    -------
    matplotlib.figure.Figure
        The page.

    Examples
    --------
    >>> from mnist_zoo import evaluate, linear, load_mnist, plots
    >>> figure = plots.overview(evaluate(linear(seed=0), load_mnist(source="sample")))
    >>> len(figure.get_axes())  # three panels and a colour bar: nothing was trained
    4
    """
    curves = [name for name in ("loss", "accuracy") if evaluation.history.get(name)]
    rows: list[Any] = [["confusion"] * 2 + ["classes"] * 2 + ["reliability"] * 2]
    if curves:
        rows.append(["loss"] * 3 + ["accuracy"] * 3)
    figure = new_figure((16.0, 4.8 * len(rows)))
    panels = figure.subplot_mosaic(rows)
    names = evaluation.class_names
    confusion_matrix(evaluation.confusion_matrix, class_names=names, ax=panels["confusion"])
    class_bars(evaluation.report, class_names=names, ax=panels["classes"])
    reliability_diagram(evaluation.calibration, ax=panels["reliability"])
    for name in curves:
        training_curves(evaluation.history, metric=name, ax=panels[name])
    figure.suptitle("   ".join(evaluation.summary()[:2]))
    return figure
