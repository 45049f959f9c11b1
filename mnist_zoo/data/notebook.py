"""How digits show themselves in a notebook."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_zoo.data.datasets import Dataset
from mnist_zoo.markup import Markup, escaped, facts, joined, picture, table

# Classes that are shown, and digits of each.
SHOWN_CLASSES, SHOWN_DIGITS = 12, 2
# A larger picture, of another data set, is shown smaller: one pixel of so many.
LARGEST_SIDE = 64


def digits_html(
    splits: Mapping[str, tuple[NDArray[Any], NDArray[Any]]], dataset: Dataset, origin: str
) -> Markup:
    """Return a table of the arrays, and one of the classes with a few digits of each.

    Parameters
    ----------
    splits : mapping of str to (ndarray, ndarray)
        Pictures and labels, in any form in which the loader returns them.
    dataset : Dataset
        Which data set they are of.
    origin : str
        Where they were read.

    Returns
    -------
    Markup
    """
    arrays = [
        (name, f"{len(x):,}", f"{x.dtype}{list(x.shape)}", f"{y.dtype}{list(y.shape)}")
        for name, (x, y) in splits.items()
    ]
    labels = {name: y.argmax(axis=1) if y.ndim == 2 else y for name, (_, y) in splits.items()}
    shown = range(min(dataset.classes, SHOWN_CLASSES))
    more = dataset.classes - len(shown)
    counts = [
        (name, *(f"{np.count_nonzero(own == number):,}" for number in shown))
        for name, own in labels.items()
    ]
    first = next(iter(splits))
    samples = list(_samples(splits[first][0], labels[first], dataset))
    pictures = [("some of them", *samples)] if any(samples) else []
    return joined(
        facts([("digits of", dataset.title), ("read from", origin)]),
        table(("split", "digits", "x", "y"), arrays),
        table(("class", *dataset.class_names[: len(shown)]), [*pictures, *counts]),
        escaped(f"and {more:,} more classes" if more else ""),
    )


def _samples(x: NDArray[Any], labels: NDArray[Any], dataset: Dataset) -> Iterator[Markup]:
    """Yield for each class that is shown its first digits, one below the other."""
    grey = len(dataset.image_shape) == 2 and x[:1].size == dataset.pixels
    for number, name in enumerate(dataset.class_names[:SHOWN_CLASSES]):
        places = np.flatnonzero(labels == number)[: SHOWN_DIGITS if grey else 0]
        if not places.size:
            yield Markup()
            continue
        digits = x[places].reshape(-1, *dataset.image_shape)
        step = -(-max(dataset.image_shape) // LARGEST_SIDE)
        yield picture(np.vstack(list(digits[:, ::step, ::step])), name)
