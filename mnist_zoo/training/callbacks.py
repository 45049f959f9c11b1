"""Callbacks by which a recipe is trained: kept as it goes, told, and seeded epoch by epoch."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnist_zoo.training.kernels import layers_of
from mnist_zoo.training.recipes import Recipe
from mnist_zoo.writing import replacing

if TYPE_CHECKING:
    import keras

    from mnist_zoo.training.random_layer import RandomLayer

# In an epoch, fewer than 2 ** 16 times numbers are drawn from one generator.
DRAWS_BITS = 16


def backup(folder: Path) -> keras.callbacks.Callback:
    """Return a callback by which a training that was stopped goes on after its last whole epoch."""
    import keras

    class Backup(keras.callbacks.Callback):  # type: ignore[misc]
        """As Keras's ``BackupAndRestore``, but a kill at any moment leaves a whole backup."""

        def on_train_begin(self, logs: Any = None) -> None:
            folder.mkdir(parents=True, exist_ok=True)
            files = sorted(folder.glob("*.weights.h5"))
            if files:
                if not self.model.optimizer.built:
                    self.model.optimizer.build(self.model.trainable_variables)
                self.model.load_weights(files[-1])
                self.model._initial_epoch = int(files[-1].name.split(".")[0])

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if self.model.stop_training:  # Ctrl-C, which cuts an epoch short.
                return
            older = list(folder.glob("*.weights.h5"))
            with replacing(folder / f"{epoch + 1:06}.weights.h5", overwrite=True) as part:
                self.model.save_weights(part)
            for file in older:
                file.unlink()

    return Backup()


def curve(file: Path) -> keras.callbacks.Callback:
    """Return a callback that writes what Keras says of each whole epoch into a CSV file."""
    import keras

    class Curve(keras.callbacks.Callback):  # type: ignore[misc]
        """As Keras's ``CSVLogger``, but whatever stops the training, each epoch is there once."""

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if self.model.stop_training:  # Ctrl-C, which cuts an epoch short.
                return
            rows: list[dict[str, Any]] = []
            if file.exists():
                with file.open(encoding="utf-8", newline="") as lines:
                    rows = [row for row in csv.DictReader(lines) if int(row["epoch"]) < epoch]
            rows.append({"epoch": epoch, **dict(sorted((logs or {}).items()))})
            with (
                replacing(file, overwrite=True) as part,
                part.open("w", encoding="utf-8", newline="") as out,
            ):
                writer = csv.DictWriter(out, list(rows[-1]))
                writer.writeheader()
                writer.writerows(rows)

    return Curve()


def telling(on_epoch: Callable[[int, int, int], None], seed: int) -> keras.callbacks.Callback:
    """Return a callback that calls a function after each whole epoch, as `reproduce` says."""
    import keras

    class Telling(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if not self.model.stop_training:  # Ctrl-C, which cuts an epoch short.
                on_epoch(seed, epoch + 1, self.params["epochs"])

    return Telling()


def for_epoch(recipe: Recipe, layers: list[RandomLayer]) -> keras.callbacks.Callback:
    """Return a callback that sets how strong the distortions of an epoch are, and all seeds.

    Keras saves no seeds with parameters. Here they depend on the number of the epoch alone.
    """
    import keras

    class ForEpoch(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            strength = 1.0
            if recipe.calm:
                into = (epoch / (recipe.epochs or 1) - (1.0 - recipe.calm)) / recipe.calm
                strength += (recipe.last_strength - 1.0) * max(0.0, into)
            for layer in layers:
                layer.strength.assign(strength)
            for layer in (*layers, *layers_of(self.model)):
                generator = getattr(layer, "seed_generator", None)
                if generator is not None:
                    _reseed(generator, epoch)

    return ForEpoch()


def _reseed(generator: keras.random.SeedGenerator, epoch: int) -> None:
    """Have the random numbers of an epoch depend on its seed and its number alone."""
    import keras

    first, _ = keras.ops.convert_to_numpy(generator.state.value)
    generator.state.assign([first, epoch << DRAWS_BITS])
