"""Disks that are full: what is written there, and what becomes of the file that was there."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import resource
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import numpy as np

from benchmarks.faults.mirrors import GOOD, Servers, make_up, serving
from benchmarks.faults.processes import call
from benchmarks.faults.rows import Progress, Row
from benchmarks.faults.sites import (
    DIGITS,
    LIMIT,
    Outcome,
    Site,
    Snapshot,
    attempt,
    prepare_process,
    shortened_text,
    snapshot,
)

# The size of the disk, and of a page, the least that is free on it or not.
DISK_BYTES, PAGE = 1 << 20, 4096
# What no process may take longer than, TensorFlow's import included.
PATIENCE = 180.0
OLD = b"the old file\n"
# What a full disk, and a limit to the size of files, are called in messages.
FULL = tuple(os.strerror(number) for number in (errno.ENOSPC, errno.EFBIG))


class Disk(NamedTuple):
    """A folder in which little can be written.

    Attributes
    ----------
    folder : Path
        Where it is.
    kind : str
        What keeps the writing short: said in the table.
    real : bool
        Whether it is a file system of its own; else the process's files have a limit.
    """

    folder: Path
    kind: str
    real: bool

    @contextlib.contextmanager
    def filled(self, room: int) -> Iterator[None]:
        """Leave room for so many bytes on the disk; undo it afterwards."""
        if not self.real:
            soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
            try:
                yield
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            return
        filler = self.folder / "filler"
        with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(PAGE))
        os.truncate(filler, filler.stat().st_size // PAGE * PAGE - room)
        try:
            yield
        finally:
            filler.unlink()


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[Disk]:
    """Give a small file system where that is allowed, and else a folder."""
    folder.mkdir()
    mount, umount = shutil.which("mount"), shutil.which("umount")
    options = ["-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
    if mount and umount and subprocess.run([mount, *options], capture_output=True).returncode == 0:
        try:
            yield Disk(folder, "on a full file system of 1 MB", real=True)
        finally:
            subprocess.run([umount, str(folder)], check=True)
    else:
        yield Disk(folder, "with a limit to the size of files", real=False)


# ---- what is written: each function replaces the file at a path


def write_evaluation(path: Path) -> None:
    """Save an evaluation of made-up probabilities."""
    from mnist_zoo import Evaluation, linear

    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(10), 2000).astype(np.float32)
    labels = rng.integers(0, 10, 2000)
    Evaluation(linear(seed=0), labels, probabilities).save(path, overwrite=True)


def write_model(path: Path) -> None:
    """Save a model."""
    from mnist_zoo import linear
    from mnist_zoo.export import save_model

    save_model(linear(seed=0), path, overwrite=True)


def write_plot(path: Path) -> None:
    """Save a plot, as the command line does."""
    from matplotlib.figure import Figure

    from mnist_zoo.cli.options import save_plot

    figure = Figure()
    figure.add_subplot().imshow(np.random.default_rng(0).random((100, 100)))
    save_plot(lambda: figure, path)


def write_reproduction(path: Path) -> None:
    """Run ``mnist-zoo reproduce --output``, with trainings that take no time."""
    import mnist_zoo.cli.training
    from mnist_zoo.cli.commands import app
    from mnist_zoo.training.recipes import RECIPES
    from mnist_zoo.training.reproducing import Reproduction, SeedResult

    results = tuple(SeedResult(seed, 0.98, 0.1, 1.0) for seed in range(500))
    done = Reproduction(RECIPES[0], results)
    with (
        mock.patch.object(mnist_zoo.cli.training, "load"),
        mock.patch.object(mnist_zoo.recipes, "reproduce", return_value=done),
    ):
        app(
            ["reproduce", RECIPES[0].name, "--output", str(path), "--force", "--json"],
            standalone_mode=False,
        )


def write_export(path: Path) -> None:
    """Export a model as a folder: another one if there is one already."""
    from mnist_zoo import linear
    from mnist_zoo.export import export_model

    export_model(linear(seed=int(path.exists())), path, format="saved_model", overwrite=True)


class Target(NamedTuple):
    """Something that is written: what, under which name, by what, and whether it needs Keras."""

    what: str
    name: str
    write: Callable[[Path], None]
    keras: bool = True


TARGETS = (
    Target("a plot (`mnist-zoo evaluate --plot`)", "plot.png", write_plot, keras=False),
    Target("`Evaluation.save(overwrite=True)`", "evaluation.json", write_evaluation),
    Target("`save_model(overwrite=True)`", "model.keras", write_model),
    Target("`mnist-zoo reproduce --output`", "reproduction.json", write_reproduction),
    Target('`export_model(format="saved_model", overwrite=True)`', "exported", write_export),
)


class Room(NamedTuple):
    """How much room there is for a download into the cache.

    Attributes
    ----------
    what : str
        What there is room for.
    room : int
        How many bytes.
    expected : tuple of str
        How the load may end.
    """

    what: str
    room: int
    expected: tuple[str, ...]


ROOMS = (
    Room("the download, but not for the copy that is kept", 6 * PAGE, (DIGITS,)),
    Room("neither the download nor the copy", PAGE, (DIGITS, "MnistUnavailableError")),
)


class Written(NamedTuple):
    """How a write ended: the error's class and message, and what was on the disk before."""

    kind: str
    text: str
    seconds: float
    before: Snapshot


