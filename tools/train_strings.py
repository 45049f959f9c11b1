"""Train the network that counts digits: ``KERAS_BACKEND=torch python -m tools.train_strings``.

It learns from strings that :mod:`tools.drawn_strings` draws from the 50,000 digits that the shipped
models are trained on, and is measured on strings of the digits that choose settings. It takes about
80 minutes on one core. A training that was stopped goes on after its last whole epoch.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray
from rich.progress import track

from mnist_zoo import Split, load_mnist
from mnist_zoo.models.layers import describe_layers, is_chain
from mnist_zoo.models.shipped import FOLDER
from mnist_zoo.pictures.strings import (
    FILE,
    HEIGHT,
    STEPS,
    SYMBOLS,
    WIDTH,
    Strings,
    count_probabilities,
    most_probable,
)
from mnist_zoo.training.reproducing import parts_of
from tools import docs
from tools.drawn_strings import Draw, samples, string, string_by_pen, string_on_a_page


class Pool(NamedTuple):
    """What is drawn, how often, and the seeds of the drawings."""

    draw: Draw
    size: int
    seeds: Sequence[int]


class Stage(NamedTuple):
    """A part of the training, and its settings."""

    pools: tuple[Pool, ...]
    epochs: int
    learning_rate: float


# After the first stage, one in fourteen digits of even strokes was taken for none.
STAGES = (
    Stage((Pool(string, 30_000, range(7)), Pool(string_on_a_page, 26_000, (100, 101))), 8, 0.003),
    Stage(
        (
            Pool(string_by_pen, 34_000, (200, 201)),
            Pool(string, 30_000, range(2)),
            Pool(string_on_a_page, 26_000, (100,)),
        ),
        4,
        0.001,
    ),
)
MEASURED = {
    "as in MNIST": Pool(string, 6_000, (1000,)),
    "with other ink": Pool(string_on_a_page, 3_000, (2000,)),
    "by a pen": Pool(string_by_pen, 3_000, (3000,)),
}
BATCH, WARMUP, CLIPPED = 64, 300, 5.0


# Of each convolution: filters, size, strides. Before number POOLED, the larger of two rows remains.
# The fifth leaves one row.
ROWS = HEIGHT // 4
CONVOLUTIONS: tuple[tuple[int, Any, Any], ...] = (
    (16, 5, 2),
    (32, 3, 1),
    (40, 3, 1),
    (40, 3, 1),
    (64, (ROWS, 3), (ROWS, 1)),
    (48, (1, 7), 1),
)
POOLED = 3


def network() -> keras.Model:
    """Build the network, with random parameters. It returns logits."""
    x = inputs = keras.Input((HEIGHT, WIDTH, 1), name="ink")
    for number, (filters, size, strides) in enumerate(CONVOLUTIONS, 1):
        if number == POOLED:
            x = layers.MaxPooling2D((2, 1), name="pooling")(x)
        x = layers.Conv2D(
            filters, size, strides, "same", use_bias=False, name=f"convolution_{number}"
        )(x)
        x = layers.BatchNormalization(momentum=0.95, name=f"normalization_{number}")(x)
        x = layers.Activation("relu", name=f"activation_{number}")(x)
    x = layers.Conv2D(SYMBOLS, 1, name="symbols")(x)
    return keras.Model(inputs, layers.Reshape((STEPS, SYMBOLS), name="columns")(x))


def with_softmax(model: keras.Model) -> keras.Model:
    """Return a model that returns probabilities."""
    return keras.Model(
        model.inputs, layers.Activation("softmax", name="probabilities")(model.output)
    )


class Batches(keras.utils.PyDataset):  # type: ignore[misc]  # Keras has no types.
    """Strings in batches, in another order for each epoch."""

    def __init__(self, images: NDArray[np.uint8], labels: NDArray[np.int32]) -> None:
        super().__init__()
        self.images, self.labels = images, labels
        self.epoch = 0
        self.on_epoch_end()

    def __len__(self) -> int:
        return len(self.images) // BATCH

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        chosen = self.order[BATCH * index : BATCH * (index + 1)]
        return scaled(self.images[chosen]), self.labels[chosen]

    def on_epoch_end(self) -> None:
        """Draw the order of the next epoch."""
        self.order = np.random.default_rng(self.epoch).permutation(len(self.images))
        self.epoch += 1


def scaled(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return bytes as the network takes them."""
    return np.divide(images, 255, dtype=np.float32)[..., None]


