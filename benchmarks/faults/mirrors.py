"""Made-up digits, and servers on this machine that deliver them, or do something else."""

from __future__ import annotations

import contextlib
import dataclasses
import gzip
import io
import itertools
import os
import socket
import socketserver
import ssl
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnist_zoo.data import MNIST, Dataset, Mirror, files

# A server that is told to wait for this long waits until it is shut down.
FOR_EVER = 1e6
# Sent in place of bytes: end the connection as a crash of the other machine would.
RESET = "reset"

Step = bytes | float | str


class MadeUp(NamedTuple):
    """A data set in MNIST's form, and as small as one likes.

    Attributes
    ----------
    arrays : dict of str to ndarray of uint8
        Its arrays. As in MNIST, most pixels are 0.
    dataset : Dataset
        Its description, without mirrors.
    """

    arrays: dict[str, NDArray[np.uint8]]
    dataset: Dataset

    def npz(self, **changes: Any) -> bytes:
        """Return it as the content of a packed npz file, with other arrays in place of some."""
        with io.BytesIO() as file:
            np.savez_compressed(file, **{**self.arrays, **changes})
            return file.getvalue()

    def idx(self) -> dict[str, bytes]:
        """Return it as the content of four gzipped IDX files, by name."""
        return {
            f"{spec.idx_name}.gz": gzip.compress(
                bytes([0, 0, 8, len(spec.shape)])
                + np.array(spec.shape, ">u4").tobytes()
                + self.arrays[spec.key].tobytes()
            )
            for spec in self.dataset.arrays
        }


def make_up(train: int, test: int) -> MadeUp:
    """Make up a data set with so many digits; it is the same every time."""
    rng = np.random.default_rng(0)

    def pictures(count: int) -> NDArray[np.uint8]:
        inked = rng.random((count, *MNIST.image_shape)) < 0.1
        return np.where(inked, rng.integers(1, 256, inked.shape), 0).astype(np.uint8)

    arrays = {
        "x_train": pictures(train),
        "y_train": np.arange(train, dtype=np.uint8) % MNIST.classes,
        "x_test": pictures(test),
        "y_test": np.arange(test, dtype=np.uint8) % MNIST.classes,
    }
    specs = tuple(
        spec._replace(shape=arrays[spec.key].shape, sha256=files.sha256(arrays[spec.key]))
        for spec in MNIST.arrays
    )
    return MadeUp(arrays, dataclasses.replace(MNIST, arrays=specs, mirrors=()))


def reply(
    body: bytes = b"", *headers: str, status: str = "200 OK", sized: bool = True
) -> tuple[bytes, ...]:
    """Return an answer of HTTP: its head with these headers, and its body."""
    lines = [f"HTTP/1.1 {status}", *headers, "Connection: close"]
    if sized:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join([*lines, "", ""]).encode(), body)


def _redirect(to: str) -> tuple[bytes, ...]:
    return reply(b"", f"Location: {to}", status="302 Found")


def _unsized(body: bytes, *headers: str) -> tuple[bytes, ...]:
    return reply(body, *headers, sized=False)


def _drip(content: bytes, pause: float) -> Iterator[Step]:
    for number in range(len(content)):
        yield content[number : number + 1]
        yield pause


class Answer(NamedTuple):
    """A way to answer.

    Attributes
    ----------
    way : str
        The folder of the server that answers like this.
    what : str
        What the mirror does.
    steps : callable
        Takes the content of the file that is asked for, and the request's address on this server.
        Returns what is sent, with pauses (in seconds) in between.
    """

    way: str
    what: str
    steps: Callable[[bytes, str], Iterable[Step]]


GOOD = Answer("good", "delivers", lambda content, _: reply(content))

