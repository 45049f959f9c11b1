"""The refusal of test digits that a model may have been trained on."""

from __future__ import annotations

from typing import Any

from mnist_zoo.data.fingerprints import Fingerprints, fingerprints, share_in
from mnist_zoo.errors import SeenDigitsError
from mnist_zoo.models.provenance import UNKNOWN, Seen, shipped

# How many test digits are looked up among those that the model has seen.
LOOKED_UP = 1000
# The share of them that may be known: somebody's data set may hold a few pictures twice.
SHARE = 0.01


def check_unseen(x_test: Any, seen: Seen) -> None:
    """Raise ``SeenDigitsError`` if `x_test` are digits that may have been trained on."""
    if not seen.sources:
        return
    digits = fingerprints(x_test[:: max(1, len(x_test) // LOOKED_UP)])
    share = share_in(digits, seen.digits)
    sources = " and ".join(sorted(seen.sources))
    advice = "test it on other digits, or train a fresh model"
    from_mnist = share_in(digits, shipped().digits) > SHARE
    if share > SHARE:
        note = ". All digits of the sample are of MNIST's training split" if from_mnist else ""
        raise SeenDigitsError(
            f"{share:.0%} of the test digits are among the digits that the model was trained on "
            f"({sources}): {advice}{note}"
        )
    if UNKNOWN in seen.sources and from_mnist:
        raise SeenDigitsError(
            "the test digits are of MNIST's training split, and the model comes from a file that "
            f"does not say what it was trained on, which may be MNIST: {advice}"
        )


def check_disjoint(x_test: Any, training_digits: Fingerprints) -> None:
    """Raise ``SeenDigitsError`` if `x_test` holds digits of the training split."""
    share = share_in(fingerprints(x_test), training_digits)
    if share > SHARE:
        raise SeenDigitsError(
            f"{share:.0%} of the test digits of data are among its training digits: a test on "
            "them says nothing about new digits. Split the digits before you repeat or change them"
        )
