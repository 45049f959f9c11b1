"""Run the benchmarks: the programs of each group in turn, A B A B, each in a process of its own.

A whole run makes the docs' figures, table and picture. A part of one (``--only``, ``--smoke``, or
fewer than five rounds) prints what it measured, and leaves the docs as they are. With ``--again``,
the rows that ``--only`` names take the place of those in the docs, if the machine and the packages
are the same: for rows that other work on the machine disturbed.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import report
from benchmarks.prepare import prepare
from benchmarks.rows import BACKENDS, GROUPS, ROW_NAMES, Group, Row, missing, select
from mnist_zoo import MnistUnavailableError
from mnist_zoo.data import MNIST
from tools import docs

PROGRAMS = Path(__file__).parent / "programs"
# With fewer rounds, a median says little, and so does the mean accuracy of their seeds.
LEAST_ROUNDS = 5
PACKAGES = ("tensorflow", "keras", "jax", "torch", "numpy")

# By program and quantity, a value for each round.
Measured = dict[str, dict[str, list[float]]]


def run(program: str, home: Path, settings: dict[str, str]) -> tuple[dict[str, float], Any]:
    """Run one program once; return what was measured, and the work that it says it did."""
    environment = {name: value for name, value in os.environ.items() if name != MNIST.pointer}
    name, _, backend = program.partition("@")
    environment |= {
        "KERAS_BACKEND": backend or BACKENDS[0],
        "XDG_CACHE_HOME": str(home),
        "KERAS_HOME": str(home / "keras"),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        **settings,
    }
    started, clock = time.time(), time.perf_counter()
    command = [sys.executable, str(PROGRAMS / f"{name}.py")]
    with tempfile.TemporaryFile("w+", encoding="utf-8") as out, tempfile.TemporaryFile("w+") as err:
        process = subprocess.Popen(command, stdout=out, stderr=err, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - clock
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if process.returncode:
            raise RuntimeError(f"{program} failed:\n{err.read()}")
        said = json.loads(out.read().splitlines()[-1])
    unit = 1 if sys.platform == "darwin" else 1024  # In bytes there, in KiB elsewhere.
    measured = {"process": seconds, "memory": usage.ru_maxrss * unit / 1e6, **said["seconds"]}
    measured |= {name: moment - started for name, moment in said["at"].items()}
    return measured, said["work"]


def check_same_work(works: dict[str, Any], tolerance: float) -> None:
    """Raise ``RuntimeError`` unless all programs of a group did the same work."""
    (first, work), *others = works.items()
    for other, other_work in others:
        same = work.keys() == other_work.keys() and all(
            np.allclose(value, other_work[key], rtol=1e-5, atol=tolerance)
            for key, value in work.items()
        )
        if not same:
            raise RuntimeError(f"{first}: {work}; {other}: {other_work}: not the same work")


def measure(group: Group, rounds: int, home: Path, smoke: bool) -> Measured:
    """Run the programs of a group in turn, after a warm-up of each, and compare their work.

    The warm-up fills the file system's cache, and is not measured. A smoke test is a warm-up alone,
    and runs two programs at a time, as nobody looks at their times.
    """
    measured: Measured = {program: {} for program in group.programs}
    accuracies: dict[str, list[float]] = {program: [] for program in group.programs}
    for number in range(1 if smoke else rounds + 1):
        warming_up = number == 0
        name = "warm-up" if warming_up else f"round {number} of {rounds}"
        settings = {"BENCHMARK_SEED": str(number)}
        if warming_up:
            settings["BENCHMARK_EPOCHS"] = "1"
        works = {}
        with ThreadPoolExecutor(2 if smoke else 1) as pool:
            ran = list(pool.map(partial(run, home=home, settings=settings), group.programs))
        for program, (figures, works[program]) in zip(group.programs, ran, strict=True):
            text = f"{program}, {name}: {figures['process']:.1f} s"
            print(text, file=sys.stderr, flush=True)
            if not warming_up or smoke:
                for quantity, value in figures.items():
                    measured[program].setdefault(quantity, []).append(value)
            if not warming_up and group.goal is not None:
                accuracies[program].append(works[program]["accuracy"])
        if not warming_up or group.same_work_when_warming_up:
            check_same_work(works, group.tolerance)
    if group.goal is not None and not smoke:
        check_goal(group, group.goal, accuracies)
    return measured


def check_goal(group: Group, goal: float, accuracies: dict[str, list[float]]) -> None:
    """Print mean accuracies; raise ``RuntimeError`` if one of our programs misses the goal."""
    for program, values in accuracies.items():
        mean = statistics.fmean(values)
        print(f"{program}: mean accuracy {mean:.2%}, seeds: {len(values)}", flush=True)
        if program in group.our_programs and len(values) >= LEAST_ROUNDS and mean < goal:
            raise RuntimeError(f"{program}: the mean accuracy {mean:.2%} is below {goal:.2%}")


def measure_all(groups: Sequence[Group], rounds: int, smoke: bool) -> list[dict[str, Any]]:
    """Measure every row of the groups, and print each as it is done."""
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        # In a process of its own, as the memory of this one counts into its children's peak.
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            pool.submit(prepare, home).result()
        for group in groups:
            measured = measure(group, rounds, home, smoke)
            for row in group.rows:
                figures.append(figures_of(row, measured))
                done = f"{row.name}: all programs ran" if smoke else summary(figures[-1])
                print(done, flush=True)
    return figures


def figures_of(row: Row, measured: Measured) -> dict[str, Any]:
    """Return a row's times, and the plain ones as multiples of ours, round by round."""
    plain, ours = (measured[program][row.quantity] for program in (row.plain, row.ours))
    ratios = [one / other for one, other in zip(plain, ours, strict=True)]
    return {
        **dataclasses.asdict(row),
        "plain_values": plain,
        "our_values": ours,
        "ratio": statistics.median(ratios),
        "ratio_range": [min(ratios), max(ratios)],
    }


