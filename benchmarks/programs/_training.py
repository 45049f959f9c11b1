"""What the programs that train other networks share: some of MNIST, and a clock for the epochs."""

import os
import time
from pathlib import Path

import numpy as np

SEED = int(os.environ["BENCHMARK_SEED"])


def load(digits=None):
    """Return scaled digits of MNIST, to train on and to test on, from the plain way's file."""
    with np.load(Path(os.environ["KERAS_HOME"]) / "datasets" / "mnist.npz") as arrays:
        x, y = arrays["x_train"][:digits], arrays["y_train"][:digits]
        x_test, y_test = arrays["x_test"], arrays["y_test"]
    return (x.astype("float32") / 255, y), (x_test.astype("float32") / 255, y_test)


def epochs(number):
    """Return how many epochs to train for: one in a warm-up."""
    return int(os.environ.get("BENCHMARK_EPOCHS", number))


class Clock:
    """How long each epoch takes; ``callback`` has Keras tell it."""

    def __init__(self):
        self.seconds = []

    def begin(self):
        self._began = time.perf_counter()

    def end(self):
        self.seconds.append(time.perf_counter() - self._began)

    def callback(self):
        import keras

        return keras.callbacks.LambdaCallback(
            on_epoch_begin=lambda epoch, logs: self.begin(),
            on_epoch_end=lambda epoch, logs: self.end(),
        )

    def last(self):
        """Return the seconds of the last epoch, which compiles nothing."""
        return self.seconds[-1]

    def fastest(self):
        """Return the seconds of the fastest epoch after the first, which compiles."""
        return min(self.seconds[1:] or self.seconds)
