"""Another handler for signals, such as the one that Ctrl-C sends, for a while."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any


@contextlib.contextmanager
def handling(numbers: Iterable[int], handler: Callable[[int, Any], Any]) -> Iterator[None]:
    """Give signals another handler, and afterwards the one that they had.

    Outside of the main thread nothing changes, as Python handles signals in the main thread alone.

    Parameters
    ----------
    numbers : iterable of int
        Which signals.
    handler : callable
        Called with the signal's number and the stack frame.
    """
    in_main_thread = threading.current_thread() is threading.main_thread()
    before = {n: signal.signal(n, handler) for n in (numbers if in_main_thread else ())}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
