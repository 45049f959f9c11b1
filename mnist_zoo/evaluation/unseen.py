"""The refusal of test digits that a model may have been trained on."""

from __future__ import annotations

from typing import Any

import numpy as np

from mnist_zoo.data.fingerprints import Fingerprints, fingerprints, share_in
from mnist_zoo.errors import TROUBLESHOOTING, SeenDigitsError
from mnist_zoo.models.provenance import UNKNOWN, Seen, shipped

# How many test digits are looked up among those that the model has seen, drawn at random.
LOOKED_UP = 2000
# Somebody's data set may hold a few pictures twice: up to this share of the test digits, and up to
# this number of them if it is not most of them.
SHARE, NUMBER = 0.01, 10
ENTRY = "#the-test-digits-are-among-the-digits-that-the-model-was-trained-on"


def check_unseen(x_test: Any, seen: Seen) -> None:
    """Raise ``SeenDigitsError`` if `x_test` are digits that may have been trained on."""
    if not seen.sources:
        return
    if len(x_test) > LOOKED_UP:
        x_test = x_test[np.random.default_rng(0).choice(len(x_test), LOOKED_UP, replace=False)]
    digits = fingerprints(x_test)
    share = share_in(digits, seen.digits)
    sources = " and ".join(sorted(seen.sources))
    advice = f"test it on other digits, or train a fresh model. Why: {TROUBLESHOOTING}{ENTRY}"
    from_mnist = _too_many(share_in(digits, shipped().digits), digits)
    if _too_many(share, digits):
        note = ". All digits of the sample are of MNIST's training split" if from_mnist else ""
        raise SeenDigitsError(
            f"{share:.0%} of the test digits are among the digits that the model was trained on "
            f"({sources}){note}: {advice}"
        )
    if UNKNOWN in seen.sources and from_mnist:
        raise SeenDigitsError(
            "the test digits are of MNIST's training split, and the model comes from a file that "
            f"does not say what it was trained on, which may be MNIST: {advice}"
        )


def check_disjoint(x_test: Any, training_digits: Fingerprints) -> None:
    """Raise ``SeenDigitsError`` if `x_test` holds digits of the training split."""
    digits = fingerprints(x_test)
    share = share_in(digits, training_digits)
    if _too_many(share, digits):
        raise SeenDigitsError(
            f"{share:.0%} of the test digits of data are among its training digits, and a test on "
            "them says nothing about new digits. Split the digits before you repeat or change "
            "them; if the data set holds pictures twice, leave them out of the test split"
        )


def _too_many(share: float, digits: Fingerprints) -> bool:
    """Say whether more test digits are known than a data set may hold twice by chance."""
    return share > SHARE and (share * len(digits) > NUMBER or share > 0.5)
