"""Write a page for each species, from its card and its layers: ``python -m tools.species_pages``.

The build of the docs does this. ``docs/models/NAME.md`` and the pictures beside it are not kept.
The template is ``docs/_templates/species.md.jinja``.
"""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
import keras
import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from numpydoc.docscrape import FunctionDoc
from PIL import Image

from mnist_zoo import (
    MnistUnavailableError,
    ModelCard,
    Split,
    create_model,
    model_card,
    plots,
    predict_probabilities,
)
from mnist_zoo.corruptions import CORRUPTIONS
from mnist_zoo.data import MNIST, load_dataset
from mnist_zoo.export import FORMATS
from mnist_zoo.models.cards import TrainingRecord
from mnist_zoo.models.layers import describe_layers
from mnist_zoo.models.shipped import read_parameters
from mnist_zoo.models.species import SPECIES, Species
from mnist_zoo.recipes import SHIPPED
from tools import docs
from tools.docs import percent
from tools.formats_table import table_of_model
from tools.layer_drawing import draw_layers
from tools.species import multiply_adds, multiply_adds_of, size_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

DOCS = docs.ROOT / "docs"
# Of more misclassified digits, those of which the model is most sure are shown; the indices of more
# than LISTED are not.
SHOWN, LISTED, COLUMNS = 30, 500, 6
# Units of a dense layer whose weights are shown.
UNITS = 32
# Pixels of the screen for each weight: of a filter, and of a unit that sees all pixels.
FILTER_SCALE, UNIT_SCALE = 20, 3
# Pixels around each of these pictures.
GAP = 5
# Facts of a card, by the table of the page that has them.
TEST = ("test accuracy", "labels corrected", "loss", "Brier score", "calibration error")
USE = ("licence", "intended use", "limits")

TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(DOCS / "_templates"),
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    autoescape=False,  # noqa: S701  # It makes Markdown.
)


def write(folder: Path = DOCS / "models") -> None:
    """Write the page of each species, unless it is the same as before, and its pictures."""
    digits = digits_of_mnist()
    images = folder / "images"
    images.mkdir(parents=True, exist_ok=True)
    for species in SPECIES.values():
        if species.weights:
            drawn = weights_picture(first_kernel(species.weights.file))
            drawn.save(images / f"{species.name}-weights.png")
            if digits is not None:
                figure = errors_figure(species.name, model_card(species.name), digits)
                figure.savefig(images / f"{species.name}-errors.png")
            if model_card(species.name).training.losses:
                figure = curves_figure(model_card(species.name).training)
                figure.savefig(images / f"{species.name}-training.png")
        path, text = folder / f"{species.name}.md", page(species, drawn=digits is not None)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def digits_of_mnist() -> Split | None:
    """Return MNIST's test digits if MNIST is on this machine; nothing is downloaded."""
    try:
        return load_dataset(dataclasses.replace(MNIST, mirrors=()), progress=False).test
    except MnistUnavailableError:
        return None


def page(species: Species, *, drawn: bool = False) -> str:
    """Return the page of a species; `drawn` says whether there is a picture of its errors."""
    model = create_model(species.name)
    card = model_card(species.name) if species.weights else None
    described = FunctionDoc(species.factory)
    summary = " ".join(described["Summary"]).removeprefix("Build ")
    what = _markdown([f"{summary[0].upper()}{summary[1:]}", *described["Extended Summary"]])
    recipes = [recipe.name for recipe in SHIPPED if recipe.name == f"shipped/{species.name}"]
    return TEMPLATES.get_template("species.md.jinja").render(
        name=species.name,
        what=what,
        papers=_papers(described["References"]),
        facts=_facts(species, model, card),
        card=card,
        features=create_model(species.name, include_top=False).output_shape[-1],
        recipe=recipes[0] if recipes else None,
        formats=", ".join(f"`{name}`" for name in FORMATS),
        drawing=draw_layers(model),
        layers=layers_table(model),
        exports=table_of_model(species.name),
        single=sum(layer.count_params() > 0 for layer in model.layers) == 1,
        **(_trained(card, drawn) if card else {}),
    )


