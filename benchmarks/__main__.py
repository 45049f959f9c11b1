"""Run the benchmarks: both sides of each row in turn, A B A B, each in a process of its own."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mnist_zoo import archives, sources

PROGRAMS = Path(__file__).parent / "programs"


class Row(NamedTuple):
    """A job, done by ``programs/<name>_plain.py`` and by ``programs/<name>_ours.py``.

    Each program prints one line of JSON: ``work``, which must be equal for both sides, and
    ``seconds`` where it times a part of itself; else the whole process is timed.
    """

    name: str
    job: str
    needs_mnist: bool = False


ROWS = (
    Row("import", "start Python, import, and be ready to name a model"),
    Row("load_cold", "start Python and load MNIST, cached, as float32 in [0, 1]", True),
    Row("load_warm", "load MNIST once more in a running process", True),
)


def fill_caches(home: Path) -> bool:
    """Give each side its own cache, as its own download leaves it; False if MNIST is not here."""
    try:
        found = sources.find(sources.default_cache_dir(), progress=False, mirrors=())
    except sources.MnistUnavailableError:
        return False
    ours, keras = home / "mnist-zoo" / "mnist.npz", home / "keras" / "datasets" / "mnist.npz"
    for path in (ours, keras):
        path.parent.mkdir(parents=True)
    with ours.open("wb") as file:
        archives.write_npz(file, found.arrays)
    np.savez_compressed(keras, **found.arrays)  # type: ignore[arg-type]
    return True


def run(program: str, home: Path) -> tuple[float, Any]:
    """Run one side once; return its seconds and the work it says it did."""
    environment = {name: value for name, value in os.environ.items() if name != sources.POINTER} | {
        "XDG_CACHE_HOME": str(home),
        "KERAS_HOME": str(home / "keras"),
    }
    started = time.perf_counter()
    command = [sys.executable, str(PROGRAMS / f"{program}.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    seconds = time.perf_counter() - started
    said = json.loads(done.stdout.splitlines()[-1])
    return said.get("seconds", seconds), said["work"]


def measure(row: Row, rounds: int, home: Path) -> dict[str, Any]:
    """Run both sides in turn, after a warm-up of each, and hold their work against each other."""
    plain: list[float] = []
    ours: list[float] = []
    for number in range(rounds + 1):
        (plain_seconds, plain_work), (our_seconds, our_work) = (
            run(f"{row.name}_plain", home),
            run(f"{row.name}_ours", home),
        )
        if plain_work != our_work:
            raise AssertionError(f"{row.name}: {plain_work} against {our_work}: not the same work")
        if number:  # The first of each warms the file system's cache up.
            plain.append(plain_seconds)
            ours.append(our_seconds)
    ratios = [one / other for one, other in zip(plain, ours, strict=True)]
    return {
        "name": row.name,
        "job": row.job,
        "plain_seconds": plain,
        "our_seconds": ours,
        "ratio": statistics.median(ratios) if ratios else None,
        "ratio_range": [min(ratios), max(ratios)] if ratios else None,
    }


def report(figure: dict[str, Any]) -> dict[str, Any]:
    """Print a row, and hand it on."""
    if figure["ratio"] is None:
        print(f"{figure['name']}: both sides do the same work", flush=True)
        return figure
    low, high = figure["ratio_range"]
    print(
        f"{figure['name']}: plain {statistics.median(figure['plain_seconds']):.3f} s, "
        f"ours {statistics.median(figure['our_seconds']):.3f} s, "
        f"{figure['ratio']:.1f} times faster ({low:.1f} to {high:.1f})",
        flush=True,
    )
    return figure


def main() -> None:
    """Measure every row, print a table, and write the figures as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="timed runs of each side")
    parser.add_argument("--smoke", action="store_true", help="only check that both sides agree")
    parser.add_argument("--output", type=Path, help="write the figures to this JSON file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        has_mnist = fill_caches(Path(home))
        rows = [row for row in ROWS if has_mnist or not row.needs_mnist]
        for row in ROWS:
            if row not in rows:
                print(f"{row.name}: left out, as MNIST is not on this machine")
        rounds = 0 if options.smoke else options.rounds
        figures = [report(measure(row, rounds, Path(home))) for row in rows]
    if options.output:
        options.output.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
