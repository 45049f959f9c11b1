"""Commands about models: what there is, training, testing, exporting."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import mnist_zoo
from mnist_zoo.cli import terminal
from mnist_zoo.cli.digits import load
from mnist_zoo.cli.options import (
    AsJson,
    Data,
    DataChoice,
    Force,
    Model,
    ModelFile,
    Plot,
    check_outputs,
    completed,
    one_of,
    save_plot,
)
from mnist_zoo.writing import replacing

if TYPE_CHECKING:
    import keras

    from mnist_zoo.evaluation.result import Evaluation


def list_models(
    pattern: Annotated[str, typer.Argument(help="Only names that match, as in '*relu*'.")] = "*",
    as_json: AsJson = False,
) -> None:
    """List the models."""
    from mnist_zoo.models.species import SPECIES

    rows = [
        {"name": name, "summary": SPECIES[name].summary} for name in mnist_zoo.list_models(pattern)
    ]
    lines = [tuple(row.values()) for row in rows]
    terminal.show(rows, as_json, terminal.table(("model", "what it is"), lines))


def info(name: Model, as_json: AsJson = False) -> None:
    """Show a model's layers, and the card of its trained parameters."""
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
    table = terminal.table(
        ("layer", "kind", "activation", "output shape", "parameters"),
        rows,
        title=f"{name}: {parameters:,} parameters",
    )
    terminal.show(facts, as_json, table, f'weights="mnist"\n{card}' if card else "")


def train(
    name: Model,
    epochs: Annotated[int | None, typer.Option(min=1, help="Passes over the digits.")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Batches, in place of epochs.")] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Digits a batch.")] = 32,
    optimizer: Annotated[str, typer.Option(help="Keras's name of an optimizer.")] = "adam",
    validation_fraction: Annotated[
        float, typer.Option(min=0.0, max=0.99, help="Share of the training digits for validation.")
    ] = 0.1,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same model.")] = 0,
    data: Data = DataChoice.auto,
    output: Annotated[
        Path | None, typer.Option(help="The .keras file to write; by default MODEL.keras.")
    ] = None,
    plot: Plot = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Train a model, report on the test digits, and save it."""
    if epochs is not None and steps is not None:
        raise typer.BadParameter("give --epochs or --steps, not both")
    path = output or Path(f"{name}.keras")
    if path.suffix != ".keras":
        raise typer.BadParameter(f"the file must end in .keras; got {str(path)!r}")
    check_outputs(path, plot, force=force)
    digits = load(data)
    model = mnist_zoo.create_model(name, seed=seed)
    try:
        with terminal.progress() as progress:
            evaluation = mnist_zoo.fit_and_evaluate(
                model,
                digits,
                epochs=epochs,
                steps=steps,
                batch_size=batch_size,
                optimizer=optimizer,
                validation_fraction=validation_fraction,
                callbacks=[terminal.epoch_bar(progress, f"training {name}")],
                verbose=0,
                seed=seed,
            )
    except BaseException:
        # As a second Ctrl-C while the model is measured: what was trained is kept.
        if _is_trained(model):
            terminal.say(f"what was trained is saved as {_save(model, path, force)}")
        raise
    written = _save(model, path, force)
    _report(evaluation, as_json, plot, note=f"saved as {written}")
    if evaluation.interrupted or written != path:
        raise typer.Exit(1)


def _is_trained(model: keras.Model) -> bool:
    """Say whether a model has taken a step of training."""
    optimizer = getattr(model, "optimizer", None)
    return optimizer is not None and int(optimizer.iterations.numpy()) > 0


def _save(model: keras.Model, path: Path, force: bool) -> Path:
    """Save a trained model, elsewhere if it cannot be written where it should be."""
    with terminal.uninterrupted("the model is being saved: a moment ..."):
        try:
            mnist_zoo.export.save_model(model, path, overwrite=force)
        except OSError as error:
            terminal.error(error)
        else:
            return path
        for folder in (tempfile.gettempdir(), Path.home()):
            with contextlib.suppress(OSError):
                spare = Path(tempfile.mkdtemp(prefix="mnist-zoo-", dir=folder)) / path.name
                mnist_zoo.export.save_model(model, spare)
                terminal.error(f"{path} could not be written: the model is in {spare}")
                return spare
    raise OSError(f"{path}: the model could not be written, nor anywhere else")


def evaluate(
    file: ModelFile,
    data: Data = DataChoice.auto,
    plot: Plot = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Measure a saved model on the test digits."""
    check_outputs(plot, force=force)
    model = mnist_zoo.export.load_model(file)
    digits = load(data, flatten=len(model.input_shape) == 2)
    _report(mnist_zoo.evaluate(model, digits), as_json, plot)


