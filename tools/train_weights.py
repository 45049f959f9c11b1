"""Train the parameters that the package ships: ``python -m tools.train_weights dense_relu``.

For each seed a network is trained on 55,000 digits of MNIST's training split, each of them
distorted anew in every epoch; the 5,000 others choose the seed that is shipped. The test split is
not read here: ``python -m tools.make_cards`` reads it once, for the card of what is shipped.

A run that is stopped goes on where its last checkpoint was written, in ``build/weights``. It runs
on whatever device JAX finds. ``--seed N`` trains one seed alone, so that several can run side by
side.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from rich.progress import Progress
from sklearn.model_selection import train_test_split

from mnist_zoo import load_mnist

BUILD = Path(__file__).parent.parent / "build" / "weights"
SIDE = 28
SEEDS = (0, 1, 2)
VALIDATION_DIGITS = 5_000
# The same for every seed and model, so that seeds can be held against each other.
VALIDATION_SEED = 0
CHECKPOINT_EPOCHS = 20

Params = list[tuple[jax.Array, jax.Array]]


class Plan(NamedTuple):
    """How one architecture is trained; chosen on validation digits."""

    hidden_units: tuple[int, ...]
    activation: str = "relu"
    epochs: int = 400
    batch_size: int = 128
    learning_rate: float = 0.002
    """At its highest; it rises over 500 steps and falls to 0 along a cosine."""
    average_decay: float = 0.999
    """Of the exponential average of the parameters, which is what is shipped."""
    rotation: float = 12.0
    """Largest rotation, degrees."""
    scale: float = 0.12
    """Largest change of the logarithm of the size."""
    shear: float = 0.2
    shift: float = 2.0
    """Largest shift, pixels."""
    elastic: float = 1.2
    """Standard deviation of the elastic displacement's control points, pixels."""
    last_strength: float = 0.3
    """What the distortions shrink to over the last `calm` of the epochs."""
    calm: float = 0.15


PLANS = {
    "linear": Plan((), epochs=20, rotation=0.0, scale=0.0, shear=0.0, shift=0.0, elastic=0.0),
    "dense_relu": Plan((128, 64)),
    "dense_sigmoid": Plan((128, 256), activation="sigmoid", epochs=300),
}
ACTIVATIONS: dict[str, Callable[[jax.Array], jax.Array]] = {
    "relu": jax.nn.relu,
    "sigmoid": jax.nn.sigmoid,
}


class State(NamedTuple):
    """What a training step changes."""

    params: Params
    mean: Params
    variance: Params
    average: Params
    step: jax.Array


def initial_params(key: jax.Array, sizes: tuple[int, ...]) -> Params:
    """Draw weights from Glorot's uniform distribution, with biases of 0."""
    params = []
    for fan_in, fan_out in itertools.pairwise(sizes):
        key, drawn = jax.random.split(key)
        limit = math.sqrt(6 / (fan_in + fan_out))
        kernel = jax.random.uniform(drawn, (fan_in, fan_out), minval=-limit, maxval=limit)
        params.append((kernel, jnp.zeros(fan_out)))
    return params


def logits_of(params: Params, x: jax.Array, plan: Plan) -> jax.Array:
    """Run the network on flat pictures."""
    for kernel, bias in params[:-1]:
        x = ACTIVATIONS[plan.activation](x @ kernel + bias)
    kernel, bias = params[-1]
    return x @ kernel + bias


