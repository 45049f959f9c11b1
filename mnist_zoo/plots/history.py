"""Curves of loss and accuracy over the epochs of a training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from matplotlib.ticker import MaxNLocator, PercentFormatter

from mnist_zoo.arguments import check_choice
from mnist_zoo.plots.axes import BLUE, ORANGE, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def training_curves(
    history: Mapping[str, Sequence[float]], *, metric: str = "accuracy", ax: Axes | None = None
) -> Axes:
    """Draw the value of a metric after each epoch.

    There is a curve for the training digits, and one for the validation digits if `history` has
    them.

    Parameters
    ----------
    history : mapping of str to sequence of float
        ``Evaluation.history``, or Keras's ``History.history``.
    metric : str, default "accuracy"
        A key of `history`, such as ``"loss"``. The key of the validation curve is
        ``"val_" + metric``.
    ax : matplotlib.axes.Axes, optional
        The axes to draw on; by default those of a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The axes that were drawn on.

    Raises
    ------
    ValueError
        If `history` has no such metric.

    Examples
    --------
    >>> from mnist_zoo import plots
    >>> ax = plots.training_curves({"loss": [0.3, 0.1], "val_loss": [0.2, 0.15]}, metric="loss")
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['training', 'validation']
    """
    check_choice("metric", metric, history)
    ax = new_axes(ax)
    curves = (("training", metric, BLUE, "o"), ("validation", f"val_{metric}", ORANGE, "s"))
    for label, key, color, marker in curves:
        if key in history:
            epochs = range(1, len(history[key]) + 1)
            ax.plot(epochs, history[key], label=label, color=color, marker=marker, markersize=4)
    ax.set(xlabel="epoch", ylabel=metric, title=f"{metric.capitalize()} by epoch")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    if metric == "accuracy":
        ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    ax.grid(alpha=0.3)
    ax.legend()
    return ax
