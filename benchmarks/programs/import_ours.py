"""The same with mnist-zoo: the models can be named, and no framework is loaded yet."""

import json
import time

import mnist_zoo

if "dense_relu" not in mnist_zoo.list_models():
    raise AssertionError("the models cannot be listed")
print(json.dumps({"work": {}, "at": {"ready": time.time()}}))
