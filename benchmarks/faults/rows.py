"""What a stage reports: a row for each thing that was done."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Row:
    """One thing that was done to the program, and what the program did.

    Attributes
    ----------
    stage : str
        The stage's name.
    done : str
        What was done.
    expected : str
        What the program may do.
    observed : str
        What it did: how the call ended, and the first words of its message.
    count : int
        How often it was done.
    seconds : float
        The longest that one call took; of a stage that is measured as a whole, all of it.
    broken : str
        The rules that the program broke; empty if it broke none.
    megabytes : float or None
        The most memory that the process had, where it was measured.
    """

    stage: str
    done: str
    expected: str
    observed: str
    count: int
    seconds: float
    broken: str = ""
    megabytes: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the row in types that JSON has."""
        facts = {**asdict(self), "seconds": round(self.seconds, 2)}
        return {name: value for name, value in facts.items() if value is not None}


@dataclass(frozen=True)
class Amounts:
    """How much of everything is done.

    Attributes
    ----------
    every : int
        Of the loader's faults, one in so many.
    kills, save_kills : int
        Processes that are killed while they load, and while they write a file.
    processes : int
        Processes that load at once.
    pictures : int
        Damaged pictures.
    patterns : int or None
        Patterns that are measured; None for all.
    keras : bool
        Whether a full disk is tried with what needs Keras too.
    """

    every: int = 1
    kills: int = 200
    save_kills: int = 50
    processes: int = 32
    pictures: int = 20_000
    patterns: int | None = None
    keras: bool = True


WHOLE = Amounts()
SMOKE = Amounts(every=24, kills=4, save_kills=2, processes=4, pictures=60, patterns=0, keras=False)


class Progress:
    """Says on stderr how far a stage is, every two seconds."""

    def __init__(self, stage: str, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._stage, self._total, self._clock = stage, total, clock
        self._done, self._said = 0, clock()

    def step(self, count: int = 1) -> None:
        """Count things as done."""
        self._done += count
        if self._clock() - self._said > 2.0:
            self._said = self._clock()
            print(f"{self._stage}: {self._done:,} of {self._total:,}", file=sys.stderr, flush=True)
