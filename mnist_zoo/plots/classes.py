"""Plots of results by class: the confusion matrix, and bars of precision, recall or F1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import seaborn as sns
from matplotlib.ticker import PercentFormatter
from numpy.typing import ArrayLike

from mnist_zoo import metrics
from mnist_zoo.arguments import check_choice
from mnist_zoo.plots.axes import BLUE, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Names of classes with more letters than this are turned.
MOST_LETTERS = 3


def confusion_matrix(
    counts: ArrayLike, *, class_names: Sequence[str] = (), ax: Axes | None = None
) -> Axes:
    """Draw a confusion matrix: how many digits of each true class were predicted as each class.

    The colour of a cell shows its share of the true class. Shares from 5 % up have the same
    colour, so that the colours tell mistakes apart. Zeros are left out.

    Parameters
    ----------
    counts : array_like of int, shape (classes, classes)
        The confusion matrix: true classes in rows, predicted classes in columns.
    class_names : sequence of str, optional
        A name for each class; by default its number.
    ax : matplotlib.axes.Axes, optional
        The axes to draw on; by default those of a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The axes that were drawn on.

    Raises
    ------
    ValueError
        If `counts` is not square, or the number of names is not the number of classes.

    Examples
    --------
    >>> from mnist_zoo import plots
    >>> plots.confusion_matrix([[9, 1], [0, 10]]).get_xlabel()
    'predicted class'
    """
    matrix = np.asarray(counts)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"counts must be of shape (classes, classes); got {matrix.shape}")
    names = _names(class_names, len(matrix))
    # Long names of classes are beside and below the cells: the figure grows by them.
    more = 0.06 * max(map(len, names))
    ax = new_axes(ax, size=(6.4 + more, 5.6 + more))
    # On a scale up to 100 %, all mistakes would look the same, as they are few.
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    sns.heatmap(
        shares,
        annot=np.where(matrix == 0, "", matrix.astype(str)),
        fmt="",
        cmap="Blues",
        vmin=0.0,
        vmax=0.05,
        square=True,
        linewidths=0.5,
        linecolor="0.9",
        cbar_kws={
            "label": "share of the true class",
            "format": PercentFormatter(1.0, 0),
            "extend": "max",
        },
        xticklabels=names,
        yticklabels=names,
        ax=ax,
    )
    ax.set(xlabel="predicted class", ylabel="true class", title="Confusion matrix")
    ax.tick_params(axis="y", labelrotation=0)
    _turn_long_names(ax, names)
    return ax


def class_bars(
    report: metrics.ClassReport,
    *,
    metric: str = "recall",
    class_names: Sequence[str] = (),
    ax: Axes | None = None,
) -> Axes:
    """Draw precision, recall or F1 as a bar for each class.

    Bars of recall have an error bar: the 95 % Wilson interval.

    Parameters
    ----------
    report : ClassReport
        From :func:`mnist_zoo.metrics.class_report` or ``Evaluation.report``.
    metric : {"precision", "recall", "f1"}, default "recall"
        The measure to draw.
    class_names : sequence of str, optional
        A name for each class; by default its number.
    ax : matplotlib.axes.Axes, optional
        The axes to draw on; by default those of a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The axes that were drawn on.

    Raises
    ------
    ValueError
        If `metric` is none of the three, or the number of names is not the number of classes.

    Examples
    --------
    >>> from mnist_zoo import metrics, plots
    >>> report = metrics.class_report([0, 1, 1], [0, 0, 1], classes=2)
    >>> plots.class_bars(report).get_title()
    'Recall by class'
    """
    check_choice("metric", metric, ("precision", "recall", "f1"))
    values = np.asarray(getattr(report, metric))
    names = _names(class_names, len(values))
    ax = new_axes(ax)
    classes = np.arange(len(values))
    ax.bar(classes, values, color=BLUE, width=0.7)
    lowest = values.min()
    if metric == "recall":
        seen = [number for number in classes if report.support[number]]
        intervals = np.array(
            [
                metrics.wilson_interval(round(values[number] * total), total)
                for number, total in ((number, int(report.support[number])) for number in seen)
            ]
        )
        reach = np.abs(intervals - values[seen, None]).T
        ax.errorbar(seen, values[seen], reach, fmt="none", ecolor="black", capsize=3, linewidth=1)
        lowest = min(lowest, intervals.min())
    name = {"f1": "F1"}.get(metric, metric.capitalize())
    # On an axis that starts at 0, bars of 98 % and 99 % look the same. So it starts just below the
    # lowest bar or error bar.
    ax.set_ylim(max(0.0, lowest - 0.25 * (1.0 - lowest) - 0.005), 1.0)
    ax.set(xlabel="class", ylabel=name, title=f"{name} by class")
    ax.set_xticks(classes, names)
    _turn_long_names(ax, names)
    ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    ax.grid(axis="y", alpha=0.3)
    ax.set_axisbelow(True)
    return ax


def _names(class_names: Sequence[str], classes: int) -> tuple[str, ...]:
    """Return the names of the classes, by default their numbers."""
    names = tuple(class_names) or tuple(map(str, range(classes)))
    if len(names) != classes:
        raise ValueError(f"class_names must be {classes}, one for each class; got {len(names)}")
    return names


def _turn_long_names(ax: Axes, names: Sequence[str]) -> None:
    """Turn the names below the axes if they would overlap, so that each ends at its tick."""
    turned = max(map(len, names)) > MOST_LETTERS
    for label in ax.get_xticklabels():
        label.set(
            rotation=45 if turned else 0,
            horizontalalignment="right" if turned else "center",
            rotation_mode="anchor",
        )
