"""One call that trains a model and measures it, and keeps the test digits out of the training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, get_args

from mnist_zoo.arguments import check_choice
from mnist_zoo.evaluation.inputs import Data, check_training_data
from mnist_zoo.evaluation.result import Evaluation
from mnist_zoo.evaluation.testing import assess, untrained_model
from mnist_zoo.training.plan import plan_training
from mnist_zoo.training.running import Verbose, run_training

if TYPE_CHECKING:
    import keras

    from mnist_zoo.training.plan import Distortion
    from mnist_zoo.training.running import Optimizer

VALIDATION_FRACTION = 0.1


def fit_and_evaluate(
    model: keras.Model | str,
    data: Data,
    *,
    epochs: int | None = None,
    steps: int | None = None,
    batch_size: int = 32,
    loss: str | keras.losses.Loss | None = None,
    optimizer: Optimizer | None = None,
    learning_rate: float | keras.optimizers.schedules.LearningRateSchedule | None = None,
    metrics: Sequence[str | keras.metrics.Metric] | None = None,
    validation_fraction: float = VALIDATION_FRACTION,
    validation_split: float | None = None,
    distortion: Distortion = None,
    callbacks: Sequence[keras.callbacks.Callback] | keras.callbacks.Callback | None = None,
    verbose: Verbose | bool = "auto",
    seed: int | None = None,
) -> Evaluation:
    """Train a model on the training split, then measure it on the test split, read once.

    Unless it is given, the loss is chosen from the labels (integers or one-hot) and the model's
    output (probabilities or logits). A model that comes compiled keeps its metrics, and what of
    its loss and its optimizer is not given here. Validation digits are taken out of the training
    split, as many of each class as their share; the test split cannot be passed for them.

    Ctrl-C ends the training, not the program: what is trained so far is measured and returned,
    with ``interrupted`` set. The epoch that it cut short is in the history too. A second Ctrl-C
    raises ``KeyboardInterrupt``. A training that diverged, as the learning rate is too high, is
    returned with ``diverged`` set.

    Parameters
    ----------
    model : keras.Model or str
        From pictures to probabilities or logits of shape ``(n, classes)``. It is trained in
        place. Or the name of a model, as in :func:`~mnist_zoo.list_models`: it is built anew, with
        `seed`, and is the `model` of the result.
    data : Mnist or pair of splits
        What :func:`~mnist_zoo.load_mnist` returns, or ``(x_train, y_train), (x_test, y_test)`` of
        arrays, lists or pandas frames. In the place of each pair may be an iterable of batches: a
        batched ``tf.data.Dataset``, a PyTorch ``DataLoader``. Pictures may be of the model's input
        shape, or differ from it in that they are flat or have a channel axis.
    epochs : int, optional
        Passes over the training digits, at least 1; 5 if neither this nor `steps` is given.
    steps : int, optional
        Batches to train on, in place of `epochs`; at least 1.
    batch_size : int, default 32
        Digits a batch.
    loss : str or keras.losses.Loss, optional
        Keras's name of a loss, or an instance. Refused if it is not for these labels or this
        output.
    optimizer : str, keras.optimizers.Optimizer or callable, optional
        Keras's name of an optimizer, an instance, or a function that makes one from the
        :class:`~mnist_zoo.training.TrainingPlan`, which knows the number of batches that a
        schedule needs. ``"adam"`` if the model is not compiled.
    learning_rate : float or keras.optimizers.schedules.LearningRateSchedule, optional
        Of an optimizer that is named, or not given; by default what Keras gives it. An instance
        has its own.
    metrics : sequence of str or keras.metrics.Metric, optional
        What to measure in each epoch beside the accuracy; in ``history`` of the result, where a
        metric with a value for each class is averaged. By default what the model was compiled
        with.
    validation_fraction : float, default 0.1
        Fraction of the training digits kept for validation, in [0, 1); 0 for none.
    validation_split : float, optional
        Keras's name for `validation_fraction`; give one of the two.
    distortion : keras.layers.Layer, float or bool, optional
        A layer such as :class:`~mnist_zoo.RandomDistortion`, which gets the training digits of
        each epoch, of shape ``(k, rows, columns)`` or with a channel axis, and ``training=True``.
        The digits for validation and testing stay as they are, and the model does not contain the
        layer. A number: ``RandomDistortion`` of that strength, seeded by `seed`; True is 1.
    callbacks : sequence of keras.callbacks.Callback, optional
        Passed on to ``model.fit``.
    verbose : {"auto", 0, 1, 2} or bool, default "auto"
        Keras's progress bar: 0 for none, 1 for a bar, 2 for a line each epoch.
    seed : int, optional
        Makes a run on a CPU repeat bit for bit, given a model built with a seed. The split, the
        order of the digits and, on torch, the masks of dropout come from generators of their own,
        so other threads and callbacks change nothing. A model with a ``train_step`` of its own is
        trained by Keras, which shuffles by the global generators. These are seeded too.

    Returns
    -------
    Evaluation
        Test accuracy with its interval, loss, per-class report, history, and more.

    Raises
    ------
    ValueError
        If an argument is out of its range; if pixels look like 0..255, are not finite, or none;
        if labels are outside the model's classes, or of another number than the pictures; if a
        loss contradicts the labels or the model's output; if the last two layers both apply
        softmax.
    SeenDigitsError
        If test digits are among the training digits, or the model has seen them before. They are
        known by their content, whatever array they lie in. A ``ValueError``.

    Examples
    --------
    >>> from mnist_zoo import fit_and_evaluate, linear, load_mnist
    >>> data = load_mnist(source="sample")
    >>> result = fit_and_evaluate(linear(seed=0), data, epochs=2, seed=0, verbose=0)
    >>> result.accuracy > 0.8, sorted(result.history)
    (True, ['accuracy', 'loss', 'val_accuracy', 'val_loss'])
    """
    check_choice("verbose", verbose, (*get_args(Verbose), True, False))
    if validation_split is not None:
        if validation_fraction not in (VALIDATION_FRACTION, validation_split):
            raise ValueError(
                "validation_fraction and validation_split are the same: give one of the two; got "
                f"{validation_fraction!r} and {validation_split!r}"
            )
        validation_fraction = validation_split
    callbacks = _as_list(callbacks)
    model = untrained_model(model, seed)
    checked = check_training_data(model, data)
    plan = plan_training(
        model,
        checked,
        epochs=epochs,
        steps=steps,
        batch_size=batch_size,
        validation_fraction=validation_fraction,
        loss=loss,
        seed=seed,
        callbacks=callbacks,
        distortion=distortion,
    )
    course = run_training(
        model,
        checked,
        plan,
        optimizer=optimizer,
        learning_rate=learning_rate,
        metrics=metrics,
        callbacks=callbacks,
        verbose=int(verbose) if isinstance(verbose, bool) else verbose,
    )
    return assess(model, checked.test, **course._asdict())


def _as_list(callbacks: Any) -> list[Any]:
    """Return callbacks as a list: Keras takes None and a single one too."""
    if callbacks is None:
        return []
    return list(callbacks) if isinstance(callbacks, (list, tuple)) else [callbacks]