def _formats() -> list[str]:
    return list(mnist_zoo.export.FORMATS)


def export(
    file: ModelFile,
    form: Annotated[
        str,
        typer.Option(
            "--format",
            callback=one_of(_formats),
            autocompletion=completed(_formats),
            help="The format to write.",
        ),
    ] = "saved_model",
    output: Annotated[
        Path | None,
        typer.Option(help="What to write; by default FILE with the format's ending."),
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Write a saved model in another format, and check that it computes the same."""
    row = mnist_zoo.export.FORMATS[form]
    path = output or file.with_suffix(row.suffix)
    check_outputs(path, force=force, marker=row.marker)
    model = mnist_zoo.export.load_model(file)
    written = mnist_zoo.export.export_model(model, path, format=form, overwrite=force)
    facts = {**written._asdict(), "path": str(path)}
    difference = f"the largest difference in its outputs is {written.largest_difference:.1e}"
    terminal.show(facts, as_json, f"saved as {path}; {difference}")


def _recipe_names() -> list[str]:
    return [recipe.name for recipe in mnist_zoo.recipes.RECIPES]


def reproduce(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RECIPE]...",
            callback=lambda names: [*map(one_of(_recipe_names), names or _recipe_names())],
            autocompletion=completed(_recipe_names),
            help="Recipes; by default all.",
        ),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="How often to train each, from seed 0.")] = 5,
    output: Annotated[Path | None, typer.Option(help="Write the results here, as JSON.")] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Train published recipes on MNIST, and compare the claimed with the measured accuracy."""
    names = names or []
    check_outputs(output, force=force)
    digits = load(DataChoice.mnist)
    done: list[mnist_zoo.recipes.Reproduction] = []
    with terminal.progress() as progress:
        bar = progress.add_task("", total=len(names) * seeds)
        for name in names:
            progress.update(bar, description=name)
            done.append(
                mnist_zoo.recipes.reproduce(
                    name, digits, seeds=range(seeds), on_result=lambda _: progress.advance(bar)
                )
            )
            if output:  # After each recipe, so that an interruption costs no more than one.
                facts = [reproduction.to_dict() for reproduction in done]
                with replacing(output, overwrite=True) as part:
                    part.write_text(terminal.as_text(facts) + "\n", encoding="utf-8")
    rows = [
        (
            reproduction.recipe.name,
            terminal.percent(reproduction.recipe.claim),
            terminal.percent(reproduction.mean),
            terminal.percent(reproduction.spread),
            " to ".join(map(terminal.percent, reproduction.interval)),
            str(len(reproduction.results)),
            {None: "", True: "yes", False: "no"}[reproduction.reached],
        )
        for reproduction in done
    ]
    headings = ("recipe", "claimed", "mean", "spread", "95 % interval", "seeds", "reached")
    table = terminal.table(headings, rows, title="Test accuracy, claimed and measured")
    terminal.show([reproduction.to_dict() for reproduction in done], as_json, table)


def _report(evaluation: Evaluation, as_json: bool, plot: Path | None, note: str = "") -> None:
    if plot is not None:
        save_plot(mnist_zoo.plots.overview(evaluation), plot)
    headings, *rows = evaluation.class_rows()
    table = terminal.table(headings, rows)
    terminal.show(evaluation.to_dict(), as_json, "\n".join(evaluation.summary()), table, note)
