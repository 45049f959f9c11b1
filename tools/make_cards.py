"""Ship what ``python -m tools.train_weights`` made: ``python -m tools.make_cards``.

Of each architecture's seeds the one with the best validation accuracy goes into
``mnist_zoo/weights``, with a card beside it. This is where the test digits are read: once for each
seed, to report how much seeds differ.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import platform
import statistics
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from mnist_zoo import Evaluation, archives, create_model, evaluate, load_mnist, plots
from mnist_zoo.data import Mnist
from mnist_zoo.evaluation import card_measures
from mnist_zoo.pretrained import ModelCard, set_parameters
from tools.train_weights import BUILD, PLANS, SEEDS, VALIDATION_DIGITS

ROOT = Path(__file__).parent.parent
SHIPPED, IMAGES = ROOT / "mnist_zoo" / "weights", ROOT / "docs" / "images"


def evaluation_of(name: str, seed: int, data: Mnist) -> Evaluation:
    """Measure the parameters of one seed."""
    model = create_model(name)
    with np.load(BUILD / f"{name}-{seed}.npz") as arrays:
        set_parameters(model, dict(arrays))
    return evaluate(model, data)


def speed(evaluation: Evaluation, data: Mnist) -> dict[str, Any]:
    """Time one forward pass of a digit, and of all test digits, in milliseconds."""
    times = {}
    for digits in (1, len(data.test.x)):
        x = data.test.x[:digits]
        durations = []
        for _ in range(21):
            started = time.perf_counter()
            evaluation.model(x)
            durations.append(1000 * (time.perf_counter() - started))
        times[f"milliseconds_{digits}"] = round(statistics.median(durations[1:]), 3)
    return {**times, "machine": f"{platform.machine()}, CPU, Keras on TensorFlow, not compiled"}


def ship(name: str, data: Mnist) -> None:
    """Choose a seed by validation, and write its file and its card."""
    records = [
        json.loads((BUILD / f"{name}-{seed}.json").read_text(encoding="utf-8")) for seed in SEEDS
    ]
    evaluations = [evaluation_of(name, seed, data) for seed in SEEDS]
    best = max(range(len(SEEDS)), key=lambda number: records[number]["validation_accuracy"])
    content = (BUILD / f"{name}-{SEEDS[best]}.npz").read_bytes()
    plan = PLANS[name]
    digests = {spec.key: spec.sha256 for spec in archives.MNIST if spec.key.endswith("_train")}
    card = ModelCard(
        file=f"{name}.npz",
        sha256=hashlib.sha256(content).hexdigest(),
        architecture={
            "hidden_units": list(plan.hidden_units),
            "activation": plan.activation if plan.hidden_units else None,
            "parameters": int(evaluations[best].model.count_params()),
        },
        training={
            "command": f"python -m tools.train_weights {name} && python -m tools.make_cards",
            "seed": SEEDS[best],
            "seeds": [
                {
                    "seed": record["seed"],
                    "validation_accuracy": record["validation_accuracy"],
                    "test_accuracy": evaluation.accuracy,
                }
                for record, evaluation in zip(records, evaluations, strict=True)
            ],
            "digits": f"{60_000 - VALIDATION_DIGITS:,} of MNIST's training split, distorted anew "
            f"in every epoch; {VALIDATION_DIGITS:,} others chose the seed",
            "plan": records[best]["plan"],
            "data_sha256": digests,
            "versions": {
                "python": platform.python_version(),
                "jax": records[best]["jax"],
                "numpy": version("numpy"),
            },
        },
        test=card_measures(evaluations[best]),
        speed=speed(evaluations[best], data),
        licence="Apache-2.0",
        intended_use="Teaching, smoke tests, and a start for digits like MNIST's: single, grey, "
        "28 by 28, centred, light on dark.",
        limits="It answers with one of ten digits whatever the picture shows. Not for decisions "
        "about people, money or mail.",
    )
    figure = Figure(figsize=(5.0, 5.0), layout="constrained")
    plots.reliability_diagram(evaluations[best].calibration, ax=figure.add_subplot())
    figure.savefig(IMAGES / f"reliability-{name}.png", dpi=80)
    SHIPPED.mkdir(exist_ok=True)
    (SHIPPED / card.file).write_bytes(content)
    text = json.dumps(dataclasses.asdict(card), indent=1)
    (SHIPPED / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    print(f"{name}\n{card}\n")


def main() -> None:
    """Ship every architecture."""
    data = load_mnist()
    for name in PLANS:
        ship(name, data)


if __name__ == "__main__":
    main()