def drawn(split: Split, pools: Sequence[Pool]) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Draw strings."""
    jobs = [(pool.draw, pool.size, seed) for pool in pools for seed in pool.seeds]
    made = [samples(draw, split, size, seed) for draw, size, seed in track(jobs, "drawing")]
    return np.concatenate([each for each, _ in made]), np.concatenate([each for _, each in made])


def train(model: keras.Model, stage: Stage, split: Split, folder: Path) -> None:
    """Train the network for a stage."""
    batches = Batches(*drawn(split, stage.pools))
    rate = keras.optimizers.schedules.CosineDecay(
        0.0,
        stage.epochs * len(batches) - WARMUP,
        warmup_target=stage.learning_rate,
        warmup_steps=WARMUP,
    )
    model.compile(keras.optimizers.Adam(rate, clipnorm=CLIPPED), keras.losses.CTC())
    model.fit(batches, epochs=stage.epochs, callbacks=[keras.callbacks.BackupAndRestore(folder)])


def rows_of(
    kind: str, model: keras.Model, images: NDArray[np.uint8], labels: NDArray[np.int32]
) -> list[tuple[str, ...]]:
    """Return how many strings of each length are read rightly, and have as many digits as read."""
    steps = model.predict(scaled(images), batch_size=500, verbose=0)
    strings = Strings(count_probabilities(steps), steps, np.full(len(steps), WIDTH))
    read = [
        most_probable(strings, number).probabilities.argmax(axis=1).tolist()
        for number in range(len(steps))
    ]
    truth = [(row[row > 0] - 1).tolist() for row in labels]
    rows: list[tuple[str, ...]] = []
    for count in sorted({len(digits) for digits in truth}):
        own = [k for k, digits in enumerate(truth) if len(digits) == count]
        right = float(np.mean([read[k] == truth[k] for k in own]))
        counted = float(np.mean([len(read[k]) == count for k in own]))
        rows.append((kind, str(count), f"{len(own):,}", docs.percent(counted), docs.percent(right)))
    return rows


def ship(model: keras.Model) -> None:
    """Write the parameters, with 16 bits each, and the architecture beside them."""
    content = io.BytesIO()
    halves: dict[str, Any] = {w.path: np.asarray(w).astype(np.float16) for w in model.weights}
    np.savez(content, **halves)
    described = describe_layers(model)
    facts = {
        "file": f"{FILE}.npz",
        "sha256": hashlib.sha256(content.getvalue()).hexdigest(),
        "architecture": {
            "input_shape": [HEIGHT, WIDTH, 1],
            "chain": is_chain(model),
            "layers": [layer.to_dict() for layer in described],
        },
    }
    (FOLDER / f"{FILE}.npz").write_bytes(content.getvalue())
    text = json.dumps(facts, indent=1) + "\n"
    (FOLDER / f"{FILE}.json").write_text(text, encoding="utf-8")


def main() -> None:
    """Draw, train, measure and ship."""
    parser = argparse.ArgumentParser(prog="python -m tools.train_strings", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("trainings", FILE), help="for a stop")
    options = parser.parse_args()
    parts = parts_of(load_mnist().train)
    keras.utils.set_random_seed(0)
    model = network()
    for number, stage in enumerate(STAGES):
        # A stage that is done leaves its model, one that was stopped its last whole epoch.
        done = options.folder / f"{number}.keras"
        done.parent.mkdir(parents=True, exist_ok=True)
        if done.exists():
            model = keras.saving.load_model(done)
        else:
            train(model, stage, parts.train, options.folder / str(number))
            model.save(done)
    model = with_softmax(model)
    rows: list[tuple[str, ...]] = []
    for kind, pool in MEASURED.items():
        rows += rows_of(kind, model, *drawn(parts.plan, (pool,)))
    headings = ("drawn", "digits", "shapes", "counted rightly", "read rightly")
    docs.write("strings.md", docs.table(headings, rows))
    ship(model)


if __name__ == "__main__":
    main()
