"""What all plots share: the figures and axes they draw on, and their colours."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

# Two colours of Okabe and Ito's palette, which people with colour blindness can tell apart.
BLUE, ORANGE = "#0072B2", "#D55E00"
GREY = "0.55"

# The backends of matplotlib that only write files: `plt.show()` shows nothing with them.
WRITERS = frozenset({"agg", "cairo", "pdf", "pgf", "ps", "svg", "template"})
# With such a backend, pyplot keeps so many figures of this package. Matplotlib warns at 20 figures.
KEPT = 10
# The label by which these figures are known. It is not drawn.
LABEL = "mnist-zoo"


class NotebookFigure(Figure):
    """A figure that a notebook shows once.

    In a notebook, pyplot shows its open figures at the end of the cell. Without this class, a
    figure that is also the value of the cell's last line would be shown twice.
    """

    def _ipython_display_(self) -> None:
        """Close the figure in pyplot, as it is shown now, and leave the showing to IPython."""
        import matplotlib.pyplot as plt

        if "inline" in mpl.get_backend():
            plt.close(self)
        raise NotImplementedError


def new_axes(ax: Axes | None, size: tuple[float, float] = (6.4, 4.2)) -> Axes:
    """Return `ax`, or if it is None the axes of a new figure."""
    return new_figure(size).add_subplot() if ax is None else ax


def new_figure(size: tuple[float, float]) -> Figure:
    """Return a new figure of pyplot's, which notebooks and ``plt.show()`` show."""
    import matplotlib.pyplot as plt  # Not above: it takes time, and plots alone need it.

    _close_old_figures()
    try:
        figure = plt.figure(FigureClass=NotebookFigure, figsize=size, layout="constrained")
    except ImportError:  # The backend needs a display that is not there. Files can be written.
        figure = NotebookFigure(figsize=size, layout="constrained")
    figure.set_label(LABEL)
    return figure


def _close_old_figures() -> None:
    """Keep the open figures of a long program, which only writes files, from filling the memory."""
    import matplotlib.pyplot as plt

    if mpl.get_backend().lower() in WRITERS:
        while plt.get_figlabels().count(LABEL) >= KEPT:
            plt.close(LABEL)  # It closes the oldest of them.


def rectangle(corner: tuple[float, float], width: float, height: float, **style: Any) -> Rectangle:
    """Return a rectangle that is drawn as a frame, without a filling."""
    return Rectangle(corner, width, height, fill=False, **style)