def spline_matrix(points: int = 8) -> np.ndarray:
    """Return the (28, points) matrix that draws a cubic B-spline through control points."""
    matrix = np.zeros((SIDE, points), np.float32)
    for pixel in range(SIDE):
        place = (pixel + 0.5) * (points - 3) / SIDE
        first, t = int(place), place % 1
        basis = ((1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3)
        matrix[pixel, first : first + 4] = np.array(basis) / 6
    return matrix


def distort(key: jax.Array, x: jax.Array, strength: jax.Array, plan: Plan) -> jax.Array:
    """Distort pictures of shape (n, 28, 28) by random affine and elastic maps; return them flat."""
    count = len(x)
    keys = jax.random.split(key, 6)

    def within(number: int, limit: float) -> jax.Array:
        drawn = jax.random.uniform(keys[number], (count, 1, 1), minval=-1.0, maxval=1.0)
        return limit * strength * drawn

    angle, size = within(0, math.radians(plan.rotation)), jnp.exp(within(1, plan.scale))
    row, column = jnp.meshgrid(jnp.arange(SIDE) - 13.5, jnp.arange(SIDE) - 13.5, indexing="ij")
    spline = jnp.asarray(spline_matrix())
    points = spline.shape[1]
    control = plan.elastic * strength * jax.random.normal(keys[5], (2, count, points, points))
    bend = jnp.einsum("ia,dnab,jb->dnij", spline, control, spline)
    cos, sin = jnp.cos(angle), jnp.sin(angle)
    y = (cos * row - sin * column) * size + bend[0] + within(3, plan.shift) + 13.5
    x_place = (sin * row + cos * column) * size + within(2, plan.shear) * row
    x_place = x_place + bend[1] + within(4, plan.shift) + 13.5

    # Bilinear, with two pixels of paper around the picture for what is taken from beyond it.
    top, left = jnp.floor(y), jnp.floor(x_place)
    down, right = y - top, x_place - left
    wide = SIDE + 4
    padded = jnp.pad(x, ((0, 0), (2, 2), (2, 2))).reshape(count, wide * wide)
    corner = jnp.clip(top.astype(jnp.int32) + 2, 0, wide - 2) * wide
    corner = (corner + jnp.clip(left.astype(jnp.int32) + 2, 0, wide - 2)).reshape(count, -1)

    def at(offset: int) -> jax.Array:
        return jnp.take_along_axis(padded, corner + offset, axis=1).reshape(x.shape)

    above = at(0) * (1 - right) + at(1) * right
    below = at(wide) * (1 - right) + at(wide + 1) * right
    return (above * (1 - down) + below * down).reshape(count, SIDE * SIDE)


def epoch_function(plan: Plan, count: int) -> Callable[..., State]:
    """Return a compiled function that runs one whole epoch."""
    steps = count // plan.batch_size
    last_step = plan.epochs * steps

    def loss(params: Params, x: jax.Array, y: jax.Array) -> jax.Array:
        log_probabilities = jax.nn.log_softmax(logits_of(params, x, plan))
        return -jnp.mean(jnp.take_along_axis(log_probabilities, y[:, None], axis=1))

    def run(state: State, x: jax.Array, y: jax.Array, key: jax.Array, strength: jax.Array) -> State:
        order_key, distortion_key = jax.random.split(key)
        order = jax.random.permutation(order_key, count)[: steps * plan.batch_size]

        def take_step(state: State, batch: tuple[jax.Array, jax.Array]) -> tuple[State, None]:
            chosen, batch_key = batch
            pictures = distort(batch_key, x[chosen], strength, plan)
            gradient = jax.grad(loss)(state.params, pictures, y[chosen])
            step = state.step + 1
            rate = plan.learning_rate * 0.5 * (1 + jnp.cos(jnp.pi * step / last_step))
            rate = rate * jnp.minimum(1.0, step / 500)
            # Adam, written out: its state must live in the checkpoint.
            mean = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, state.mean, gradient)
            variance = jax.tree.map(
                lambda v, g: 0.999 * v + 0.001 * g * g, state.variance, gradient
            )
            unbias, unbias_variance = 1 - 0.9**step, 1 - 0.999**step

            def update(p: jax.Array, m: jax.Array, v: jax.Array) -> jax.Array:
                return p - rate * (m / unbias) / (jnp.sqrt(v / unbias_variance) + 1e-8)

            params = jax.tree.map(update, state.params, mean, variance)
            decay = jnp.minimum(plan.average_decay, (1 + step) / (10 + step))
            average = jax.tree.map(lambda a, p: decay * a + (1 - decay) * p, state.average, params)
            return State(params, mean, variance, average, step), None

        batches = (order.reshape(steps, -1), jax.random.split(distortion_key, steps))
        return jax.lax.scan(take_step, state, batches)[0]

    return jax.jit(run, donate_argnums=0)


def strength_at(plan: Plan, epoch: int) -> float:
    """Return how strong the distortions are: 1, and less towards the end."""
    into_calm = (epoch / plan.epochs - (1 - plan.calm)) / plan.calm
    return 1.0 + (plan.last_strength - 1.0) * max(0.0, into_calm)


