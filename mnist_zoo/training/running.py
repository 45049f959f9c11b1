"""Running a training as planned: the split, the compiled model, the loop, the clock."""

from __future__ import annotations

import contextlib
import random
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import numpy as np

from mnist_zoo.data.memory import aligned_empty
from mnist_zoo.evaluation.inputs import CheckedData, as_classes
from mnist_zoo.evaluation.result import TrainingSettings
from mnist_zoo.evaluation.splits import Pair
from mnist_zoo.models.frameworks import tensorflow_left_out
from mnist_zoo.models.outputs import PREDICT_BATCH
from mnist_zoo.models.provenance import training_on
from mnist_zoo.signals import handling
from mnist_zoo.training.batches import Batches
from mnist_zoo.training.compiling import compile_model, compiled_here, compiled_loss
from mnist_zoo.training.loops import fast_loop
from mnist_zoo.training.plan import TrainingPlan

if TYPE_CHECKING:
    import keras

    Optimizer: TypeAlias = (
        str | keras.optimizers.Optimizer | Callable[[TrainingPlan], keras.optimizers.Optimizer]
    )

Verbose = Literal["auto", 0, 1, 2]


class _Split(NamedTuple):
    """The digits to train on, and those for validation, if any."""

    training: Pair
    validation: Pair | None


class Course(NamedTuple):
    """How a training went: fields of an :class:`Evaluation`."""

    settings: TrainingSettings
    history: dict[str, tuple[float, ...]]
    seconds: float
    interrupted: bool


def run_training(
    model: keras.Model,
    data: CheckedData,
    plan: TrainingPlan,
    *,
    optimizer: Optimizer | None,
    learning_rate: Any = None,
    metrics: Sequence[Any] | None = None,
    callbacks: Sequence[keras.callbacks.Callback],
    verbose: Verbose | int,
) -> Course:
    """Train a model as planned; Ctrl-C ends it early.

    Parameters
    ----------
    model : keras.Model
        What is trained, in place.
    data : CheckedData
        On what.
    plan : TrainingPlan
        How.
    optimizer, learning_rate, metrics, callbacks, verbose
        As for :func:`~mnist_zoo.fit_and_evaluate`.

    Returns
    -------
    Course
        How the training went.
    """
    import keras

    order = np.random.default_rng(random.getrandbits(64) if plan.seed is None else plan.seed)
    if plan.seed is not None:
        # For layers and callbacks that draw from the generators of the process.
        with tensorflow_left_out():
            keras.utils.set_random_seed(plan.seed)
    split = _split(data, plan)
    with _strategy_of(model):
        _compile(model, plan, optimizer, learning_rate, metrics)
    settings = plan.settings(model.optimizer)
    begun: list[int] = []
    batches = Batches(
        *split.training,
        plan.batch_size,
        plan.loop.batches_per_call,
        order,
        plan.distortion,
        first_epoch=lambda: begun[0] if begun else 0,
    )
    history = keras.callbacks.History()
    callbacks = [*callbacks, history]
    if plan.steps is not None:
        callbacks.append(_stop_in_last_epoch(model, plan))
    interrupted = False
    started = time.perf_counter()
    try:
        with (
            training_on(model, data.seen) as note,
            fast_loop(model, batches, plan.loop.xla) as feed,
            _stopping_when_asked(model) as asked,
        ):

            def begin(epoch: int) -> None:
                begun.append(epoch)
                if asked:  # Before Keras began, and set this to False.
                    model.stop_training = True

            # First, so that a checkpoint which another callback writes is known too.
            known = keras.callbacks.LambdaCallback(
                on_epoch_begin=lambda epoch, logs: begin(epoch),
                on_epoch_end=lambda epoch, logs: note(),
            )
            # What other callbacks are told of an epoch is its number of batches.
            known.set_params = lambda params: params.update(steps=plan.batches_per_epoch)
            model.fit(
                **feed.arguments,
                epochs=plan.epochs_begun,
                validation_data=split.validation,
                validation_batch_size=PREDICT_BATCH,
                callbacks=[
                    known,
                    *callbacks,
                    *([_bar(plan.batches_per_epoch, feed.batches_per_step)] if verbose else []),
                ],
                verbose=verbose,
            )
        interrupted = bool(asked)
    except KeyboardInterrupt:
        interrupted = True
    # The mean of a metric that has a value for each class.
    means = {name: [np.mean(value) for value in each] for name, each in history.history.items()}
    return Course(
        settings=settings,
        history={name: tuple(map(float, values)) for name, values in means.items()},
        seconds=time.perf_counter() - started,
        interrupted=interrupted,
    )


def _strategy_of(model: keras.Model) -> contextlib.AbstractContextManager[Any]:
    """Return the context in which an optimizer's variables are placed as the model's are."""
    strategy = getattr(model, "distribute_strategy", None)
    return contextlib.nullcontext() if strategy is None else strategy.scope()


