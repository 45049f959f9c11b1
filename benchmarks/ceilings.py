"""Measure what the machine can do at best: ``python -m benchmarks.ceilings``."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from tools import docs


def best(work: Callable[[], Any], repeats: int = 7) -> float:
    """Return the least of the seconds that some work takes."""
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def milliseconds(work: Callable[[], Any]) -> str:
    """Return the time that some work takes, as text."""
    return f"{1e3 * best(work):.0f} ms"


def main() -> None:
    """Measure, print, and write the table."""
    rng = np.random.default_rng(0)
    square = rng.random((2000, 2000), np.float32)
    batch, kernel = rng.random((32, 784), np.float32), rng.random((784, 128), np.float32)
    digits = rng.integers(0, 256, (60_000, 28, 28), np.uint8)
    scaled = np.zeros(digits.shape, np.float32)
    white = np.float32(255.0)
    large = 2 * 2000**3 / best(lambda: square @ square) / 1e9
    small = 2 * 32 * 784 * 128 * 100 / best(lambda: [batch @ kernel for _ in range(100)]) / 1e9
    rows = (
        ("matrix product, 2000 x 2000", f"{large:.0f} GFLOP/s"),
        ("matrix product, 32 x 784 by 784 x 128", f"{small:.0f} GFLOP/s"),
        ("copy 188 MB of float32", milliseconds(scaled.copy)),
        ("SHA-256 of 60,000 digits", milliseconds(lambda: hashlib.sha256(digits.data))),
        (
            "scale them into memory that was touched",
            milliseconds(lambda: np.divide(digits, white, out=scaled)),
        ),
        ("scale them into fresh memory", milliseconds(lambda: np.divide(digits, white))),
    )
    text = docs.table(("ceiling", "measured"), rows)
    print(text, end="")
    docs.write("ceilings.md", text)


if __name__ == "__main__":
    main()
