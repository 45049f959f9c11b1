"""A grid of digits, as they are or with their true and predicted classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mnist_zoo.arguments import check_integer
from mnist_zoo.data.datasets import MNIST
from mnist_zoo.plots.axes import ORANGE, new_axes, rectangle

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def predictions(
    images: ArrayLike,
    labels: ArrayLike,
    predicted: ArrayLike,
    *,
    probabilities: ArrayLike | None = None,
    columns: int = 10,
    ax: Axes | None = None,
) -> Axes:
    """Draw a grid of digits, each with its class above it; mistakes are marked.

    The caption of a digit is its true class. If the prediction is wrong, the caption also has the
    predicted class, and the digit is framed in orange.

    Parameters
    ----------
    images : array_like, shape (n, 28, 28) or (n, 784)
        The digits to draw, at least one.
    labels, predicted : array_like of int, shape (n,)
        True and predicted classes.
    probabilities : array_like of float, shape (n, classes), optional
        If given, the probability of the predicted class is added to each caption.
    columns : int, default 10
        Number of digits in a row.
    ax : matplotlib.axes.Axes, optional
        The axes to draw on; by default those of a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The axes that were drawn on.

    Raises
    ------
    ValueError
        If there are no images, or `images`, `labels` and `predicted` differ in length.

    Examples
    --------
    >>> import numpy as np
    >>> from mnist_zoo import plots
    >>> ax = plots.predictions(np.zeros((2, 28, 28)), [3, 5], [3, 6])
    >>> [text.get_text() for text in ax.texts]
    ['3', '5 read as 6']
    """
    pictures = np.asarray(images)
    truth, guesses = np.asarray(labels), np.asarray(predicted)
    count, columns = len(pictures), check_integer("columns", columns, 1)
    if not count or not len(truth) == len(guesses) == count:
        raise ValueError(
            "images, labels and predicted must be of one length, and not empty; got "
            f"{count}, {len(truth)} and {len(guesses)}"
        )
    wrong = truth != guesses
    captions = [
        f"{t} read as {g}" if t != g else f"{t}" for t, g in zip(truth, guesses, strict=True)
    ]
    if probabilities is not None:
        shares = np.asarray(probabilities)[np.arange(count), guesses]
        captions = [f"{text} ({share:.0%})" for text, share in zip(captions, shares, strict=True)]
    return _draw(pictures, captions, wrong, columns, ax)


def images(
    images: ArrayLike,
    captions: Sequence[str] | None = None,
    *,
    columns: int = 10,
    ax: Axes | None = None,
) -> Axes:
    """Draw a grid of digits, such as the distortions of one.

    Parameters
    ----------
    images : array_like, shape (n, 28, 28), (n, 28, 28, 1) or (n, 784)
        The digits to draw, at least one, in [0, 1], in which ink is 1.
    captions : sequence of str, optional
        What to write above each; by default nothing.
    columns : int, default 10
        Number of digits in a row.
    ax : matplotlib.axes.Axes, optional
        The axes to draw on; by default those of a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The axes that were drawn on.

    Raises
    ------
    ValueError
        If there are no images, or `captions` are of another number.

    Examples
    --------
    >>> import numpy as np
    >>> from mnist_zoo import plots
    >>> ax = plots.images(np.zeros((2, 28, 28)), ["as it is", "turned"])
    >>> [text.get_text() for text in ax.texts]
    ['as it is', 'turned']
    """
    pictures = np.asarray(images)
    count, columns = len(pictures), check_integer("columns", columns, 1)
    captions = [""] * count if captions is None else list(captions)
    if not count or len(captions) != count:
        raise ValueError(
            "images and captions must be of one length, and not empty; got "
            f"{count} and {len(captions)}"
        )
    return _draw(pictures, captions, np.zeros(count, bool), columns, ax)


def _draw(
    pictures: NDArray[Any],
    captions: Sequence[str],
    marked: NDArray[np.bool_],
    columns: int,
    ax: Axes | None,
) -> Axes:
    """Draw a grid of digits with captions, some of them marked in orange."""
    side, count = MNIST.image_shape[0], len(pictures)
    pictures = pictures.reshape(count, *MNIST.image_shape).astype(np.float32)
    columns = min(columns, count)
    rows = -(-count // columns)
    # A cell of the grid is an image and a margin, which is wider on top, for the caption.
    top, margin = (9 if any(captions) else 3), 3
    height, width = side + top + margin, side + 2 * margin
    ax = new_axes(ax, size=(max(1.1 * columns, 3.0), 1.3 * rows + 0.4))
    ax.set(xlim=(0, columns * width), ylim=(rows * height, 0), aspect="equal")
    ax.axis("off")
    # One scale for all, so that a pale digit looks pale.
    shades = {"vmin": min(0.0, pictures.min()), "vmax": max(1.0, pictures.max())}
    for number, picture in enumerate(pictures):
        left, up = (number % columns) * width + margin, (number // columns) * height + top
        extent = (left, left + side, up + side, up)
        ax.imshow(picture, cmap="gray_r", extent=extent, interpolation="nearest", **shades)
        frame = {"edgecolor": ORANGE, "linewidth": 2.0} if marked[number] else {"edgecolor": "0.8"}
        ax.add_patch(rectangle((left, up), side, side, **frame))
        ax.text(
            left + side / 2,
            up - 1.5,
            captions[number],
            ha="center",
            va="bottom",
            fontsize=7,
            color=ORANGE if marked[number] else "black",
            fontweight="bold" if marked[number] else "normal",
        )
    # `imshow` has set the limits of the axes to those of the last image: set them back.
    ax.set(xlim=(0, columns * width), ylim=(rows * height, 0))
    return ax
