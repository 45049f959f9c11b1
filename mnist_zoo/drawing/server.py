"""A server of the page, for the browser of this machine alone."""

from __future__ import annotations

import secrets
import socketserver
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any

from mnist_zoo.drawing.files import FIRST, page_files
from mnist_zoo.errors import MnistZooError

# Sent with every answer. What the page itself may load, its own first lines say.
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class PageServer(socketserver.ThreadingTCPServer):
    """Serve the page on which one draws a digit, on a free port of this machine alone.

    Requests need the random token that is in the address, and the address as their host. So other
    pages in the browser cannot use the server. Other users of the machine would have to see the
    address, which is in the list of processes while a browser opens it.

    See Also
    --------
    write_page : Writes the same page into a folder.

    Examples
    --------
    In a program that does something else as well, serve in a thread; ``serve_forever()`` alone
    serves until Ctrl-C.

    >>> import threading
    >>> from urllib.request import urlopen
    >>> from mnist_zoo.drawing import PageServer
    >>> with PageServer() as server:
    ...     threading.Thread(target=server.serve_forever, daemon=True).start()
    ...     with urlopen(server.address) as answer:
    ...         b"Draw a digit" in answer.read()
    ...     server.shutdown()
    True
    """

    daemon_threads = True
    request_queue_size = 32

    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(16)
        self.files = page_files()
        # Not http.server.HTTPServer, which looks the name of the machine up: that may take long.
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def host(self) -> str:
        """The number of the machine and of the port."""
        return "{}:{}".format(*self.server_address)

    @property
    def address(self) -> str:
        """The address to open in a browser, with the token."""
        return f"http://{self.host}/{self.token}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print what went wrong, unless a browser only hung up.

        Parameters
        ----------
        request : socket.socket
            The connection.
        client_address : tuple
            From where.
        """
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """Answers GET; every other method is refused by the class that it is made of."""

    server: PageServer
    timeout = 10  # Seconds for which a connection may be silent.
    server_version, sys_version = "mnist-zoo", ""

    def do_GET(self) -> None:
        token, slash, name = self.path.partition("?")[0].removeprefix("/").partition("/")
        is_known = secrets.compare_digest(token.encode(), self.server.token.encode())
        if not is_known or self.headers.get_all("Host") != [self.server.host]:
            self.send_error(HTTPStatus.FORBIDDEN, "Open the address that mnist-zoo draw printed")
            return
        if not slash:  # The page would look for its files beside the folder that it is in.
            self.send_response(HTTPStatus.MOVED_PERMANENTLY)
            self.send_header("Location", self.server.address)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        # Names are looked up in a table, so that no other file can be had.
        file = self.server.files.get(name or FIRST)
        if file is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        try:
            content = file.content()
        except (MnistZooError, OSError) as error:
            self.send_error(HTTPStatus.INTERNAL_SERVER_ERROR, explain=str(error))
            return
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", file.type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def end_headers(self) -> None:
        for name, value in HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Print nothing for a request."""
