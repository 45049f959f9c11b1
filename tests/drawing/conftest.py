"""What the tests of the page share: a server of it, and requests to it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from mnist_zoo.drawing import PageServer


@pytest.fixture
def served() -> Iterator[PageServer]:
    with PageServer() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
