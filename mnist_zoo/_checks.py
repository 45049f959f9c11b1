"""Checks at the door, shared by every room: each raises an error that names the argument."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import Any


class ChecksumError(ValueError):
    """A file was found and read, but what it holds is not what it should be, byte for byte."""


def check_choice(argument: str, value: object, allowed: Iterable[object]) -> None:
    """Raise ``ValueError`` unless `value` is one of `allowed`."""
    allowed = tuple(allowed)
    # By type too: else True would pass for 1.
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


def check_fraction(argument: str, value: Any) -> float:
    """Return `value` as a ``float``; raise ``ValueError`` unless 0 <= `value` < 1."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = -1.0
    if isinstance(value, bool) or not 0.0 <= number < 1.0:
        raise ValueError(f"{argument} must be a number in [0, 1); got {value!r}")
    return number
