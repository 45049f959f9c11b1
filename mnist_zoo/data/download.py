"""Download one file over https, and give up in time where no answer comes."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

if TYPE_CHECKING:
    import requests

# Every mirror has this long to begin its first answer, name look-up included: without a network,
# MNIST's three mirrors have given up after 12 seconds together.
ANSWER_SECONDS = 4.0
# The longest silence in the middle of a file.
READ_SECONDS = 10.0
CHUNK_BYTES = 1 << 16


def download(url: str, path: Path, *, progress: bool) -> None:
    """Download one https address to `path`; raise ``TimeoutError`` if no answer begins in time.

    A connection time-out alone does not bound the wait: it holds for each address of the host,
    and not for the look-up of its name. So the transfer runs in a thread that can be abandoned.
    """
    import pooch

    _refuse_plain_http(url)
    answered, abandoned = threading.Event(), threading.Event()
    errors: list[BaseException] = []
    responses: list[requests.Response] = []

    def on_response(response: requests.Response, *_: Any, **__: Any) -> None:
        responses.append(response)
        if response.is_redirect:
            _refuse_plain_http(urljoin(response.url, response.headers["location"]))
        elif abandoned.is_set():
            raise TimeoutError("the answer came too late")
        else:
            answered.set()

    def transfer() -> None:
        try:
            pooch.HTTPDownloader(
                progressbar=progress,
                chunk_size=CHUNK_BYTES,
                timeout=(ANSWER_SECONDS, READ_SECONDS),
                hooks={"response": on_response},
            )(url, str(path), None)
        except BaseException as error:  # Carried over to the thread that waits.
            errors.append(error)
        finally:
            for response in responses:
                response.close()
            answered.set()

    thread = threading.Thread(target=transfer, name=f"download {url}", daemon=True)
    thread.start()
    if not answered.wait(ANSWER_SECONDS):
        abandoned.set()
        raise TimeoutError(f"no answer within {ANSWER_SECONDS:g} seconds")
    thread.join()
    if errors:
        raise errors[0]


def _refuse_plain_http(url: str) -> None:
    if urlsplit(url).scheme != "https":
        raise OSError(f"refused {url}: only https is used")
