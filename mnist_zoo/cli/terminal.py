"""How the command line prints: tables, JSON, progress, and no framework's log."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

if TYPE_CHECKING:
    import keras


def show(facts: Any, as_json: bool, *pieces: Table | str) -> None:
    """Print `facts` as JSON, or `pieces` for people."""
    if as_json:
        print(as_text(facts))
        return
    console = Console(highlight=False)
    for piece in pieces:
        if piece:
            console.print(piece, soft_wrap=isinstance(piece, str))


def as_text(facts: Any) -> str:
    """Return `facts` as JSON."""
    return json.dumps(facts, indent=1)


def table(
    headings: Sequence[str], rows: Sequence[tuple[str, ...]], title: str | None = None
) -> Table:
    """Return a table of text."""
    table = Table(*headings, title=title, title_justify="left")
    for row in rows:
        table.add_row(*row)
    return table


def notice(title: str, text: str) -> None:
    """Print what must not be overlooked in a box on standard error."""
    stderr().print(Panel(text, title=title, border_style="bold yellow"))


def progress() -> Progress:
    """Return a progress bar on standard error, which leaves standard output to the results."""
    console = stderr()
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def epoch_bar(progress: Progress, description: str) -> keras.callbacks.Callback:
    """Return a callback that moves a bar by one for each epoch."""
    import keras

    bar = progress.add_task(description, total=None)
    callback: keras.callbacks.Callback = keras.callbacks.LambdaCallback(
        on_train_begin=lambda logs: progress.update(bar, total=callback.params["epochs"]),
        on_epoch_end=lambda epoch, logs: progress.advance(bar),
    )
    return callback


@contextlib.contextmanager
def quiet_logs() -> Iterator[None]:
    """Keep what the framework's C++ code logs off the screen; Python's own output gets through.

    TensorFlow logs to file descriptor 2 before any setting of its own is in force. So that
    descriptor goes to nowhere, and ``sys.stderr`` to a copy of what it was.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    screen = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    python_stderr = sys.stderr
    try:
        with os.fdopen(screen, "w", buffering=1, encoding="utf-8", errors="replace") as stderr:
            sys.stderr.flush()
            os.dup2(nowhere, 2)
            sys.stderr = stderr
            try:
                yield
            finally:
                os.dup2(screen, 2)
                sys.stderr = python_stderr
    finally:
        os.close(nowhere)


def stderr() -> Console:
    """Return a console on standard error."""
    return Console(stderr=True)


def percent(value: float | None) -> str:
    """Return a fraction as text."""
    return "" if value is None else f"{value:.2%}"


def error(reason: Exception | str) -> None:
    """Print what went wrong on standard error, in the error's own words where it has any."""
    text = escape(str(reason) or type(reason).__name__)
    stderr().print(f"[bold red]error:[/] {text}", highlight=False, soft_wrap=True)
