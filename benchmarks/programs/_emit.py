"""The last line that a program prints: what ``python -m benchmarks`` reads."""

import json


def emit(*, work, at=None, seconds=None):
    """Print what a program did, and how long it took.

    Parameters
    ----------
    work : dict
        What it did, as numbers: the programs of a group must agree on it.
    at : dict, optional
        Moments, by ``time.time()``. They are counted from the start of the process.
    seconds : dict, optional
        Durations.
    """
    print(json.dumps({"work": work, "at": at or {}, "seconds": seconds or {}}))
