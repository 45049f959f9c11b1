"""Read many pictures, one after the other or on several cores: :func:`read_pictures`."""

from __future__ import annotations

import contextlib
import os
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from mnist_zoo.arguments import check_amount, check_jobs
from mnist_zoo.data.datasets import MNIST
from mnist_zoo.jobs import joblib_parallel
from mnist_zoo.models.forward import DEFAULT_MODEL, predict_probabilities
from mnist_zoo.pictures.digits import Candidates, find_candidates
from mnist_zoo.pictures.opening import Picture
from mnist_zoo.pictures.reading import Reading, read_found

if TYPE_CHECKING:
    import keras

T = TypeVar("T")

# What finding digits raises for a picture that cannot be read.
UNREADABLE = (OSError, TypeError, ValueError)
# How many pictures, for each job, may have been taken from the iterator and not be returned yet.
# Two are being read; the others wait for one before them that takes longer, or to be used.
AHEAD = 8


class PictureResult(NamedTuple):
    """A picture, and what was read in it or why it could not be read.

    Attributes
    ----------
    picture : path, bytes, PIL.Image.Image or ndarray
        The picture, as it was given.
    reading : Reading or None
        What :func:`~mnist_zoo.read_digits` returns for it; None if the picture cannot be read.
    error : Exception or None
        What :func:`~mnist_zoo.read_digits` raises for it, with the whole path of a file; None if
        the picture can be read.
    """

    picture: Picture
    reading: Reading | None
    error: Exception | None


def read_pictures(
    pictures: Iterable[Picture],
    model: str | keras.Model | None = None,
    *,
    min_confidence: float = 0.0,
    n_jobs: int | None = None,
) -> Iterator[PictureResult]:
    """Read the digits in many pictures, on several cores.

    The results come in the order of the pictures, each as soon as it and those before it are done.
    Pictures are taken from `pictures` as they are needed, at most 8 for each job ahead of the
    result that is returned next. So memory stays bounded, however many there are. A picture that
    cannot be read does not stop the others: its result has the error.

    Parameters
    ----------
    pictures : iterable of path, bytes, PIL.Image.Image or ndarray
        The pictures, as for :func:`~mnist_zoo.prepare_digit`.
    model : str or keras.Model, optional
        As for :func:`~mnist_zoo.read_digits`. A model that is not given by its name runs in this
        process: the jobs then find the digits only.
    min_confidence : float, default 0.0
        As for :func:`~mnist_zoo.read_digits`.
    n_jobs : int, optional
        How many pictures are read at the same time, as in joblib and scikit-learn: -1 is one for
        each core, and None is 1, unless :func:`joblib.parallel_config` says something else. Its
        backend is used, so a cluster of Dask or Ray can be named there. By default, each job is a
        process with its share of the threads.

    Returns
    -------
    iterator of PictureResult
        A result for each picture. Close it, or let it be deleted, to stop early.

    Raises
    ------
    TypeError, ValueError
        If `pictures` is one picture, there is no such model, or `min_confidence` or `n_jobs` is
        out of range. What is wrong with a picture is in its result.

    See Also
    --------
    read_digits : For one picture.

    Examples
    --------
    >>> import numpy as np
    >>> from mnist_zoo import read_pictures
    >>> paper = np.full((200, 300), 230, np.uint8)
    >>> paper[40:160, 100:115] = 20
    >>> for picture, reading, error in read_pictures([paper, b"damaged"]):
    ...     print(reading or error)
    1
    the 7 bytes: not a picture of a known format (PNG, JPEG, GIF, BMP, PPM, TIFF, WEBP, AVIF, HEIF);
    save it as PNG or JPEG
    """
    if isinstance(pictures, (str, bytes, os.PathLike)) or not isinstance(pictures, Iterable):
        raise TypeError(
            "pictures must be an iterable of pictures, such as Path('scans').glob('*.jpg'); got "
            f"{pictures!r}. read_digits reads one picture"
        )
    least = check_amount("min_confidence", min_confidence, 1.0)
    jobs = check_jobs("n_jobs", n_jobs)
    reader = DEFAULT_MODEL if model is None else model
    # A model that cannot be used is refused now, and not for each picture.
    predict_probabilities(np.zeros((0, *MNIST.image_shape), np.float32), reader)
    return _results(pictures, reader, least, jobs)


