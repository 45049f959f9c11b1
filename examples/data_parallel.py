"""Train one model in several processes, on one machine or on many, with JAX.

.. code-block:: console

   $ export KERAS_DISTRIBUTION_JOB_ADDRESSES=127.0.0.1:12345 KERAS_DISTRIBUTION_NUM_PROCESSES=2
   $ KERAS_DISTRIBUTION_PROCESS_ID=0 python examples/data_parallel.py &
   $ KERAS_DISTRIBUTION_PROCESS_ID=1 python examples/data_parallel.py

The address is that of process 0. A run that was stopped goes on after its last whole epoch if it
is started again. The machines share the folder of the backups.
"""

import os
import shutil
from pathlib import Path

os.environ["KERAS_BACKEND"] = "jax"

import keras

# Before anything is computed. It reads the environment variables.
keras.distribution.initialize()
keras.distribution.set_distribution(keras.distribution.DataParallel())

import jax

from mnist_zoo import dense_relu, fit_and_evaluate, load_mnist
from mnist_zoo.export import save_model

BACKUPS = Path("backups")
EPOCHS = 10


def main() -> None:
    """Train and save the model."""
    process = jax.process_index()
    backup = BACKUPS / str(process)
    if process != 0:
        # All go on from the same epoch, even if one was stopped before its last backup.
        shutil.rmtree(backup, ignore_errors=True)
        if (BACKUPS / "0").exists():
            shutil.copytree(BACKUPS / "0", backup)
    result = fit_and_evaluate(
        dense_relu(seed=0),
        load_mnist(source="sample"),
        epochs=EPOCHS,
        batch_size=64,  # Of all processes together.
        callbacks=keras.callbacks.BackupAndRestore(backup),
        seed=0,
        verbose=0,
    )
    if process == 0:
        print(result)
    # All processes save, as Keras waits for all of them. They have the same parameters.
    save_model(result.model, f"parallel-{process}.keras", overwrite=True)


if __name__ == "__main__":
    main()
