"""Functions that make something wrong before a load: with mirrors, the cache, paths, the machine.

Those that take a :class:`Site` do it; the others return a function that does.
"""

from __future__ import annotations

import contextlib
import io
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from benchmarks.faults.mirrors import GOOD, IDX_WAYS, MadeUp
from benchmarks.faults.sites import Site
from mnist_zoo.data import MNIST, Mirror, download, files
from mnist_zoo.data.cache import TAG, TAG_TEXT

STEM = Path(MNIST.npz_name).stem
# How often a fault is tried that has many places: a bit that is flipped, a length that is left.
TIMES = 48

Prepare = Callable[[Site], None]


# ---- mirrors


def asked(way: str) -> Prepare:
    """Have one mirror, which answers in a certain way."""

    def prepare(site: Site) -> None:
        names = tuple(site.made_up.idx()) if way in IDX_WAYS else ()
        site.mirrors = [site.addresses.mirror(way, *names)]

    return prepare


def at(listener: str, scheme: str = "https") -> Prepare:
    """Have one mirror, at another address."""

    def prepare(site: Site) -> None:
        address = getattr(site.addresses, listener)
        site.mirrors = [Mirror(f"{scheme}://{address}/{GOOD.way}/", (MNIST.npz_name,))]

    return prepare


def setting(name: str, value: str) -> Prepare:
    """Set an environment variable; ``{closed}`` in it is an address where nobody listens."""

    def prepare(site: Site) -> None:
        os.environ[name] = value.format(closed=site.addresses.closed, root=site.root)

    return prepare


def patched(target: Any, name: str, value: Any) -> Prepare:
    """Have a function of Python or of the package replaced while the load runs."""

    def prepare(site: Site) -> None:
        site.during = lambda: mock.patch.object(target, name, value)

    return prepare


def both(*prepares: Prepare) -> Prepare:
    """Do one after the other."""

    def prepare(site: Site) -> None:
        for one in prepares:
            one(site)

    return prepare


def raising(error: BaseException) -> Callable[..., Any]:
    """Return a function that fails."""

    def fail(*_: Any, **__: Any) -> Any:
        raise error

    return fail


def hanging(*_: Any, **__: Any) -> Any:
    """Look up a name for longer than anybody waits."""
    time.sleep(60.0)


def no_name(*_: Any, **__: Any) -> Any:
    """Fail to look up a name, as a machine without a network does."""
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def interrupt(site: Site) -> None:
    """Press Ctrl-C in the middle of a download."""
    asked("stall")(site)

    def press(*_: object) -> None:
        raise KeyboardInterrupt

    @contextlib.contextmanager
    def pressed() -> Iterator[None]:
        signal.signal(signal.SIGALRM, press)
        signal.setitimer(signal.ITIMER_REAL, 0.4)
        yield
        signal.setitimer(signal.ITIMER_REAL, 0.0)

    site.during = pressed


def cache_vanishes(site: Site) -> None:
    """Have somebody delete the cache folder just after the download."""
    fetch = download.download

    def fetch_and_lose(*arguments: Any, **options: Any) -> None:
        fetch(*arguments, **options)
        shutil.rmtree(site.cache)

    patched(download, "download", fetch_and_lose)(site)


# ---- the cache


def kept(site: Site, content: bytes, *, tagged: bool = True) -> None:
    """Put a file into the cache; tagged, if the package made this cache."""
    site.cache.mkdir(exist_ok=True)
    site.file.write_bytes(content)
    if tagged:
        (site.cache / TAG).write_text(TAG_TEXT, encoding="utf-8")


def cached(make: Callable[[MadeUp], bytes], *, tagged: bool = True) -> Prepare:
    """Have a file in the cache."""
    return lambda site: kept(site, make(site.made_up), tagged=tagged)


def in_the_way(make: Callable[[Path], Any], name: str = MNIST.npz_name) -> Prepare:
    """Have something in the cache folder that is no usual file."""

    def prepare(site: Site) -> None:
        site.cache.mkdir(exist_ok=True)
        make(site.cache / name)

    return prepare