def train(name: str, seed: int) -> float:
    """Train one seed, write its averaged parameters, and return its validation accuracy."""
    plan = PLANS[name]
    digits = load_mnist().train
    chosen, held_out = train_test_split(
        np.arange(len(digits.x)),
        test_size=VALIDATION_DIGITS,
        stratify=digits.y,
        random_state=VALIDATION_SEED,
    )
    x, y = jnp.asarray(digits.x[chosen]), jnp.asarray(digits.y[chosen].astype(np.int32))
    validation_x = jnp.asarray(digits.x[held_out].reshape(-1, SIDE * SIDE))
    validation_y = digits.y[held_out]

    base = jax.random.PRNGKey(seed)
    params = initial_params(base, (SIDE * SIDE, *plan.hidden_units, 10))
    zeros = partial(jax.tree.map, jnp.zeros_like)
    copied = jax.tree.map(jnp.copy, params)  # Each epoch gives its state's memory away.
    state = State(params, zeros(params), zeros(params), copied, jnp.float32(0))
    leaves, structure = jax.tree.flatten(state)
    checkpoint = BUILD / f"{name}-{seed}.checkpoint.npz"
    first_epoch = 0
    if checkpoint.exists():
        with np.load(checkpoint) as saved:
            first_epoch = int(saved["epoch"])
            leaves = [jnp.asarray(saved[f"leaf_{number}"]) for number in range(len(leaves))]
        state = jax.tree.unflatten(structure, leaves)

    run_epoch = epoch_function(plan, len(x))

    def accuracy_of(params: Params) -> float:
        predicted = np.asarray(logits_of(params, validation_x, plan).argmax(axis=1))
        return float(np.mean(predicted == validation_y))

    started = time.perf_counter()
    BUILD.mkdir(parents=True, exist_ok=True)
    with Progress() as progress:
        bar = progress.add_task(f"{name}, seed {seed}", total=plan.epochs, completed=first_epoch)
        for epoch in range(first_epoch, plan.epochs):
            strength = jnp.float32(strength_at(plan, epoch))
            state = run_epoch(state, x, y, jax.random.fold_in(base, epoch + 1), strength)
            if (epoch + 1) % CHECKPOINT_EPOCHS == 0 or epoch + 1 == plan.epochs:
                numbered = {f"leaf_{i}": leaf for i, leaf in enumerate(jax.tree.leaves(state))}
                _save(checkpoint, {"epoch": np.int64(epoch + 1), **numbered})
                text = f"{name}, seed {seed}: {accuracy_of(state.average):.2%} of validation digits"
                progress.update(bar, description=text)
            progress.advance(bar)
    accuracy = accuracy_of(state.average)
    layers = [f"hidden_{number + 1}" for number in range(len(plan.hidden_units))] + ["predictions"]
    arrays: dict[str, Any] = {}
    for layer, (kernel, bias) in zip(layers, state.average, strict=True):
        arrays |= {f"{layer}/kernel": kernel, f"{layer}/bias": bias}
    _save(BUILD / f"{name}-{seed}.npz", arrays)
    record = {
        "seed": seed,
        "validation_accuracy": accuracy,
        "seconds": time.perf_counter() - started,
        "plan": plan._asdict(),
        "jax": jax.__version__,
        "device": jax.devices()[0].platform,
    }
    (BUILD / f"{name}-{seed}.json").write_text(json.dumps(record, indent=1), encoding="utf-8")
    print(f"{name}, seed {seed}: {accuracy:.2%} of {VALIDATION_DIGITS:,} validation digits")
    return accuracy


def _save(path: Path, arrays: dict[str, Any]) -> None:
    """Write an npz whole, or not at all."""
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        # mypy takes an array for an option.
        np.savez(file, **{name: np.asarray(a) for name, a in arrays.items()})  # type: ignore[arg-type]
    os.replace(part, path)


def main() -> None:
    """Train the seeds of one model."""
    parser = argparse.ArgumentParser(prog="python -m tools.train_weights", description=__doc__)
    parser.add_argument("name", choices=PLANS)
    parser.add_argument("--seed", type=int, help=f"this seed alone; by default {SEEDS}")
    options = parser.parse_args()
    for seed in SEEDS if options.seed is None else (options.seed,):
        train(options.name, seed)


if __name__ == "__main__":
    main()
