"""Commands about pictures."""

from __future__ import annotations

import contextlib
import glob
import sys
import tempfile
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import mnist_zoo
from mnist_zoo.arguments import check_amount
from mnist_zoo.cli import lines, terminal
from mnist_zoo.cli.models import trained_model
from mnist_zoo.cli.options import (
    NAMES,
    Argument,
    check_outputs,
    checked,
    force_option,
    jobs_option,
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
@click.option(
    "--min-confidence",
    metavar="NUMBER",
    type=float,
    default=0.0,
    callback=checked(lambda value: check_amount("min_confidence", value, 1.0)),
    help="Leave out digits of which the model is less sure, from 0 to 1.",
)
@jobs_option("How many pictures to read at the same time; -1 is one for each core.")
@plot_option
@click.option(
    "--jsonl",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write a line of JSON for each picture as it is done; go on with a file that is there.",
)
@force_option
@json_option
def predict(
    pictures: tuple[str, ...],
    model: str,
    min_confidence: float,
    jobs: int,
    plot: Path | None,
    jsonl: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Read the digits in pictures.

    The pictures are photos, scans or drawings, of one digit or of several lines of them.
    """
    if jsonl is not None:
        _check_jsonl(pictures, plot, as_json)
        files = _picture_files(pictures, Path())
        _write_lines(files, model, min_confidence, jobs, jsonl, force)
        return
    check_outputs(plot, force=force)
    readings: dict[Path, mnist_zoo.Reading] = {}
    failures: dict[Path, str] = {}
    with tempfile.TemporaryDirectory(prefix="mnist-zoo-") as folder:
        files = _picture_files(pictures, Path(folder))
        for file, outcome in _read(files, _reader(model), min_confidence, jobs):
            if isinstance(outcome, str):
                failures[file] = outcome
            else:
                readings[file] = outcome
        if plot is not None and readings:
            save_plot(lambda: mnist_zoo.plots.readings(readings, ink=True), plot)
    facts = [{"picture": files[file], **_facts(reading)} for file, reading in readings.items()]
    wrong = [{"picture": files[file], "error": text} for file, text in failures.items()]
    several = len(files) > 1
    texts = [_labelled(each) if several else each["text"] for each in facts]
    terminal.show([*facts, *wrong], as_json, *texts, _details(facts, several) if facts else "")
    for message in failures.values():
        terminal.error(message)
    if failures:
        raise click.exceptions.Exit(1)


def _reader(model: str) -> str | keras.Model:
    """Return the name of a shipped model, or the model in a file."""
    return model if model in NAMES["models"]() else trained_model(model)


def _read(
    files: dict[Path, str], reader: str | keras.Model, min_confidence: float, jobs: int
) -> Generator[tuple[Path, mnist_zoo.Reading | str]]:
    """Yield each picture with its reading, or with the reason why it cannot be read."""
    results = mnist_zoo.read_pictures(files, reader, min_confidence=min_confidence, n_jobs=jobs)
    pairs = zip(files.items(), results, strict=True)
    for (file, name), (_, reading, error) in terminal.followed(pairs, len(files), "reading"):
        if isinstance(error, OSError):
            yield file, f"{name}: {error.strerror or error}"
        elif reading is None:
            yield file, str(error).replace(str(file.absolute()), name)
        elif not reading.boxes:
            sure = f" with a confidence of at least {min_confidence:g}" if min_confidence else ""
            yield file, f"{name}: no digit was found in it{sure}"
        else:
            yield file, reading


def _check_jsonl(pictures: Iterable[str], plot: Path | None, as_json: bool) -> None:
    """Refuse what cannot be done with ``--jsonl``, which keeps nothing in memory."""
    for is_there, other, reason in (
        (plot is not None, "--plot", "it draws all pictures on one page, so they stay in memory"),
        (as_json, "--json", "it prints all results at the end, so they stay in memory"),
        (STDIN in pictures, STDIN, "a picture is known again by its name, and this has none"),
    ):
        if is_there:
            raise click.UsageError(f"--jsonl cannot be used with {other}: {reason}")


def _write_lines(
    files: dict[Path, str],
    model: str,
    min_confidence: float,
    jobs: int,
    path: Path,
    force: bool,
) -> None:
    """Write a line for each picture that has none in the file yet, and say how many there are."""
    check_outputs(path, force=True)
    settings = {"model": model, "min_confidence": min_confidence}
    done = {} if force else lines.pictures_done(path, settings)
    left = {file: name for file, name in files.items() if name not in done}
    failed = sum(name in done and not done[name] for name in files.values())
    count = len(files) - len(left)
    reader = _reader(model) if left else ""  # Loaded before the file is touched, if it is needed.
    with (
        lines.adding(path, anew=force) as add,
        contextlib.closing(_read(left, reader, min_confidence, jobs)) as outcomes,
    ):
        try:
            for file, outcome in outcomes if left else ():
                facts = {"error": outcome} if isinstance(outcome, str) else _facts(outcome)
                add({"picture": left[file], **settings, **facts})
                failed += "error" in facts
                count += 1
        except KeyboardInterrupt:
            again = "the same command without --force" if force else "the same command"
            terminal.say(
                f"stopped: {count:,} of {len(files):,} pictures are in {path}; {again} goes on "
                "from there"
            )
            raise
    before = f" ({len(files) - len(left):,} from before)" if done else ""
    terminal.show(None, False, f"pictures in {path}: {count:,}{before}")
    if failed:
        terminal.error(f"{failed:,} of {count:,} pictures could not be read: see {path}")
        raise click.exceptions.Exit(1)


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
