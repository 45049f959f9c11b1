"""Commands that train: a model, and published recipes."""

from __future__ import annotations

import contextlib
import inspect
import shlex
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import mnist_zoo
from mnist_zoo.arguments import check_fraction, check_integer, check_seed
from mnist_zoo.cli import terminal
from mnist_zoo.cli.digits import load
from mnist_zoo.cli.models import report
from mnist_zoo.cli.options import (
    Argument,
    DataChoice,
    check_outputs,
    checked,
    completed,
    data_option,
    force_option,
    jobs_option,
    json_option,
    name_argument,
    one_of,
    output_option,
    plot_option,
)
from mnist_zoo.writing import replacing

if TYPE_CHECKING:
    import keras

    from mnist_zoo.evaluation.result import Evaluation

# Where models that come with the package are trained again.
SHIPPED_FOLDER = Path("trainings")


def _rate(value: float) -> float:
    if not 0.0 < value < float("inf"):
        raise ValueError(f"must be a number above 0; got {value:g}")
    return value


def _share(value: float) -> float:
    return check_fraction("SHARE", value)


def _units(text: str) -> tuple[int, ...]:
    try:
        return tuple(check_integer("units", int(part), 1) for part in text.split(","))
    except ValueError:
        raise ValueError(f"must be numbers of at least 1, as 128,64; got {text!r}") from None


def _weights(text: str) -> str:
    if text != "mnist":
        if not text.endswith((".keras", ".weights.h5")):
            raise ValueError(f"must be mnist, or end in .keras or .weights.h5; got {text!r}")
        if not Path(text).is_file():
            raise ValueError(f"{text}: no such file")
    return text


