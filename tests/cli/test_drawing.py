"""cli.drawing: the command that serves the page, opens a browser, and ends by Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import webbrowser

import pytest
import requests

from mnist_zoo.drawing import PageServer


@pytest.fixture
def interrupted(monkeypatch):
    """End the server by Ctrl-C as soon as it serves."""

    def serve_forever(server):
        raise KeyboardInterrupt

    monkeypatch.setattr(PageServer, "serve_forever", serve_forever)


def test_a_browser_is_opened_on_the_address_that_is_printed(run, interrupted, monkeypatch):
    opened, is_open = [], threading.Event()

    def open_browser(address):
        opened.append(address)
        is_open.set()
        return True

    monkeypatch.setattr(webbrowser, "open", open_browser)
    status, out, err = run("draw")
    assert is_open.wait(20)
    assert (status, out) == (0, f"{opened[0]}\n")
    assert opened[0].startswith("http://127.0.0.1:")
    assert "Ctrl-C" in err


def test_without_a_browser_the_address_is_only_printed(run, interrupted, monkeypatch):
    monkeypatch.setattr(webbrowser, "open", None)
    status, out, _ = run("draw", "--no-browser")
    assert status == 0
    assert out.startswith("http://127.0.0.1:")
    assert out.count("\n") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="sends the signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_page_is_served_until_ctrl_c(number):
    command = [sys.executable, "-m", "mnist_zoo", "draw", "--no-browser"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
    ) as process:
        try:
            address = process.stdout.readline().strip()
            assert "Draw a digit" in requests.get(address, timeout=20).text
            process.send_signal(number)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert (process.returncode, out, err) == (0, "", "serving the page; Ctrl-C ends it\n")
    with pytest.raises(requests.ConnectionError):
        requests.get(address, timeout=20)
