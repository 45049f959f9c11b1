"""Classify a picture of a digit with a saved model: dark on light, so inverted, and shrunk."""

import os
import time
from pathlib import Path

import numpy as np
import tensorflow as tf
from _emit import emit
from PIL import Image, ImageOps

home = Path(os.environ["KERAS_HOME"])
model = tf.keras.models.load_model(home / "digits.keras")
image = ImageOps.invert(Image.open(home / "digit.png").convert("L")).resize((28, 28))
probabilities = model.predict(np.asarray(image, "float32")[None] / 255, verbose=0)
emit(work={"digit": int(probabilities.argmax())}, at={"read": time.time()})
