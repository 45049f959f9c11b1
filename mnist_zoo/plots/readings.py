"""Pictures with the digits that were read in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from mnist_zoo.pictures.foreground import find_ink
from mnist_zoo.pictures.opening import Grey, Picture, open_grey
from mnist_zoo.pictures.reading import Reading
from mnist_zoo.plots.axes import BLUE, ORANGE, new_figure, rectangle
from mnist_zoo.plots.labels import GAP, PAD, fitting_labels

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Below this probability, the probability is shown beside the digit.
SURE = 0.99
# Sizes are in inches. A picture is drawn so large that its digits have this height, but its longer
# side is at most LARGEST, and at least LEAST_ALONE or, on a page of several, LEAST_ON_PAGE.
DIGIT = 0.6
LARGEST, LEAST_ALONE, LEAST_ON_PAGE = 16.0, 7.0, 3.0
# The room above a picture for labels, the room for its title, and the room at its other sides.
TOP, TITLE, SIDE = 0.3, 0.25, 0.1
# A page that would be higher than this is drawn smaller. Matplotlib writes 65,535 pixels at most.
HIGHEST_PAGE = 300.0
# File names are drawn in letters of so many points, each about so many inches wide.
NAME_SIZE, LETTER = 9.0, 0.085


class _Place(NamedTuple):
    """Where a picture is on a page, in inches from the left and from the top."""

    left: float
    top: float
    width: float
    height: float


def reading(picture: Picture, read: Reading, *, ink: bool = False, ax: Axes | None = None) -> Axes:
    """Draw a picture, upright and in grey, with a box and the predicted class for each digit.

    The probability of the class is added if it is below 99 %.

    Parameters
    ----------
    picture : path, bytes, PIL.Image.Image or ndarray
        The picture that was read.
    read : Reading
        What :func:`~mnist_zoo.read_digits` returned for it.
    ink : bool, default False
        Whether to show what was taken for ink, in blue. The picture is searched for it again.
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
    grey = open_grey(picture)
    if ax is None:
        _, (ax,) = _panels([_size(grey, read, LEAST_ALONE)], TOP)
    _draw(grey, read, ink, ax)
    return ax


