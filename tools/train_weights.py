"""Train the parameters that the package ships: ``python -m tools.train_weights dense_relu``.

For each seed a network is trained on 55,000 digits of MNIST's training split, distorted anew in
every epoch if its species says so; the 5,000 others choose the seed that is shipped. The test split
is not read here: ``python -m tools.make_cards`` reads it once, for the card of what is shipped.

The layers are read from the species' Keras model, the number of epochs from its row in
:data:`mnist_zoo.models.species.SPECIES`. A run that is stopped continues from its last checkpoint,
in ``build/weights``. It runs on the device that JAX finds. ``--seed N`` trains one seed alone, so
that several can run at the same time.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from rich.progress import Progress
from sklearn.model_selection import train_test_split

from mnist_zoo import create_model, load_mnist
from mnist_zoo.data import MNIST
from mnist_zoo.models.layers import describe_layers, is_chain
from mnist_zoo.models.species import SPECIES, Species
from tools import docs

BUILD = docs.ROOT / "build" / "weights"
SIDE = MNIST.image_shape[0]
SEEDS = (0, 1, 2)
VALIDATION_DIGITS = 5_000
# The same for every seed and model, so that seeds can be compared.
VALIDATION_SEED = 0
CHECKPOINT_EPOCHS = 20

Params = list[tuple[jax.Array, jax.Array]]


class Plan(NamedTuple):
    """The settings of a training; chosen on validation digits.

    Attributes
    ----------
    epochs : int
        Passes over the training digits.
    batch_size : int
        Digits a batch.
    learning_rate : float
        At its highest: it rises over 500 steps, and falls to 0 along a cosine.
    average_decay : float
        Of the exponential average of the parameters, which is what is shipped.
    rotation : float
        Largest rotation, in degrees.
    scale : float
        Largest change of the logarithm of the size.
    shear : float
        Largest shear: the shift of a row, in pixels, for each pixel of its height.
    shift : float
        Largest shift, in pixels.
    elastic : float
        Standard deviation of the elastic displacement's control points, in pixels.
    last_strength : float
        What the distortions are multiplied by at the end.
    calm : float
        The share of the epochs, the last ones, over which they shrink to that.
    """

    epochs: int
    batch_size: int = 128
    learning_rate: float = 0.002
    average_decay: float = 0.999
    rotation: float = 12.0
    scale: float = 0.12
    shear: float = 0.2
    shift: float = 2.0
    elastic: float = 1.2
    last_strength: float = 0.3
    calm: float = 0.15


ACTIVATIONS: dict[str, Callable[[jax.Array], jax.Array]] = {
    "relu": jax.nn.relu,
    "sigmoid": jax.nn.sigmoid,
}


class Layer(NamedTuple):
    """A dense layer.

    Attributes
    ----------
    name : str
        What Keras calls it.
    units : int
        How many values it returns.
    activation : str
        Keras's name of the function that is applied to them.
    """

    name: str
    units: int
    activation: str


class State(NamedTuple):
    """What a training step changes."""

    params: Params
    mean: Params
    variance: Params
    average: Params
    step: jax.Array


def species_by_file() -> dict[str, Species]:
    """Return the first species of each file of trained parameters, by the name of the file."""
    found: dict[str, Species] = {}
    for species in SPECIES.values():
        if species.weights is not None and species.weights.epochs is not None:
            found.setdefault(species.weights.file, species)
    return found


def plan_for(species: Species) -> Plan:
    """Return how the parameters of a species are trained."""
    if species.weights is None or species.weights.epochs is None:
        raise ValueError(f"{species.name} has no row of trained parameters, which says how")
    plan = Plan(species.weights.epochs)
    if species.weights.distorted:
        return plan
    return plan._replace(rotation=0.0, scale=0.0, shear=0.0, shift=0.0, elastic=0.0)


def dense_layers(species: Species) -> tuple[Layer, ...]:
    """Return the dense layers of a species, read from its Keras model.

    Raise ``ValueError`` if it has other layers with parameters, or is no chain of layers: this
    program does not train those.
    """
    model = create_model(species.name)
    specs = [spec for spec in describe_layers(model) if spec.parameters]
    others = [spec.kind for spec in specs if spec.kind != "Dense"]
    if others or not is_chain(model):
        found = f"layers of the kind {', '.join(others)}" if others else "branches"
        raise ValueError(f"{species.name}: a chain of dense layers is expected, found {found}")
    return tuple(
        Layer(spec.name, spec.output_shape[-1], str(spec.settings["activation"])) for spec in specs
    )


def initial_params(key: jax.Array, inputs: int, layers: Sequence[Layer]) -> Params:
    """Draw weights from Glorot's uniform distribution, with biases of 0."""
    params = []
    for layer in layers:
        key, drawn = jax.random.split(key)
        limit = math.sqrt(6 / (inputs + layer.units))
        kernel = jax.random.uniform(drawn, (inputs, layer.units), minval=-limit, maxval=limit)
        params.append((kernel, jnp.zeros(layer.units)))
        inputs = layer.units
    return params


