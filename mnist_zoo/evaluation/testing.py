"""Testing a model on digits that it has not seen: :func:`evaluate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mnist_zoo.arguments import check_integer
from mnist_zoo.errors import DivergedError
from mnist_zoo.evaluation.inputs import CheckedTest, Data, as_classes, check_test_data
from mnist_zoo.evaluation.result import Evaluation
from mnist_zoo.models.outputs import PREDICT_BATCH, model_probabilities
from mnist_zoo.models.species import create_model, find_shipped

if TYPE_CHECKING:
    import keras


def evaluate(
    model: keras.Model | str, data: Data, *, batch_size: int = PREDICT_BATCH
) -> Evaluation:
    """Measure a model, however it was trained, on the test split of `data`.

    Parameters
    ----------
    model : keras.Model or str
        From pictures to probabilities or logits of shape ``(n, classes)``; which of the two it
        finds out. Or the name of a model that has trained parameters, as in
        :func:`~mnist_zoo.list_models`.
    data : Mnist or pair of splits
        What :func:`~mnist_zoo.load_mnist` returns, or ``(x_train, y_train), (x_test, y_test)``, as
        for :func:`~mnist_zoo.fit_and_evaluate`. Only the test split is read. Pictures may be of
        the model's input shape, or differ from it in that they are flat or have a channel axis.
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
    DivergedError
        If the model's outputs are not all finite. A ``ValueError``.
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
    model = trained_model(model)
    return assess(model, check_test_data(model, data), batch_size)


def trained_model(model: Any) -> keras.Model:
    """Return a model, or the trained one of that name; say what is wrong with anything else."""
    if isinstance(model, str):
        find_shipped("model", model)
        return create_model(model, weights="mnist")
    return _check_model(model)


def untrained_model(model: Any, seed: int | None) -> keras.Model:
    """Return a model, or a new one of that name; say what is wrong with anything else."""
    return create_model(model, seed=seed) if isinstance(model, str) else _check_model(model)


def _check_model(model: Any) -> keras.Model:
    import keras

    if isinstance(model, keras.Model):
        return model
    name = getattr(model, "__name__", None)
    if callable(model) and name:
        raise ValueError(
            f"model must be a model, and {name} is what makes one: pass {name}(), or its name"
        )
    raise ValueError(
        f"model must be a keras.Model, or a name that list_models() lists; got {model!r}"
    )


def assess(
    model: keras.Model, test: CheckedTest, batch_size: int = PREDICT_BATCH, **trained: Any
) -> Evaluation:
    """Read the (checked) test split, once, and make an :class:`Evaluation` of it."""
    labels = as_classes(test.y)
    try:
        probabilities = model_probabilities(model, test.x, batch_size)
    except DivergedError:
        if not trained:
            raise
        # Its history is worth having.
        classes = len(model.predict_on_batch(test.x[:1])[0])
        probabilities = np.full((len(labels), classes), 1.0 / classes, np.float32)
        trained["diverged"] = True
    return Evaluation(model, labels, probabilities, test.dataset, **trained)