def write_on(line: Connection, disk: Disk, number: int) -> None:
    """In a process of its own: write a target twice, the second time on a full disk."""
    target = TARGETS[number]
    path = disk.folder / target.name
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123
        for stream in (1, 2):  # The command prints, and so does TensorFlow.
            os.dup2(nowhere.fileno(), stream)
    target.write(path)  # With room for it, this works.
    if path.is_file():
        path.write_bytes(OLD)
    before, started = snapshot(disk.folder), time.monotonic()
    try:
        with disk.filled(PAGE):
            target.write(path)
    except BaseException as error:  # Whatever it is, it is what the program did.
        kind, text = type(error).__name__, str(error)
    else:
        kind, text = "written", ""
    line.send(Written(kind, text, time.monotonic() - started, before))


def target_row(number: int, disk: Disk) -> Row:
    """Write a target on a full disk, and look at what is there afterwards."""
    target = TARGETS[number]
    try:
        ended: Written = call(write_on, PATIENCE, disk, number)
    except (TimeoutError, ChildProcessError) as error:
        ended = Written(type(error).__name__, str(error), PATIENCE, {})
    after = snapshot(disk.folder)
    intact = bool(ended.before) and ended.before.items() <= after.items()
    left = sorted(after.keys() - ended.before.keys())
    empty(disk.folder)
    broken = ["the old content is not intact"] * (not intact) + [f"left {name}" for name in left]
    named = any(words in ended.text for words in FULL)
    broken += ["the error does not name what happened"] * (not named)
    return Row(
        "disks",
        f"{target.what} {disk.kind}",
        "an error that says so; the old content is intact; nothing is left",
        f"{ended.kind}: {shortened_text(without(ended.text, disk.folder))}; the old content is "
        f"{'intact' if intact else 'NOT intact'}; left: {', '.join(left) or 'nothing'}",
        1,
        ended.seconds,
        "; ".join(broken),
    )


def without(text: str, folder: Path) -> str:
    """Take a folder, and names that are drawn at random, out of a message."""
    text = re.sub(r"\{\{.*?\}\} ", "", text)  # Where in TensorFlow.
    text = text.replace(f"{folder}/", "").replace(str(folder), "DISK")
    return re.sub(r"(?<=\.mnist-zoo-)\w+|(?<=tempstate)\d+", "...", text)


def empty(folder: Path) -> None:
    """Delete everything in a folder."""
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def load_on(line: Connection, site: Site, disk: Disk, room: int) -> None:
    """In a process of its own: download into a cache on a full disk."""
    prepare_process(site)
    with disk.filled(room):
        line.send(attempt(site))


def cache_row(room: Room, disk: Disk, servers: Servers, root: Path) -> Row:
    """Load with a cache on a full disk."""
    root.mkdir()
    site = Site(root, servers.addresses, make_up(40, 20), cache_dir=disk.folder / "cache")
    site.mirrors = [servers.addresses.mirror(GOOD.way)]
    try:
        outcome: Outcome = call(load_on, 3 * LIMIT, site, disk, room.room)
    except (TimeoutError, ChildProcessError) as error:
        outcome = Outcome(type(error).__name__, str(error), 3 * LIMIT)
    cache = disk.folder / "cache"
    usual = {f"{site.file.stem}.lock", f"{site.file.stem}.failure"}
    left = sorted({path.name for path in cache.iterdir()} - usual) if cache.is_dir() else []
    left += sorted(path.name for path in site.temporary.iterdir())
    empty(disk.folder)
    broken = [f"ended with {outcome.kind}"] * (outcome.kind not in room.expected)
    broken += [f"left {name}" for name in left]
    return Row(
        "disks",
        f"a load, its cache {disk.kind}: there is room for {room.what}",
        " or ".join(room.expected) + "; nothing is left",
        f"{outcome.kind}: {without(outcome.text, disk.folder)}; left: "
        f"{', '.join(left) or 'nothing'}",
        1,
        outcome.seconds,
        "; ".join(broken),
    )


def disk_rows(folder: Path, keras: bool) -> list[Row]:
    """Write everything on a full disk; what needs Keras, only if it is asked for."""
    numbers = [number for number, target in enumerate(TARGETS) if keras or not target.keras]
    progress, rows = Progress("disks", len(ROOMS) + len(numbers)), []
    with small_disk(folder / "disk") as disk, serving(make_up(40, 20), folder) as servers:
        for count, room in enumerate(ROOMS):
            rows.append(cache_row(room, disk, servers, folder / f"room-{count}"))
            progress.step()
        for number in numbers:
            rows.append(target_row(number, disk))
            progress.step()
    return rows
