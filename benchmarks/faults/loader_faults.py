"""The table of the loader's faults: what is wrong, what makes it so, and how a load may end."""

from __future__ import annotations

import errno
import os
import pickle
import socket
import threading
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.faults.mirrors import ANSWERS, MadeUp
from benchmarks.faults.preparing import (
    STEM,
    TIMES,
    Prepare,
    asked,
    at,
    both,
    cache_dir,
    cache_vanishes,
    cached,
    denied,
    flipped,
    foreign,
    gone,
    hanging,
    in_the_way,
    interrupt,
    link,
    lock_is_held,
    masked,
    no_files,
    no_name,
    nowhere_to_write,
    npz_bomb,
    of_the_future,
    patched,
    pickled,
    pipe,
    pointed,
    pointed_content,
    pointed_npz,
    precious,
    precious_folder,
    raising,
    read_only,
    reader_fails,
    repacked,
    setting,
    shortened,
    sparse,
    stale,
    text,
    unix_socket,
    with_code,
)
from benchmarks.faults.sites import DIGITS
from mnist_zoo.data import MNIST, files
from mnist_zoo.data.cache import TAG

UNAVAILABLE = "MnistUnavailableError"
CHECKSUM = "ChecksumError"
INPUT_OUTPUT = OSError(errno.EIO, os.strerror(errno.EIO))
NO_THREAD = RuntimeError("can't start new thread")
# Names in the cache folder.
NOTE, WORKING, LOCK = f"{STEM}.failure", f"{STEM}.part", f"{STEM}.lock"
LONG_NAME = 300 * "x"


class Fault(NamedTuple):
    """Something that is wrong when a load begins.

    Attributes
    ----------
    done : str
        What is wrong.
    prepare : callable
        Makes it so.
    expected : tuple of str
        How the load may end: ``"digits"``, or names of exceptions.
    then_good : bool
        Whether the load is repeated with another mirror, which delivers, after the first.
    times : int
        How often it is tried.
    leaves : tuple of str
        What may be left, beside what is kept in a cache.
    """

    done: str
    prepare: Prepare
    expected: tuple[str, ...] = (DIGITS,)
    then_good: bool = False
    times: int = 1
    leaves: tuple[str, ...] = ()