def pipe(path: Path) -> None:
    """Make a pipe: who opens it waits for ever."""
    os.mkfifo(path)


def unix_socket(path: Path) -> None:
    """Make a socket. Its path may be short only, so it is moved there."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder, socket.socket(socket.AF_UNIX) as made:
        made.bind(f"{folder}/s")
        os.rename(f"{folder}/s", path)  # noqa: PTH104


def link(to: str) -> Callable[[Path], None]:
    """Make a symbolic link."""
    return lambda path: path.symlink_to(to)


def text(content: bytes) -> Callable[[Path], object]:
    """Make a file."""
    return lambda path: path.write_bytes(content)


def sparse(path: Path) -> None:
    """Make a file of 1 TB, all of it a hole; of 1 GB where no larger file can be."""
    with path.open("wb") as file:
        for size in (1 << 40, 1 << 30):
            with contextlib.suppress(OSError):
                file.truncate(size)
                return


def precious(path: Path) -> None:
    """Make a link to a file, beside the cache, that must not be touched."""
    other = path.parent.parent / "precious.txt"
    other.write_text("precious", encoding="utf-8")
    path.symlink_to(other)


def precious_folder(path: Path) -> None:
    """Make a link to a folder, beside the cache, that must not be touched."""
    other = path.parent.parent / "precious"
    other.mkdir()
    (other / "thesis.txt").write_text("precious", encoding="utf-8")
    path.symlink_to(other)


def stale(path: Path) -> None:
    """Make a working folder that a killed process left."""
    (path / "mirror").mkdir(parents=True)
    (path / "mirror" / MNIST.npz_name).write_bytes(b"half")


def of_the_future(path: Path) -> None:
    """Make a note of failure that is from the future."""
    path.write_text("every mirror was down", encoding="utf-8")
    os.utime(path, (2e9, 2e9))


def flipped(site: Site) -> None:
    """Flip one bit of the cached file; the number of the repetition chooses it."""
    content = bytearray(site.made_up.npz())
    rng = np.random.default_rng(site.number)
    content[rng.integers(len(content))] ^= 1 << int(rng.integers(8))
    kept(site, bytes(content))


def shortened(site: Site) -> None:
    """Cut the cached file."""
    content = site.made_up.npz()
    kept(site, content[: len(content) * site.number // TIMES])


def npz_bomb(made_up: MadeUp) -> bytes:
    """Return a small npz whose arrays unpack to 100 MB."""
    with io.BytesIO() as packed:
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for spec in made_up.dataset.arrays:
                with archive.open(f"{spec.key}.npy", "w") as member:
                    header = {"descr": "|u1", "fortran_order": False, "shape": spec.shape}
                    np.lib.format.write_array_header_1_0(member, header)
                    for _ in range(25):
                        member.write(bytes(1_000_000))
        return packed.getvalue()


class _Payload:
    """An object that runs a program when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, (str(Path(os.environ["HOME"]).with_name("the-pickle-ran")),))


def pickled(made_up: MadeUp) -> bytes:
    """Return an npz whose labels are an object that makes a folder when it is unpickled."""
    return made_up.npz(y_test=np.array([_Payload()] * 20, dtype=object))


def repacked(made_up: MadeUp, change: Callable[[bytes], bytes]) -> bytes:
    """Return the npz with the header of one array changed."""
    with io.BytesIO() as packed:
        with (
            zipfile.ZipFile(io.BytesIO(made_up.npz())) as source,
            zipfile.ZipFile(packed, "w") as archive,
        ):
            for name in source.namelist():
                content = source.read(name)
                archive.writestr(name, change(content) if name == "y_test.npy" else content)
        return packed.getvalue()


def with_code(content: bytes) -> bytes:
    """Put an expression that would run a program into the header of an array."""
    return content.replace(b"'shape': (20,), ", b"'shape': exit(),")


