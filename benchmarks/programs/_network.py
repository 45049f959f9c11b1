"""A network of 163,000 parameters: six convolutions with batch normalization, two poolings."""

import random

import keras
from _training import SEED, load

CHANNELS = ((24, 24), (48, 48), (96, 96))
DIGITS, BATCH, EPOCHS = 3200, 128, 3


def network():
    """Return the network, and the digits that it is trained on."""
    random.seed(SEED)  # Keras draws the first weights from it.
    layers = keras.layers
    model = keras.Sequential([keras.Input((28, 28, 1))])
    for block, channels in enumerate(CHANNELS):
        if block:
            model.add(layers.MaxPooling2D(2))
        for count in channels:
            model.add(layers.Conv2D(count, 3, padding="same", use_bias=False))
            model.add(layers.BatchNormalization())
            model.add(layers.Activation("relu"))
    model.add(layers.GlobalAveragePooling2D())
    model.add(layers.Dense(10, activation="softmax"))
    return model, load(DIGITS)
