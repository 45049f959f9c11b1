"""Commands about models that are there: what they are, how good they are, other formats."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

import mnist_zoo
from mnist_zoo.cli import terminal
from mnist_zoo.cli.digits import load
from mnist_zoo.cli.options import (
    NAMES,
    Argument,
    DataChoice,
    check_outputs,
    checked,
    completed,
    data_option,
    force_option,
    json_option,
    model_argument,
    name_argument,
    one_of,
    output_option,
    plot_option,
    save_plot,
)

if TYPE_CHECKING:
    import keras
    from rich.table import Table

    from mnist_zoo.evaluation.result import Evaluation

# The column in which the text of a model's card begins.
CARD_INDENT = 18


@click.argument(
    "pattern",
    cls=Argument,
    metavar="[PATTERN]",
    default="*",
    help="Only names that match, as in '*relu*'.",
)
@json_option
def list_models(pattern: str, as_json: bool) -> None:
    """List the models."""
    from mnist_zoo.models.species import SPECIES

    rows = [
        {"name": name, "summary": SPECIES[name].summary} for name in mnist_zoo.list_models(pattern)
    ]
    lines = [tuple(row.values()) for row in rows]
    terminal.show(rows, as_json, terminal.table(("model", "what it is"), lines) if rows else "")
    if not rows:
        raise ValueError(f"no model's name matches {pattern!r}: {', '.join(NAMES['models']())}")


@name_argument
@json_option
def info(name: str, as_json: bool) -> None:
    """Show a model's layers and its card.

    The card says how its parameters were trained, and how good they are.
    """
    from mnist_zoo.models.layers import describe_layers
    from mnist_zoo.models.species import SPECIES

    # The card of trained parameters has the layers; without one, the model is built to see them.
    card = mnist_zoo.model_card(name) if SPECIES[name].weights else None
    layers = card.architecture.layers if card else describe_layers(mnist_zoo.create_model(name))
    parameters = sum(layer.parameters for layer in layers)
    rows = [
        (
            layer.name,
            layer.kind,
            str(layer.settings.get("activation") or ""),
            " x ".join(map(str, layer.output_shape)),
            f"{layer.parameters:,}",
        )
        for layer in layers
    ]
    facts = {
        "name": name,
        "parameters": parameters,
        "layers": [layer.to_dict() for layer in layers],
        "card": card.to_dict() if card else None,
    }
    title = f"{name}: {parameters:,} parameters"
    headings = ("layer", "kind", "activation", "output", "parameters")
    text = terminal.wrapped(f'\nweights="mnist"\n{card}', CARD_INDENT) if card else ""
    terminal.show(facts, as_json, title, terminal.table(headings, rows), text)


@model_argument
@click.option("--corruptions", is_flag=True, help="Spoil the digits in fifteen ways as well.")
@data_option
@plot_option
@force_option
@json_option
def evaluate(
    model: str, corruptions: bool, data: DataChoice, plot: Path | None, force: bool, as_json: bool
) -> None:
    """Measure a trained model on the test digits."""
    check_outputs(plot, force=force)
    trained = trained_model(model)  # First, as a file may be refused at once.
    digits = load(data)
    evaluation = mnist_zoo.evaluate(trained, digits)
    if not corruptions:
        report(evaluation, as_json, plot)
        return
    with terminal.progress() as progress:
        kinds = mnist_zoo.corruptions
        total = len(kinds.CORRUPTIONS) + len(kinds.NON_DIGITS)
        bar = progress.add_task("corruptions", total=total)
        found = mnist_zoo.robustness(trained, digits, on_result=lambda _: progress.advance(bar))
    headings, *rows = found.rows()
    table = terminal.table(headings, rows)
    report(evaluation, as_json, plot, table, found.summary(), robustness=found.to_dict())


@model_argument
@click.option(
    "--format",
    "form",
    metavar="NAME",
    default="saved_model",
    callback=checked(one_of("formats")),
    shell_complete=completed("formats"),
    help="The format to write: {formats}.",
)
@click.option(
    "--preprocessing",
    is_flag=True,
    help="Let it take grey pictures of any size, as bytes, and return the digit too.",
)
@click.option(
    "--data",
    type=click.Choice(["mnist", "sample"]),
    metavar="mnist|sample",
    help="The digits to compare the outputs on; by default the sample, or random pictures.",
)
@output_option("What to write; by default MODEL with the format's ending.")
@force_option
@json_option
def export(
    model: str,
    form: str,
    preprocessing: bool,
    data: Literal["mnist", "sample"] | None,
    output: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Write a model in another format.

    The export is read again, and must compute what the model computes.
    """
    row = mnist_zoo.export.FORMATS[form]
    path = output or Path(model).with_suffix(row.suffix)
    check_outputs(path, force=force, marker=row.marker)
    digits = load(data) if data else None
    with terminal.waiting(f"writing {path}, and comparing it with the model"):
        written = mnist_zoo.export.export_model(
            trained_model(model),
            path,
            format=form,
            data=digits,
            preprocessing=preprocessing,
            overwrite=force,
        )
    facts = {**written._asdict(), "path": str(path)}
    text = (
        f"saved as {path}; on {written.pictures:,} pictures, the largest difference in its outputs "
        f"is {written.largest_difference:.1e}, and {written.classes_changed} classes differ"
    )
    terminal.show(facts, as_json, text)


def trained_model(model: str) -> keras.Model:
    """Return the trained model of the package of that name, or the one in that file."""
    if model in NAMES["models"]():
        return mnist_zoo.create_model(model, weights="mnist")
    return mnist_zoo.export.load_model(Path(model))


def report(
    evaluation: Evaluation, as_json: bool, plot: Path | None, *notes: str | Table, **facts: Any
) -> None:
    """Print the results of a test, with notes below them, and draw them if that is asked for.

    As JSON they have further facts in place of the notes.
    """
    if plot is not None:
        save_plot(evaluation.plot, plot)
    headings, *rows = evaluation.class_rows()
    table = terminal.table(headings, rows)
    facts = {**evaluation.to_dict(), **facts}
    terminal.show(facts, as_json, "\n".join(evaluation.summary()), table, *notes)
