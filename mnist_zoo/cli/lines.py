"""The file of ``predict --jsonl``: a line of JSON for each picture, to which later runs add."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

# How every line begins: by this, a line that was not written whole is told from another file.
BEGINNING = b'{"picture": '


def pictures_done(path: Path, settings: Mapping[str, Any]) -> dict[str, bool]:
    """Return the pictures that have a line in a file, and whether each could be read.

    Parameters
    ----------
    path : Path
        The file. What follows its last whole line is cut off: a run was killed while it wrote.
    settings : mapping
        What must be the same in all lines.

    Returns
    -------
    dict of str to bool
        By the names of the pictures; empty if there is no file.

    Raises
    ------
    ValueError
        If the file has another line, or one with other settings. It is left as it is.
    """
    done: dict[str, bool] = {}
    if not path.exists():
        return done
    end = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n") and line[: len(BEGINNING)] == BEGINNING[: len(line)]:
                break
            fact = _parsed(line)
            if fact is None:
                raise ValueError(
                    f"{path}: line {number} is not of --jsonl, so nothing is added to this file; "
                    "--force replaces it"
                )
            for name, value in settings.items():
                if fact.get(name) != value:
                    raise ValueError(
                        f"{path}: was written with {name}={fact.get(name)!r}, and is not continued "
                        f"with {value!r}; name another file, or replace it with --force"
                    )
            done[fact["picture"]] = "error" not in fact
            end += len(line)
    if end < path.stat().st_size:
        with path.open("rb+") as file:
            file.truncate(end)
    return done


@contextlib.contextmanager
def adding(path: Path, *, anew: bool) -> Iterator[Callable[[Mapping[str, Any]], None]]:
    """Give a function that adds a line of JSON to a file, and leaves none in a buffer.

    Parameters
    ----------
    path : Path
        The file, which is made if it is not there.
    anew : bool
        Whether what is in the file is dropped.
    """
    with path.open("wb" if anew else "ab") as file:

        def add(fact: Mapping[str, Any]) -> None:
            file.write(json.dumps(fact).encode() + b"\n")
            file.flush()

        yield add


def _parsed(line: bytes) -> dict[str, Any] | None:
    """Return what is on a line; None if it is not one of those that are written here."""
    if not line.endswith(b"\n"):
        return None
    try:
        fact = json.loads(line)
    except ValueError:  # This includes bytes that are no text.
        return None
    is_ours = isinstance(fact, dict) and isinstance(fact.get("picture"), str)
    return fact if is_ours else None