FAULTS: tuple[Fault, ...] = (
    *(
        Fault(f"the mirror {answer.what}", asked(answer.way), (UNAVAILABLE,), then_good=True)
        for answer in ANSWERS
    ),
    Fault("nobody listens at the mirror's address", at("closed"), (UNAVAILABLE,), True),
    Fault("the certificate is by nobody known", at("strange"), (UNAVAILABLE,), True),
    Fault("the certificate is for another host", at("other_name"), (UNAVAILABLE,), True),
    Fault("the certificate is out of date", at("expired"), (UNAVAILABLE,), True),
    Fault("the mirror does not speak TLS", at("plain"), (UNAVAILABLE,), True),
    Fault("the mirror's address is http", at("plain", "http"), (UNAVAILABLE,), True),
    Fault("no host has a name", patched(socket, "getaddrinfo", no_name), (UNAVAILABLE,)),
    Fault("looking up a name hangs", patched(socket, "getaddrinfo", hanging), (UNAVAILABLE,)),
    Fault("the proxy is down", setting("HTTPS_PROXY", "http://{closed}"), (UNAVAILABLE,)),
    Fault(
        "the file of authorities is missing",
        setting("REQUESTS_CA_BUNDLE", "{root}/none.pem"),
        (UNAVAILABLE,),
    ),
    Fault("Ctrl-C during a download", interrupt, ("KeyboardInterrupt",)),
    Fault("the cache folder is deleted during a download", cache_vanishes, (UNAVAILABLE,)),
    Fault("one bit of the cached file is flipped", flipped, times=TIMES),
    Fault("the cached file is cut", shortened, times=TIMES),
    Fault("the cached file is empty", cached(lambda _: b"")),
    Fault("the cached file is a web page", cached(lambda _: b"<html>Log in</html>")),
    Fault(
        "the cached file has other digits",
        cached(lambda made_up: made_up.npz(y_test=made_up.arrays["y_test"][::-1])),
    ),
    Fault("the cached file has pickled objects, which would make a folder", cached(pickled)),
    Fault("the cached file is a pickle", cached(lambda _: pickle.dumps([1]))),
    Fault("the cached file is a bomb: 100 KB that unpack to 100 MB", cached(npz_bomb)),
    Fault(
        "the cached file has code in the header of an array",
        cached(lambda made_up: repacked(made_up, with_code)),
    ),
    Fault(
        "the cached file has bytes after the end of an array",
        cached(lambda made_up: repacked(made_up, lambda content: content + b"more")),
    ),
    Fault("a file of 1 TB is in the place of the cached one", in_the_way(sparse)),
    Fault("a pipe is in the place of the cached file", in_the_way(pipe)),
    Fault("a socket is in the place of the cached file", in_the_way(unix_socket)),
    Fault("a folder is in the place of the cached file", in_the_way(Path.mkdir)),
    Fault("a link to nowhere is in the place of the cached file", in_the_way(link("nowhere"))),
    Fault("a link to itself is in the place of the cached file", in_the_way(link(MNIST.npz_name))),
    Fault("a link to /dev/zero is in the place of the cached file", in_the_way(link("/dev/zero"))),
    Fault("a link to another file is in the place of the cached one", in_the_way(precious)),
    Fault("the cached file may not be read", denied(0o000, folder=False)),
    Fault("the cache folder may not be opened", denied(0o000, folder=True)),
    Fault("the cache folder may not be written to", read_only),
    Fault(
        "neither the cache nor a temporary folder can be written to",
        nowhere_to_write,
        ("FileNotFoundError",),
    ),
    Fault("the user's own files have the names of the data set's", foreign),
    Fault(
        "the user's own broken file has the name of the cached one",
        cached(lambda _: b"mine", tagged=False),
    ),
    Fault("a note of failure is from the future", in_the_way(of_the_future, NOTE)),
    Fault("a note of failure is not text", in_the_way(text(b"\xff\xfe\0"), NOTE)),
    Fault(
        "a note of failure is a link to another file",
        both(asked("500"), in_the_way(precious, NOTE)),
        (UNAVAILABLE,),
        True,
    ),
    Fault(
        "a note of failure is a folder",
        both(asked("500"), in_the_way(Path.mkdir, NOTE)),
        (UNAVAILABLE,),
        True,
    ),
    Fault("a killed process left its working folder", in_the_way(stale, WORKING)),
    Fault("the working folder is a file", in_the_way(text(b"mine"), WORKING)),
    Fault("the working folder is a link to another folder", in_the_way(precious_folder, WORKING)),
    Fault("the lock is held by a stopped process", lock_is_held, (UNAVAILABLE,)),
    Fault("the lock is a folder", in_the_way(Path.mkdir, LOCK)),
    Fault("the lock is a link to another file", in_the_way(precious, LOCK)),
    Fault("the lock is a link to nowhere", in_the_way(link("nowhere/at/all"), LOCK)),
    Fault("the cache's tag is a folder", in_the_way(Path.mkdir, TAG)),
    Fault("reading fails: input/output error", reader_fails(INPUT_OUTPUT), (UNAVAILABLE,)),
    Fault("reading fails: out of memory", reader_fails(MemoryError()), ("MemoryError",)),
    Fault("writing fails: input/output error", patched(files, "write_npz", raising(INPUT_OUTPUT))),
    Fault("no more files can be opened", no_files, (UNAVAILABLE,), leaves=(f"cache/{WORKING}",)),
    Fault(
        "the file is in the cache, and no thread can be started",
        both(cached(MadeUp.npz), patched(threading.Thread, "start", raising(NO_THREAD))),
    ),
    Fault(
        "no thread can be started for a download",
        patched(threading.Thread, "start", raising(NO_THREAD)),
        (UNAVAILABLE,),
    ),
    Fault("cache_dir is a file", cache_dir("{root}/a-file"), ("NotADirectoryError",)),
    Fault("cache_dir is in a file", cache_dir("{root}/a-file/cache")),
    Fault("cache_dir is too long a name", cache_dir("{root}/" + LONG_NAME)),
    Fault("cache_dir has a zero byte", cache_dir("{root}/a\0b"), ("ValueError",)),
    Fault(
        "cache_dir is in the home folder of nobody",
        cache_dir("~nobody-here/cache"),
        (DIGITS, "OSError", "ValueError", UNAVAILABLE),
    ),
    Fault("cache_dir is relative, and the working directory was deleted", gone),
    Fault("cache_dir is in /proc, where nobody can write", cache_dir("/proc/mnist-zoo")),
    Fault(
        "KERAS_HOME is in the home folder of nobody", setting("KERAS_HOME", "~nobody-here/keras")
    ),
    Fault(
        "KERAS_HOME is a file",
        both(cache_dir("{root}/cache"), setting("KERAS_HOME", "{root}/a-file")),
    ),
    Fault("HOME is a folder that is not there", setting("HOME", "{root}/none")),
    Fault("the umask is 077: the cached file is to be private", masked(0o077)),
    Fault("the umask is 0: the cached file is to be open to all", masked(0o000)),
    Fault(
        "MNIST_ZOO_DATA points at nothing",
        setting("MNIST_ZOO_DATA", "{root}/none.npz"),
        (UNAVAILABLE,),
    ),
    Fault(
        "MNIST_ZOO_DATA is in the home folder of nobody",
        setting("MNIST_ZOO_DATA", "~nobody-here/x"),
        (UNAVAILABLE,),
    ),
    Fault(
        "MNIST_ZOO_DATA is too long a name",
        setting("MNIST_ZOO_DATA", "/" + LONG_NAME),
        (UNAVAILABLE,),
    ),
    Fault("MNIST_ZOO_DATA points at an empty folder", pointed(Path.mkdir, "empty"), (UNAVAILABLE,)),
    Fault("MNIST_ZOO_DATA points at a pipe", pointed(pipe), (UNAVAILABLE,)),
    Fault(
        "MNIST_ZOO_DATA points at a link to itself", pointed(link("pointed.npz")), (UNAVAILABLE,)
    ),
    Fault(
        "MNIST_ZOO_DATA points at /dev/zero", setting("MNIST_ZOO_DATA", "/dev/zero"), (UNAVAILABLE,)
    ),
    Fault(
        "MNIST_ZOO_DATA points at the memory of the process",
        setting("MNIST_ZOO_DATA", "/proc/self/mem"),
        (UNAVAILABLE, CHECKSUM),
    ),
    Fault("MNIST_ZOO_DATA points at half a file", pointed(text(b"half a fi")), (CHECKSUM,)),
    Fault(
        "MNIST_ZOO_DATA points at an npz with pickled objects",
        pointed_content(pickled),
        (CHECKSUM,),
    ),
    Fault("MNIST_ZOO_DATA points at a file of 1 TB", pointed(sparse), (CHECKSUM,)),
    Fault(
        "MNIST_ZOO_DATA points at an npz with pixels of float32",
        pointed_npz(x_test=lambda x: x.astype("f4")),
        (CHECKSUM,),
    ),
    Fault(
        "MNIST_ZOO_DATA points at an npz with big-endian labels",
        pointed_npz(y_test=lambda y: y.astype(">i8")),
        (CHECKSUM,),
    ),
    Fault(
        "MNIST_ZOO_DATA points at an npz with flat pictures",
        pointed_npz(x_test=lambda x: x.reshape(len(x), -1)),
        (CHECKSUM,),
    ),
    Fault(
        "MNIST_ZOO_DATA points at an npz with pixels in Fortran's order",
        pointed_npz(x_test=np.asfortranarray),
    ),
    Fault(
        "MNIST_ZOO_DATA points at an npz with a digit less",
        pointed_npz(y_test=lambda y: y[1:]),
        (CHECKSUM,),
    ),
)
