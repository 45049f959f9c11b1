"""What the plain programs share: MNIST as Keras's tutorials load it, and their model."""

import os
from pathlib import Path

import keras
import numpy as np


def load():
    """Do what ``keras.datasets.mnist.load_data()`` does with a cached file, then scale.

    Keras also hashes the archive, and so takes no copy but the very file it downloaded: that
    step is left out here, in Keras's favour.
    """
    with np.load(Path(os.environ["KERAS_HOME"]) / "datasets" / "mnist.npz") as arrays:
        x_train, y_train = arrays["x_train"], arrays["y_train"]
        x_test, y_test = arrays["x_test"], arrays["y_test"]
    return (x_train.astype("float32") / 255, y_train), (x_test.astype("float32") / 255, y_test)


def build():
    """Build and compile the 128-64 network of the tutorials."""
    model = keras.Sequential(
        [
            keras.Input((28, 28)),
            keras.layers.Flatten(),
            keras.layers.Dense(128, activation="relu"),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
