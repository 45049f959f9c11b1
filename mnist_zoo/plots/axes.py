"""What all plots share: the axes they draw on, and their colours."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

# Two colours of Okabe and Ito's palette, which people with colour blindness can tell apart.
BLUE, ORANGE = "#0072B2", "#D55E00"
GREY = "0.55"


def new_axes(ax: Axes | None, size: tuple[float, float] = (6.4, 4.2)) -> Axes:
    """Return `ax`, or if it is None the axes of a new figure, which pyplot does not manage."""
    if ax is not None:
        return ax
    return Figure(figsize=size, layout="constrained").add_subplot()


def rectangle(corner: tuple[float, float], width: float, height: float, **style: Any) -> Rectangle:
    """Return a rectangle that is drawn as a frame, without a filling."""
    return Rectangle(corner, width, height, fill=False, **style)
