"""Fifteen ways in which a picture of a digit can be spoilt, to test models on: MNIST-C.

This is where programs import them from; they are written in
:mod:`mnist_zoo.evaluation.corruptions`.
"""

from mnist_zoo.evaluation.corruptions import CORRUPTIONS as CORRUPTIONS
from mnist_zoo.evaluation.corruptions import Corruption as Corruption
from mnist_zoo.evaluation.corruptions import corrupt as corrupt

__all__ = ["CORRUPTIONS", "Corruption", "corrupt"]
