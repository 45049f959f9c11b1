"""Where MNIST comes from: the places looked at, in their order, and the mirrors after them.

Downloads are finished, verified and only then moved into the cache, under a lock: a process
sees a whole file or none, and processes that start together make one download between them.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urljoin, urlsplit

import platformdirs

from mnist_zoo import archives
from mnist_zoo._checks import ChecksumError
from mnist_zoo.archives import Arrays, ArraySpec

if TYPE_CHECKING:
    import requests

POINTER = "MNIST_ZOO_DATA"


class Mirror(NamedTuple):
    """A folder on the web, and the files in it that together hold MNIST."""

    url: str
    files: tuple[str, ...]


IDX_FILES = tuple(f"{spec.idx_name}.gz" for spec in archives.MNIST)
MIRRORS = (
    Mirror("https://storage.googleapis.com/tensorflow/tf-keras-datasets/", (archives.NPZ_NAME,)),
    Mirror("https://ossci-datasets.s3.amazonaws.com/mnist/", IDX_FILES),
    Mirror("https://storage.googleapis.com/cvdf-datasets/mnist/", IDX_FILES),
)

# Every mirror has this long to begin its first answer, name look-up included: with no network
# the three together have given up after 12 seconds.
ANSWER_SECONDS = 4.0
# The longest silence in the middle of a file.
READ_SECONDS = 10.0
CHUNK_BYTES = 1 << 16


class MnistUnavailableError(OSError):
    """MNIST is in none of the places looked at, and no mirror could deliver it."""


class Found(NamedTuple):
    """The verified arrays, and the file, folder or URL they were read from."""

    arrays: Arrays
    origin: str


def default_cache_dir() -> Path:
    """Return the folder for cached data of this package, as the operating system has it."""
    return platformdirs.user_cache_path("mnist-zoo")


def keras_cache_file() -> Path:
    """Return the file in which ``keras.datasets.mnist`` keeps its copy."""
    home = os.environ.get("KERAS_HOME") or Path.home() / ".keras"
    return archives.as_path(home) / "datasets" / archives.NPZ_NAME


def find(
    cache_dir: Path,
    *,
    progress: bool,
    mirrors: tuple[Mirror, ...] = MIRRORS,
    specs: tuple[ArraySpec, ...] = archives.MNIST,
) -> Found:
    """Find MNIST: where ``$MNIST_ZOO_DATA`` points, in a cache, or on a mirror.

    Raises
    ------
    MnistUnavailableError
        If it is nowhere to be had; the message names every place and mirror with its reason.
    ChecksumError
        If what ``$MNIST_ZOO_DATA`` points at is not MNIST. It is left as it is.
    """
    pointed = os.environ.get(POINTER)
    if pointed:
        return _read_pointed(archives.as_path(pointed), specs)

    waiting_since = time.time()
    reasons: list[str] = []
    for place in (cache_dir, keras_cache_file()):
        try:
            return Found(archives.read(place, specs), str(place))
        except OSError as error:
            reasons.append(str(error))
        except ChecksumError as error:
            reasons.append(str(error))
            if place == cache_dir:  # Keras's cache is Keras's: not ours to tidy.
                _set_aside_broken(cache_dir, specs)
    with _lock(cache_dir):
        # While this process waited for the lock another may have finished the download, or
        # found that it cannot be done: then there is no point in waiting for it once more.
        with contextlib.suppress(OSError, ChecksumError):
            return Found(archives.read(cache_dir, specs), str(cache_dir))
        failure = cache_dir / "mnist.failure"
        if failure.exists() and failure.stat().st_mtime > waiting_since:
            raise MnistUnavailableError(failure.read_text(encoding="utf-8"))
        for mirror in mirrors:
            try:
                arrays = _download(mirror, specs, progress=progress)
            except Exception as error:  # Whatever ails one mirror, the next may be well.
                reasons.append(f"{mirror.url}: {_reason(error)}")
                continue
            _store(cache_dir, arrays)
            return Found(arrays, mirror.url)
        message = _unavailable(cache_dir, reasons)
        with contextlib.suppress(OSError):
            failure.write_text(message, encoding="utf-8")
        raise MnistUnavailableError(message)


def _read_pointed(path: Path, specs: tuple[ArraySpec, ...]) -> Found:
    """Read what the user pointed at. It is the user's: never moved, never replaced by another."""
    advice = f"{POINTER} points there: mend the path or the file, or unset {POINTER}"
    try:
        return Found(archives.read(path, specs), str(path))
    except ChecksumError as error:
        raise ChecksumError(f"{error}. {advice}.") from error
    except OSError as error:
        raise MnistUnavailableError(f"{error}. {advice}.") from error


def _set_aside_broken(folder: Path, specs: tuple[ArraySpec, ...]) -> None:
    """Move broken cache files out of the way, keeping them for whoever wants to know why."""
    with _lock(folder):
        try:
            archives.read(folder, specs)  # Another process may have put a whole one there.
        except OSError:
            return
        except ChecksumError as error:
            for file in archives.data_files(folder, specs):
                aside = file.with_name(f"{file.name}.broken-{time.time_ns()}")
                # A folder that cannot be written stays as it is.
                with contextlib.suppress(OSError):
                    file.rename(aside)
                    warnings.warn(f"{error}. It was set aside as {aside.name}.", stacklevel=4)


@contextlib.contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Hold the cache's lock; where the folder cannot be written, there is nothing to guard."""
    import filelock

    lock = filelock.FileLock(folder / "mnist.lock")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError:
        yield
        return
    try:
        yield
    finally:
        lock.release()


def _store(folder: Path, arrays: Arrays) -> None:
    """Write the cache file under another name, then move it into place in one step."""
    try:
        descriptor, name = tempfile.mkstemp(prefix="mnist-", suffix=".part", dir=folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                archives.write_npz(file, arrays)
            os.replace(name, folder / archives.NPZ_NAME)
        except BaseException:
            Path(name).unlink()
            raise
    except OSError as error:
        warnings.warn(
            f"MNIST was downloaded, but no copy could be kept in {folder} ({error}): "
            "the next start will download it again",
            stacklevel=2,
        )


def _download(mirror: Mirror, specs: tuple[ArraySpec, ...], *, progress: bool) -> Arrays:
    with tempfile.TemporaryDirectory(prefix="mnist-zoo-") as folder:
        for name in mirror.files:
            _fetch(urljoin(mirror.url, name), Path(folder) / name, progress=progress)
        return archives.read(Path(folder), specs)


def _fetch(url: str, path: Path, *, progress: bool) -> None:
    """Download one https address to `path`, giving up if no answer begins in time.

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


def _reason(error: Exception) -> str:
    """Say in one line why a mirror failed: the innermost reason that requests wraps."""
    cause = getattr(error.args[0], "reason", error) if error.args else error
    return f"{type(cause).__name__}: {cause}".replace("\n", " ")


def _unavailable(cache_dir: Path, reasons: list[str]) -> str:
    tried = "\n".join(f"  - {reason}" for reason in (f"${POINTER}: not set", *reasons))
    return (
        f"MNIST could not be found or downloaded. Tried, in this order:\n{tried}\n"
        "Three ways out:\n"
        f"  - point {POINTER} at a copy: an mnist.npz, or a folder with the four IDX files;\n"
        f"  - copy such a file or files into {cache_dir};\n"
        '  - load_mnist(source="sample"): 5,000 real digits that need no network '
        "(pip install 'mnist-zoo[sample]')."
    )
