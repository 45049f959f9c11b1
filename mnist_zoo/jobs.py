"""Work on several cores, or on a cluster, by joblib."""

from __future__ import annotations

from typing import Any


def joblib_parallel(jobs: int | None, **settings: Any) -> Any:
    """Return joblib's object that runs tasks, and returns their results as they are done.

    Where the results come as a list, the backend has no other way.
    """
    import joblib

    try:
        return joblib.Parallel(n_jobs=jobs, return_as="generator", **settings)
    except ValueError:  # The backends of Ray and multiprocessing return lists only.
        return joblib.Parallel(n_jobs=jobs, **settings)