@contextlib.contextmanager
def _stopping_when_asked(model: keras.Model) -> Iterator[list[int]]:
    """Let Ctrl-C end the training after the batches that run now; let a second one raise.

    A ``KeyboardInterrupt`` at any moment would do harm: Keras passes over it in places, and on JAX
    a model has no parameters while a step runs. The signals that have come are given as a list.
    """
    came: list[int] = []

    def stop(number: int, frame: object) -> None:
        if came:
            raise KeyboardInterrupt
        came.append(number)
        model.stop_training = True

    usual = signal.default_int_handler
    numbers = [number for number in signal.valid_signals() if signal.getsignal(number) is usual]
    with handling(numbers, stop):
        yield came


def _bar(batches: int, batches_per_step: int) -> keras.callbacks.Callback:
    """Return Keras's progress bar, which does not count past the end.

    One call runs many batches, and Keras takes the last call of an epoch for a full one.
    """
    import keras

    class Bar(keras.callbacks.ProgbarLogger):  # type: ignore[misc]
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            last = (batch + 1) * batches_per_step - 1
            super().on_train_batch_end(min(last, batches - 1), logs)

    return Bar()


def _split(data: CheckedData, plan: TrainingPlan) -> _Split:
    """Take the validation digits out of the training digits, each class by its share."""
    x, y = data.x, data.y
    if plan.validation_fraction == 0.0:
        return _Split((x, y), None)
    from sklearn.model_selection import train_test_split

    try:
        train, validation = train_test_split(
            np.arange(len(x)),
            test_size=plan.validation_fraction,
            stratify=as_classes(y),
            random_state=plan.seed,
        )
    except ValueError as error:
        raise ValueError(
            f"validation_fraction={plan.validation_fraction:g} cannot take its share of each class "
            f"out of {len(x)} training digits ({error}); 0 goes without validation"
        ) from error
    # Into memory that the backend need not copy. By default, `take` with `out` makes a copy first.
    kept = aligned_empty((len(train), *x.shape[1:]), x.dtype)
    np.take(x, train, axis=0, out=kept, mode="clip")
    return _Split((kept, y[train]), (x[validation], y[validation]))


def _compile(
    model: keras.Model,
    plan: TrainingPlan,
    optimizer: Optimizer | None,
    learning_rate: Any,
    metrics: Sequence[Any] | None,
) -> None:
    """Compile the model as planned; what else its user compiled it with is kept."""
    import keras

    nothing_new = optimizer is None and learning_rate is None and metrics is None
    if nothing_new and compiled_loss(model) is plan.loss:
        return
    chosen: Any = optimizer
    if callable(optimizer) and not isinstance(optimizer, (type, keras.optimizers.Optimizer)):
        chosen = optimizer(plan)
    elif optimizer is None and learning_rate is None and compiled_here(model):
        # Begun anew: other layers may be trainable now, and a schedule begins again.
        chosen = type(model.optimizer).from_config(model.optimizer.get_config())
    elif optimizer is None:
        chosen = getattr(model, "optimizer", None) or "adam"
    if not isinstance(chosen, (str, keras.optimizers.Optimizer)):
        raise ValueError(
            "optimizer must be the name of an optimizer, an instance such as "
            f"keras.optimizers.Adam(0.001), or a function that returns one; got {chosen!r}"
        )
    if learning_rate is not None:
        chosen = _at_rate(chosen, learning_rate, given=optimizer is not None)
    changes = {} if metrics is None else {"metrics": _with_accuracy(metrics)}
    compile_model(model, optimizer=chosen, loss=plan.loss, **changes)


def _at_rate(optimizer: Any, rate: Any, *, given: bool) -> keras.optimizers.Optimizer:
    """Return the optimizer of that name, or that of the model, with another learning rate."""
    import keras

    if given and not isinstance(optimizer, str):
        raise ValueError(
            "learning_rate must be None where optimizer is an instance, or returns one, which has "
            f"its own; got {rate!r}"
        )
    schedule = isinstance(rate, keras.optimizers.schedules.LearningRateSchedule)
    number = isinstance(rate, (int, float, np.number)) and not isinstance(rate, bool)
    if not (schedule or (number and 0.0 < rate < np.inf)):
        raise ValueError(
            f"learning_rate must be a number above 0, or a schedule of Keras's; got {rate!r}"
        )
    found = keras.optimizers.get(optimizer)
    config = {**found.get_config(), "learning_rate": rate if schedule else float(rate)}
    return type(found).from_config(config)


def _with_accuracy(metrics: Sequence[Any]) -> list[Any]:
    """Return the metrics with the accuracy first, which every history has."""
    others = list(metrics) if isinstance(metrics, (list, tuple)) else [metrics]
    names = [getattr(metric, "name", metric) for metric in others]
    return others if {"accuracy", "acc"} & {*map(str, names)} else ["accuracy", *others]


def _stop_in_last_epoch(model: keras.Model, plan: TrainingPlan) -> keras.callbacks.Callback:
    """Return a callback that ends the last epoch after its planned number of batches."""
    import keras

    epoch_now = 0

    def begin(epoch: int, logs: Any) -> None:
        nonlocal epoch_now
        epoch_now = epoch

    def end(batch: int, logs: Any) -> None:
        if epoch_now == plan.epochs_begun - 1 and batch + 1 >= plan.batches_of_last_epoch:
            model.stop_training = True

    return keras.callbacks.LambdaCallback(on_epoch_begin=begin, on_train_batch_end=end)
