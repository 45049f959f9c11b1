"""Read the digits in a picture with a model: :func:`read_digits`."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mnist_zoo.arguments import check_amount
from mnist_zoo.markup import Markup, captioned, element, facts, joined, picture
from mnist_zoo.models.forward import DEFAULT_MODEL, predict_probabilities
from mnist_zoo.pictures.digits import (
    Box,
    Candidates,
    find_candidates,
    in_order,
    turned,
    turned_box,
    turned_images,
)
from mnist_zoo.pictures.opening import Picture
from mnist_zoo.pictures.parting import Read, images_of, resolved

if TYPE_CHECKING:
    import keras

# A picture is turned only if it has at least so many digits, and if turning it raises the
# log-likelihood of its reading by more than the second number, in nats. At most so many digits as
# the third number are tried, to save time. `python -m benchmarks.phone_pages` measures how well
# turned pages are read.
LEAST_TO_TURN, LEAST_GAIN, MOST_TO_TURN = 8, 0.6, 100
# After the turn, at least this share of the digits must be left.
LEAST_LEFT = 0.5
# Of a longer reading, a notebook shows the first digits.
MOST_SHOWN = 36


@dataclass(frozen=True, eq=False, repr=False)
class Reading:
    """The digits that a model read in a picture, in reading order.

    ``print(reading)`` prints the digits, line by line.

    Attributes
    ----------
    boxes : tuple of Box
        Where each digit is in the picture.
    lines : tuple of int
        Which line each digit belongs to; the line at the top is 0.
    images : ndarray of float32, shape (n, 28, 28)
        Each digit in the form of MNIST, as the model saw it, in [0, 1].
    probabilities : ndarray of float32, shape (n, classes)
        The probability of each class, for each digit.
    turned : int
        By how many degrees the picture was turned to be read, counter-clockwise: 0, 90, 180 or 270.
    """

    boxes: tuple[Box, ...]
    lines: tuple[int, ...]
    images: NDArray[np.float32]
    probabilities: NDArray[np.float32]
    turned: int = 0

    @property
    def digits(self) -> tuple[int, ...]:
        """The most probable class of each digit."""
        return tuple(int(digit) for digit in self.probabilities.argmax(axis=1))

    @property
    def confidences(self) -> tuple[float, ...]:
        """The probability of that class, in [0, 1]."""
        return tuple(float(confidence) for confidence in self.probabilities.max(axis=1))

    def __repr__(self) -> str:
        return f"Reading({str(self)!r}, {len(self.boxes)} digits)"

    def __str__(self) -> str:
        rows: dict[int, str] = {}
        for line, digit in zip(self.lines, self.digits, strict=True):
            rows[line] = rows.get(line, "") + str(digit)
        return "\n".join(rows.values())

    def _repr_html_(self) -> str:
        count = len(self.boxes)
        turned = f", read after a turn by {self.turned} degrees" if self.turned else ""
        title = f"{count:,} {'digit' if count == 1 else 'digits'}{turned}"
        rows: dict[int, list[Markup]] = {}
        columns = zip(self.lines, self.digits, self.images, self.confidences, strict=True)
        for line, digit, image, confidence in itertools.islice(columns, MOST_SHOWN):
            drawn = captioned(picture(image, f"read as {digit}"), f"{digit} ({confidence:.0%})")
            rows.setdefault(line, []).append(drawn)
        left_out = count - MOST_SHOWN
        return joined(
            element("h4", title),
            facts((f"line {line + 1}", Markup("".join(row))) for line, row in rows.items()),
            element("p", f"and {left_out:,} more digits") if left_out > 0 else Markup(),
        )

    def runners_up(self, count: int = 2) -> list[list[tuple[int, float]]]:
        """Return the classes that follow the most probable one, with their probabilities.

        Parameters
        ----------
        count : int, default 2
            How many classes to return for each digit.

        Returns
        -------
        list of list of (int, float)
            For each digit, pairs of class and probability, the most probable first.
        """
        order = np.argsort(-self.probabilities, axis=1, kind="stable")[:, 1 : 1 + count]
        return [
            [(int(label), float(row[label])) for label in labels]
            for labels, row in zip(order, self.probabilities, strict=True)
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return the reading as a dict that can be written as JSON, without the images.

        Returns
        -------
        dict
            ``"text"``, what ``str(reading)`` returns; ``"turned"``, in degrees; and ``"digits"``, a
            list of one dict for each digit.
        """
        columns = zip(
            self.digits,
            self.confidences,
            self.runners_up(),
            self.lines,
            self.boxes,
            strict=True,
        )
        return {
            "text": str(self),
            "turned": self.turned,
            "digits": [
                {
                    "digit": digit,
                    "confidence": confidence,
                    "runners_up": [
                        {"digit": other, "probability": probability}
                        for other, probability in others
                    ],
                    "line": line,
                    "box": box._asdict(),
                }
                for digit, confidence, others, line, box in columns
            ],
        }