def _markdown(lines: list[str]) -> str:
    """Return the text of a docstring as Markdown."""
    text = re.sub(r":\w+:`([^`]*)`", r"`\1`", " ".join(lines))
    return re.sub(r"\[(\d+)\]_", r"[\1]", text)


def _papers(references: list[str]) -> list[str]:
    """Return the references of a docstring, in their order."""
    entries = re.split(r"\.\. \[\d+\] ", _markdown(references))[1:]
    return [" ".join(entry.split()) for entry in entries]


def _facts(species: Species, model: keras.Model, card: ModelCard | None) -> str:
    facts = {
        "parameters": f"{species.parameters:,}",
        "multiply-adds": f"{multiply_adds_of(model):,}",
    }
    if card:
        low, high = card.test.interval
        one, many = (f"{card.speed.milliseconds[digits]:,.1f} ms" for digits in (1, 10_000))
        facts |= {
            "test accuracy": f"{percent(card.test.accuracy)} (95 % interval {percent(low)} to "
            f"{percent(high)})",
            "on spoilt digits": f"{percent(card.robustness.mean)} on average",
            "file of parameters": f"{size_of(card) / 1000:,.0f} kB",
            "time": f"{one} for one digit, {many} for 10,000 ({card.speed.machine})",
        }
    return _two_columns(facts)


def _two_columns(facts: dict[str, Any]) -> str:
    return docs.table(("", ""), [(name, str(fact)) for name, fact in facts.items()])


def layers_table(model: keras.Model) -> str:
    """Return the layers of a model, in order, with the shape of what each returns."""
    rows = [
        (
            f"`{described.name}`",
            described.kind,
            str(described.settings.get("activation") or ""),
            "\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}".join(map(str, described.output_shape)),  # noqa: RUF001
            f"{described.parameters:,}",
            f"{multiply_adds(layer):,}",
        )
        for layer, described in zip(model.layers, describe_layers(model), strict=True)
    ]
    headings = ("layer", "kind", "activation", "output", "parameters", "multiply-adds")
    return docs.table(headings, rows)


def _trained(card: ModelCard, drawn: bool) -> dict[str, Any]:
    """Return what the page says of trained parameters."""
    rows, training, file = dict(card.rows()), card.training, Path(card.file).stem
    return {
        "file": file,
        "weights": _weights(first_kernel(file)),
        "training": _two_columns(
            {
                "command": f"`{training.command}`",
                "digits": training.digits,
                **{f"`{name}`": value for name, value in training.settings.items()},
                "versions": ", ".join(f"{name} {v}" for name, v in training.versions.items()),
            }
        ),
        "seeds": _seeds(card),
        "test": _two_columns({name: rows[name] for name in TEST}),
        "matrix": _matrix(card),
        "wrong": card.test.misclassified.tolist(),
        "listed": LISTED,
        "drawn": SHOWN if drawn else 0,
        "spoilt": _spoilt(card),
        "unlike": [
            name.replace("_", " ") for name, kind in CORRUPTIONS.items() if not kind.resembles
        ],
        "doubts": docs.table(
            ("pictures", "sure", "AUROC"),
            [
                (kind, percent(sure), f"{card.robustness.auroc[kind]:.3f}")
                for kind, sure in card.robustness.sure.items()
            ],
        ),
        "use": _two_columns({name: rows[name] for name in USE}),
    }


def _weights(kernel: NDArray[np.float32]) -> dict[str, Any]:
    """Return what the page says of the kernel of the first layer."""
    units = kernel.shape[-1]
    if _is_dense(kernel):
        return {"dense": True, "units": units, "shown": min(units, UNITS)}
    return {"dense": False, "units": units, "height": kernel.shape[0], "width": kernel.shape[1]}


def _seeds(card: ModelCard) -> str:
    return docs.table(
        ("seed", "digits that choose the settings", "digits that choose the seed", "test"),
        [
            (
                f"{each.seed}{', shipped' if each.seed == card.training.seed else ''}",
                *(
                    "" if accuracy is None else percent(accuracy)
                    for accuracy in (each.plan_accuracy, each.validation_accuracy)
                ),
                percent(each.test_accuracy),
            )
            for each in card.training.seeds
        ],
    )


