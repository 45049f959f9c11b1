"""Download one file over https, within bounds of time, rate and size."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

if TYPE_CHECKING:
    import requests

# A whole search has this long: all mirrors together, and the wait for another process's download.
TOTAL_SECONDS = 900.0
# Every mirror has this long to begin its first answer, name look-up included: without a network,
# MNIST's three mirrors have given up after 12 seconds together.
ANSWER_SECONDS = 4.0
# The longest silence in the middle of a file.
READ_SECONDS = 10.0
# A mirror that sends fewer bytes a second than this, over so many seconds, is given up.
LEAST_RATE, RATE_SECONDS = 5_000, 15.0
# Small, so that a slow transfer is seen to go on.
CHUNK_BYTES = 1 << 13


class Deadline:
    """A moment by which something must be done."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def remaining(self) -> float:
        """Return the seconds that are left, at least 0."""
        return max(0.0, self._end - time.monotonic())


class _Transfer:
    """A download that runs in a thread of its own, and what is known of it."""

    def __init__(self, url: str, path: Path, most_bytes: int, progress: bool) -> None:
        self.received = 0
        self.answered = threading.Event()
        self.abandoned = threading.Event()
        self.error: BaseException | None = None
        self._url, self._path, self._most, self._progress = url, path, most_bytes, progress
        self._responses: list[requests.Response] = []
        # A daemon: a thread that hangs in a look-up must not keep the program from ending.
        self.thread = threading.Thread(target=self._run, name=f"download {url}", daemon=True)

    def abandon(self) -> None:
        """Have the thread end as soon as it can."""
        self.abandoned.set()
        for response in self._responses:
            # A thread that waits for bytes is woken by this alone.
            with contextlib.suppress(OSError, AttributeError):
                response.raw.connection.sock.shutdown(socket.SHUT_RDWR)

    def _run(self) -> None:
        try:
            self._transfer()
        except BaseException as error:  # Carried over to the thread that waits.
            self.error = error
        finally:
            for response in self._responses:
                response.close()
            self.answered.set()

    def _transfer(self) -> None:
        import requests
        from tqdm import tqdm

        response = requests.get(
            self._url,
            stream=True,
            timeout=(ANSWER_SECONDS, READ_SECONDS),
            # What is counted below is what is sent.
            headers={"Accept-Encoding": "identity"},
            hooks={"response": self._on_response},
        )
        response.raise_for_status()
        length = int(response.headers.get("content-length", 0))
        self._check_size(length)
        options = {"unit": "B", "unit_scale": True, "desc": self._path.name}
        with (
            self._path.open("wb") as file,
            tqdm(total=length or None, disable=not self._progress, **options) as bar,
        ):
            for chunk in response.iter_content(CHUNK_BYTES):
                if self.abandoned.is_set():
                    return
                self.received += len(chunk)
                self._check_size(self.received)
                file.write(chunk)
                bar.update(len(chunk))
        if length and self.received < length:
            raise OSError(f"the file ends after {self.received:,} of {length:,} bytes")

    def _on_response(self, response: requests.Response, *_: Any, **__: Any) -> None:
        self._responses.append(response)
        if response.is_redirect:
            _refuse_plain_http(urljoin(response.url, response.headers["location"]))
        elif self.abandoned.is_set():
            raise TimeoutError("the answer came too late")
        else:
            self.answered.set()

    def _check_size(self, size: int) -> None:
        if size > self._most:
            raise OSError(f"the file is larger than the {self._most:,} bytes that it may have")


def download(url: str, path: Path, *, most_bytes: int, deadline: Deadline, progress: bool) -> None:
    """Download one https address to `path`.

    A connection time-out alone does not bound the wait: it holds for each address of the host,
    not for the look-up of its name, and not for a server that sends a byte now and then. So the
    transfer runs in a thread that is watched and can be abandoned.

    Raises
    ------
    TimeoutError
        If no answer begins in time, the transfer is too slow, or the deadline has passed.
    OSError
        If the file is larger than `most_bytes`, or the transfer fails.
    """
    _refuse_plain_http(url)
    transfer = _Transfer(url, path, most_bytes, progress)
    transfer.thread.start()
    try:
        if not transfer.answered.wait(min(ANSWER_SECONDS, deadline.remaining())):
            raise TimeoutError(f"no answer within {ANSWER_SECONDS:g} seconds")
        _watch(transfer, deadline)
    except BaseException:
        transfer.abandon()
        raise
    if transfer.error is not None:
        raise transfer.error


def _watch(transfer: _Transfer, deadline: Deadline) -> None:
    """Wait for a transfer; raise ``TimeoutError`` if it is too slow or the deadline has passed."""
    while transfer.thread.is_alive():
        before = transfer.received
        transfer.thread.join(min(RATE_SECONDS, deadline.remaining()))
        if not transfer.thread.is_alive():
            return
        if not deadline.remaining():
            raise TimeoutError(f"not done within {TOTAL_SECONDS:g} seconds")
        rate = (transfer.received - before) / RATE_SECONDS
        if rate < LEAST_RATE:
            raise TimeoutError(f"too slow: {rate:,.0f} bytes a second, at least {LEAST_RATE:,}")


def _refuse_plain_http(url: str) -> None:
    if urlsplit(url).scheme != "https":
        raise OSError(f"refused {url}: only https is used")
