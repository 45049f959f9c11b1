"""The same with mnist-zoo's fast setting, report included."""

import dataclasses
import os

from _emit import emit

from mnist_zoo import load_mnist
from mnist_zoo.recipes import FAST, train_recipe

epochs = int(os.environ.get("BENCHMARK_EPOCHS", FAST.epochs))
recipe = dataclasses.replace(FAST, epochs=epochs)
result = train_recipe(recipe, load_mnist(), int(os.environ["BENCHMARK_SEED"]))
print(result)
emit(work={"accuracy": result.accuracy}, seconds={"fit": result.seconds})
