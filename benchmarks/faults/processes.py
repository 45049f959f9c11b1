"""Run a function in a process of its own, within a time, and see how the process ended."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from typing import Any, Concatenate, ParamSpec

# The server forks processes that have the loader imported already, and no framework: it takes
# milliseconds. To fork is safe only without threads, so NumPy's library for matrices gets none.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(
    ["benchmarks.faults.loader", "benchmarks.faults.kills", "benchmarks.faults.pictures"]
)

Arguments = ParamSpec("Arguments")


class Worker:
    """A process that runs ``function(connection, *arguments)``, and the other end of the line."""

    def __init__(self, function: Callable[..., None], *arguments: Any) -> None:
        self.line, theirs = CONTEXT.Pipe()
        self.process = CONTEXT.Process(target=function, args=(theirs, *arguments), daemon=True)
        self.process.start()
        theirs.close()

    def answer(self, limit: float) -> Any:
        """Return what the process sends next.

        Raises
        ------
        TimeoutError
            If it sends nothing for `limit` seconds.
        ChildProcessError
            If it ended without an answer.
        """
        if not self.line.poll(limit):
            raise TimeoutError(f"no answer within {limit:g} seconds")
        try:
            return self.line.recv()
        except (EOFError, ConnectionResetError):
            self.process.join()
            raise ChildProcessError(f"ended with status {self.process.exitcode}") from None

    def kill(self) -> None:
        """Kill the process (SIGKILL), whatever it does."""
        self.process.kill()
        self.process.join()


@contextlib.contextmanager
def worker(function: Callable[..., None], *arguments: Any) -> Iterator[Worker]:
    """Start a worker; it is gone afterwards."""
    started = Worker(function, *arguments)
    try:
        yield started
    finally:
        started.kill()
        started.line.close()


def call(
    function: Callable[Concatenate[Connection, Arguments], None],
    limit: float,
    *arguments: Arguments.args,
    **_: Arguments.kwargs,
) -> Any:
    """Run a function in a process of its own, and return the one thing that it sends."""
    with worker(function, *arguments) as running:
        answer = running.answer(limit)
        running.process.join(limit)
        return answer
