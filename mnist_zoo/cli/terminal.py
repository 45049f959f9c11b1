"""How the command line prints: tables, JSON, progress, and no framework's log.

Rich is imported where something is drawn or in colour, as its import takes longer than most of
what is printed here.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import signal
import sys
import textwrap
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from mnist_zoo.signals import handling

if TYPE_CHECKING:
    import keras
    from rich.console import Console
    from rich.progress import Progress
    from rich.status import Status
    from rich.table import Table

T = TypeVar("T")

# More characters than any row of a table has.
UNBROKEN = 10_000


def show(facts: Any, as_json: bool, *pieces: Table | str) -> None:
    """Print `facts` as JSON, or `pieces` for people."""
    for piece in [as_text(facts)] if as_json else filter(None, pieces):
        if isinstance(piece, str):
            # At once, as a command may go on.
            print(piece, flush=True)  # As it is: a file's name may look like rich's markup.
        else:
            stdout().print(piece)


def as_text(facts: Any) -> str:
    """Return `facts` as JSON."""
    return json.dumps(facts, indent=1)


def table(headings: Sequence[str], rows: Sequence[tuple[str, ...]]) -> Table:
    """Return a table of text, with few lines, so that it fits a narrow screen."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(*headings, box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def columns(headings: Sequence[str], rows: Sequence[tuple[str, ...]]) -> str:
    """Return a table as plain text, for what must be printed soon: rich takes 50 ms to import."""
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    rule = tuple("-" * width for width in widths)
    return "\n".join("  ".join(map(str.ljust, row, widths)) for row in (headings, rule, *rows))


def wrapped(text: str, indent: int) -> str:
    """Break the lines of a text at the width of the screen; indent what follows in each."""
    width = _screen_width()
    return "\n".join(
        textwrap.fill(line, width, subsequent_indent=" " * indent, break_long_words=False)
        for line in text.splitlines()
    )


def notice(title: str, text: str) -> None:
    """Print what must not be overlooked in a box on standard error."""
    from rich.panel import Panel

    stderr().print(Panel(text, title=title, border_style="bold yellow"))


def progress() -> Progress:
    """Return a progress bar on standard error, which leaves standard output to the results."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    console = stderr()
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=10),
        MofNCompleteColumn(),
        TimeRemainingColumn(compact=True),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def followed(things: Iterable[T], count: int, description: str) -> Iterator[T]:
    """Yield `count` things one after the other, and show a progress bar if there are several."""
    if count < 2:
        yield from things
        return
    with progress() as bar:
        yield from bar.track(things, total=count, description=description)


def waiting(description: str) -> Status:
    """Return what shows on standard error that something is being done whose end is not known."""
    from rich.text import Text

    return stderr().status(Text(description))


def epoch_bar(progress: Progress) -> keras.callbacks.Callback:
    """Return a callback that moves a bar by one for each epoch, and shows how good the model is."""
    import keras

    bar = progress.add_task("training", total=None)
    callback: keras.callbacks.Callback = keras.callbacks.LambdaCallback(
        on_train_begin=lambda logs: progress.update(bar, total=callback.params["epochs"]),
        on_epoch_end=lambda epoch, logs: progress.update(
            bar, advance=1, description=measures(logs)
        ),
    )
    return callback


def measures(logs: Mapping[str, float]) -> str:
    """Return what Keras measured in an epoch as text: on the validation digits if there are any."""
    which, prefix = ("validation ", "val_") if "val_loss" in logs else ("", "")
    return f"{which}accuracy {logs[prefix + 'accuracy']:.1%}, loss {logs[prefix + 'loss']:.2f}"


# The modules of frameworks, as a regular expression. Their warnings are for programmers.
FRAMEWORKS = r"(keras|tensorflow|jax|torch)(\.|$)"


@contextlib.contextmanager
def quiet_logs() -> Iterator[None]:
    """Keep what frameworks log, and warn of, off the screen; Python's own output gets through.

    TensorFlow's C++ code logs to file descriptor 2 before any setting of its own is in force. So
    that descriptor goes to nowhere, and ``sys.stderr`` to a copy of what it was.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logged = logging.root.manager.disable
    logging.disable()
    screen = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    python_stderr = sys.stderr
    try:
        with os.fdopen(screen, "w", buffering=1, encoding="utf-8", errors="replace") as stderr:
            sys.stderr.flush()
            os.dup2(nowhere, 2)
            sys.stderr = stderr
            try:
                with warnings.catch_warnings():
                    warnings.filterwarnings("ignore", module=FRAMEWORKS)
                    yield
            finally:
                os.dup2(screen, 2)
                sys.stderr = python_stderr
    finally:
        os.close(nowhere)
        logging.disable(logged)


def open_closed_streams() -> None:
    """Give the streams that a shell has closed, as by ``2>&-``, somewhere to go: nowhere."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))


# What a terminal, or the system, sends to end a program. The last is not there on Windows.
ENDINGS = ("SIGINT", "SIGTERM", "SIGHUP")


@contextlib.contextmanager
def ending_as_by_ctrl_c() -> Iterator[None]:
    """Let the signals that end a program do what Ctrl-C does: raise ``KeyboardInterrupt``.

    Those that the program was started to ignore, as by ``nohup``, stay ignored.
    """
    with handling(_endings(), signal.default_int_handler):
        yield


@contextlib.contextmanager
def uninterrupted(message: str) -> Iterator[None]:
    """Let no signal that ends a program end what is within; print a message in place of that."""

    def go_on(number: int, frame: object) -> None:
        with contextlib.suppress(Exception):  # There may be nobody left to read it.
            print(message, file=sys.stderr, flush=True)

    with handling(_endings(), go_on):
        yield


def _endings() -> list[int]:
    """Return the signals that end a program, but for those that are ignored."""
    numbers = [getattr(signal, name) for name in ENDINGS if hasattr(signal, name)]
    return [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]


def _screen_width() -> int:
    """Return how wide standard output is; in a pipe or a file, no row of a table is broken."""
    screen = sys.stdout.isatty() or "COLUMNS" in os.environ
    return shutil.get_terminal_size().columns if screen else UNBROKEN


def stdout() -> Console:
    """Return a console on standard output."""
    from rich.console import Console

    return Console(highlight=False, emoji=False, width=_screen_width())


def stderr() -> Console:
    """Return a console on standard error."""
    from rich.console import Console

    return Console(stderr=True, emoji=False)


def say(text: str) -> None:
    """Print a line on standard error."""
    print(text, file=sys.stderr)


def percent(value: float | None) -> str:
    """Return a fraction as text."""
    return "" if value is None else f"{value:.2%}"


def error(reason: Exception | str) -> None:
    """Print what went wrong on standard error, in the error's own words where it has any."""
    text = str(reason) or type(reason).__name__
    if isinstance(reason, ModuleNotFoundError):
        from mnist_zoo.training.loops import LOOPS

        if reason.name in LOOPS:
            text += (
                f": install it (`pip install {reason.name}`), or let KERAS_BACKEND name a backend "
                "of Keras that is installed"
            )
    if isinstance(reason, OSError) and reason.filename and reason.strerror:
        text = f"{reason.filename}: {reason.strerror}"
    from rich.text import Text

    stderr().print(Text.assemble(("error:", "bold red"), " ", text), soft_wrap=True)
