"""Known errors of MNIST's test labels, and the accuracy with corrected labels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mnist_zoo import metrics
from mnist_zoo.models.cards import CorrectedLabels

# Errors by index in the test split, from the study of C. G. Northcutt, A. Athalye and J. Mueller,
# "Pervasive label errors in test sets destabilize machine learning benchmarks", NeurIPS 2021
# Datasets and Benchmarks: people who labelled the digits again agreed on another label for the
# first, and on none for the second.
CORRECTED = {
    947: 9,
    1621: 6,
    1901: 4,
    2462: 0,
    2597: 3,
    3558: 0,
    5937: 3,
    6651: 6,
    6783: 6,
    9729: 6,
}
DISPUTED = (2130, 2654, 3520, 8527, 9679)


def corrected_accuracy(
    labels: NDArray[np.int64], predictions: NDArray[np.int64]
) -> CorrectedLabels:
    """Return the accuracy on MNIST's test digits with corrected labels.

    Parameters
    ----------
    labels, predictions : ndarray of int64, shape (10000,)
        The labels as published, and the predicted classes, in MNIST's order.

    Returns
    -------
    CorrectedLabels
        Digits without an agreed label are left out.
    """
    corrected = labels.copy()
    corrected[list(CORRECTED)] = list(CORRECTED.values())
    agreed = np.setdiff1d(np.arange(len(labels)), DISPUTED)
    return CorrectedLabels(len(agreed), metrics.accuracy(corrected[agreed], predictions[agreed]))
