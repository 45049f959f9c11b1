"""Five epochs of the 128-64 network, batch 32, Adam, as Keras's tutorials train it."""

import json
import os
import time

import keras
from _plain import build, load

keras.utils.set_random_seed(int(os.environ["BENCHMARK_SEED"]))
(x_train, y_train), (x_test, y_test) = load()
epochs = int(os.environ.get("BENCHMARK_EPOCHS", "5"))
model = build()
started = time.perf_counter()
model.fit(x_train, y_train, epochs=epochs, batch_size=32, verbose=0)
seconds = time.perf_counter() - started
_, accuracy = model.evaluate(x_test, y_test, verbose=0)
print(json.dumps({"work": {"accuracy": accuracy}, "seconds": {"fit": seconds}}))