def readings(read: Mapping[Path, Reading], *, ink: bool = False) -> Figure:
    """Draw several pictures on one page, each with the digits that were read in it.

    Parameters
    ----------
    read : mapping of Path to Reading
        The file of each picture, and its reading; at least one.
    ink : bool, default False
        Whether to show what was taken for ink, as for :func:`reading`.

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
    greys = [open_grey(file) for file in read]
    sizes = [
        _size(grey, found, LEAST_ON_PAGE) for grey, found in zip(greys, read.values(), strict=True)
    ]
    figure, panels = _panels(sizes, TOP + TITLE)
    for panel, grey, (file, found) in zip(panels, greys, read.items(), strict=True):
        _draw(grey, found, ink, panel)
        # The title is above the labels of the digits at the top of the picture.
        width = panel.get_position().width * figure.get_figwidth()
        panel.set_title(_shortened(file.name, width), fontsize=NAME_SIZE, pad=18, parse_math=False)
    return figure


def _size(grey: Grey, read: Reading, least: float) -> tuple[float, float]:
    """Return the width and height to draw a picture with, in inches, so that it is legible."""
    height, width = (grey.factor * side for side in grey.plane.shape)
    digits = [max(box.right - box.left, box.bottom - box.top) for box in read.boxes]
    wanted = DIGIT / float(np.median(digits)) if digits else 0.0
    longer = min(max(wanted * max(height, width), least), LARGEST)
    return longer * width / max(height, width), longer * height / max(height, width)


def _panels(sizes: Sequence[tuple[float, float]], above: float) -> tuple[Figure, list[Axes]]:
    """Return a new figure with axes of these sizes, and some room above each; all in inches."""
    places = _places(sizes, above)
    while _extent(places)[1] > HIGHEST_PAGE:
        sizes = [(0.8 * width, 0.8 * height) for width, height in sizes]
        places = _places(sizes, above)
    wide, high = _extent(places)
    figure = new_figure((wide, high))
    figure.set_layout_engine("none")
    bottoms = [high - place.top - place.height for place in places]
    return figure, [
        figure.add_axes((place.left / wide, bottom / high, place.width / wide, place.height / high))
        for place, bottom in zip(places, bottoms, strict=True)
    ]


def _places(sizes: Sequence[tuple[float, float]], above: float) -> list[_Place]:
    """Place pictures in rows, as words are placed in a text."""
    places: list[_Place] = []
    left, top, row = SIDE, 0.0, 0.0
    for width, height in sizes:
        if left > SIDE and left + width > SIDE + LARGEST:
            left, top, row = SIDE, top + row, 0.0
        places.append(_Place(left, top + above, width, height))
        left, row = left + width + 2 * SIDE, max(row, height + above + SIDE)
    return places


def _extent(places: Sequence[_Place]) -> tuple[float, float]:
    """Return the width and height of a page with these pictures."""
    return (
        max(place.left + place.width for place in places) + SIDE,
        max(place.top + place.height for place in places) + SIDE,
    )


def _shortened(name: str, width: float) -> str:
    """Return a name, without its middle if it is wider than `width` inches."""
    half = max(4, int(width / LETTER / 2))
    if len(name) <= 2 * half:
        return name
    return f"{name[: half - 1]}\N{HORIZONTAL ELLIPSIS}{name[-half:]}"


def _draw(grey: Grey, read: Reading, ink: bool, ax: Axes) -> None:
    """Draw a picture, with a frame and a label for each digit, and maybe its ink in blue."""
    height, width = (grey.factor * side for side in grey.plane.shape)
    extent = (0, width, height, 0)
    ax.imshow(grey.plane, cmap="gray", vmin=0.0, vmax=1.0, extent=extent)
    found = find_ink(grey.plane, grey.step) if ink else None
    if found is not None:
        mask = np.ma.masked_equal(found.mask, False)
        ax.imshow(mask, cmap=ListedColormap([BLUE]), extent=extent, interpolation="nearest")
    ax.axis("off")
    corners = []
    for box in read.boxes:
        # The margin keeps the frame off the strokes, and keeps the frame of a thin digit visible.
        room = 0.08 * max(box.right - box.left, box.bottom - box.top)
        left, top = max(0.0, box.left - room), max(0.0, box.top - room)
        right, bottom = min(width, box.right + room), min(height, box.bottom + room)
        frame = rectangle((left, top), right - left, bottom - top, edgecolor=ORANGE, linewidth=1.5)
        # White along the frame keeps it visible on grey paper.
        frame.set_path_effects([withStroke(linewidth=3.0, foreground="white")])
        frame.set_clip_on(False)
        ax.add_patch(frame)
        corners.append((left, top))
    _label(read, np.array(corners).reshape(-1, 2), ax)


def _label(read: Reading, corners: NDArray[np.float64], ax: Axes) -> None:
    """Write the class of each digit above its frame, whose upper left corners are given."""
    short = [f"{digit}" for digit in read.digits]
    long = [
        digit if confidence >= SURE else f"{digit} ({confidence:.0%})"
        for digit, confidence in zip(short, read.confidences, strict=True)
    ]
    ax.apply_aspect()
    scale = abs(ax.transData.transform((1.0, 0.0)) - ax.transData.transform((0.0, 0.0)))[0]
    scale *= 72.0 / ax.figure.dpi  # Points for each pixel of the picture.
    labels = fitting_labels([long, short], corners * scale, ax.get_xlim()[1] * scale)
    for text, left, (_, top) in zip(labels.texts, labels.lefts, corners, strict=True):
        ax.annotate(
            text,
            (left / scale, top),
            xytext=(PAD * labels.size, (PAD + GAP) * labels.size),
            textcoords="offset points",
            # A label at the edge of the picture is drawn too.
            annotation_clip=False,
            fontsize=labels.size,
            fontweight="bold",
            # On its own background, a label is legible on any paper.
            color="black",
            bbox={"boxstyle": f"square,pad={PAD}", "facecolor": ORANGE, "edgecolor": "none"},
        )
