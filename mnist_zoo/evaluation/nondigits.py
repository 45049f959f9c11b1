"""Pictures that are no digits, to see how sure of them a model is: :data:`NON_DIGITS`.

A model of ten classes answers every picture with a digit. How probable it says that digit is
should tell such pictures from digits.

To add a kind, write a function and its row in :data:`NON_DIGITS`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnist_zoo.arguments import check_choice, check_seed
from mnist_zoo.data.datasets import MNIST

# Pictures of shape (n, 28, 28), in [0, 1].
Pictures = NDArray[np.float32]

# Those that look like no digit in any font.
LETTERS = "AEFHKMNPRTUVWXYadefhkmnrtuvwx"
COUNT = 1000


class NonDigits(NamedTuple):
    """Pictures of one kind.

    Attributes
    ----------
    draw : callable
        From a generator of random numbers to pictures.
    summary : str
        What they show.
    """

    draw: Callable[[np.random.Generator], Pictures]
    summary: str


def non_digits(name: str, *, seed: int = 0) -> Pictures:
    """Return pictures that are no digits.

    Parameters
    ----------
    name : str
        One of :data:`NON_DIGITS`.
    seed : int, default 0
        Equal seeds give equal pictures. At least 0.

    Returns
    -------
    ndarray of float32, shape (n, 28, 28)
        Pictures in the form of MNIST, in [0, 1].

    Raises
    ------
    ValueError
        If there is no such kind.

    Examples
    --------
    >>> from mnist_zoo.corruptions import non_digits
    >>> non_digits("noise").shape
    (1000, 28, 28)
    """
    check_choice("name", name, NON_DIGITS)
    return NON_DIGITS[name].draw(np.random.default_rng(check_seed(seed)))


def _letters(_: np.random.Generator) -> Pictures:
    return _drawn_letters().copy()


@functools.cache
def _drawn_letters() -> Pictures:
    """Draw letters in the fonts that come with Matplotlib, and put them into MNIST's form."""
    import matplotlib
    from PIL import Image, ImageDraw, ImageFont

    from mnist_zoo.pictures.digits import prepare_digit

    folder = Path(matplotlib.get_data_path(), "fonts", "ttf")
    pictures = []
    for file in sorted(folder.glob("DejaVuS*.ttf")):
        if "Display" in file.name:  # Has few letters.
            continue
        font = ImageFont.truetype(file, 40)
        for letter in LETTERS:
            page = Image.new("L", (80, 80), 255)
            ImageDraw.Draw(page).text((40, 40), letter, fill=0, font=font, anchor="mm")
            pictures.append(prepare_digit(page))
    return np.stack(pictures)


def _noise(random: np.random.Generator) -> Pictures:
    return random.random((COUNT, *MNIST.image_shape), np.float32)


def _blank(random: np.random.Generator) -> Pictures:
    grey = random.random((COUNT, 1, 1), np.float32)
    grain = 0.02 * random.standard_normal((COUNT, *MNIST.image_shape), np.float32)
    return np.clip(grey + grain, 0.0, 1.0)


#: The kinds of pictures that are no digits.
NON_DIGITS: dict[str, NonDigits] = {
    "letters": NonDigits(_letters, "letters that look like no digit, in the fonts of Matplotlib"),
    "noise": NonDigits(_noise, "pixels of any brightness, each drawn alone"),
    "blank": NonDigits(_blank, "blank paper, of any grey, with a little grain"),
}
