"""The example of a server reads for many clients at once, and bounds what each may cost."""

from __future__ import annotations

import asyncio
import importlib.util
import io
import socket
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

httpx = pytest.importorskip("httpx")
uvicorn = pytest.importorskip("uvicorn")
pytest.importorskip("fastapi")

# They need what only the extra `dev` installs.
pytestmark = pytest.mark.slow

EXAMPLE = Path(__file__).parent.parent / "examples" / "serve.py"


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("serve", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def address(example):
    """The address of the example, which runs in a thread of its own."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(example.app, log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/read"
    server.should_exit = True
    thread.join()
    listening.close()


def picture(digits):
    """A PNG of digits side by side, black on white."""
    row = np.concatenate(list(digits), axis=1)
    file = io.BytesIO()
    Image.fromarray(np.uint8(255 - 255 * row)).resize((4 * row.shape[1], 112)).save(file, "PNG")
    return file.getvalue()


def test_32_clients_at_once_get_each_the_reading_of_their_own_picture(address, sample):
    async def ask_all():
        async with httpx.AsyncClient(timeout=60) as client:
            pictures = [picture(sample.test.x[n : n + 1]) for n in range(96)]
            limit = asyncio.Semaphore(32)

            async def ask(content):
                async with limit:
                    return await client.post(address, content=content)

            return await asyncio.gather(*map(ask, pictures))

    answers = asyncio.run(ask_all())
    assert {answer.status_code for answer in answers} == {200}
    read = np.array([answer.json()["text"] for answer in answers])
    assert (read == sample.test.y[:96].astype(str)).mean() > 0.95


def test_what_is_no_picture_is_an_error_of_the_client(address):
    answer = httpx.post(address, content=b"no picture")
    assert answer.status_code == 422
    assert "picture" in answer.json()["detail"]


def test_a_picture_of_too_many_bytes_is_refused(address, example, monkeypatch):
    monkeypatch.setattr(example, "MOST_BYTES", 1000)
    answer = httpx.post(address, content=b"0" * 2000)
    assert answer.status_code == 413


def test_a_client_that_sends_nothing_is_not_waited_for(address, example, monkeypatch):
    monkeypatch.setattr(example, "MOST_SECONDS", 0.05)
    server = httpx.URL(address)
    with socket.create_connection((server.host, server.port), timeout=60) as client:
        client.sendall(b"POST /read HTTP/1.1\r\nHost: here\r\nContent-Length: 100\r\n\r\nbegun")
        assert client.recv(1000).startswith(b"HTTP/1.1 408 ")


def test_more_pictures_than_may_wait_are_refused(address, example, monkeypatch):
    monkeypatch.setattr(example, "waiting", asyncio.Semaphore(0))
    assert httpx.post(address, content=b"").status_code == 503