@name_argument
@click.option(
    "--epochs",
    "-e",
    metavar="N",
    type=click.IntRange(1),
    help="Passes over the digits; by default 5.",
)
@click.option("--steps", metavar="N", type=click.IntRange(1), help="Batches, in place of epochs.")
@click.option(
    "--batch-size", metavar="N", type=click.IntRange(1), default=32, help="Digits a batch."
)
@click.option(
    "--optimizer",
    metavar="NAME",
    default="adam",
    callback=checked(lambda name: one_of("optimizers")(name.lower())),
    shell_complete=completed("optimizers"),
    help="One of {optimizers}.",
)
@click.option(
    "--learning-rate",
    metavar="RATE",
    type=float,
    callback=checked(_rate),
    help="By default that of the optimizer.",
)
@click.option(
    "--early-stopping",
    metavar="N",
    type=click.IntRange(1),
    help="Stop when the validation loss has not fallen for N epochs, and keep the best.",
)
@click.option(
    "--validation-fraction",
    metavar="SHARE",
    type=float,
    default=0.1,
    callback=checked(_share),
    help="Share of the training digits for validation.",
)
@click.option(
    "--distort",
    metavar="[STRENGTH]",
    type=float,
    is_flag=False,
    flag_value=1.0,
    callback=checked(_rate),
    help="Distort the training digits, anew in each epoch; 1 is the usual strength.",
)
@click.option(
    "--hidden-units",
    metavar="N,N,...",
    callback=checked(_units),
    help="Units of each hidden layer, for models that have hidden layers.",
)
@click.option(
    "--dropout",
    metavar="SHARE",
    type=float,
    callback=checked(_share),
    help="Share of the outputs that training sets to zero, for models with dropout.",
)
@click.option(
    "--weights",
    metavar="mnist|FILE",
    type=click.Path(),
    callback=checked(_weights),
    help="Begin with trained parameters: the package's, or those in a file.",
)
@click.option(
    "--seed",
    metavar="N",
    type=int,
    default=0,
    callback=checked(check_seed),
    help="The same seed gives the same model.",
)
@data_option
@output_option("What to write; by default MODEL.keras.")
@plot_option
@force_option
@json_option
def train(
    name: str,
    epochs: int | None,
    steps: int | None,
    batch_size: int,
    optimizer: str,
    learning_rate: float | None,
    early_stopping: int | None,
    validation_fraction: float,
    distort: float | None,
    hidden_units: tuple[int, ...] | None,
    dropout: float | None,
    weights: str | None,
    seed: int,
    data: DataChoice,
    output: Path | None,
    plot: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Train a model, test it, and save it."""
    if epochs is not None and steps is not None:
        raise click.BadParameter("give --epochs or --steps, not both")
    if early_stopping and not validation_fraction:
        raise click.BadParameter(
            "must be above 0 for --early-stopping", param_hint="--validation-fraction"
        )
    options = _model_options(name, hidden_units=hidden_units, dropout=dropout, weights=weights)
    path = output or Path(f"{name}.keras")
    if path.suffix != ".keras":
        raise click.BadParameter(f"the file must end in .keras; got {str(path)!r}")
    check_outputs(path, plot, force=force)
    digits = load(data)
    model = mnist_zoo.create_model(name, seed=seed, **options)
    stopping = _early_stopping(early_stopping)
    try:
        with terminal.progress() as progress:
            evaluation = mnist_zoo.fit_and_evaluate(
                model,
                digits,
                epochs=epochs,
                steps=steps,
                batch_size=batch_size,
                optimizer=optimizer,
                learning_rate=learning_rate,
                validation_fraction=validation_fraction,
                distortion=distort,
                callbacks=[*stopping, terminal.epoch_bar(progress)],
                verbose=0,
                seed=seed,
            )
    except BaseException:
        # As a second Ctrl-C while the model is measured: what was trained is kept.
        if _is_trained(model):
            terminal.say(f"what was trained is saved as {_save(model, path, force)}")
        raise
    written = _save(model, path, force)
    done = not evaluation.interrupted and not evaluation.diverged and written == path
    following = f"next: mnist-zoo predict PICTURE --model {shlex.quote(str(path))}"
    report(
        evaluation,
        as_json,
        plot,
        *(_stopped(evaluation, each) for each in stopping),
        f"saved as {written}",
        following if done else "",
    )
    if not done:
        raise click.exceptions.Exit(1)


def _model_options(name: str, **given: Any) -> dict[str, Any]:
    """Return the options of a model that were given; refuse those that it does not have."""
    from mnist_zoo.models.species import SPECIES

    has = inspect.signature(SPECIES[name].factory).parameters
    options = {option: value for option, value in given.items() if value is not None}
    for option in options:
        if option not in has:
            own = ", ".join(_flag(each) for each in given if each in has)
            raise click.BadParameter(
                f"{name} has no such option; it has {own}", param_hint=_flag(option)
            )
    units = options.get("hidden_units")
    if options.get("weights") == "mnist" and units and units != has["hidden_units"].default:
        raise click.BadParameter("leave it out with --weights mnist", param_hint="--hidden-units")
    return options


def _flag(option: str) -> str:
    return f"--{option.replace('_', '-')}"


def _early_stopping(epochs: int | None) -> list[keras.callbacks.EarlyStopping]:
    """Return a callback that stops after that many epochs without a gain, if they are given."""
    if epochs is None:
        return []
    import keras

    return [keras.callbacks.EarlyStopping(patience=epochs, restore_best_weights=True)]


def _stopped(evaluation: Evaluation, stopping: keras.callbacks.EarlyStopping) -> str:
    """Return what is to be said of an early stop."""
    if not stopping.stopped_epoch:
        return ""
    epochs = len(evaluation.history["loss"])
    return f"stopped early, after epoch {epochs}; the best was epoch {stopping.best_epoch + 1}"


def _is_trained(model: keras.Model) -> bool:
    """Say whether a model has taken a step of training."""
    optimizer = getattr(model, "optimizer", None)
    return optimizer is not None and int(optimizer.iterations.numpy()) > 0


def _save(model: keras.Model, path: Path, force: bool) -> Path:
    """Save a trained model, elsewhere if it cannot be written where it should be."""
    with terminal.uninterrupted("the model is being saved: a moment ..."):
        written, reason = _written(model, path, force)
    if reason is not None:
        terminal.error(reason)
        terminal.error(f"{path} could not be written: the model is in {written}")
    return written


def _written(model: keras.Model, path: Path, force: bool) -> tuple[Path, OSError | None]:
    """Write a model, elsewhere if need be; return where, and why not where it should be."""
    try:
        mnist_zoo.export.save_model(model, path, overwrite=force)
    except OSError as error:
        for folder in (tempfile.gettempdir(), Path.home()):
            with contextlib.suppress(OSError):
                spare = Path(tempfile.mkdtemp(prefix="mnist-zoo-", dir=folder)) / path.name
                mnist_zoo.export.save_model(model, spare)
                return spare, error
        raise
    return path, None


def _recipes(names: tuple[str, ...]) -> list[str]:
    published = [recipe.name for recipe in mnist_zoo.recipes.RECIPES]
    return [*map(one_of("recipes"), names or published)]


@click.argument(
    "names",
    cls=Argument,
    metavar="[RECIPE]...",
    nargs=-1,
    callback=checked(_recipes),
    shell_complete=completed("recipes"),
    help="Of {recipes}; by default those that were published.",
)
@click.option(
    "--seeds",
    metavar="N",
    type=click.IntRange(1),
    default=5,
    help="How often to train each, from seed 0.",
)
@click.option(
    "--folder",
    metavar="FOLDER",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep the trained models here. A training that was stopped goes on, and one that is done "
    "is not repeated. By default ./trainings for shipped models; the others are not kept.",
)
@jobs_option("How many seeds to train at the same time; -1 is one for each core.")
@output_option("Write the results here, as JSON.")
@force_option
@json_option
def reproduce(
    names: list[str],
    seeds: int,
    folder: Path | None,
    jobs: int,
    output: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Train published recipes again.

    They are trained on MNIST, and the claimed accuracy is compared with the measured one. A model
    that comes with the package is trained on 50,000 digits. Of the seeds, the one is shipped that
    reads the most of 5,000 others.
    """
    check_outputs(output, force=force)
    digits = load("mnist")
    shipped = [recipe.name for recipe in mnist_zoo.recipes.SHIPPED]
    done: list[mnist_zoo.recipes.Reproduction] = []
    with terminal.progress() as progress:
        bar = progress.add_task("")
        for name in names:
            progress.reset(bar, description=name)

            def show_epoch(seed: int, epochs: int, of: int, name: str = name) -> None:
                text = f"{name}, seed {seed}"
                behind = seed * of + epochs
                progress.update(bar, description=text, completed=behind, total=seeds * of)

            done.append(
                mnist_zoo.recipes.reproduce(
                    name,
                    digits,
                    seeds=range(seeds),
                    folder=folder or (SHIPPED_FOLDER if name in shipped else None),
                    on_epoch=show_epoch,
                    n_jobs=jobs,
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
            " to\n".join(map(terminal.percent, reproduction.interval)),
            {None: "", True: "yes", False: "no"}[reproduction.reached],
        )
        for reproduction in done
    ]
    headings = ("recipe", "claim", "mean", "spread", "95 %\ninterval", "reached")
    table = terminal.table(headings, rows)
    facts = [reproduction.to_dict() for reproduction in done]
    terminal.show(facts, as_json, f"Test accuracy, claimed and measured; seeds: {seeds}", table)
