"""Pictures with the digits that were read in them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from mnist_zoo.pictures.opening import Picture, open_grey
from mnist_zoo.pictures.reading import Reading
from mnist_zoo.plots.axes import ORANGE, new_axes, rectangle

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Below this probability, the probability is shown beside the digit.
SURE = 0.99
# Number of pictures in a row of a page of readings.
COLUMNS = 4


def reading(picture: Picture, read: Reading, *, ax: Axes | None = None) -> Axes:
    """Draw a picture, upright and in grey, with a box and the predicted class for each digit.

    The probability of the class is added if it is below 99 %.

    Parameters
    ----------
    picture : path, bytes, PIL.Image.Image or ndarray
        The picture that was read.
    read : Reading
        What :func:`~mnist_zoo.read_digits` returned for it.
    ax : matplotlib.axes.Axes, optional
        The axes to draw on; by default those of a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The axes that were drawn on.

    Raises
    ------
    PictureError
        If the picture cannot be read.

    Examples
    --------
    >>> import numpy as np
    >>> from mnist_zoo import plots, read_digits
    >>> paper = np.full((200, 300), 230, np.uint8)
    >>> paper[40:160, 100:115] = 20
    >>> ax = plots.reading(paper, read_digits(paper))
    >>> [text.get_text()[0] for text in ax.texts]
    ['1']
    """
    plane, factor = open_grey(picture)
    height, width = (factor * side for side in plane.shape)
    ax = new_axes(ax, size=(8.0, max(2.0, 8.0 * min(2.0, height / width))))
    ax.imshow(plane, cmap="gray", vmin=0.0, vmax=1.0, extent=(0, width, height, 0))
    for box, digit, confidence in zip(read.boxes, read.digits, read.confidences, strict=True):
        across, down = box.right - box.left, box.bottom - box.top
        # The margin keeps the frame off the strokes, and keeps the frame of a thin digit visible.
        room = 0.08 * max(across, down)
        frame = (box.left - room, box.top - room), across + 2 * room, down + 2 * room
        ax.add_patch(rectangle(*frame, edgecolor=ORANGE, linewidth=1.5))
        ax.annotate(
            f"{digit}" if confidence >= SURE else f"{digit} ({confidence:.0%})",
            (box.left - room, box.top - room),
            xytext=(0, 2),
            textcoords="offset points",
            color=ORANGE,
            fontsize=9,
            fontweight="bold",
        )
    ax.axis("off")
    return ax


def readings(read: Mapping[Path, Reading]) -> Figure:
    """Draw several pictures on one page, each with the digits that were read in it.

    Parameters
    ----------
    read : mapping of Path to Reading
        The file of each picture, and its reading; at least one.

    Returns
    -------
    matplotlib.figure.Figure
        The page.

    Raises
    ------
    ValueError
        If `read` is empty.
    PictureError
        If a picture cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from PIL import Image
    >>> from mnist_zoo import plots, read_digits
    >>> paper = np.full((200, 300), 230, np.uint8)
    >>> paper[40:160, 100:115] = 20
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "one.png"
    ...     Image.fromarray(paper).save(path)
    ...     figure = plots.readings({path: read_digits(path)})
    >>> figure.axes[0].get_title()
    'one.png'
    """
    if not read:
        raise ValueError("read must hold at least one reading; got none")
    columns = min(len(read), COLUMNS)
    rows = -(-len(read) // columns)
    size = 8.0 if columns == 1 else 4.0
    figure = Figure(figsize=(size * columns, size * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel in panels[len(read) :]:
        panel.axis("off")
    for panel, (file, found) in zip(panels, read.items(), strict=False):
        reading(file, found, ax=panel).set_title(file.name)
    return figure
