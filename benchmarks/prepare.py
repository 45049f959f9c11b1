"""What the programs find: each side's cache of MNIST, a saved model, and a picture of a digit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from mnist_zoo import archives, create_model, export, sources


def prepare(home: Path) -> None:
    """Give each side its own cache, as its own download leaves it; a model; a picture."""
    found = sources.find(sources.default_cache_dir(), progress=False, mirrors=())
    ours, keras = home / "mnist-zoo" / "mnist.npz", home / "keras" / "datasets" / "mnist.npz"
    for path in (ours, keras):
        path.parent.mkdir(parents=True)
    with ours.open("wb") as file:
        archives.write_npz(file, found.arrays)
    np.savez_compressed(keras, **found.arrays)  # type: ignore[arg-type]
    model = create_model("dense_relu_dropout", weights="mnist")
    export.save_model(model, home / "keras" / "digits.keras")
    # The first test digit, a seven, as somebody might draw it: dark on light, 140 pixels high.
    digit = Image.fromarray(255 - found.arrays["x_test"][0]).resize((140, 140))
    digit.save(home / "keras" / "digit.png")
