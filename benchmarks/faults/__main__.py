"""Try what can go wrong, and write what the program did: ``python -m benchmarks.faults``.

A whole run takes some minutes, on loopback and temporary folders only. It writes
``docs/results/faults.json`` and the tables of the reliability page. A part of one (``--only``,
``--smoke``) prints what it found. The exit status is 1 if the program broke a rule.
"""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.faults import report
from benchmarks.faults.disks import disk_rows
from benchmarks.faults.kills import kill_rows, stampede
from benchmarks.faults.loader import loader_rows
from benchmarks.faults.patterns import pattern_rows
from benchmarks.faults.pictures import picture_rows
from benchmarks.faults.rows import SMOKE, WHOLE, Amounts, Row
from benchmarks.faults.sites import BOUNDS
from tools import docs

PACKAGES = ("filelock", "numpy", "pillow", "requests", "urllib3")

STAGES: dict[str, Callable[[Path, Amounts], list[Row]]] = {
    "loader": lambda folder, amounts: loader_rows(folder, amounts.every),
    "kills": lambda folder, amounts: kill_rows(folder, amounts.kills, amounts.save_kills),
    "stampede": lambda folder, amounts: [stampede(folder, amounts.processes)],
    "pictures": lambda _, amounts: picture_rows(amounts.pictures),
    "disks": lambda folder, amounts: disk_rows(folder, amounts.keras),
    "patterns": lambda _, amounts: pattern_rows(amounts.patterns),
}


def run(stages: Sequence[str], amounts: Amounts) -> list[Row]:
    """Run the stages, each in a folder of its own, and print what the program did."""
    rows = []
    for stage in stages:
        started = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="mnist-zoo-faults-") as name:
            folder = Path(name)
            folder.chmod(0o755)  # Some faults are tried as another user.
            found = STAGES[stage](folder, amounts)
        for row in found:
            print(f"{'BROKEN ' if row.broken else ''}{row.done}: {row.observed} {row.broken}")
        seconds = time.monotonic() - started
        print(f"{stage}: {len(found)} rows in {seconds:.0f} s", file=sys.stderr, flush=True)
        rows += found
    return rows


def figures_of(rows: Sequence[Row]) -> dict[str, Any]:
    """Return what was found, with the versions and the loader's bounds, in types that JSON has."""
    return {
        "versions": {
            "Python": platform.python_version(),
            "system": platform.system(),
            **{package: version(package) for package in PACKAGES},
        },
        "bounds": BOUNDS,
        "rows": [row.to_dict() for row in rows],
    }


def publish(rows: Sequence[Row]) -> None:
    """Write the figures, and the tables of the page."""
    figures = figures_of(rows)
    docs.write("faults.json", figures)
    for name, table in report.TABLES.items():
        docs.write(name, table(figures))


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="only a few of each, in seconds")
    parser.add_argument(
        "--only", nargs="+", choices=STAGES, metavar="STAGE", help=f"of: {', '.join(STAGES)}"
    )
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the stages, publish a whole run, and return the exit status."""
    options = parse(arguments)
    rows = run(options.only or list(STAGES), SMOKE if options.smoke else WHOLE)
    if options.smoke or options.only:
        docs.leave("faults.json", "only a part was tried")
    else:
        publish(rows)
    broken = [row for row in rows if row.broken]
    for row in broken:
        print(f"broke a rule: {row.stage}: {row.done}: {row.broken}", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
