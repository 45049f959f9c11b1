"""All plots of an evaluation on one page."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from mnist_zoo.evaluation.result import Evaluation
from mnist_zoo.plots.calibration import reliability_diagram
from mnist_zoo.plots.classes import class_bars, confusion_matrix
from mnist_zoo.plots.history import training_curves


def overview(evaluation: Evaluation) -> Figure:
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
    figure = Figure(figsize=(16.0, 4.8 * len(rows)), layout="constrained")
    panels = figure.subplot_mosaic(rows)
    names = evaluation.class_names
    confusion_matrix(evaluation.confusion_matrix, class_names=names, ax=panels["confusion"])
    class_bars(evaluation.report, class_names=names, ax=panels["classes"])
    reliability_diagram(evaluation.calibration, ax=panels["reliability"])
    for name in curves:
        training_curves(evaluation.history, metric=name, ax=panels[name])
    figure.suptitle("   ".join(evaluation.summary()[:2]))
    return figure
