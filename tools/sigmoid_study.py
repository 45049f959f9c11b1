"""What the published sigmoid recipe reaches: as written, and with what it seems to have meant.

``python -m tools.sigmoid_study`` trains each variant with ``tf.GradientTape`` on all of MNIST's
training digits and writes the test accuracy of each seed to ``docs/results/sigmoid.json``.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from mnist_zoo import Mnist, dense_sigmoid, evaluate, load_mnist
from tools import docs

SEEDS = (0, 1, 2)
# (what a batch's loss is, the initial weights, the steps)
VARIANTS = (
    ("sum_over_batch_size", "glorot_uniform", 3000),
    ("sum", "random_normal", 3000),
    ("sum", "glorot_uniform", 3000),
    ("sum", "glorot_uniform", 6000),
)


def accuracy(data: Mnist, reduction: str, initializer: str, steps: int, seed: int) -> float:
    """Train one variant with one seed and return its test accuracy."""
    keras.utils.set_random_seed(seed)
    model = dense_sigmoid(seed=seed)
    if initializer == "random_normal":  # 0.05 is Keras's default, and TensorFlow's.
        draw = keras.initializers.RandomNormal(stddev=0.05, seed=keras.random.SeedGenerator(seed))
        for weights in model.trainable_variables:
            if len(weights.shape) == 2:
                weights.assign(draw(weights.shape))
    optimizer = keras.optimizers.SGD(learning_rate=0.001)
    loss = keras.losses.SparseCategoricalCrossentropy(reduction=reduction)
    digits = tf.data.Dataset.from_tensor_slices(tuple(data.train))
    batches = digits.shuffle(len(data.train.x), seed=seed).repeat().batch(256).prefetch(2)

    def take_step(x: Any, y: Any) -> None:
        with tf.GradientTape() as tape:
            value = loss(y, model(x, training=True))
        gradients = tape.gradient(value, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))

    step = tf.function(take_step)
    for x, y in batches.take(steps):
        step(x, y)
    return evaluate(model, data).accuracy


def main() -> None:
    """Train every variant with every seed."""
    data = load_mnist()
    rows = []
    for reduction, initializer, steps in VARIANTS:
        accuracies = [accuracy(data, reduction, initializer, steps, seed) for seed in SEEDS]
        rows.append(
            {
                "reduction": reduction,
                "initializer": initializer,
                "steps": steps,
                "seeds": list(SEEDS),
                "test_accuracy": accuracies,
            }
        )
        print(rows[-1], flush=True)
    docs.write("sigmoid.json", rows)


if __name__ == "__main__":
    main()
