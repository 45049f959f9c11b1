"""Run the benchmarks: the sides of each row in turn, A B A B, each in a process of its own.

Whole, they make the docs' figures, table and picture; a part of them (``--only``) prints its rows.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import report
from benchmarks.prepare import prepare
from benchmarks.rows import GROUPS, ROWS, Row
from mnist_zoo import MnistUnavailableError
from mnist_zoo.sources import POINTER

PROGRAMS = Path(__file__).parent / "programs"
DOCS = Path(__file__).parent.parent / "docs"
# Two trainings with one seed differ as two seeds do: a deviation of 0.2 points.
ACCURACY_TOLERANCE = 0.01
GOAL = 0.9773

Measured = dict[str, dict[str, list[float]]]


def run(program: str, home: Path, settings: dict[str, str]) -> tuple[dict[str, float], Any]:
    """Run one program once; return what was measured, and the work that it says it did."""
    environment = {name: value for name, value in os.environ.items() if name != POINTER}
    environment |= {
        "XDG_CACHE_HOME": str(home),
        "KERAS_HOME": str(home / "keras"),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        **settings,
    }
    started, clock = time.time(), time.perf_counter()
    command = [sys.executable, str(PROGRAMS / f"{program}.py")]
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
    measured = {"process": seconds, "memory": usage.ru_maxrss * unit / 1e6}
    measured |= said.get("seconds", {})
    measured |= {name: moment - started for name, moment in said.get("at", {}).items()}
    return measured, said["work"]


def check_same_work(works: dict[str, Any]) -> None:
    """Raise ``AssertionError`` unless all programs of a group did the same work."""
    (first, work), *others = works.items()
    for other, other_work in others:
        same = work.keys() == other_work.keys() and all(
            abs(value - other_work[key]) <= ACCURACY_TOLERANCE
            if key in ("accuracy", "reached")
            else np.allclose(value, other_work[key], rtol=1e-5)
            for key, value in work.items()
        )
        if not same:
            raise AssertionError(f"{first}: {work}; {other}: {other_work}: not the same work")


def measure(programs: tuple[str, ...], rounds: int, home: Path, smoke: bool) -> Measured:
    """Run the programs in turn, after a warm-up of each, and hold their work against each other."""
    measured: Measured = {program: {} for program in programs}
    reached: dict[str, list[float]] = {}
    for number in range(1 if smoke else rounds + 1):
        settings = {"BENCHMARK_SEED": str(number)}
        if not number:
            settings["BENCHMARK_EPOCHS"] = "1"
        works = {}
        for program in programs:
            figures, works[program] = run(program, home, settings)
            progress = f"{program}, round {number} of {rounds}: {figures['process']:.1f} s"
            print(progress, file=sys.stderr, flush=True)
            if number or smoke:  # The first of each warms the file system's cache up.
                for quantity, value in figures.items():
                    measured[program].setdefault(quantity, []).append(value)
                reached.setdefault(program, []).extend(
                    value for key, value in works[program].items() if key == "reached"
                )
        # After one epoch, of other settings, the two that reach a goal are not alike.
        if number or "reach_ours" not in works:
            check_same_work(works)
    for program, accuracies in reached.items():
        if accuracies:
            mean = statistics.fmean(accuracies)
            print(f"{program}: {mean:.2%} in the mean of {len(accuracies)} seeds", flush=True)
            if program == "reach_ours" and mean < GOAL and not smoke and rounds >= 5:
                raise AssertionError(f"{program}: {mean:.2%} is less than {GOAL:.2%}")
    return measured


def figures_of(row: Row, measured: Measured) -> dict[str, Any]:
    """Return a row's times, and the plain ones as multiples of ours, round by round."""
    plain, ours = (measured[program][row.quantity] for program in (row.plain, row.ours))
    ratios = [one / other for one, other in zip(plain, ours, strict=True)]
    return {
        **row._asdict(),
        "plain_values": plain,
        "our_values": ours,
        "ratio": statistics.median(ratios),
        "ratio_range": [min(ratios), max(ratios)],
    }


def show(figures: dict[str, Any]) -> None:
    """Print a row."""
    unit = "MB" if figures["quantity"] == "memory" else "s"
    low, high = figures["ratio_range"]
    print(
        f"{figures['name']}: plain {statistics.median(figures['plain_values']):.4g} {unit}, "
        f"ours {statistics.median(figures['our_values']):.4g} {unit}: "
        f"{figures['ratio']:.1f} times ({low:.1f} to {high:.1f}); to reach: {figures['target']:g}",
        flush=True,
    )


def main() -> None:
    """Measure every row, print a table, and write the figures as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="timed runs of each side")
    parser.add_argument("--smoke", action="store_true", help="only check that both sides agree")
    parser.add_argument("--only", nargs="*", help="names of rows, by default all")
    options = parser.parse_args()
    rows = [row for row in ROWS if not options.only or row.name in options.only]
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        try:
            # In a process of its own, as the memory of this one counts into its children's peak.
            with ProcessPoolExecutor(1, get_context("spawn")) as pool:
                pool.submit(prepare, home).result()
        except MnistUnavailableError:
            message = "MNIST is not on this machine: `mnist-zoo data --data mnist` fetches it"
            if not options.smoke:
                sys.exit(message)
            print(f"left out: {message}")
            return
        for programs in GROUPS:
            mine = [row for row in rows if row.plain in programs]
            if mine:
                measured = measure(programs, options.rounds, home, options.smoke)
                for row in mine:
                    figures.append(figures_of(row, measured))
                    if options.smoke:
                        print(f"{row.name}: both sides do the same work", flush=True)
                    else:
                        show(figures[-1])
    if options.smoke or options.only:
        return
    packages = ("tensorflow", "keras", "jax", "numpy")
    machine = {
        "system": f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs",
        "python": platform.python_version(),
        **{package: version(package) for package in packages},
    }
    content = {"rounds": options.rounds, "machine": machine, "rows": figures}
    texts = {"json": json.dumps(content, indent=1) + "\n", "md": report.table(content)}
    for end, text in texts.items():
        (DOCS / "results" / f"benchmarks.{end}").write_text(text, encoding="utf-8")
    report.draw(content, DOCS / "images" / "benchmarks.png")


if __name__ == "__main__":
    main()