ANSWERS = (
    Answer("404", "answers 404, not found", lambda *_: reply(b"no", status="404 Not Found")),
    Answer("403", "answers 403, forbidden", lambda *_: reply(b"no", status="403 Forbidden")),
    Answer("429", "answers 429, too many requests", lambda *_: reply(status="429 Slow Down")),
    Answer("500", "answers 500, internal error", lambda *_: reply(status="500 Oh")),
    Answer("503", "answers 503, not available", lambda *_: reply(status="503 Later")),
    Answer("204", "answers 204, no content", lambda *_: reply(status="204 No Content")),
    Answer("304", "answers 304, not modified", lambda *_: reply(status="304 Not Modified")),
    Answer(
        "206",
        "answers with the first half only, as 206",
        lambda content, _: reply(content[: len(content) // 2], status="206 Partial Content"),
    ),
    Answer("loop", "redirects to itself for ever", lambda _, address: _redirect(address)),
    Answer(
        "plain",
        "redirects to http",
        lambda _, address: _redirect(address.replace("https:", "http:")),
    ),
    Answer(
        "file", "redirects to a file of this machine", lambda *_: _redirect("file:///etc/hosts")
    ),
    Answer("garbled", "redirects to what is no address", lambda *_: _redirect("https://[1:2/x")),
    Answer("empty", "sends an empty file", lambda *_: reply()),
    Answer(
        "half",
        "ends in the middle of the file",
        lambda content, _: (reply(content)[0], content[: len(content) // 2]),
    ),
    Answer(
        "half-unsized",
        "ends in the middle of a file whose length it did not tell",
        lambda content, _: _unsized(content[: len(content) // 2]),
    ),
    Answer("other", "sends other digits", lambda *_: reply(make_up(40, 21).npz())),
    Answer(
        "login",
        "is a login page with status 200",
        lambda *_: reply(b"<html>Please log in to the network.</html>", "Content-Type: text/html"),
    ),
    Answer(
        "bomb",
        "sends 100 MB of zeros as 100 KB of gzip",
        lambda *_: reply(gzip.compress(bytes(10**8), 1), "Content-Encoding: gzip"),
    ),
    Answer(
        "not-gzip",
        "calls gzip what is none",
        lambda content, _: reply(content, "Content-Encoding: gzip"),
    ),
    Answer(
        "declared",
        "declares 10 GB",
        lambda *_: (*_unsized(b"0", "Content-Length: 10000000000"), FOR_EVER),
    ),
    Answer(
        "endless",
        "never stops sending",
        lambda *_: itertools.chain(_unsized(b""), itertools.repeat(bytes(1 << 16))),
    ),
    Answer(
        "trickle",
        "sends a byte every 0.05 seconds",
        lambda content, _: itertools.chain(reply(content)[:1], _drip(content, 0.05)),
    ),
    Answer(
        "slow-head",
        "sends a header a byte at a time",
        lambda content, _: _drip(reply(content)[0] * 100, 0.05),
    ),
    Answer("silent", "accepts the connection and never answers", lambda *_: (FOR_EVER,)),
    Answer(
        "stall",
        "falls silent in the middle of the file",
        lambda content, _: (*reply(content)[:1], content[: len(content) // 2], FOR_EVER),
    ),
    Answer(
        "reset",
        "resets the connection in the middle of the file",
        lambda content, _: (*reply(content)[:1], content[: len(content) // 2], RESET),
    ),
    Answer("reset-first", "resets the connection before it answers", lambda *_: (RESET,)),
    Answer(
        "too-short",
        "declares fewer bytes than the file has",
        lambda content, _: _unsized(content, f"Content-Length: {len(content) - 100}"),
    ),
    Answer(
        "no-number",
        "declares a length that is no number",
        lambda content, _: _unsized(content, "Content-Length: many"),
    ),
    Answer(
        "negative",
        "declares a negative length of an empty file",
        lambda *_: _unsized(b"", "Content-Length: -1"),
    ),
    Answer(
        "chunks",
        "sends chunks whose lengths are no numbers",
        lambda content, _: _unsized(b"zz\r\n" + content, "Transfer-Encoding: chunked"),
    ),
    Answer("not-http", "answers in another protocol", lambda *_: (b"220 smtp ready\r\n\r\n",)),
    Answer(
        "headers",
        "sends 10,000 headers",
        lambda content, _: reply(content, *(f"X-{n}: {n}" for n in range(10_000))),
    ),
    Answer(
        "long-header",
        "sends a header of 1 MB",
        lambda content, _: reply(content, f"X: {'x' * 1_000_000}"),
    ),
    Answer(
        "other-npz",
        "sends an npz with pickled objects",
        lambda *_: reply(make_up(40, 20).npz(y_test=np.array([{}] * 20, dtype=object))),
    ),
    Answer(
        "third",
        "has no labels, of four IDX files",
        lambda content, address: (
            reply(status="404 Not Found") if "t10k-labels" in address else reply(content)
        ),
    ),
    Answer(
        "idx-bomb",
        "sends IDX files that unpack to 100 MB",
        lambda *_: reply(gzip.compress(bytes(10**8), 1)),
    ),
)

_STEPS = {answer.way: answer.steps for answer in (GOOD, *ANSWERS)}
# These ways are about a mirror of IDX files.
IDX_WAYS = ("third", "idx-bomb")


@dataclasses.dataclass(frozen=True)
class Addresses:
    """Where the servers listen: each as ``localhost:port``.

    Attributes
    ----------
    usual : str
        The one that everybody trusts; it answers in every way.
    strange, other_name, expired : str
        The same, with a certificate by nobody known, for another host, and out of date.
    plain : str
        The same, without TLS.
    closed : str
        Where nobody listens.
    authority : str
        The file of the authority that is trusted.
    """

    usual: str
    strange: str
    other_name: str
    expired: str
    plain: str
    closed: str
    authority: str

    def mirror(self, way: str, *names: str) -> Mirror:
        """Return the mirror that answers in a certain way."""
        return Mirror(f"https://{self.usual}/{way}/", names or (MNIST.npz_name,))


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads, block_on_close, request_queue_size = True, False, 128

    def __init__(self, content: Mapping[str, bytes], context: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), _Exchange)
        self.content, self.over, self.hits = content, threading.Event(), Counter[str]()
        if context is not None:
            # The handshake takes place in the thread of the connection: nobody waits for another.
            self.socket = context.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )
        self.address = f"localhost:{self.server_address[1]}"

    def handle_error(self, *_: object) -> None:
        """Say nothing: a client that hangs up is what is wanted here."""


class _Exchange(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        asked = self.rfile.readline().decode("latin-1").split()[1]
        while self.rfile.readline().strip():
            pass
        _, way, name = asked.split("/")
        self.server.hits[way] += 1
        content = self.server.content.get(name, b"")
        for step in _STEPS[way](content, f"https://{self.server.address}{asked}"):
            if isinstance(step, bytes):
                self.wfile.write(step)
                self.wfile.flush()
            elif isinstance(step, float):
                self.server.over.wait(step)
            else:
                linger = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                return
            if self.server.over.is_set():
                return


class Servers(NamedTuple):
    """The servers' addresses, and how often each way was asked for."""

    addresses: Addresses
    hits: Counter[str]


@contextlib.contextmanager
def serving(made_up: MadeUp, folder: Path) -> Iterator[Servers]:
    """Serve a data set, as npz and as IDX files, in every way and on loopback only."""
    import trustme

    content = {made_up.dataset.npz_name: made_up.npz(), **made_up.idx()}
    trusted, stranger = trustme.CA(), trustme.CA()
    authority = folder / "authority.pem"
    trusted.cert_pem.write_to_path(str(authority))
    past = datetime.now() - timedelta(days=1)
    certificates = {
        "usual": trusted.issue_cert("localhost"),
        "strange": stranger.issue_cert("localhost"),
        "other_name": trusted.issue_cert("example.org"),
        "expired": trusted.issue_cert("localhost", not_after=past),
    }
    with contextlib.ExitStack() as stack:
        servers = {}
        for name, certificate in certificates.items():
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            certificate.configure_cert(context)
            servers[name] = stack.enter_context(_running(content, context))
        servers["plain"] = stack.enter_context(_running(content, None))
        closed = stack.enter_context(socket.socket())
        closed.bind(("127.0.0.1", 0))  # Nobody else gets the port, and nobody listens.
        yield Servers(
            Addresses(
                **{name: server.address for name, server in servers.items()},
                closed=f"localhost:{closed.getsockname()[1]}",
                authority=os.fspath(authority),
            ),
            servers["usual"].hits,
        )


@contextlib.contextmanager
def _running(content: Mapping[str, bytes], context: ssl.SSLContext | None) -> Iterator[_Server]:
    with _Server(content, context) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.over.set()
            server.shutdown()
            thread.join()
