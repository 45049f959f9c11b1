"""Ship what ``mnist-zoo reproduce shipped/MODEL`` trained: ``python -m tools.make_cards``.

Of the seeds of each recipe that was trained, the one that reads the most of the 5,000 digits held
out for this goes into ``mnist_zoo/models/weights``, with a card beside it. What was shipped before,
and was not trained anew, is measured again on spoilt digits. The fingerprints of the digits that
the parameters have seen are written too.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import hashlib
import io
import json
import platform
import statistics
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
from matplotlib.figure import Figure

from mnist_zoo import ModelCard, Robustness, create_model, evaluate, load_mnist, plots
from mnist_zoo import robustness as measure_robustness
from mnist_zoo.data import MNIST, Mnist
from mnist_zoo.data.fingerprints import fingerprints
from mnist_zoo.evaluation.label_errors import corrected_accuracy
from mnist_zoo.models.cards import (
    Architecture,
    RobustnessRecord,
    SeedRecord,
    Speed,
    TrainingRecord,
)
from mnist_zoo.models.layers import describe_layers, is_chain
from mnist_zoo.models.provenance import SHIPPED_FILE
from mnist_zoo.models.shipped import read_card, set_parameters
from mnist_zoo.models.species import SPECIES
from mnist_zoo.recipes import SHIPPED, Recipe, SeedResult
from mnist_zoo.training.reproducing import own_folder
from tools.docs import IMAGES, ROOT

WEIGHTS = ROOT / "mnist_zoo" / "models" / "weights"
# What of a recipe its card states.
SETTINGS = (
    *("optimizer", "learning_rate", "batch_size", "epochs", "cosine_decay", "warmup"),
    *("calm", "last_strength"),
)
# Models whose parameters are stored with 16 bits each, as the test accuracy is the same then.
HALVED = {"vision_transformer"}


def digits_of(recipe: Recipe) -> str:
    """Return what a recipe trains on, and what was chosen by the other digits, in words."""
    count = "50,000" if recipe.held_out else "all 60,000"
    return f"{count} of MNIST's training split, changed anew in every epoch. {recipe.choices}"


def results_of(recipe: Recipe, folder: Path) -> list[SeedResult]:
    """Return what the seeds of a recipe gave, if it was trained in that folder."""
    if not (folder / recipe.name).is_dir():
        return []
    files = sorted(own_folder(folder, recipe).glob("seed-*.json"))
    records = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    return [SeedResult(**record["result"]) for record in records]


def chosen(results: list[SeedResult]) -> SeedResult:
    """Return the result of the seed that reads the most of the digits held out for this."""
    return max(results, key=lambda result: result.seed_accuracy or 0.0)


def settings_of(recipe: Recipe) -> dict[str, Any]:
    """Return the settings of a recipe, in types that a card has."""
    settings = {name: getattr(recipe, name) for name in SETTINGS}
    for kind in ("distortion", "photometry"):
        limits = getattr(recipe, kind)
        if limits is not None:
            given = ", ".join(f"{name} {limit}" for name, limit in limits.items())
            settings[kind] = given or "as by default"
    return settings


def curves(file: Path, count: int) -> dict[str, tuple[float, ...]]:
    """Return the losses and the accuracies of a training of so many epochs, as a card has them.

    They are empty if not all of them were recorded.
    """
    epochs = []
    if file.exists():
        with file.open(encoding="utf-8", newline="") as lines:
            epochs = list(csv.DictReader(lines))
    if [int(epoch["epoch"]) for epoch in epochs] != list(range(count)):
        epochs = []
    return {
        "losses": tuple(round(float(epoch["loss"]), 4) for epoch in epochs),
        "accuracies": tuple(round(float(epoch["accuracy"]), 4) for epoch in epochs),
    }


def ship(recipe: Recipe, results: list[SeedResult], folder: Path, data: Mnist) -> None:
    """Write the parameters of the chosen seed, and their card."""
    if [each.seed for each in results] != list(range(len(results))):
        raise ValueError(f"{recipe.name}: a seed is missing: {[each.seed for each in results]}")
    if len(results) > 1 and not recipe.held_out:
        raise ValueError(f"{recipe.name} holds out no digits that could choose a seed")
    best, own = chosen(results), folder / recipe.name
    trained = keras.saving.load_model(own / f"seed-{best.seed}.keras")
    content = io.BytesIO()
    kind = np.float16 if recipe.model in HALVED else np.float32
    parameters: dict[str, Any] = {
        weight.path: np.asarray(weight).astype(kind) for weight in trained.weights
    }
    np.savez(content, **parameters)
    model = create_model(recipe.model)
    set_parameters(model, parameters)
    evaluation = evaluate(model, data)
    card = ModelCard(
        file=f"{recipe.model}.npz",
        sha256=hashlib.sha256(content.getvalue()).hexdigest(),
        architecture=Architecture(
            input_shape=tuple(model.input_shape[1:]),
            layers=describe_layers(model),
            chain=is_chain(model),
            parameters=int(model.count_params()),
        ),
        training=TrainingRecord(
            command=f"mnist-zoo reproduce {recipe.name} --seeds {len(results)}",
            digits=digits_of(recipe),
            seed=best.seed,
            seeds=tuple(
                SeedRecord(each.seed, each.seed_accuracy, each.accuracy, each.plan_accuracy)
                for each in results
            ),
            settings=settings_of(recipe),
            data_sha256={s.key: s.sha256 for s in MNIST.arrays if s.key.endswith("_train")},
            versions=json.loads((own / f"seed-{best.seed}.json").read_text())["versions"],
            **curves(own / f"seed-{best.seed}.csv", recipe.epochs or 0),
        ),
        test=evaluation.measures,
        corrected_labels=corrected_accuracy(evaluation.labels, evaluation.predictions),
        robustness=record_of(measure_robustness(model, data)),
        speed=speed(model, data),
        licence="Apache-2.0",
        intended_use="Teaching, smoke tests, and a start for digits like MNIST's: single, grey, "
        "28 by 28, centred, light on dark.",
        limits="It answers with one of ten digits whatever the picture shows. Not for decisions "
        "about people, money or mail.",
    )
    figure = Figure(figsize=(5.0, 5.0), layout="constrained")
    plots.reliability_diagram(evaluation.calibration, ax=figure.add_subplot())
    figure.savefig(IMAGES / f"reliability-{recipe.model}.png", dpi=80)
    (WEIGHTS / card.file).write_bytes(content.getvalue())
    write(card)


def renew(file: str, data: Mnist, *, only_speed: bool = False) -> None:
    """Measure again what is shipped, its speed or on spoilt digits, and write it into its card."""
    name = next(row.name for row in SPECIES.values() if row.weights and row.weights.file == file)
    model = create_model(name, weights="mnist")
    found: dict[str, Any] = (
        {"speed": speed(model, data)}
        if only_speed
        else {"robustness": record_of(measure_robustness(model, data))}
    )
    write(dataclasses.replace(read_card(file), **found))


def record_of(found: Robustness) -> RobustnessRecord:
    """Return what a card says of robustness."""

    def rounded(numbers: Mapping[str, float]) -> dict[str, float]:
        return {name: round(number, 4) for name, number in numbers.items()}

    corrupted, doubts = found.corrupted.items(), found.doubts.items()
    return RobustnessRecord(
        mean=round(found.mean, 4),
        mean_unlike_training=round(found.mean_unlike_training, 4),
        accuracies=rounded({name: measures.accuracy for name, measures in corrupted}),
        calibration_errors=rounded({name: each.calibration.error for name, each in corrupted}),
        sure=rounded({name: doubt.sure for name, doubt in doubts}),
        auroc=rounded({name: doubt.auroc for name, doubt in doubts}),
    )


def speed(model: keras.Model, data: Mnist) -> Speed:
    """Time one forward pass of a digit, and of all test digits."""
    times = {}
    for digits in (1, len(data.test.x)):
        x = data.test.x[:digits]
        durations = []
        for _ in range(21):
            started = time.perf_counter()
            keras.ops.convert_to_numpy(model(x))
            durations.append(1000 * (time.perf_counter() - started))
        times[digits] = round(statistics.median(durations[1:]), 3)
    backend = keras.backend.backend()
    return Speed(f"{platform.machine()}, CPU, Keras on {backend}, not compiled", times)


def write(card: ModelCard) -> None:
    """Write a card beside its parameters."""
    text = json.dumps(card.to_dict(), indent=1)
    (WEIGHTS / card.file).with_suffix(".json").write_text(text + "\n", encoding="utf-8")
    print(f"{card.file}\n{card}\n")


def main() -> None:
    """Ship every recipe that was trained, and measure again what else is shipped."""
    parser = argparse.ArgumentParser(prog="python -m tools.make_cards", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("trainings"), help="of the trainings")
    parser.add_argument("--speed", action="store_true", help="only time again what is shipped")
    options = parser.parse_args()
    folder, data = options.folder, load_mnist()
    older = {row.weights.file for row in SPECIES.values() if row.weights}
    if not options.speed:
        np.save(WEIGHTS / f"{SHIPPED_FILE}.npy", np.unique(fingerprints(data.train.x)))
        for recipe in SHIPPED:
            if results := results_of(recipe, folder):
                ship(recipe, results, folder, data)
                older.discard(recipe.model)
    for file in sorted(older):
        renew(file, data, only_speed=options.speed)


if __name__ == "__main__":
    main()
