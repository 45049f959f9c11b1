"""One call that trains a model and measures it, and does not let the test digits into training."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from mnist_zoo import agreement
from mnist_zoo._checks import check_choice, check_fraction, check_integer
from mnist_zoo._memory import aligned_empty
from mnist_zoo.evaluation import (
    Data,
    Evaluation,
    TrainingSettings,
    assess,
    check_unseen,
    source_of,
)
from mnist_zoo.execution import compiled_loop, execution_settings
from mnist_zoo.inference import PREDICT_BATCH
from mnist_zoo.models import TRAINED_ON

if TYPE_CHECKING:
    import keras

__all__ = ["fit_and_evaluate"]

DEFAULT_EPOCHS = 5


def fit_and_evaluate(
    model: keras.Model,
    data: Data,
    *,
    epochs: int | None = None,
    steps: int | None = None,
    batch_size: int = 32,
    optimizer: str | keras.optimizers.Optimizer | None = None,
    validation_fraction: float = 0.1,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: Literal["auto", 0, 1, 2] = "auto",
    seed: int | None = None,
) -> Evaluation:
    """Train a model on the training split, then measure it on the test split, read once.

    The loss is chosen from the labels (integers or one-hot) and the model's output
    (probabilities or logits). A model that comes compiled keeps its loss, its metrics, and,
    unless `optimizer` names another, its optimizer. Validation digits are taken out of the
    training split, as many of each class as their share; the test split cannot be passed for them.

    Ctrl-C ends the training, not the program: what is trained so far is measured and returned,
    with ``interrupted`` set.

    Parameters
    ----------
    model : keras.Model
        From pictures to probabilities or logits of shape ``(n, classes)``. It is trained in
        place.
    data : Mnist or pair of pairs of arrays
        What :func:`~mnist_zoo.load_mnist` returns, or arrays as
        ``(x_train, y_train), (x_test, y_test)``.
    epochs : int, optional
        Passes over the training digits, at least 1; 5 if neither this nor `steps` is given.
    steps : int, optional
        Batches to train on, in place of `epochs`; at least 1.
    batch_size : int, default 32
        Digits a batch.
    optimizer : str or keras.optimizers.Optimizer, optional
        Keras's name of an optimizer, or an instance; ``"adam"`` if the model is not compiled.
    validation_fraction : float, default 0.1
        Fraction of the training digits kept for validation, in [0, 1); 0 for none.
    callbacks : sequence of keras.callbacks.Callback
        Passed on to ``model.fit``.
    verbose : {"auto", 0, 1, 2}, default "auto"
        Keras's progress bar: 0 for none, 1 for a bar, 2 for a line each epoch.
    seed : int, optional
        Makes a run on a CPU repeat bit for bit, given a model built with a seed. It seeds the
        split, and with ``keras.utils.set_random_seed`` the generators of Python, NumPy and the
        backend.

    Returns
    -------
    Evaluation
        Test accuracy with its interval, loss, per-class report, history, and more.

    Raises
    ------
    ValueError
        If an argument is out of its range; if pixels look like 0..255, are not finite, or none;
        if labels are outside the model's classes, or of another number than the pictures; if a
        compiled loss contradicts the labels or the model's output; if the model has seen the
        test digits before.

    Examples
    --------
    >>> from mnist_zoo import fit_and_evaluate, linear, load_mnist
    >>> data = load_mnist(source="sample")
    >>> result = fit_and_evaluate(linear(seed=0), data, epochs=2, seed=0, verbose=0)
    >>> result.accuracy > 0.8, sorted(result.history)
    (True, ['accuracy', 'loss', 'val_accuracy', 'val_loss'])
    """
    import keras

    if epochs is not None and steps is not None:
        raise ValueError(f"epochs or steps must be None; got {epochs!r} and {steps!r}")
    if steps is not None:
        steps = check_integer("steps", steps, 1)
    else:
        epochs = check_integer("epochs", DEFAULT_EPOCHS if epochs is None else epochs, 1)
    batch_size = check_integer("batch_size", batch_size, 1)
    validation_fraction = check_fraction("validation_fraction", validation_fraction)
    check_choice("verbose", verbose, ("auto", 0, 1, 2))
    if seed is not None:
        seed = check_integer("seed", seed, 0)

    (x, y), (x_test, y_test) = agreement.check_structure(data)
    check_unseen(model, data)
    labels = agreement.check_split("train", x, y, model)
    agreement.check_split("test", x_test, y_test, model)
    output = agreement.output_kind(model, x)
    if seed is not None:
        keras.utils.set_random_seed(seed)
    (x, y), validation = _split(np.asarray(x), np.asarray(y), validation_fraction, seed)
    batches = steps or (epochs or 0) * math.ceil(len(x) / batch_size)
    execution = execution_settings(model, batches, callbacks=callbacks, counted=steps is not None)
    _compile(model, optimizer, labels, output, execution)

    settings = TrainingSettings(
        epochs=epochs,
        steps=steps,
        batch_size=batch_size,
        optimizer=type(model.optimizer).__name__,
        loss=_loss_name(model.loss),
        learning_rate=_learning_rate(model.optimizer),
        validation_fraction=validation_fraction,
        seed=seed,
    )
    history = keras.callbacks.History()
    callbacks = [*callbacks, history]
    if steps is not None:
        steps_per_epoch = math.ceil(len(x) / batch_size)
        epochs = math.ceil(steps / steps_per_epoch)
        callbacks.append(_stop_in_last_epoch(model, epochs, steps - (epochs - 1) * steps_per_epoch))
    setattr(model, TRAINED_ON, source_of(data))

    interrupted = False
    started = time.perf_counter()
    try:
        with compiled_loop(model, x, y, batch_size) as pictures:
            model.fit(
                pictures,
                y,
                batch_size=batch_size,
                epochs=epochs,
                validation_data=validation,
                validation_batch_size=PREDICT_BATCH,
                callbacks=callbacks,
                verbose=verbose,
            )
    except KeyboardInterrupt:
        interrupted = True
    seconds = time.perf_counter() - started
    return assess(
        model,
        x_test,
        y_test,
        data,
        history={name: tuple(map(float, values)) for name, values in history.history.items()},
        seconds=seconds,
        settings=settings,
        interrupted=interrupted,
    )


def _compile(
    model: keras.Model,
    optimizer: str | keras.optimizers.Optimizer | None,
    labels: agreement.LabelKind,
    output: agreement.OutputKind,
    execution: dict[str, Any],
) -> None:
    """Compile the model as far as it is not: a compiled loss is checked and kept."""
    loss = getattr(model, "loss", None) if model.compiled else None
    if loss is None:
        loss = agreement.loss_for(labels, output)
        model.compile(optimizer or "adam", loss, metrics=["accuracy"], **execution)
        return
    agreement.check_loss(loss, labels, output)
    if optimizer is not None:
        model.compile(optimizer, loss, metrics=["accuracy"], **execution)


def _split(
    x: NDArray[Any], y: NDArray[Any], fraction: float, seed: int | None
) -> tuple[tuple[NDArray[Any], NDArray[Any]], tuple[NDArray[Any], NDArray[Any]] | None]:
    """Take the validation digits out of the training digits, each class by its share."""
    if fraction == 0.0:
        return (x, y), None
    from sklearn.model_selection import train_test_split

    try:
        train, validation = train_test_split(
            np.arange(len(x)),
            test_size=fraction,
            stratify=agreement.as_classes(y),
            random_state=seed,
        )
    except ValueError as error:
        raise ValueError(
            f"validation_fraction={fraction:g} cannot take its share of each class out of {len(x)} "
            f"training digits ({error}); 0 goes without validation"
        ) from error
    # Into memory that the backend need not copy. By default, `take` with `out` makes a copy first.
    kept = aligned_empty((len(train), *x.shape[1:]), x.dtype)
    np.take(x, train, axis=0, out=kept, mode="clip")
    return (kept, y[train]), (x[validation], y[validation])


def _stop_in_last_epoch(model: keras.Model, epochs: int, steps: int) -> keras.callbacks.Callback:
    """Return a callback that ends the last epoch after `steps` of its batches."""
    import keras

    epoch_now = 0

    def begin(epoch: int, logs: Any) -> None:
        nonlocal epoch_now
        epoch_now = epoch

    def end(batch: int, logs: Any) -> None:
        if epoch_now == epochs - 1 and batch + 1 >= steps:
            model.stop_training = True

    return keras.callbacks.LambdaCallback(on_epoch_begin=begin, on_train_batch_end=end)


def _loss_name(loss: Any) -> str:
    return str(getattr(loss, "name", None) or getattr(loss, "__name__", None) or loss)


def _learning_rate(optimizer: keras.optimizers.Optimizer) -> float | None:
    rate = getattr(optimizer, "learning_rate", None)
    return None if rate is None else float(rate)
