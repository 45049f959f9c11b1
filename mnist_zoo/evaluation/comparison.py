"""Whether one model is better than another: :func:`compare`, on the same digits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mnist_zoo import metrics
from mnist_zoo.evaluation.inputs import Data, collected
from mnist_zoo.evaluation.result import Evaluation
from mnist_zoo.evaluation.testing import evaluate
from mnist_zoo.markup import element, facts, joined, table

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Two models on the same digits; prints as text.

    Attributes
    ----------
    a, b : Evaluation
        Of the first and the second model.
    difference : float
        Accuracy of the first minus that of the second.
    interval : Interval
        95 % interval of the difference, Wald+2.
    test : McNemar
        The digits that only one of the two has right, counted, and the exact p-value.
    differing : ndarray of int64
        Indices of the digits that the two predict differently, ascending.
    """

    a: Evaluation
    b: Evaluation
    difference: float
    interval: metrics.Interval
    test: metrics.McNemar
    differing: NDArray[np.int64]

    def __repr__(self) -> str:
        return (
            f"Comparison({self.a.name!r} with {self.b.name!r}, difference={self.difference:+.4f}, "
            f"p_value={self.test.p_value:.3g})"
        )

    def __str__(self) -> str:
        low, high = self.interval
        return (
            f"{self.a.name}: {self.a.accuracy:.2%}, {self.b.name}: "
            f"{self.b.accuracy:.2%} of {len(self.a.labels):,} digits\n"
            f"difference {100 * self.difference:+.2f} points "
            f"(95 % interval {100 * low:+.2f} to {100 * high:+.2f})\n"
            f"only the first is right on {self.test.only_a:,} digits, only the second on "
            f"{self.test.only_b:,}: exact McNemar p = {self.test.p_value:.3g}\n"
            f"the two differ on {len(self.differing):,} digits"
        )

    def _repr_html_(self) -> str:
        low, high = self.interval
        models = [
            (
                each.name,
                f"{each.accuracy:.2%}",
                f"{each.interval.low:.2%} to {each.interval.high:.2%}",
                f"{only:,}",
            )
            for each, only in ((self.a, self.test.only_a), (self.b, self.test.only_b))
        ]
        of = f"Two models on {len(self.a.labels):,} digits"
        return joined(
            element("h4", of),
            table(("model", "accuracy", "95 % interval", "right where the other is not"), models),
            facts(
                {
                    "difference": f"{100 * self.difference:+.2f} points "
                    f"(95 % interval {100 * low:+.2f} to {100 * high:+.2f})",
                    "exact McNemar p": f"{self.test.p_value:.3g}",
                    "predicted differently": f"{len(self.differing):,} digits",
                }.items()
            ),
        )


def compare(a: keras.Model | str, b: keras.Model | str, data: Data) -> Comparison:
    """Say whether one model is better than another on the test digits of `data`.

    Parameters
    ----------
    a, b : keras.Model or str
        The models, or names of models, as :func:`~mnist_zoo.evaluate` takes them.
    data : Mnist or pair of splits
        Whose test split both are measured on.

    Returns
    -------
    Comparison
        The difference with its interval, McNemar's test, and the digits on which they differ.

    Raises
    ------
    ValueError
        As :func:`~mnist_zoo.evaluate` does.

    Examples
    --------
    >>> from mnist_zoo import compare, linear, load_mnist
    >>> print(compare(linear(seed=0), linear(seed=0), load_mnist(source="sample")).test)
    McNemar(only_a=0, only_b=0, p_value=1.0)
    """
    data = collected(data)
    first, second = evaluate(a, data), evaluate(b, data)
    pair = (first.labels, first.predictions, second.predictions)
    return Comparison(
        a=first,
        b=second,
        difference=first.accuracy - second.accuracy,
        interval=metrics.paired_difference_interval(*pair),
        test=metrics.mcnemar_test(*pair),
        differing=np.flatnonzero(first.predictions != second.predictions),
    )
