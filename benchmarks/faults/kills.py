"""Processes that are killed at any moment, and processes that start all at once."""

from __future__ import annotations

import shutil
import statistics
import time
from collections import Counter
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from benchmarks.faults.mirrors import GOOD, MadeUp, Servers, make_up, serving
from benchmarks.faults.processes import Worker, worker
from benchmarks.faults.rows import Progress, Row
from benchmarks.faults.sites import DIGITS, Outcome, Site, attempt, prepare_process
from mnist_zoo.data import files
from mnist_zoo.data.cache import TAG
from mnist_zoo.errors import ChecksumError
from mnist_zoo.writing import replacing

# So many processes load at the same time, each with a moment of its own at which it is killed.
TOGETHER = 2
# The last moment, as a multiple of the time that they take if they are not killed.
LATEST = 1.2
# No process takes longer to get ready, or to load.
PATIENCE = 60.0
# What is written by processes that are killed meanwhile: so many pieces of so many bytes.
PIECES, PIECE_BYTES = 64, 1 << 16
SEED = 0


def site_for(root: Path, servers: Servers, made_up: MadeUp) -> Site:
    """Return a site whose one mirror delivers."""
    site = Site(root, servers.addresses, made_up, cache_dir=root / "cache")
    site.mirrors = [servers.addresses.mirror(GOOD.way)]
    return site


def load_when_told(line: Connection, site: Site) -> None:
    """In a process of its own: get ready, wait for the word, load, and send the outcome."""
    prepare_process(site)
    line.send("ready")
    line.recv()
    line.send(attempt(site))


def save_when_told(line: Connection, path: Path, content: bytes) -> None:
    """In a process of its own: get ready, wait for the word, and replace a file."""
    line.send("ready")
    line.recv()
    with replacing(path, overwrite=True) as part, part.open("wb") as file:
        for start in range(0, len(content), PIECE_BYTES):
            file.write(content[start : start + PIECE_BYTES])
            file.flush()
    line.send("done")


def time_of(started: list[Worker]) -> float:
    """Let processes work, and return the seconds until all have finished."""
    for one in started:
        one.answer(PATIENCE)
    began = time.monotonic()
    for one in started:
        one.line.send("go")
    for one in started:
        one.answer(PATIENCE)
    seconds = time.monotonic() - began
    for one in started:
        one.process.join(PATIENCE)
        one.line.close()
    return seconds


def kill_at(started: list[Worker], moments: list[float]) -> list[bool]:
    """Let processes work, and kill each at its moment; return which had finished before."""
    for one in started:
        one.answer(PATIENCE)
    began, finished = time.monotonic(), []
    for one in started:
        one.line.send("go")
    for moment, one in sorted(zip(moments, started, strict=True), key=lambda pair: pair[0]):
        time.sleep(max(0.0, began + moment - time.monotonic()))
        finished.append(one.line.poll())
        one.kill()
        one.line.close()
    return finished


def state_of_cache(site: Site) -> str:
    """Say whether the file in the cache is whole, absent, or neither."""
    try:
        files.read(site.file, site.made_up.dataset)
    except FileNotFoundError:
        return "absent"
    except (ChecksumError, OSError):
        return "in part"
    return "whole"


def killed_loads(folder: Path, kills: int) -> Row:
    """Kill processes that load into one cache; then load once more."""
    made_up, root = make_up(4000, 800), folder / "kills"
    root.mkdir()
    rng, states, finished = np.random.default_rng(SEED), Counter[str](), 0
    progress, started_at = Progress("kills", kills), time.monotonic()
    with serving(made_up, folder) as servers:
        site = site_for(root, servers, made_up)
        usual = statistics.median(whole_load(site) for _ in range(3))
        for number in range(0, kills, TOGETHER):
            moments = rng.uniform(0.0, LATEST * usual, min(TOGETHER, kills - number)).tolist()
            workers = [Worker(load_when_told, site) for _ in moments]
            finished += sum(kill_at(workers, moments))
            states[state_of_cache(site)] += len(moments)
            site.file.unlink(missing_ok=True)
            progress.step(len(moments))
        with worker(load_when_told, site) as last:
            last.answer(PATIENCE)
            last.line.send("go")
            outcome: Outcome = last.answer(PATIENCE)
        left = left_in(site)
    broken = [f"{states['in part']} times the file was there in part"] * bool(states["in part"])
    broken += [f"the load afterwards ended with {outcome.kind}"] * (outcome.kind != DIGITS)
    broken += [f"left {name}" for name in left]
    counts = ", ".join(f"{state} after {states[state]}" for state in ("absent", "whole", "in part"))
    return Row(
        "kills",
        f"SIGKILL to {TOGETHER} processes at a time that load into one cache, each at a random "
        f"moment up to {LATEST:g} times the duration of a load",
        "the file is absent or whole; then a load succeeds and nothing is left",
        f"{finished} had finished; the file was {counts}; the load afterwards: {outcome.kind}; "
        f"left: {', '.join(left) or 'nothing'}",
        kills,
        time.monotonic() - started_at,
        "; ".join(broken),
    )


