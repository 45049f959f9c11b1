"""Testing a model on digits that it has not seen: :func:`evaluate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mnist_zoo.arguments import check_integer
from mnist_zoo.evaluation.inputs import CheckedTest, Data, as_classes, check_test_data
from mnist_zoo.evaluation.result import Evaluation
from mnist_zoo.models.outputs import PREDICT_BATCH, model_probabilities

if TYPE_CHECKING:
    import keras


def evaluate(model: keras.Model, data: Data, *, batch_size: int = PREDICT_BATCH) -> Evaluation:
    """Measure a model, however it was trained, on the test split of `data`.

    Parameters
    ----------
    model : keras.Model
        From pictures of the shape of ``x_test`` to probabilities or logits of shape
        ``(n, classes)``; which of the two it finds out.
    data : Mnist or pair of pairs of arrays
        What :func:`~mnist_zoo.load_mnist` returns, or arrays as
        ``(x_train, y_train), (x_test, y_test)``. Only the test split is read.
    batch_size : int, default 1000
        Digits in one forward pass.

    Returns
    -------
    Evaluation
        Test accuracy with its interval, loss, per-class report, and more.

    Raises
    ------
    ValueError
        If the data does not suit the model.
    SeenDigitsError
        If the model may have been trained on the test digits: they are known by their content,
        whatever array they lie in. A ``ValueError``.

    Examples
    --------
    >>> from mnist_zoo import evaluate, linear, load_mnist
    >>> result = evaluate(linear(seed=0), load_mnist(source="sample"))
    >>> result.accuracy < 0.5  # it is not trained
    True
    """
    batch_size = check_integer("batch_size", batch_size, 1)
    return assess(model, check_test_data(model, data), batch_size)


def assess(
    model: keras.Model, test: CheckedTest, batch_size: int = PREDICT_BATCH, **trained: Any
) -> Evaluation:
    """Read the (checked) test split, once, and make an :class:`Evaluation` of it."""
    probabilities = model_probabilities(model, test.x, batch_size)
    return Evaluation(model, as_classes(test.y), probabilities, test.dataset, **trained)