def denied(mode: int, *, folder: bool) -> Prepare:
    """Take permissions off the cached file, or off its folder."""

    def prepare(site: Site) -> None:
        kept(site, site.made_up.npz())
        (site.cache if folder else site.file).chmod(mode)
        site.nobody = True

    return prepare


def read_only(site: Site) -> None:
    """Have an empty cache folder that nobody may write to."""
    site.cache.mkdir()
    site.cache.chmod(0o555)
    site.nobody = True


def foreign(site: Site) -> None:
    """Have the user's own files in the folder, under the names of the data set's."""
    site.cache.mkdir()
    for name in (*site.made_up.idx(), MNIST.npz_name):
        (site.cache / name).write_bytes(b"the user's own " + name.encode())


def reader_fails(error: BaseException) -> Prepare:
    """Have a right file in the cache, and a disk that cannot read it."""
    return both(cached(MadeUp.npz), patched(files, "_read_member", raising(error)), no_mirror)


def no_mirror(site: Site) -> None:
    """Have nowhere to download from."""
    site.mirrors = ()


def lock_is_held(site: Site) -> None:
    """Have the lock held by a process that is stopped."""
    site.cache.mkdir()
    program = (
        "import filelock, sys, time; lock = filelock.FileLock(sys.argv[1]); lock.acquire(); "
        "print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", program, str(site.cache / f"{STEM}.lock")], stdout=subprocess.PIPE
    )
    site.helpers.append(holder)
    if holder.stdout is None or holder.stdout.readline() != b"held\n":
        raise RuntimeError("the lock could not be taken")
    holder.send_signal(signal.SIGSTOP)
    vars(download)["TOTAL_SECONDS"] = 1.0


# ---- paths and the machine


def cache_dir(value: str) -> Prepare:
    """Give another `cache_dir`; ``{root}`` in it is the site's folder."""

    def prepare(site: Site) -> None:
        (site.root / "a-file").write_text("precious", encoding="utf-8")
        site.cache_dir = value.format(root=site.root)

    return prepare


def pointed(make: Callable[[Path], Any], name: str = "pointed.npz") -> Prepare:
    """Point the environment variable at something."""

    def prepare(site: Site) -> None:
        make(site.root / name)
        os.environ[str(MNIST.pointer)] = str(site.root / name)

    return prepare


def pointed_npz(**changes: Callable[[np.ndarray[Any, Any]], Any]) -> Prepare:
    """Point the environment variable at an npz with other arrays."""

    def prepare(site: Site) -> None:
        arrays = {name: change(site.made_up.arrays[name]) for name, change in changes.items()}
        pointed(text(site.made_up.npz(**arrays)))(site)

    return prepare


def pointed_content(make: Callable[[MadeUp], bytes]) -> Prepare:
    """Point the environment variable at a file."""
    return lambda site: pointed(text(make(site.made_up)))(site)


def masked(mask: int) -> Prepare:
    """Set the mask of the permissions of new files; it must hold for the cached file too."""

    def prepare(site: Site) -> None:
        os.umask(mask)
        site.during = lambda: _mode_kept(site, 0o666 & ~mask)

    return prepare


@contextlib.contextmanager
def _mode_kept(site: Site, mode: int) -> Iterator[None]:
    yield
    found = site.file.stat().st_mode & 0o777
    if found != mode:
        raise PermissionError(f"the cached file has the permissions {found:o}, not {mode:o}")


def no_files(site: Site) -> None:
    """Allow the process no more open files than it has."""
    kept(site, site.made_up.npz())

    @contextlib.contextmanager
    def limited() -> Iterator[None]:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    site.during, site.warm = limited, True


def gone(site: Site) -> None:
    """Work in a folder that has been deleted, and give a relative `cache_dir`."""
    folder = site.root / "gone"
    folder.mkdir()
    os.chdir(folder)
    folder.rmdir()
    site.cache_dir = "cache"


def nowhere_to_write(site: Site) -> None:
    """Have neither a cache nor a temporary folder that can be written to."""
    read_only(site)
    site.temporary.rmdir()
    patched(tempfile, "_candidate_tempdir_list", lambda: [str(site.temporary)])(site)