def logits_of(params: Params, x: jax.Array, layers: Sequence[Layer]) -> jax.Array:
    """Run the network on flat pictures, without the activation of its last layer."""
    for (kernel, bias), layer in zip(params[:-1], layers[:-1], strict=True):
        x = ACTIVATIONS[layer.activation](x @ kernel + bias)
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
    return (above * (1 - down) + below * down).reshape(count, MNIST.pixels)


def epoch_function(plan: Plan, layers: Sequence[Layer], count: int) -> Callable[..., State]:
    """Return a compiled function that runs one whole epoch."""
    steps = count // plan.batch_size
    last_step = plan.epochs * steps

    def loss(params: Params, x: jax.Array, y: jax.Array) -> jax.Array:
        log_probabilities = jax.nn.log_softmax(logits_of(params, x, layers))
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


def train(file: str, seed: int) -> float:
    """Train one seed, write its averaged parameters, and return its validation accuracy."""
    species = species_by_file()[file]
    plan, layers = plan_for(species), dense_layers(species)
    digits = load_mnist().train
    chosen, held_out = train_test_split(
        np.arange(len(digits.x)),
        test_size=VALIDATION_DIGITS,
        stratify=digits.y,
        random_state=VALIDATION_SEED,
    )
    x, y = jnp.asarray(digits.x[chosen]), jnp.asarray(digits.y[chosen].astype(np.int32))
    validation_x = jnp.asarray(digits.x[held_out].reshape(-1, MNIST.pixels))
    validation_y = digits.y[held_out]

    base = jax.random.PRNGKey(seed)
    params = initial_params(base, MNIST.pixels, layers)
    zeros = partial(jax.tree.map, jnp.zeros_like)
    copied = jax.tree.map(jnp.copy, params)  # Each epoch gives its state's memory away.
    state = State(params, zeros(params), zeros(params), copied, jnp.float32(0))
    leaves, structure = jax.tree.flatten(state)
    checkpoint = BUILD / f"{file}-{seed}.checkpoint.npz"
    first_epoch = 0
    if checkpoint.exists():
        with np.load(checkpoint) as saved:
            first_epoch = int(saved["epoch"])
            leaves = [jnp.asarray(saved[f"leaf_{number}"]) for number in range(len(leaves))]
        state = jax.tree.unflatten(structure, leaves)

    run_epoch = epoch_function(plan, layers, len(x))

    def accuracy_of(params: Params) -> float:
        predicted = np.asarray(logits_of(params, validation_x, layers).argmax(axis=1))
        return float(np.mean(predicted == validation_y))

    started = time.perf_counter()
    BUILD.mkdir(parents=True, exist_ok=True)
    with Progress() as progress:
        bar = progress.add_task(f"{file}, seed {seed}", total=plan.epochs, completed=first_epoch)
        for epoch in range(first_epoch, plan.epochs):
            strength = jnp.float32(strength_at(plan, epoch))
            state = run_epoch(state, x, y, jax.random.fold_in(base, epoch + 1), strength)
            if (epoch + 1) % CHECKPOINT_EPOCHS == 0 or epoch + 1 == plan.epochs:
                numbered = {f"leaf_{i}": leaf for i, leaf in enumerate(jax.tree.leaves(state))}
                _save(checkpoint, {"epoch": np.int64(epoch + 1), **numbered})
                text = f"{file}, seed {seed}: {accuracy_of(state.average):.2%} of validation digits"
                progress.update(bar, description=text)
            progress.advance(bar)
    accuracy = accuracy_of(state.average)
    arrays: dict[str, Any] = {}
    for layer, (kernel, bias) in zip(layers, state.average, strict=True):
        arrays |= {f"{layer.name}/kernel": kernel, f"{layer.name}/bias": bias}
    _save(BUILD / f"{file}-{seed}.npz", arrays)
    record = {
        "seed": seed,
        "validation_accuracy": accuracy,
        "seconds": time.perf_counter() - started,
        "plan": plan._asdict(),
        "jax": jax.__version__,
        "device": jax.devices()[0].platform,
    }
    (BUILD / f"{file}-{seed}.json").write_text(json.dumps(record, indent=1), encoding="utf-8")
    print(f"{file}, seed {seed}: {accuracy:.2%} of {VALIDATION_DIGITS:,} validation digits")
    return accuracy


def _save(path: Path, arrays: dict[str, Any]) -> None:
    """Write an npz whole, or not at all."""
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        # mypy takes an array for an option.
        np.savez(file, **{name: np.asarray(a) for name, a in arrays.items()})  # type: ignore[arg-type]
    os.replace(part, path)


def main() -> None:
    """Train the seeds of one file of parameters."""
    parser = argparse.ArgumentParser(prog="python -m tools.train_weights", description=__doc__)
    parser.add_argument("file", choices=species_by_file(), help="a file of parameters")
    parser.add_argument("--seed", type=int, help=f"this seed alone; by default {SEEDS}")
    options = parser.parse_args()
    # The Keras model only tells the layers: there is no need to load TensorFlow for that.
    os.environ.setdefault("KERAS_BACKEND", "jax")
    for seed in SEEDS if options.seed is None else (options.seed,):
        train(options.file, seed)


if __name__ == "__main__":
    main()
