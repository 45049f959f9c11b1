"""What the plain programs share: MNIST as Keras's tutorials load it, and train on it."""

import os
import random
import time
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


def train(epochs, batch_size=32, dropout=None):
    """Train the 128-64 network of the tutorials; return the seconds and the test accuracy."""
    # Keras draws the first weights from this generator. Not ``keras.utils.set_random_seed``: on
    # TensorFlow, all epochs would have the same batches, and the accuracy would be less.
    random.seed(int(os.environ["BENCHMARK_SEED"]))
    (x_train, y_train), (x_test, y_test) = load()
    model = keras.Sequential([keras.Input((28, 28)), keras.layers.Flatten()])
    for units in (128, 64):
        model.add(keras.layers.Dense(units, activation="relu"))
        if dropout is not None:
            model.add(keras.layers.Dropout(dropout))
    model.add(keras.layers.Dense(10, activation="softmax"))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    epochs = int(os.environ.get("BENCHMARK_EPOCHS", epochs))
    started = time.perf_counter()
    model.fit(x_train, y_train, epochs=epochs, batch_size=batch_size, verbose=0)
    seconds = time.perf_counter() - started
    _, accuracy = model.evaluate(x_test, y_test, verbose=0)
    return seconds, accuracy