def summary(figures: dict[str, Any]) -> str:
    """Return the figures of a row in one line."""
    unit = "MB" if figures["quantity"] == "memory" else "s"
    low, high = figures["ratio_range"]
    return (
        f"{figures['name']}: plain {statistics.median(figures['plain_values']):.4g} {unit}, "
        f"ours {statistics.median(figures['our_values']):.4g} {unit}: "
        f"{figures['ratio']:.1f} times ({low:.1f} to {high:.1f}); to reach: {figures['target']:g}"
    )


def machine() -> dict[str, str]:
    """Return what the figures depend on."""
    return {
        "system": f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs",
        "python": platform.python_version(),
        **{package: version(package) for package in PACKAGES if find_spec(package)},
    }


def with_others(figures: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of the docs with these in the place of those of the same names."""
    measured = {row["name"]: row for row in figures}
    return [measured.get(row["name"], row) for row in docs.read("benchmarks.json")["rows"]]


def publish(figures: list[dict[str, Any]], rounds: int) -> None:
    """Write the docs' figures, table and picture."""
    content = {"rounds": rounds, "machine": machine(), "rows": figures}
    docs.write("benchmarks.json", content)
    docs.write("benchmarks.md", report.table(content))
    report.draw(content, docs.IMAGES / "benchmarks.png")


def why_not_to_publish(options: argparse.Namespace) -> str | None:
    """Return why a run with these options does not rewrite the docs; None for a whole run."""
    if options.smoke:
        return "a smoke test measures nothing"
    if options.only and not options.again:
        return "only some rows were measured"
    if options.only:
        published = docs.read("benchmarks.json")
        if (published["machine"], published["rounds"]) != (machine(), options.rounds):
            return "it is of another machine, of other packages, or of other rounds"
    absent = {missing(row) for group in GROUPS for row in group.rows} - {None}
    if absent:
        return f"not installed: {', '.join(sorted(map(str, absent)))}"
    if options.rounds < LEAST_ROUNDS:
        return f"at least {LEAST_ROUNDS} rounds are needed; got {options.rounds}"
    return None


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=LEAST_ROUNDS, help="timed runs of each side")
    parser.add_argument("--smoke", action="store_true", help="only check that both sides agree")
    parser.add_argument(
        "--only", nargs="+", choices=ROW_NAMES, metavar="NAME", help="names of rows, by default all"
    )
    parser.add_argument(
        "--again", action="store_true", help="let the rows of --only replace those in the docs"
    )
    options = parser.parse_args(arguments)
    if options.rounds < 1:
        parser.error(f"--rounds must be at least 1; got {options.rounds}")
    return options


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the rows, print them, and publish a whole run."""
    options = parse(arguments)
    try:
        figures = measure_all(select(options.only or ROW_NAMES), options.rounds, options.smoke)
    except MnistUnavailableError:
        message = "MNIST is not on this machine: `mnist-zoo data --data mnist` fetches it"
        if not options.smoke:
            sys.exit(message)
        print(f"left out: {message}")
        return
    for row in (row for group in GROUPS for row in group.rows):
        if row.name in (options.only or ROW_NAMES) and missing(row):
            print(f"{row.name}: left out, as {missing(row)} is not installed", flush=True)
    reason = why_not_to_publish(options)
    if reason is None:
        publish(with_others(figures) if options.only else figures, options.rounds)
    else:
        docs.leave("benchmarks.json", reason)


if __name__ == "__main__":
    main()
