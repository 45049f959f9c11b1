"""The command that opens the page on which one draws a digit."""

from __future__ import annotations

import contextlib
import threading
import webbrowser

import click

import mnist_zoo
from mnist_zoo.cli import terminal


@click.option("--no-browser", is_flag=True, help="Print the address, and open no browser.")
def draw(no_browser: bool) -> None:
    """Draw a digit in the browser.

    A model reads it while you draw. The page is served to this machine alone, until Ctrl-C.
    """
    with mnist_zoo.drawing.PageServer() as server, contextlib.suppress(KeyboardInterrupt):
        terminal.show(None, False, server.address)
        terminal.say("serving the page; Ctrl-C ends it")
        if not no_browser:
            # In a thread, as some browsers return only when they are closed.
            threading.Thread(target=webbrowser.open, args=(server.address,), daemon=True).start()
        server.serve_forever()
