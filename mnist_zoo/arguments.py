"""Checks of arguments: each returns the value, or raises ``ValueError`` that names the argument."""

from __future__ import annotations

import contextlib
import math
import operator
from collections.abc import Iterable
from typing import Any


def check_choice(argument: str, value: object, allowed: Iterable[object]) -> None:
    """Raise ``ValueError`` unless `value` is one of `allowed`."""
    allowed = tuple(allowed)
    # The types are compared too: True equals 1, and is not meant here.
    if not any(type(value) is type(choice) and value == choice for choice in allowed):
        choices = ", ".join(repr(choice) for choice in allowed)
        raise ValueError(f"{argument} must be one of {choices}; got {value!r}")


def check_integer(argument: str, value: Any, minimum: int) -> int:
    """Return `value` as an ``int``; raise ``ValueError`` unless it is one and >= `minimum`."""
    try:
        number = operator.index(value)
    except TypeError:
        number = minimum - 1
    if isinstance(value, bool) or number < minimum:
        raise ValueError(f"{argument} must be an integer of at least {minimum}; got {value!r}")
    return number


def check_seed(seed: Any) -> int | None:
    """Return `seed` as an ``int``, or None; raise ``ValueError`` unless it is one of the two."""
    if seed is None:
        return None
    number = check_integer("seed", seed, 0)
    if number >= 2**32:  # What NumPy's and Keras's generators take.
        raise ValueError(f"seed must be below 2**32; got {seed!r}")
    return number


def check_jobs(argument: str, jobs: Any) -> int | None:
    """Return `jobs` as joblib takes it, an ``int`` or None; raise ``ValueError`` for all else."""
    if jobs is None:
        return None
    number = 0
    with contextlib.suppress(TypeError):
        number = operator.index(jobs)
    if isinstance(jobs, bool) or number == 0:
        raise ValueError(
            f"{argument} must be an integer of at least 1, or -1 for all cores; got {jobs!r}"
        )
    return number


def check_fraction(argument: str, value: Any) -> float:
    """Return `value` as a ``float``; raise ``ValueError`` unless 0 <= `value` < 1."""
    number = _number(value)
    if isinstance(value, bool) or not 0.0 <= number < 1.0:
        raise ValueError(f"{argument} must be a number in [0, 1); got {value!r}")
    return number


def check_amount(argument: str, value: Any, most: float = math.inf) -> float:
    """Return `value` as a ``float``; raise ``ValueError`` unless it is finite, in [0, `most`]."""
    number = _number(value)
    if isinstance(value, (bool, str)) or not 0.0 <= number <= most or number == math.inf:
        upper = "" if most == math.inf else f" and at most {most:g}"
        raise ValueError(f"{argument} must be a number of at least 0{upper}; got {value!r}")
    return number


def _number(value: Any) -> float:
    """Return `value` as a ``float``; NaN, which is in no range, if it is no number."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan
