"""Fifteen ways in which a picture of a digit can be spoilt, to test models on: MNIST-C.

And pictures that are no digits. This is where programs import them from; they are written in
:mod:`mnist_zoo.evaluation.corruptions` and :mod:`mnist_zoo.evaluation.nondigits`.
"""

from mnist_zoo.evaluation.corruptions import CORRUPTIONS as CORRUPTIONS
from mnist_zoo.evaluation.corruptions import Corruption as Corruption
from mnist_zoo.evaluation.corruptions import corrupt as corrupt
from mnist_zoo.evaluation.nondigits import NON_DIGITS as NON_DIGITS
from mnist_zoo.evaluation.nondigits import NonDigits as NonDigits
from mnist_zoo.evaluation.nondigits import non_digits as non_digits

__all__ = ["CORRUPTIONS", "NON_DIGITS", "Corruption", "NonDigits", "corrupt", "non_digits"]
