"""The same with mnist-zoo: the same parameters, which it ships."""

import time

import numpy as np
from _emit import emit

from mnist_zoo import dense_relu_dropout, evaluate, load_mnist, predict_probabilities

model = dense_relu_dropout(weights="mnist")
data = load_mnist()
started = time.perf_counter()
accuracy = evaluate(model, data).accuracy
seconds = time.perf_counter() - started
x_test = data.test.x
predict_probabilities(x_test[:1], model.name)
calls = []
for number in range(50):
    began = time.perf_counter()
    predict_probabilities(x_test[number][None], model.name)
    calls.append(time.perf_counter() - began)
latency = float(np.median(calls))
emit(work={"accuracy": accuracy}, seconds={"all": seconds, "one": latency})