def read_digits(
    image: Picture, model: str | keras.Model | None = None, *, min_confidence: float = 0.0
) -> Reading:
    """Find the digits in a picture, and read them.

    A small network counts the digits in each connected shape of ink. Where it counts several, they
    are cut apart, and read by this network in place of the model. The parts of a broken digit are
    joined. What is most likely no digit, such as a line or a blot, is left out.

    A page of eight digits or more that lies on its side or upside down is read as if it was
    upright. On a page that lies on its side, the digit 1 may be lost.

    Parameters
    ----------
    image : path, bytes, PIL.Image.Image or ndarray
        The picture, as for :func:`~mnist_zoo.prepare_digit`.
    model : str or keras.Model, optional
        The name of a shipped model, or a model, as for :func:`~mnist_zoo.predict_probabilities`.
        By default ``"convnet"``, which runs without a framework.
    min_confidence : float, default 0.0
        From 0 to 1. A digit is left out if the probability of its most probable class is lower. By
        default every digit is kept.

    Returns
    -------
    Reading
        The digits; an empty reading if the picture is blank.

    Raises
    ------
    PictureError
        If the picture cannot be read, or is too large.
    OSError
        If there is no such file.
    TypeError, ValueError
        If an array has another shape, type or range, there is no such model, or `min_confidence`
        is not in [0, 1].

    See Also
    --------
    read_pictures : For many pictures, on several cores.

    Examples
    --------
    >>> import numpy as np
    >>> from mnist_zoo import read_digits
    >>> paper = np.full((200, 300), 230, np.uint8)
    >>> paper[40:160, 100:115] = paper[40:160, 200:215] = 20
    >>> print(read_digits(paper))
    11
    """
    least = check_amount("min_confidence", min_confidence, 1.0)
    return read_found(find_candidates(image), DEFAULT_MODEL if model is None else model, least)


def read_found(candidates: Candidates, model: str | keras.Model, min_confidence: float) -> Reading:
    """Read digits that were found in a picture, without those that the model is not sure of.

    Parameters
    ----------
    candidates : Candidates
        What may be the digits.
    model, min_confidence
        As for :func:`read_digits`, but checked.

    Returns
    -------
    Reading
        The digits that are kept. Their lines are counted anew, from 0.
    """
    upright = _read(candidates, model)
    quarters = _quarters(upright, model)
    read = resolved(upright, model)
    if quarters:
        # Digits that touch are read as badly upright as on their side, until they are cut.
        other = resolved(_read(turned(candidates, quarters), model), model)
        if _is_better(other, read):
            read = other
        else:
            quarters = 0
    order = in_order(read.candidates)
    sure = read.probabilities.max(axis=1) >= min_confidence
    kept = [(line, number) for line, number in order if sure[number]]
    numbers = [number for _, number in kept]
    _, lines = np.unique([line for line, _ in kept], return_inverse=True)
    shapes = [read.candidates.shapes[number] for number in numbers]
    return Reading(
        boxes=tuple(turned_box(shape.box, -quarters % 4) for shape in shapes),
        lines=tuple(map(int, lines)),
        images=images_of(shapes),
        probabilities=read.probabilities[numbers],
        turned=90 * quarters,
    )


def _read(candidates: Candidates, model: str | keras.Model) -> Read:
    """Read the shapes of an upright picture that are not flat."""
    shapes = [candidates.shapes[number] for _, number in in_order(candidates)]
    probabilities = predict_probabilities(images_of(shapes), model)
    return Read(candidates._replace(shapes=shapes), probabilities)


def _is_better(other: Read, read: Read) -> bool:
    """Say whether a turned page is read better: more surely, and without losing half its digits."""
    count, least = len(other.probabilities), len(read.probabilities) * LEAST_LEFT
    return count >= least and _likelihood(other) > _likelihood(read)


def _likelihood(read: Read) -> float:
    """Return the log-likelihood of a reading, in nats for each digit; of none, minus infinity."""
    if not len(read.probabilities):
        return -np.inf
    return float(np.log(read.probabilities.max(axis=1)).mean())


def _quarters(read: Read, model: str | keras.Model) -> int:
    """Return by how many quarters to turn a picture, counter-clockwise, so that it is upright."""
    images = images_of(read.candidates.shapes)
    if len(images) < LEAST_TO_TURN:
        return 0
    step = -(-len(images) // MOST_TO_TURN)
    turns = [predict_probabilities(turned_images(images[::step], k), model) for k in (1, 2, 3)]
    likelihoods = [
        float(np.log(each.max(axis=1)).sum()) for each in (read.probabilities[::step], *turns)
    ]
    best = int(np.argmax(likelihoods))
    return best if likelihoods[best] > likelihoods[0] + LEAST_GAIN else 0
