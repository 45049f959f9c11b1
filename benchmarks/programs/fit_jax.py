"""The same training with mnist-zoo, on Keras's JAX backend."""

import os
import runpy
from pathlib import Path

os.environ["KERAS_BACKEND"] = "jax"
runpy.run_path(str(Path(__file__).with_name("fit_tensorflow.py")))
