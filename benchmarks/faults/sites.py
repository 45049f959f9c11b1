"""A place of its own for each fault, and what a load does there.

Everything here runs in a process of its own, which a fault may spoil as it likes.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
import subprocess
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from benchmarks.faults.mirrors import Addresses, MadeUp
from mnist_zoo.data import Mirror, Mnist, download, load_dataset

# The bounds of the loader while the faults are tried. They are shorter than those in use, so that
# the faults take minutes and not hours.
BOUNDS = {
    "TOTAL_SECONDS": 6.0,
    "ANSWER_SECONDS": 2.0,
    "READ_SECONDS": 1.0,
    "RATE_SECONDS": 1.0,
}
# No call may take longer than this: the whole search, and what the machine needs beside it.
LIMIT = BOUNDS["TOTAL_SECONDS"] + 6.0
# The user and group that own nothing, on all usual systems.
NOBODY = 65534
# So many characters of a message are kept.
WORDS = 200
DIGITS = "digits"
WRONG = "wrong digits"

# How a reason begins in the list that an error has, and the reasons that only say "not there".
LIST_ITEM = "  - "
NOT_THERE = ("no such file or folder", "holds neither", ": not set")

# What is another number, or another name, in every run.
RANDOM = r"(?<=port=)\d+|(?<=broken-)\d+|(?<= at )0x[0-9a-f]+|(?<=tmp/mnist-zoo-)\w+"

# By path: what is there.
Snapshot = dict[str, str]
FOLDER = f"kind {stat.S_IFDIR:o}"


@dataclass
class Site:
    """Where a fault takes place. A fault's function changes what it likes.

    Attributes
    ----------
    root : Path
        A folder of its own. Everything that the load may touch is in it.
    addresses : Addresses
        The servers.
    made_up : MadeUp
        The data set.
    number : int
        Which of the repetitions this is.
    mirrors : sequence of Mirror
        The mirrors; by default one that delivers.
    cache_dir : Path or str
        The argument of the load.
    nobody : bool
        Whether the load runs as a user that owns nothing, if the program may choose.
    warm : bool
        Whether a load elsewhere comes first, so that every module is imported already.
    during : callable
        Gives a context in which the load runs.
    helpers : list of Popen
        Processes of the fault, which are ended afterwards.
    """

    root: Path
    addresses: Addresses
    made_up: MadeUp
    number: int = 0
    mirrors: Sequence[Mirror] = ()
    cache_dir: Path | str = ""
    nobody: bool = False
    warm: bool = False
    during: Callable[[], contextlib.AbstractContextManager[Any]] = contextlib.nullcontext
    helpers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def cache(self) -> Path:
        """The cache folder, unless a fault chooses another."""
        return self.root / "cache"

    @property
    def file(self) -> Path:
        """The file in the cache."""
        return self.cache / self.made_up.dataset.npz_name

    @property
    def temporary(self) -> Path:
        """The folder for temporary files."""
        return self.root / "tmp"


class Outcome(NamedTuple):
    """How a call ended.

    Attributes
    ----------
    kind : str
        ``"digits"``, ``"wrong digits"``, or the name of the error's class.
    text : str
        Where the digits are from, or what the error and the warnings say.
    seconds : float
        How long it took.
    """

    kind: str
    text: str
    seconds: float


def prepare_process(site: Site) -> None:
    """Give this process the site's folders, the short bounds, and no other settings."""
    for name in list(os.environ):
        if name.upper().endswith("_PROXY") or name == site.made_up.dataset.pointer:
            del os.environ[name]
    folders = {"KERAS_HOME": "keras", "HOME": "home", "XDG_CACHE_HOME": "caches", "TMPDIR": "tmp"}
    os.environ.update({name: str(site.root / folder) for name, folder in folders.items()})
    os.environ["REQUESTS_CA_BUNDLE"] = site.addresses.authority
    site.temporary.mkdir(exist_ok=True)
    tempfile.tempdir = None
    os.umask(0o022)
    for name, seconds in BOUNDS.items():
        setattr(download, name, seconds)
    # By default its lock is one between processes, which a killed process cannot give back.
    tqdm.set_lock(threading.RLock())


