"""The command line: parse, call, print."""

from __future__ import annotations

import contextlib
import dataclasses
import glob
import json
import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.panel import Panel

import mnist_zoo
from mnist_zoo import terminal
from mnist_zoo.sources import POINTER

if TYPE_CHECKING:
    import keras

    from mnist_zoo.evaluation import Evaluation

# The files that are taken for pictures in a folder.
PICTURE_SUFFIXES = {
    *(".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".avif", ".heic"),
    *(".pgm", ".ppm", ".pbm"),
}

app = typer.Typer(
    help="Keras models of MNIST: train, measure, reproduce, export.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


class DataChoice(StrEnum):
    """Which digits a command uses."""

    auto = "auto"
    mnist = "mnist"
    sample = "sample"


def _model_name(name: str) -> str:
    if name not in mnist_zoo.list_models():
        raise typer.BadParameter(f"{name!r} is none of {', '.join(mnist_zoo.list_models())}")
    return name


def _recipe_names(names: list[str] | None) -> list[str]:
    from mnist_zoo.recipes import RECIPES

    known = [recipe.name for recipe in RECIPES]
    if not names:
        return known
    unknown = [name for name in names if name not in known]
    if unknown:
        raise typer.BadParameter(f"{unknown[0]!r} is none of {', '.join(known)}")
    return names


Model = Annotated[
    str, typer.Argument(metavar="MODEL", callback=_model_name, help="A name that `list` shows.")
]
ModelFile = Annotated[Path, typer.Argument(metavar="FILE", help="A .keras file.")]
Data = Annotated[
    DataChoice,
    typer.Option(help="auto: MNIST if it can be had, else the 5,000 digits of the sample."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs to read.")]
Force = Annotated[bool, typer.Option("--force", help="Replace files that are there.")]
Plot = Annotated[Path | None, typer.Option(help="Draw the results to this .png, .svg or .pdf.")]


def main() -> None:
    """Run the command line; any error becomes one message and exit status 1."""
    # The option is good anywhere on the line, so it is taken out before the line is parsed.
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    debug = len(arguments) < len(sys.argv) - 1
    try:
        with contextlib.nullcontext() if debug else terminal.quiet_logs():
            app(arguments, prog_name="mnist-zoo")
    except Exception as error:
        if debug:
            raise
        terminal.error(error)
        raise SystemExit(1) from None


@app.callback(invoke_without_command=True)
def _options(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show tracebacks and the framework's log.")
    ] = False,
) -> None:
    if version:
        typer.echo(f"mnist-zoo {mnist_zoo.__version__}")
        raise typer.Exit


@app.command("list")
def list_(
    pattern: Annotated[str, typer.Argument(help="Only names that match, as in '*relu*'.")] = "*",
    as_json: AsJson = False,
) -> None:
    """List the models."""
    rows = [
        {"name": name, "summary": (getattr(mnist_zoo, name).__doc__ or "").splitlines()[0]}
        for name in mnist_zoo.list_models(pattern)
    ]
    for row in rows:
        row["summary"] = row["summary"].removeprefix("Build ").replace(":func:", "").rstrip(".")
    terminal.show(
        rows,
        as_json,
        terminal.table("model", "what it builds", rows=[tuple(row.values()) for row in rows]),
    )


@app.command()
def info(name: Model, as_json: AsJson = False) -> None:
    """Show a model's layers, and the card of its trained parameters."""
    model = mnist_zoo.create_model(name)
    layers = [
        {
            "layer": layer.name,
            "kind": type(layer).__name__,
            "activation": getattr(getattr(layer, "activation", None), "__name__", None),
            "output_shape": list(layer.output.shape[1:]),
            "parameters": layer.count_params(),
        }
        for layer in model.layers
    ]
    table = terminal.table(
        "layer",
        "kind",
        "activation",
        "output shape",
        "parameters",
        rows=[
            (
                layer["layer"],
                layer["kind"],
                layer["activation"] or "",
                " x ".join(map(str, layer["output_shape"])),
                f"{layer['parameters']:,}",
            )
            for layer in layers
        ],
        title=f"{name}: {model.count_params():,} parameters",
    )
    card = mnist_zoo.model_card(name)
    facts = {
        "name": name,
        "parameters": model.count_params(),
        "layers": layers,
        "card": dataclasses.asdict(card),
    }
    terminal.show(facts, as_json, table, f'weights="mnist"\n{card}')


@app.command()
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
    from mnist_zoo import export

    if epochs is not None and steps is not None:
        raise typer.BadParameter("give --epochs or --steps, not both")
    path = output or Path(f"{name}.keras")
    if path.suffix != ".keras":
        raise typer.BadParameter(f"the file must end in .keras; got {str(path)!r}")
    _check_outputs(path, plot, force=force)
    digits = _load(data)
    model = mnist_zoo.create_model(name, seed=seed)
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
    export.save_model(model, path, overwrite=force)
    _report(evaluation, as_json, plot, note=f"saved as {path}")
    if evaluation.interrupted:
        raise typer.Exit(1)


@app.command()
def evaluate(
    file: ModelFile,
    data: Data = DataChoice.auto,
    plot: Plot = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Measure a saved model on the test digits."""
    from mnist_zoo import export

    _check_outputs(plot, force=force)
    model = export.load_model(file)
    digits = _load(data, flatten=len(model.input_shape) == 2)
    _report(mnist_zoo.evaluate(model, digits), as_json, plot)


@app.command()
def predict(
    pictures: Annotated[
        list[str],
        typer.Argument(metavar="PICTURE...", help="Files, folders of them, or globs as '*.png'."),
    ],
    model: Annotated[
        str, typer.Option(help="A name that `list` shows, or a .keras file.")
    ] = "dense_relu_dropout",
    plot: Plot = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Read the digits in pictures: photos, scans, drawings."""
    _check_outputs(plot, force=force)
    files = _picture_files(pictures)
    reader = _reader(model)
    readings: dict[Path, mnist_zoo.Reading] = {}
    failures: dict[Path, str] = {}
    with terminal.progress() as progress:
        for file in progress.track(files, description="reading"):
            try:
                reading = mnist_zoo.read_digits(file, reader)
            except mnist_zoo.PictureError as error:
                failures[file] = str(error)
            except OSError as error:
                failures[file] = f"{file}: {error.strerror or error}"
            else:
                if reading.boxes:
                    readings[file] = reading
                else:
                    failures[file] = f"{file}: no digit was found in it"
    if plot is not None and readings:
        _draw_readings(readings, plot)
    facts = [{"picture": str(file), **reading.to_dict()} for file, reading in readings.items()]
    facts += [{"picture": str(file), "error": message} for file, message in failures.items()]
    rows = [
        (
            "" if number else fact["picture"],
            str(digit["line"] + 1),
            str(digit["digit"]),
            f"{digit['confidence']:.1%}",
            ", ".join(f"{o['digit']} ({o['probability']:.1%})" for o in digit["runners_up"]),
        )
        for fact in facts
        for number, digit in enumerate(fact.get("digits", ()))
    ]
    table = terminal.table("picture", "line", "digit", "how sure", "runners-up", rows=rows)
    terminal.show(facts, as_json, table if rows else "")
    for message in failures.values():
        terminal.error(message)
    if failures:
        raise typer.Exit(1)


@app.command("export")
def export_(
    file: ModelFile,
    output: Annotated[
        Path | None, typer.Option(help="The folder to write; by default FILE's name without end.")
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Write a saved model as a TensorFlow SavedModel, and check that it computes the same."""
    from mnist_zoo import export

    folder = output or file.with_suffix("")
    _check_outputs(folder, force=force)
    difference = export.export_saved_model(export.load_model(file), folder, overwrite=force)
    text = f"saved as {folder}; the largest difference in its outputs is {difference:.1e}"
    terminal.show({"path": str(folder), "largest_difference": difference}, as_json, text)


@app.command()
def reproduce(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RECIPE]...", callback=_recipe_names, help="Recipes; by default all."
        ),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="How often to train each, from seed 0.")] = 5,
    output: Annotated[Path | None, typer.Option(help="Write the results here, as JSON.")] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Train published recipes on all of MNIST, and hold what was claimed against what comes out."""
    from mnist_zoo import recipes

    names = names or []
    _check_outputs(output, force=force)
    digits = _load(DataChoice.mnist)
    done: list[recipes.Reproduction] = []
    with terminal.progress() as progress:
        bar = progress.add_task("", total=len(names) * seeds)
        for name in names:
            progress.update(bar, description=name)
            done.append(
                recipes.reproduce(
                    name, digits, seeds=range(seeds), on_result=lambda _: progress.advance(bar)
                )
            )
            if output:  # After each recipe, so that what an interruption costs is one of them.
                rows = [reproduction.to_dict() for reproduction in done]
                output.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    table = terminal.table(
        "recipe",
        "claimed",
        "mean",
        "spread",
        "95 % interval",
        "seeds",
        "reached",
        rows=[
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
        ],
        title="Test accuracy, claimed and measured",
    )
    terminal.show([reproduction.to_dict() for reproduction in done], as_json, table)


@app.command("data")
def data_(data: Data = DataChoice.auto, as_json: AsJson = False) -> None:
    """Find (or download) the digits, verify them, and say where they are."""
    digits = _load(data)
    facts = {
        "source": digits.source,
        "origin": digits.origin,
        "train": len(digits.train.x),
        "test": len(digits.test.x),
        "verified": True,
    }
    rows = [
        ("source", digits.source),
        ("read from", digits.origin),
        ("training digits", f"{facts['train']:,}"),
        ("test digits", f"{facts['test']:,}"),
        ("verified", "yes, digit for digit (SHA-256 of every array)"),
    ]
    terminal.show(facts, as_json, terminal.table("digits", "", rows=rows))


def _load(choice: DataChoice, *, flatten: bool = False) -> mnist_zoo.Mnist:
    """Load the digits; only ``auto`` may take the sample for MNIST, and says so loudly."""
    if choice is DataChoice.sample:
        return mnist_zoo.load_mnist(source="sample", flatten=flatten)
    try:
        return mnist_zoo.load_mnist(flatten=flatten)
    except mnist_zoo.MnistUnavailableError:
        if choice is DataChoice.mnist or os.environ.get(POINTER):
            raise  # What the user pointed at is wanted, and nothing else in its place.
        try:
            digits = mnist_zoo.load_mnist(source="sample", flatten=flatten)
        except ImportError:
            digits = None
        if digits is None:
            raise
    terminal.stderr().print(
        Panel(
            "MNIST is not on this machine and could not be downloaded (`mnist-zoo data --data "
            "mnist` says why).\nThese results are of the SAMPLE: 4,000 digits to train on and "
            "1,000 to test on, all from MNIST's training split.\nThey are not results on MNIST.",
            title="NOT MNIST",
            border_style="bold yellow",
        )
    )
    return digits


def _picture_files(names: list[str]) -> list[Path]:
    """Return the files that are meant: those in folders, and those that globs match, as well."""
    files: dict[Path, None] = {}
    for name in names:
        path = Path(name)
        if path.is_dir():
            found = [each for each in path.iterdir() if each.suffix.lower() in PICTURE_SUFFIXES]
        elif not path.exists() and glob.has_magic(name):
            found = [Path(each) for each in glob.glob(name)]  # noqa: PTH207 (may be absolute)
        else:
            found = [path]
        if not found:
            raise FileNotFoundError(f"{name}: no pictures are there")
        files.update(dict.fromkeys(sorted(found)))
    return list(files)


def _reader(model: str) -> str | keras.Model:
    if model in mnist_zoo.list_models():
        return model
    if not model.endswith(".keras"):
        raise typer.BadParameter(
            f"{model!r} is neither a .keras file nor one of {', '.join(mnist_zoo.list_models())}"
        )
    from mnist_zoo import export

    return export.load_model(Path(model))


def _draw_readings(readings: dict[Path, mnist_zoo.Reading], plot: Path) -> None:
    from matplotlib.figure import Figure

    from mnist_zoo import plots

    columns = min(len(readings), 4)
    rows = -(-len(readings) // columns)
    size = 8.0 if columns == 1 else 4.0
    figure = Figure(figsize=(size * columns, size * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel in panels[len(readings) :]:
        panel.axis("off")
    for panel, (file, reading) in zip(panels, readings.items(), strict=False):
        plots.reading(file, reading, ax=panel).set_title(file.name)
    figure.savefig(plot, dpi=100)


def _check_outputs(*paths: Path | None, force: bool) -> None:
    """Refuse, before any work is done, to replace a file that nobody said may be replaced."""
    from mnist_zoo.export import check_absent

    try:
        for path in paths:
            if path is not None:
                check_absent(path, force)
    except FileExistsError as error:
        raise FileExistsError(f"{error}. --force replaces it") from None


def _report(evaluation: Evaluation, as_json: bool, plot: Path | None, note: str = "") -> None:
    if plot is not None:
        from mnist_zoo import plots

        plots.overview(evaluation).savefig(plot, dpi=100)
    rows = [
        (str(number), *(f"{value:.4f}" for value in measures[:3]), f"{measures[3]:,}")
        for number, measures in enumerate(zip(*evaluation.report, strict=True))
    ]
    table = terminal.table("class", "precision", "recall", "F1", "digits", rows=rows)
    terminal.show(evaluation.to_dict(), as_json, "\n".join(evaluation.summary()), table, note)
