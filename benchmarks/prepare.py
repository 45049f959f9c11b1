"""What the programs find: each side's cache of MNIST, a saved model, and a picture of a digit."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from PIL import Image

from mnist_zoo import create_model, export
from mnist_zoo.data import MNIST, files, places


def prepare(home: Path) -> None:
    """Give each side its own cache, as its own download leaves it; a model; a picture."""
    offline = dataclasses.replace(MNIST, mirrors=())
    found = places.find(offline, places.default_cache_dir(), progress=False)
    ours = home / "mnist-zoo" / MNIST.npz_name
    keras = home / "keras" / "datasets" / MNIST.npz_name
    for path in (ours, keras):
        path.parent.mkdir(parents=True)
    with ours.open("wb") as file:
        files.write_npz(file, found.arrays)
    np.savez_compressed(keras, **found.arrays)  # type: ignore[arg-type]
    model = create_model("dense_relu_dropout", weights="mnist")
    export.save_model(model, home / "keras" / "digits.keras")
    # The first test digit, a seven, as somebody might draw it: dark on light, 140 pixels high.
    digit = Image.fromarray(255 - found.arrays["x_test"][0]).resize((140, 140))
    digit.save(home / "keras" / "digit.png")
