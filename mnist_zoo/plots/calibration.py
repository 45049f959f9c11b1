"""The reliability diagram, which shows whether the confidence of a model is right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mnist_zoo import metrics
from mnist_zoo.plots.axes import BLUE, GREY, ORANGE, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def reliability_diagram(calibration: metrics.Calibration, *, ax: Axes | None = None) -> Axes:
    """Draw a bar for each bin of confidence, as high as the accuracy in the bin.

    For a well calibrated model the bars end on the diagonal: predictions with a confidence of 90 %
    are right in 90 % of the cases. The number above a bar is the number of digits in its bin.

    Parameters
    ----------
    calibration : Calibration
        From :func:`mnist_zoo.metrics.expected_calibration_error` or ``Evaluation.calibration``.
    ax : matplotlib.axes.Axes, optional
        The axes to draw on; by default those of a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The axes that were drawn on.

    Examples
    --------
    >>> from mnist_zoo import metrics, plots
    >>> probabilities = [[0.9, 0.1], [0.4, 0.6]]
    >>> calibration = metrics.expected_calibration_error([0, 1], probabilities)
    >>> plots.reliability_diagram(calibration).get_xlabel()
    'confidence'
    """
    ax = new_axes(ax, size=(5.0, 5.0))
    edges, filled = calibration.edges, calibration.counts > 0
    ax.bar(
        edges[:-1][filled],
        calibration.accuracy[filled],
        width=np.diff(edges)[filled],
        align="edge",
        color=BLUE,
        alpha=0.75,
        edgecolor="white",
        label="accuracy",
    )
    ax.plot([0, 1], [0, 1], color=GREY, linestyle="--", label="confidence = accuracy")
    ax.plot(
        calibration.confidence[filled],
        calibration.accuracy[filled],
        linestyle="none",
        marker="o",
        markersize=4,
        color=ORANGE,
        label="mean confidence",
    )
    for left, right, count, height in zip(
        edges[:-1][filled],
        edges[1:][filled],
        calibration.counts[filled],
        calibration.accuracy[filled],
        strict=True,
    ):
        middle = (left + right) / 2
        ax.text(
            middle, height + 0.02, f"{count:,}", ha="center", va="bottom", fontsize=7, rotation=90
        )
    ax.set(xlim=(0, 1), ylim=(0, 1.16), xlabel="confidence", ylabel="accuracy")
    # Between the axes and the title, the legend hides no bar.
    ax.legend(
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
        ncols=3,
        fontsize=8,
        columnspacing=1.2,
        handlelength=1.5,
        borderaxespad=0.2,
        frameon=False,
    )
    ax.set_title(f"Reliability: expected calibration error {calibration.error:.2%}", pad=24)
    return ax
