"""Ship what ``python -m tools.train_weights`` made: ``python -m tools.make_cards``.

Of the seeds of each file of parameters, the one with the best validation accuracy goes into
``mnist_zoo/models/weights``, with a card beside it, and with the fingerprints of the digits that
it has seen. This is where the test digits are read: once for each seed, to report how much seeds
differ.
"""

from __future__ import annotations

import hashlib
import json
import platform
import statistics
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from mnist_zoo import Evaluation, ModelCard, create_model, evaluate, load_mnist, plots
from mnist_zoo.data import MNIST, Mnist
from mnist_zoo.data.fingerprints import fingerprints
from mnist_zoo.evaluation.label_errors import corrected_accuracy
from mnist_zoo.models.cards import Architecture, SeedRecord, Speed, TrainingRecord
from mnist_zoo.models.layers import describe_layers, is_chain
from mnist_zoo.models.provenance import SHIPPED_FILE
from mnist_zoo.models.shipped import set_parameters
from tools.docs import IMAGES, ROOT
from tools.train_weights import BUILD, SEEDS, VALIDATION_DIGITS, species_by_file

SHIPPED = ROOT / "mnist_zoo" / "models" / "weights"


def evaluation_of(file: str, seed: int, data: Mnist) -> Evaluation:
    """Measure the parameters of one seed."""
    model = create_model(species_by_file()[file].name)
    with np.load(BUILD / f"{file}-{seed}.npz") as arrays:
        set_parameters(model, dict(arrays))
    return evaluate(model, data)


def speed(evaluation: Evaluation, data: Mnist) -> Speed:
    """Time one forward pass of a digit, and of all test digits."""
    times = {}
    for digits in (1, len(data.test.x)):
        x = data.test.x[:digits]
        durations = []
        for _ in range(21):
            started = time.perf_counter()
            evaluation.model(x)
            durations.append(1000 * (time.perf_counter() - started))
        times[digits] = round(statistics.median(durations[1:]), 3)
    return Speed(f"{platform.machine()}, CPU, Keras on TensorFlow, not compiled", times)


def ship(file: str, data: Mnist) -> None:
    """Choose a seed by validation, and write its file and its card."""
    records = [
        json.loads((BUILD / f"{file}-{seed}.json").read_text(encoding="utf-8")) for seed in SEEDS
    ]
    evaluations = [evaluation_of(file, seed, data) for seed in SEEDS]
    best = max(range(len(SEEDS)), key=lambda number: records[number]["validation_accuracy"])
    content = (BUILD / f"{file}-{SEEDS[best]}.npz").read_bytes()
    chosen = evaluations[best]
    card = ModelCard(
        file=f"{file}.npz",
        sha256=hashlib.sha256(content).hexdigest(),
        architecture=Architecture(
            input_shape=tuple(chosen.model.input_shape[1:]),
            layers=describe_layers(chosen.model),
            chain=is_chain(chosen.model),
            parameters=int(chosen.model.count_params()),
        ),
        training=TrainingRecord(
            command=f"python -m tools.train_weights {file} && python -m tools.make_cards",
            digits=f"{len(data.train.x) - VALIDATION_DIGITS:,} of MNIST's training split, "
            f"distorted anew in every epoch; {VALIDATION_DIGITS:,} others chose the seed",
            seed=SEEDS[best],
            seeds=tuple(
                SeedRecord(record["seed"], record["validation_accuracy"], evaluation.accuracy)
                for record, evaluation in zip(records, evaluations, strict=True)
            ),
            settings=records[best]["plan"],
            data_sha256={s.key: s.sha256 for s in MNIST.arrays if s.key.endswith("_train")},
            versions={
                "python": platform.python_version(),
                "jax": records[best]["jax"],
                "numpy": version("numpy"),
            },
        ),
        test=chosen.measures,
        corrected_labels=corrected_accuracy(chosen.labels, chosen.predictions),
        speed=speed(chosen, data),
        licence="Apache-2.0",
        intended_use="Teaching, smoke tests, and a start for digits like MNIST's: single, grey, "
        "28 by 28, centred, light on dark.",
        limits="It answers with one of ten digits whatever the picture shows. Not for decisions "
        "about people, money or mail.",
    )
    figure = Figure(figsize=(5.0, 5.0), layout="constrained")
    plots.reliability_diagram(chosen.calibration, ax=figure.add_subplot())
    figure.savefig(IMAGES / f"reliability-{file}.png", dpi=80)
    (SHIPPED / card.file).write_bytes(content)
    text = json.dumps(card.to_dict(), indent=1)
    (SHIPPED / f"{file}.json").write_text(text + "\n", encoding="utf-8")
    print(f"{file}\n{card}\n")


def write_fingerprints(path: Path, data: Mnist) -> None:
    """Write the fingerprints of the training digits, by which the package knows them again."""
    np.save(path, np.unique(fingerprints(data.train.x)))


def main() -> None:
    """Ship every file of parameters."""
    data = load_mnist()
    write_fingerprints(SHIPPED / f"{SHIPPED_FILE}.npy", data)
    for file in species_by_file():
        ship(file, data)


if __name__ == "__main__":
    main()