def _results(
    pictures: Iterable[Picture], model: str | keras.Model, least: float, jobs: int | None
) -> Iterator[PictureResult]:
    for picture, outcome in _outcomes(pictures, model, least, jobs):
        if isinstance(outcome, Exception):
            yield PictureResult(picture, None, outcome)
        else:
            yield PictureResult(picture, outcome, None)


def _outcomes(
    pictures: Iterable[Picture], model: str | keras.Model, least: float, jobs: int | None
) -> Iterator[tuple[Picture, Reading | Exception]]:
    """Return each picture with its reading, or with the error."""
    if isinstance(model, str):
        work = partial(_find_and_read, model=model, min_confidence=least)
        return _mapped(work, pictures, jobs)
    # Another process would need seconds, and much memory, to load a framework for the model.
    found = _mapped(_find, pictures, jobs)
    return ((picture, _read(digits, model, least)) for picture, digits in found)


def _placed(picture: Picture) -> Picture:
    """Return a path from the root, as workers may be in another folder; all else as it is."""
    if isinstance(picture, (str, os.PathLike)):
        with contextlib.suppress(TypeError):  # A path of bytes is refused where it is opened.
            return Path(picture).absolute()
    return picture


def _find(picture: Picture) -> Candidates | Exception:
    """Find the digits in a picture; return the error if it cannot be read."""
    try:
        return find_candidates(picture)
    except UNREADABLE as error:
        # What led to the error holds on to the pixels, and is lost between processes anyway.
        error.__cause__ = error.__context__ = None
        return error.with_traceback(None)


def _read(
    found: Candidates | Exception, model: str | keras.Model, min_confidence: float
) -> Reading | Exception:
    return found if isinstance(found, Exception) else read_found(found, model, min_confidence)


def _find_and_read(picture: Picture, model: str, min_confidence: float) -> Reading | Exception:
    return _read(_find(picture), model, min_confidence)


def _mapped(
    function: Callable[[Picture], T], pictures: Iterable[Picture], jobs: int | None
) -> Iterator[tuple[Picture, T]]:
    """Yield each picture with what a function returns for it, in order."""
    if jobs == 1:
        for picture in pictures:
            yield picture, function(_placed(picture))
        return
    import joblib

    # A picture takes so long that there is nothing to gain from sending several at once. Arrays are
    # sent as bytes: as memory-mapped files, all would be kept until the last task is done.
    parallel = joblib_parallel(jobs, batch_size=1, max_nbytes=None)
    waiting: deque[Picture] = deque()  # Taken, and not yielded yet.
    most = AHEAD * joblib.effective_n_jobs(jobs)
    source = iter(pictures)
    ends: list[Exception | None] = []  # How the pictures ended, once they have.

    def tasks() -> Iterator[Any]:
        # joblib takes a task whenever a worker is free, however many results wait. So the tasks end
        # when too many do, and go on in the next call.
        try:
            for picture in source:
                waiting.append(picture)
                yield joblib.delayed(function)(_placed(picture))
                if len(waiting) >= most:
                    return
        except Exception as error:  # Raised after the pictures before it, as without joblib.
            ends.append(error)
        else:
            ends.append(None)

    with parallel:
        while not ends:
            results = parallel(tasks())
            try:
                for result in results:
                    yield waiting.popleft(), result
            except GeneratorExit:  # No more are wanted. joblib would warn of those under way.
                if not isinstance(results, list):
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore")
                        results.close()
                raise
    if ends[0] is not None:
        raise ends[0]
