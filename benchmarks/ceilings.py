"""Measure what the machine can do at best: ``python -m benchmarks.ceilings``."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

OUTPUT = Path(__file__).parent.parent / "docs" / "results" / "ceilings.md"


def best(work: Callable[[], Any], repeats: int = 7) -> float:
    """Return the least of the seconds that some work takes."""
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


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
    rows = {
        "matrix product, 2000 x 2000": f"{large:.0f} GFLOP/s",
        "matrix product, 32 x 784 by 784 x 128": f"{small:.0f} GFLOP/s",
        "copy 188 MB of float32": f"{1e3 * best(scaled.copy):.0f} ms",
        "SHA-256 of 60,000 digits": f"{1e3 * best(lambda: hashlib.sha256(digits.data)):.0f} ms",
        "scale them into memory that was touched": (
            f"{1e3 * best(lambda: np.divide(digits, white, out=scaled)):.0f} ms"
        ),
        "scale them into fresh memory": f"{1e3 * best(lambda: np.divide(digits, white)):.0f} ms",
    }
    lines = ["| ceiling | measured |", "|---|---|"]
    lines += [f"| {name} | {value} |" for name, value in rows.items()]
    OUTPUT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
