"""Commands about pictures."""

from __future__ import annotations

import glob
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import mnist_zoo
from mnist_zoo.cli import terminal
from mnist_zoo.cli.options import (
    AsJson,
    Force,
    Plot,
    check_outputs,
    completed,
    model_names,
    save_plot,
)

if TYPE_CHECKING:
    import keras

# The files that are taken for pictures in a folder.
PICTURE_SUFFIXES = {
    *(".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".avif", ".heic"),
    *(".pgm", ".ppm", ".pbm"),
}


def predict(
    pictures: Annotated[
        list[str],
        typer.Argument(metavar="PICTURE...", help="Files, folders of them, or globs as '*.png'."),
    ],
    model: Annotated[
        str,
        typer.Option(
            help="A name that `list` shows, or a .keras file.",
            autocompletion=completed(model_names),
        ),
    ] = "dense_relu_dropout",
    plot: Plot = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Read the digits in pictures: photos, scans, drawings."""
    check_outputs(plot, force=force)
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
        save_plot(mnist_zoo.plots.readings(readings), plot)
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
    headings = ("picture", "line", "digit", "how sure", "runners-up")
    terminal.show(facts, as_json, terminal.table(headings, rows) if rows else "")
    for message in failures.values():
        terminal.error(message)
    if failures:
        raise typer.Exit(1)


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
    if model in model_names():
        return model
    if not model.endswith(".keras"):
        raise typer.BadParameter(
            f"{model!r} is neither a .keras file nor one of {', '.join(model_names())}"
        )
    return mnist_zoo.export.load_model(Path(model))
