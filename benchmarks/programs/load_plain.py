"""MNIST as Keras's tutorials load it: from the start of Python, and once more."""

import time

import numpy as np
from _emit import emit
from _plain import load

(x_train, y_train), (x_test, y_test) = load()
loaded = time.time()
started = time.perf_counter()
(x_train, y_train), (x_test, y_test) = load()
again = time.perf_counter() - started
work = {"shapes": [x_train.shape, x_test.shape], "mean": float(np.mean(x_test[:100]))}
emit(work=work, at={"loaded": loaded}, seconds={"again": again})
