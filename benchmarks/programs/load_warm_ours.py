"""MNIST as mnist-zoo loads it."""

import json
import time

import numpy as np

from mnist_zoo import load_mnist

load_mnist()
started = time.perf_counter()
(x_train, y_train), (x_test, y_test) = load_mnist()
seconds = time.perf_counter() - started
work = [list(x_train.shape), list(x_test.shape), str(x_train.dtype), float(np.mean(x_test[:100]))]
print(json.dumps({"work": work, "seconds": seconds}))
