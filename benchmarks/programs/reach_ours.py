"""The same with mnist-zoo's fast setting, report included."""

import dataclasses
import json
import os

from mnist_zoo import load_mnist
from mnist_zoo.recipes import FAST, train_recipe

epochs = int(os.environ.get("BENCHMARK_EPOCHS", FAST.epochs))
recipe = dataclasses.replace(FAST, epochs=epochs)
result = train_recipe(recipe, load_mnist(), int(os.environ["BENCHMARK_SEED"]))
print(result)
print(json.dumps({"work": {"reached": result.accuracy}, "seconds": {"fit": result.seconds}}))
