"""MNIST as mnist-zoo loads it: from the start of Python, and once more."""

import time

import numpy as np
from _emit import emit

from mnist_zoo import load_mnist

(x_train, y_train), (x_test, y_test) = load_mnist()
loaded = time.time()
started = time.perf_counter()
(x_train, y_train), (x_test, y_test) = load_mnist()
again = time.perf_counter() - started
work = {"shapes": [x_train.shape, x_test.shape], "mean": float(np.mean(x_test[:100]))}
emit(work=work, at={"loaded": loaded}, seconds={"again": again})