def _matrix(card: ModelCard) -> str:
    rows = card.test.confusion_matrix.tolist()
    return docs.table(
        ("", *(str(number) for number in range(len(rows)))),
        ((f"**{number}**", *(f"{count:,}" for count in row)) for number, row in enumerate(rows)),
    )


def _spoilt(card: ModelCard) -> str:
    found = card.robustness
    rows = [
        (name.replace("_", " "), percent(accuracy), percent(found.calibration_errors[name]))
        for name, accuracy in sorted(found.accuracies.items(), key=lambda item: -item[1])
    ]
    rows.append(("**mean**", f"**{percent(found.mean)}**", ""))
    rows.append(("mean of those unlike the training", percent(found.mean_unlike_training), ""))
    return docs.table(("spoilt by", "accuracy", "calibration error"), rows)


def curves_figure(training: TrainingRecord) -> Figure:
    """Draw the loss and the accuracy of each epoch of a training."""
    epochs = range(1, len(training.losses) + 1)
    figure = Figure(figsize=(8.0, 3.0), layout="constrained", dpi=100)
    left, right = figure.subplots(1, 2)
    left.plot(epochs, training.losses)
    left.set(xlabel="epoch", ylabel="training loss", yscale="log")
    right.plot(epochs, [100 * (1 - accuracy) for accuracy in training.accuracies])
    right.set(xlabel="epoch", ylabel="training error, %", yscale="log")
    for ax in (left, right):
        ax.yaxis.set_major_formatter("{x:g}")
        ax.grid(alpha=0.3)
    return figure


def errors_figure(name: str, card: ModelCard, digits: Split) -> Figure:
    """Draw test digits that a shipped model gets wrong, those of which it is most sure first."""
    wrong = card.test.misclassified
    probabilities = predict_probabilities(digits.x[wrong], name)
    order = np.argsort(-probabilities.max(axis=1), kind="stable")[:SHOWN]
    rows = -(-len(order) // COLUMNS)
    figure = Figure(figsize=(1.25 * COLUMNS, 1.5 * rows), layout="constrained", dpi=100)
    plots.predictions(
        digits.x[wrong[order]],
        digits.y[wrong[order]],
        probabilities[order].argmax(axis=1),
        probabilities=probabilities[order],
        columns=COLUMNS,
        ax=figure.add_subplot(),
    )
    return figure


def first_kernel(file: str) -> NDArray[np.float32]:
    """Return the weights of the first layer of shipped parameters."""
    parameters = read_parameters(file)
    return next(array for path, array in parameters.items() if path.endswith("/kernel"))


def _is_dense(kernel: NDArray[np.float32]) -> bool:
    return kernel.ndim == 2


def weights_picture(kernel: NDArray[np.float32]) -> Image.Image:
    """Draw the weights of a first layer: a picture for each unit or filter, in a grid."""
    shape = MNIST.image_shape if _is_dense(kernel) else kernel.shape[:2]
    tiles = np.moveaxis(kernel.reshape(*shape, kernel.shape[-1]), -1, 0)
    tiles = tiles[:UNITS] if _is_dense(kernel) else tiles
    scaled = tiles / np.abs(tiles).max(axis=(1, 2), keepdims=True)
    colours = mpl.colormaps["RdBu_r"](0.5 + 0.5 * scaled, bytes=True)
    scale = UNIT_SCALE if _is_dense(kernel) else FILTER_SCALE
    colours = colours.repeat(scale, axis=1).repeat(scale, axis=2)
    # Between the tiles nothing is drawn: the page is seen there, light or dark.
    framed = np.pad(colours, ((0, 0), (GAP, GAP), (GAP, GAP), (0, 0)))
    columns = min(8, len(framed))
    framed = np.pad(framed, ((0, -len(framed) % columns), (0, 0), (0, 0), (0, 0)))
    rows = [np.hstack(list(row)) for row in framed.reshape(-1, columns, *framed.shape[1:])]
    return Image.fromarray(np.vstack(rows))


if __name__ == "__main__":
    write()
