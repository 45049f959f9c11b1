"""Predict the 10,000 test digits with a saved model, as ``model.predict`` does by default."""

import os
import time
from pathlib import Path

import keras
import numpy as np
from _emit import emit
from _plain import load

model = keras.models.load_model(Path(os.environ["KERAS_HOME"]) / "digits.keras")
_, (x_test, y_test) = load()
started = time.perf_counter()
probabilities = model.predict(x_test, verbose=0)
accuracy = float(np.mean(probabilities.argmax(axis=1) == y_test))
seconds = time.perf_counter() - started
model.predict(x_test[:1], verbose=0)
calls = []
for number in range(50):
    began = time.perf_counter()
    model.predict(x_test[number][None], verbose=0)
    calls.append(time.perf_counter() - began)
latency = float(np.median(calls))
emit(work={"accuracy": accuracy}, seconds={"all": seconds, "one": latency})
