"""The sizes of labels that stand close together, so that they do not overlap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path
from numpy.typing import NDArray

# The font sizes to try, in points. The larger ones are tried with every wording first.
LEGIBLE, SMALL = (9.0, 8.0, 7.0, 6.0), (5.0, 4.0, 3.0)
# The background of a label reaches this far beyond its text, and the label is so far above its
# frame; both as shares of the font size.
PAD, GAP = 0.15, 0.2
# The height of a label with its background, also as a share of the font size.
HEIGHT = 1.2 + 2 * PAD


class Labels(NamedTuple):
    """What labels say, and where they are.

    Attributes
    ----------
    texts : list of str
        The wording that was chosen.
    lefts : ndarray of float, shape (n,)
        The left edge of each label, in points from the left edge of the picture.
    size : float
        The font size, in points.
    """

    texts: Sequence[str]
    lefts: NDArray[np.float64]
    size: float


def fitting_labels(
    wordings: Sequence[Sequence[str]], corners: NDArray[np.float64], width: float
) -> Labels:
    """Return the first wording, in the largest size, in which no two labels overlap.

    Parameters
    ----------
    wordings : sequence of sequences of str, each of length n
        What the labels say; the best wording first, the shortest last.
    corners : ndarray of float, shape (n, 2)
        The lower left corner of each label, from the left and from the top of the picture, in
        points.
    width : float
        The width of the picture in points. A label that would cross its right edge is moved.

    Returns
    -------
    Labels
        If nothing fits, the shortest wording in the smallest size.

    Examples
    --------
    >>> import numpy as np
    >>> corners = np.array([[0.0, 50.0], [20.0, 50.0]])
    >>> fitting_labels([["4 (80%)", "9 (70%)"], ["4", "9"]], corners, width=300.0).texts
    ['4', '9']
    """
    shares = {text: _width(text) for texts in wordings for text in texts}
    tries = [(texts, size) for texts in wordings for size in LEGIBLE]
    tries += [(wordings[-1], size) for size in SMALL]
    for texts, size in tries:
        widths = np.array([shares[text] for text in texts]) * size
        lefts = np.maximum(0.0, np.minimum(corners[:, 0], width - widths))
        if not _overlap(lefts, corners[:, 1], widths, HEIGHT * size):
            break
    return Labels(texts, lefts, size)


def _width(text: str) -> float:
    """Return the width of a label in bold with its background, as a share of the font size."""
    font = FontProperties(weight="bold", size=100.0)
    across, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return float(across) / 100.0 + 2 * PAD


def _overlap(
    lefts: NDArray[np.float64],
    tops: NDArray[np.float64],
    widths: NDArray[np.float64],
    height: float,
) -> bool:
    """Say whether any two of these rectangles, which are all of one height, overlap."""
    rights = lefts + widths
    across = (lefts[:, None] < rights) & (lefts < rights[:, None])
    down = np.abs(tops[:, None] - tops) < height
    return int(np.sum(across & down)) > len(lefts)