def whole_load(site: Site) -> float:
    """Return the seconds that loads take which are not killed, and delete what they kept."""
    seconds = time_of([Worker(load_when_told, site) for _ in range(TOGETHER)])
    shutil.rmtree(site.cache)
    return seconds


def left_in(site: Site) -> list[str]:
    """Name what is in the cache and the temporary folder and should not be."""
    usual = {site.file.name, TAG, f"{site.file.stem}.lock"}
    names = {path.name for path in site.cache.iterdir()} - usual
    return sorted(names | {path.name for path in site.temporary.iterdir()})


def killed_saves(folder: Path, kills: int) -> Row:
    """Kill processes that replace a file."""
    rng, states, finished = np.random.default_rng(SEED), Counter[str](), 0
    path = folder / "saves" / "evaluation.json"
    path.parent.mkdir()
    old, new = (bytes([letter]) * (PIECES * PIECE_BYTES) for letter in b"on")
    path.write_bytes(old)
    started_at = time.monotonic()
    usual = time_of([Worker(save_when_told, path, old)])
    for _ in range(kills):
        path.write_bytes(old)
        moment = float(rng.uniform(0.0, LATEST * usual))
        finished += sum(kill_at([Worker(save_when_told, path, new)], [moment]))
        found = path.read_bytes() if path.is_file() else None
        states[{old: "old", new: "new", None: "absent"}.get(found, "in part")] += 1
    folders = len(list(path.parent.glob(".mnist-zoo-*")))
    wrong = states["absent"] + states["in part"]
    return Row(
        "kills",
        "SIGKILL to a process that replaces a file (`mnist_zoo.writing.replacing`, which saves "
        "evaluations, models and plots) at a random moment",
        "the file has its old or its new content",
        f"{finished} had finished; the content was old {states['old']} times, new {states['new']} "
        f"times, in part {wrong} times; working folders `.mnist-zoo-...` left beside it: {folders}",
        kills,
        time.monotonic() - started_at,
        f"{wrong} times the file was absent or there in part" if wrong else "",
    )


def stampede(folder: Path, processes: int) -> Row:
    """Let processes load at once with one empty cache."""
    made_up, root = make_up(4000, 800), folder / "stampede"
    root.mkdir()
    with serving(made_up, folder) as servers:
        site = site_for(root, servers, made_up)
        workers = [Worker(load_when_told, site) for _ in range(processes)]
        for one in workers:
            one.answer(PATIENCE)
        started_at = time.monotonic()
        for one in workers:  # All are ready: now let them go.
            one.line.send("go")
        outcomes: list[Outcome] = [one.answer(PATIENCE) for one in workers]
        seconds = time.monotonic() - started_at
        for one in workers:
            one.process.join(PATIENCE)
            one.line.close()
        downloads, left = servers.hits[GOOD.way], left_in(site)
    right = sum(outcome.kind == DIGITS for outcome in outcomes)
    broken = [f"{processes - right} processes got no digits"] * (right < processes)
    broken += [f"{downloads} downloads"] * (downloads != 1) + [f"left {name}" for name in left]
    return Row(
        "stampede",
        f"{processes} processes load at once, with one empty cache",
        "one download, and digits for each",
        f"downloads: {downloads}; processes that got the right digits: {right}; left: "
        f"{', '.join(left) or 'nothing'}",
        processes,
        seconds,
        "; ".join(broken),
    )


def kill_rows(folder: Path, kills: int, save_kills: int) -> list[Row]:
    """Kill processes while they load, and while they save."""
    return [killed_loads(folder, kills), killed_saves(folder, save_kills)]
