"""The command line: parse, call, print."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import sys
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

import mnist_zoo
from mnist_zoo.sources import POINTER

if TYPE_CHECKING:
    import keras

    from mnist_zoo.evaluation import Evaluation

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
        with contextlib.nullcontext() if debug else _quiet_logs():
            app(arguments, prog_name="mnist-zoo")
    except Exception as error:
        if debug:
            raise
        _stderr().print(f"[bold red]error:[/] {_plain(error)}", highlight=False, soft_wrap=True)
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
    _show(
        rows, as_json, _table("model", "what it builds", rows=[tuple(row.values()) for row in rows])
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
    table = _table(
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
    _show(facts, as_json, table, f'weights="mnist"\n{card}')


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
    with _progress() as progress:
        evaluation = mnist_zoo.fit_and_evaluate(
            model,
            digits,
            epochs=epochs,
            steps=steps,
            batch_size=batch_size,
            optimizer=optimizer,
            validation_fraction=validation_fraction,
            callbacks=[_batch_bar(progress, f"training {name}")],
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
    _show({"path": str(folder), "largest_difference": difference}, as_json, text)


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
    with _progress() as progress:
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
    table = _table(
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
                _percent(reproduction.recipe.claim),
                _percent(reproduction.mean),
                _percent(reproduction.spread),
                " to ".join(map(_percent, reproduction.interval)),
                str(len(reproduction.results)),
                {None: "", True: "yes", False: "no"}[reproduction.reached],
            )
            for reproduction in done
        ],
        title="Test accuracy, claimed and measured",
    )
    _show([reproduction.to_dict() for reproduction in done], as_json, table)


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
    _show(facts, as_json, _table("digits", "", rows=rows))


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
    _stderr().print(
        Panel(
            "MNIST is not on this machine and could not be downloaded (`mnist-zoo data --data "
            "mnist` says why).\nThese results are of the SAMPLE: 4,000 digits to train on and "
            "1,000 to test on, all from MNIST's training split.\nThey are not results on MNIST.",
            title="NOT MNIST",
            border_style="bold yellow",
        )
    )
    return digits


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
    table = _table("class", "precision", "recall", "F1", "digits", rows=rows)
    _show(evaluation.to_dict(), as_json, "\n".join(evaluation.summary()), table, note)


def _show(facts: Any, as_json: bool, *pieces: Table | str) -> None:
    """Print `facts` as JSON, or `pieces` for people."""
    if as_json:
        typer.echo(json.dumps(facts, indent=1))
        return
    console = Console(highlight=False)
    for piece in pieces:
        if piece:
            console.print(piece, soft_wrap=isinstance(piece, str))


def _table(*columns: str, rows: Sequence[tuple[str, ...]], title: str | None = None) -> Table:
    table = Table(*columns, title=title, title_justify="left")
    for row in rows:
        table.add_row(*row)
    return table


def _progress() -> Progress:
    """Return a progress bar on standard error, which leaves standard output to the results."""
    console = _stderr()
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def _batch_bar(progress: Progress, description: str) -> keras.callbacks.Callback:
    """Return a callback that moves a bar by one for each batch."""
    import keras

    bar = progress.add_task(description, total=None)

    def begin(epoch: int, logs: Any) -> None:
        steps, epochs = callback.params["steps"], callback.params["epochs"]
        progress.update(bar, total=steps * epochs, completed=steps * epoch)

    def end(batch: int, logs: Any) -> None:
        progress.advance(bar)

    callback = keras.callbacks.LambdaCallback(on_epoch_begin=begin, on_train_batch_end=end)
    return callback


@contextlib.contextmanager
def _quiet_logs() -> Iterator[None]:
    """Keep what the framework's C++ code logs off the screen; Python's own output gets through.

    TensorFlow logs to file descriptor 2 before any setting of its own is in force. So that
    descriptor goes to nowhere, and ``sys.stderr`` to a copy of what it was.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    screen = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    python_stderr = sys.stderr
    try:
        with os.fdopen(screen, "w", buffering=1, encoding="utf-8", errors="replace") as stderr:
            sys.stderr.flush()
            os.dup2(nowhere, 2)
            sys.stderr = stderr
            try:
                yield
            finally:
                os.dup2(screen, 2)
                sys.stderr = python_stderr
    finally:
        os.close(nowhere)


def _stderr() -> Console:
    return Console(stderr=True)


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.2%}"


def _plain(error: Exception) -> str:
    """Say what went wrong, in the error's own words where it has any."""
    from rich.markup import escape

    return escape(str(error) or type(error).__name__)
