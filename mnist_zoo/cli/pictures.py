"""Commands about pictures."""

from __future__ import annotations

import glob
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import mnist_zoo
from mnist_zoo.cli import terminal
from mnist_zoo.cli.models import trained_model
from mnist_zoo.cli.options import (
    NAMES,
    Argument,
    check_outputs,
    force_option,
    json_option,
    model_option,
    plot_option,
    save_plot,
)

if TYPE_CHECKING:
    import keras

# The files that are taken for pictures in a folder.
PICTURE_SUFFIXES = {
    *(".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".avif", ".heic"),
    *(".pgm", ".ppm", ".pbm"),
}
# What stands for the picture on standard input, and what that is called.
STDIN, STDIN_NAME = "-", "standard input"


@click.argument(
    "pictures",
    cls=Argument,
    metavar="PICTURE...",
    type=click.Path(),
    nargs=-1,
    required=True,
    help="Files, folders of them, globs as '*.png', or - for standard input.",
)
@model_option
@plot_option
@force_option
@json_option
def predict(
    pictures: tuple[str, ...], model: str, plot: Path | None, force: bool, as_json: bool
) -> None:
    """Read the digits in pictures.

    The pictures are photos, scans or drawings, of one digit or of several lines of them.
    """
    check_outputs(plot, force=force)
    with tempfile.TemporaryDirectory(prefix="mnist-zoo-") as folder:
        files = _picture_files(pictures, Path(folder))
        readings, failures = _read(files, model)
        if plot is not None and readings:
            save_plot(lambda: mnist_zoo.plots.readings(readings), plot)
    facts = [{"picture": files[file], **_facts(reading)} for file, reading in readings.items()]
    wrong = [{"picture": files[file], "error": text} for file, text in failures.items()]
    several = len(files) > 1
    texts = [_labelled(each) if several else each["text"] for each in facts]
    terminal.show([*facts, *wrong], as_json, *texts, _details(facts, several) if facts else "")
    for message in failures.values():
        terminal.error(message)
    if failures:
        raise click.exceptions.Exit(1)


def _read(
    files: dict[Path, str], model: str
) -> tuple[dict[Path, mnist_zoo.Reading], dict[Path, str]]:
    """Return the readings of the pictures that can be read, and why the others cannot."""
    reader: str | keras.Model = model if model in NAMES["models"]() else trained_model(model)
    readings: dict[Path, mnist_zoo.Reading] = {}
    failures: dict[Path, str] = {}
    for file in terminal.followed(files, "reading"):
        try:
            reading = mnist_zoo.read_digits(file, reader)
        except mnist_zoo.PictureError as error:
            failures[file] = str(error).replace(str(file), files[file])
        except OSError as error:
            failures[file] = f"{files[file]}: {error.strerror or error}"
        else:
            if reading.boxes:
                readings[file] = reading
            else:
                failures[file] = f"{files[file]}: no digit was found in it"
    return readings, failures


def _facts(reading: mnist_zoo.Reading) -> dict[str, Any]:
    """Return a reading in types that JSON has, with its lines counted from one."""
    facts = reading.to_dict()
    return {**facts, "digits": [{**each, "line": each["line"] + 1} for each in facts["digits"]]}


def _labelled(fact: dict[str, Any]) -> str:
    """Return the lines that were read after the name of the picture, one below the other."""
    name, text = f"{fact['picture']}: ", str(fact["text"])
    return name + text.replace("\n", "\n" + " " * len(name))


def _details(facts: list[dict[str, Any]], several: bool) -> str:
    """Return a table with a row for each digit, and the name of its picture if it needs one."""
    rows = [
        (
            *(["" if number else fact["picture"]] if several else []),
            str(digit["line"]),
            str(digit["digit"]),
            f"{digit['confidence']:.1%}",
            ", ".join(f"{o['digit']} ({o['probability']:.1%})" for o in digit["runners_up"]),
        )
        for fact in facts
        for number, digit in enumerate(fact["digits"])
    ]
    headings = (*(["picture"] if several else []), "line", "digit", "how sure", "runners-up")
    return terminal.columns(headings, rows)


def _picture_files(names: Iterable[str], folder: Path) -> dict[Path, str]:
    """Return the files that are meant, and what to call each: those in folders and globs as well.

    Standard input is written to a file in `folder`.
    """
    files: dict[Path, str] = {}
    for name in names:
        path = Path(name)
        if name == STDIN:
            path = folder / STDIN_NAME
            path.write_bytes(sys.stdin.buffer.read())
            files[path] = STDIN_NAME
            continue
        if path.is_dir():
            found = [each for each in path.iterdir() if each.suffix.lower() in PICTURE_SUFFIXES]
        elif not path.exists() and glob.has_magic(name):
            found = [Path(each) for each in glob.glob(name)]  # noqa: PTH207 (may be absolute)
        else:
            found = [path]
        if not found:
            raise FileNotFoundError(f"{name}: no pictures are there")
        files.update({each: str(each) for each in sorted(found)})
    return files