def attempt(site: Site) -> Outcome:
    """Load once, and say how it ended; the digits are compared with what they should be."""
    dataset = replace(site.made_up.dataset, mirrors=tuple(site.mirrors))
    started = time.monotonic()
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            with site.during():
                loaded = load_dataset(dataset, cache_dir=site.cache_dir, progress=False)
        except BaseException as error:  # Whatever it is, it is what the program did.
            kind, text = type(error).__name__, told(error)
        else:
            right = same(loaded, site.made_up)
            kind, text = DIGITS if right else WRONG, f"from {loaded.origin}"
    seconds = time.monotonic() - started
    said = "".join(f"; warning: {one.message}" for one in warned if one.category is UserWarning)
    return Outcome(kind, anonymous(text + said, site), seconds)


def same(loaded: Mnist, made_up: MadeUp) -> bool:
    """Say whether the digits are those that they should be."""
    arrays = made_up.arrays
    return all(
        np.array_equal(found.x, arrays[x] / np.float32(255)) and np.array_equal(found.y, arrays[y])
        for found, x, y in (
            (loaded.train, "x_train", "y_train"),
            (loaded.test, "x_test", "y_test"),
        )
    )


def told(error: BaseException) -> str:
    """Return what an error says: of a list of reasons, those that say more than "not there"."""
    message = str(error).split("\nWhat you can do:")[0]
    if LIST_ITEM not in message:
        return message
    reasons = [line.removeprefix(LIST_ITEM) for line in message.splitlines()[1:]]
    telling = [reason for reason in reasons if not any(words in reason for words in NOT_THERE)]
    return "; ".join(telling or reasons[-1:])


def anonymous(text: str, site: Site) -> str:
    """Take paths, ports and times of this machine out of a message."""
    for address in (getattr(site.addresses, name) for name in site.addresses.__dataclass_fields__):
        text = text.replace(str(address), "MIRROR")
    for folder in (site.root, site.root.parent):
        text = text.replace(f"{folder}/", "").replace(str(folder), ".")
    return re.sub(RANDOM, "...", text)


def shortened_text(message: str) -> str:
    """Return the first words of a message."""
    message = " ".join(message.split())
    return message if len(message) <= WORDS else f"{message[:WORDS].rsplit(' ', 1)[0]} ..."


def snapshot(root: Path) -> Snapshot:
    """Describe everything in a folder: content of files, targets of links, kind of the rest."""
    return dict(_described(root, root))


def _described(folder: Path, root: Path) -> Iterator[tuple[str, str]]:
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return
    for path in entries:
        yield str(path.relative_to(root)), _description(path)
        if path.is_dir() and not path.is_symlink():
            yield from _described(path, root)


def _description(path: Path) -> str:
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return f"link to {path.readlink()}"
    if not stat.S_ISREG(mode):
        return f"kind {stat.S_IFMT(mode):o}"
    if path.stat().st_size > 1 << 30:
        return f"{path.stat().st_size} bytes"
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return "not readable"


def become_nobody(site: Site) -> None:
    """Give the site to a user that owns nothing else, and go on as that user."""
    if os.geteuid() != 0:
        return
    for path in (site.root, *site.root.rglob("*")):
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


def broken_rules(before: Snapshot, after: Snapshot, stem: str, leaves: Sequence[str]) -> list[str]:
    """Say what a load did to files that it must not touch, and what it left.

    In its cache folder it may write the data set, its tag, its lock and a note of failure. It may
    sweep its working folder, replace an old note, and set a broken file aside under another name.
    """
    cache, working, note = "cache", f"cache/{stem}.part", f"cache/{stem}.failure"
    ours = {cache, note, f"cache/{stem}.npz", f"cache/{stem}.lock", "cache/CACHEDIR.TAG"}
    aside = {content for path, content in after.items() if ".broken-" in path}
    swept = (working, f"{working}/") if before.get(working) == FOLDER else ()
    allowed = (f"cache/{stem}.npz.broken-", *leaves)
    changed = [path for path, content in before.items() if after.get(path) != content]
    added = after.keys() - before.keys() - ours
    return [
        f"changed {path}"
        for path in changed
        if path != note and not path.startswith(swept) and before[path] not in aside
    ] + [f"left {path}" for path in sorted(added) if not path.startswith(allowed)]
