"""Measure what many trainings and many scans cost: ``python -m benchmarks.scaling``.

Seconds are those of one core. What a large job costs is computed from them.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import joblib
import numpy as np

from benchmarks import drawing, phone_pages
from mnist_zoo import load_mnist, read_digits
from mnist_zoo.recipes import reproduce
from tools import docs

RECIPE = "relu-5-epochs"
TRAININGS, SCANS = 10_000, 100_000_000
TASKS = 2_000
# Machines of so many cores that work on a job.
CORES = (2, 64, 1_000, 10_000)
HOUR, DAY = 3_600, 86_400
ONE_THREAD = {"OMP_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}


class Cost(NamedTuple):
    """What one piece of a job costs.

    Attributes
    ----------
    seconds : float
        Of one core.
    read, written : float
        Bytes that are read and kept for it.
    """

    seconds: float
    read: float
    written: float


def seconds_of(work: Callable[[], object], times: int = 1) -> float:
    """Return the seconds of one core that a call takes in this process."""
    began = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - began) / times


def start_of_a_worker() -> dict[str, float]:
    """Start, load MNIST, train one seed and then another; all with one thread."""
    import resource  # Windows has none.

    data = load_mnist()
    started = time.process_time()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        first = seconds_of(lambda: reproduce(RECIPE, data, seeds=[0], folder=folder))
        second = seconds_of(lambda: reproduce(RECIPE, data, seeds=[0, 1], folder=folder))
        kept = sum(file.stat().st_size for file in folder.rglob("seed-1.*"))
    unit = 1 if sys.platform == "darwin" else 1024
    memory = unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "start": started + first - second,
        "training": second,
        "kept": kept,
        "memory": memory,
    }


def scans() -> dict[str, bytes]:
    """Return pictures of digits: one digit, a page of 40 as a scanner and as a phone sees it."""
    test = load_mnist().test
    rng = np.random.default_rng(0)
    digits = (255 * test.x[:40]).astype(np.uint8)
    page = drawing.page(digits, test.y[:40], rng)
    good_light = phone_pages.CONDITIONS[:1]
    one = drawing.to_uint8(drawing.on_paper(drawing.place(test.x[0], 100, rng)))
    return {
        "a digit of 100 by 100 pixels": drawing.encode(one, "PNG"),
        f"a page of 40 digits, {page.picture.size / 1e6:.1f} megapixels": drawing.encode(
            page.picture, "JPEG", quality=90
        ),
        "a photo of a page, 1.5 megapixels": phone_pages.page(
            good_light, 0.0, test.x, test.y, rng
        ).photo,
    }


def nothing(number: int) -> int:
    """Return the number: a task that costs nothing, so that what is left is the scheduler."""
    return number


def tasks_a_second() -> float:
    """Return how many tasks joblib hands to two processes and gets back in a second.

    One at a time, as it does with tasks that take longer than a fifth of a second.
    """
    parallel = joblib.Parallel(n_jobs=2, batch_size=1)
    task = joblib.delayed(nothing)
    parallel(task(number) for number in range(4))
    began = time.perf_counter()
    parallel(task(number) for number in range(TASKS))
    return TASKS / (time.perf_counter() - began)


def arithmetic(name: str, count: int, cost: Cost, start: float, rate: float) -> list[list[str]]:
    """Return the rows of a job: what it takes on so many cores, and what limits it.

    Parameters
    ----------
    name : str
        What the job does.
    count : int
        Its pieces.
    cost : Cost
        What each costs.
    start : float
        Seconds until a worker has begun.
    rate : float
        Pieces a second that one process can hand out.
    """
    rows = []
    for cores in CORES:
        by_cores = start + count * cost.seconds / cores
        by_rate = count / rate
        rows.append(
            [
                name,
                f"{cores:,}",
                duration(max(by_cores, by_rate)),
                f"{min(1.0, count * cost.seconds / cores / max(by_cores, by_rate)):.0%}",
                "handing out" if by_rate > by_cores else "computing",
                f"{count * cost.read / max(by_cores, by_rate) / 1e6:,.1f} MB/s",
            ]
        )
    return rows


def duration(seconds: float) -> str:
    """Return a time in the unit that suits it."""
    for unit, name in ((DAY, "days"), (HOUR, "hours"), (60, "minutes")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:,.1f} {name}"
    return f"{seconds:.0f} s"


def main() -> None:
    """Measure, and write the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scaling", description=__doc__)
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    if parser.parse_args().worker:
        print(json.dumps(start_of_a_worker()))
        return
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.scaling", "--worker"],
        env={**os.environ, **ONE_THREAD},
        stdout=subprocess.PIPE,
        check=True,
    )
    worker = json.loads(done.stdout.splitlines()[-1])
    rate = tasks_a_second()
    measured = [
        [
            "starting a worker, MNIST loaded and the first training compiled",
            f"{worker['start']:.1f} s",
        ],
        [f"a training of `{RECIPE}`", f"{worker['training']:.1f} s"],
        ["what is kept of it", f"{worker['kept'] / 1e6:.2f} MB"],
        ["memory of a worker that trains", f"{worker['memory'] / 1e9:.2f} GB"],
        ["tasks that one process hands out by joblib", f"{rate:,.0f} a second"],
    ]
    training = Cost(worker["training"], 0.0, worker["kept"])
    rows = arithmetic(f"{TRAININGS:,} trainings", TRAININGS, training, worker["start"], rate)
    for name, photo in scans().items():
        first = read_digits(photo)  # Loads the parameters.
        seconds = seconds_of(functools.partial(read_digits, photo), 10)
        line = len(json.dumps(first.to_dict()))
        measured.append([f"reading {name}", f"{seconds:.3f} s"])
        cost = Cost(seconds, len(photo), line)
        if "photo" in name:
            rows += arithmetic(f"{SCANS:,} photos", SCANS, cost, 0.0, rate)
            measured += [
                ["such a photo", f"{len(photo) / 1e6:.2f} MB"],
                ["its reading as a line of JSON", f"{line / 1e3:.1f} kB"],
            ]
    text = "\n".join(
        [
            docs.table(("measured", "value"), measured),
            docs.table(
                ("job", "cores", "time", "cores in use", "limited by", "pictures read"), rows
            ),
        ]
    )
    print(text)
    docs.write("scaling.md", text)


if __name__ == "__main__":
    main()
