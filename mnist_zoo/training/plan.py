"""A training, planned before it begins: :class:`TrainingPlan`."""

from __future__ import annotations

import dataclasses
import math
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from mnist_zoo.arguments import check_fraction, check_integer, check_seed
from mnist_zoo.evaluation.inputs import CheckedData
from mnist_zoo.evaluation.result import TrainingSettings
from mnist_zoo.models.layers import suits_xla
from mnist_zoo.models.outputs import check_softmax_once
from mnist_zoo.training.compiling import compile_settings, compiled_loss
from mnist_zoo.training.loops import LOOPS, LoopSettings
from mnist_zoo.training.losses import check_loss, loss_for

if TYPE_CHECKING:
    import keras

    Loss: TypeAlias = str | keras.losses.Loss
    Distortion: TypeAlias = keras.layers.Layer | float | bool | None

DEFAULT_EPOCHS = 5
# From here on XLA saves more than the second that it takes to compile.
XLA_BATCHES = 2000


@dataclass(frozen=True)
class TrainingPlan:
    """The settings of a training, checked and complete: made once, and read by everybody.

    Attributes
    ----------
    epochs, steps : int or None
        What was asked for: passes over the training digits, or batches. The other is None.
    batch_size : int
        Digits a batch.
    validation_fraction : float
        Fraction of the training split that is kept for validation.
    digits : int
        Digits to train on, without those for validation.
    loss : str or keras.losses.Loss
        The loss to minimise.
    seed : int or None
        Seed of the validation split, the shuffling, and the generators of Python, NumPy and the
        backend.
    loop : LoopSettings
        How the training is run.
    distortion : keras.layers.Layer or None
        Distorts the digits to train on.
    """

    epochs: int | None
    steps: int | None
    batch_size: int
    validation_fraction: float
    digits: int
    loss: Loss
    seed: int | None
    loop: LoopSettings
    distortion: keras.layers.Layer | None = None

    @property
    def batches_per_epoch(self) -> int:
        """Number of batches in an epoch; the last may be smaller."""
        return math.ceil(self.digits / self.batch_size)

    @property
    def batches(self) -> int:
        """Number of batches of the whole training."""
        return self.steps or (self.epochs or 0) * self.batches_per_epoch

    @property
    def epochs_begun(self) -> int:
        """Number of epochs, the last of which may end early."""
        return math.ceil(self.batches / self.batches_per_epoch)

    @property
    def batches_of_last_epoch(self) -> int:
        """Number of batches after which the last epoch ends."""
        return self.batches - (self.epochs_begun - 1) * self.batches_per_epoch

    def settings(self, optimizer: keras.optimizers.Optimizer) -> TrainingSettings:
        """Return what a report says of this training.

        Parameters
        ----------
        optimizer : keras.optimizers.Optimizer
            With which the model is trained.

        Returns
        -------
        TrainingSettings
        """
        import keras

        rate = getattr(optimizer, "learning_rate", None)
        name = getattr(self.loss, "name", None) or getattr(self.loss, "__name__", None)
        return TrainingSettings(
            epochs=self.epochs,
            steps=self.steps,
            batch_size=self.batch_size,
            optimizer=type(optimizer).__name__,
            loss=str(name or self.loss),
            learning_rate=None if rate is None else float(keras.ops.convert_to_numpy(rate)),
            validation_fraction=self.validation_fraction,
            seed=self.seed,
            distortion=None if self.distortion is None else type(self.distortion).__name__,
        )


def plan_training(
    model: keras.Model,
    data: CheckedData,
    *,
    epochs: int | None = None,
    steps: int | None = None,
    batch_size: int = 32,
    validation_fraction: float = 0.0,
    loss: Loss | None = None,
    seed: int | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    distortion: Distortion = None,
) -> TrainingPlan:
    """Check every setting of a training, and plan it.

    Parameters
    ----------
    model : keras.Model
        What is to be trained. Its compiled loss is used if `loss` is None.
    data : CheckedData
        What it is to be trained on, checked.
    epochs, steps, batch_size, validation_fraction, loss, seed, callbacks, distortion
        As for :func:`~mnist_zoo.fit_and_evaluate`.

    Returns
    -------
    TrainingPlan

    Raises
    ------
    ValueError
        If a setting is out of its range, or the loss is not for these labels or this output.
    """
    import keras

    if epochs is not None and steps is not None:
        raise ValueError(f"epochs or steps must be None; got {epochs!r} and {steps!r}")
    if steps is not None:
        steps = check_integer("steps", steps, 1)
    else:
        epochs = check_integer("epochs", DEFAULT_EPOCHS if epochs is None else epochs, 1)
    fraction = check_fraction("validation_fraction", validation_fraction)
    per_call = compile_settings(model).get("steps_per_execution", 1)
    if per_call > 1 and keras.backend.backend() == "torch":
        raise ValueError(
            f"the model is compiled with steps_per_execution={per_call}, but on torch Keras runs "
            "one batch a call: compile it with steps_per_execution=1"
        )
    check_softmax_once(model)
    if loss is None:
        loss = compiled_loss(model)
    elif isinstance(loss, type):
        loss = loss()
    if loss is None:
        loss = loss_for(data.labels, data.output)
    else:
        check_loss(loss, data.labels, data.output)
    plan = TrainingPlan(
        epochs=epochs,
        steps=steps,
        batch_size=check_integer("batch_size", batch_size, 1),
        validation_fraction=fraction,
        digits=len(data.x) - math.ceil(fraction * len(data.x)),
        loss=loss,
        seed=check_seed(seed),
        loop=LoopSettings(1, None),
        distortion=_distortion(distortion, seed),
    )
    return dataclasses.replace(plan, loop=_loop_settings(model, plan, callbacks))


def _distortion(distortion: Distortion, seed: int | None) -> keras.layers.Layer | None:
    """Return the layer that is meant; raise ``ValueError`` if none can be."""
    import keras

    if distortion is None or distortion is False:
        return None
    if isinstance(distortion, keras.layers.Layer):
        return distortion
    if isinstance(distortion, (int, float, np.number)) and 0.0 < distortion < math.inf:
        from mnist_zoo.training.distortions import RandomDistortion

        return RandomDistortion(strength=float(distortion), seed=seed)
    raise ValueError(
        "distortion must be True, a strength above 0, or a layer of Keras such as "
        f"RandomDistortion(); got {distortion!r}"
    )


def _loop_settings(
    model: keras.Model, plan: TrainingPlan, callbacks: Sequence[keras.callbacks.Callback]
) -> LoopSettings:
    """Return how to run a training fast.

    Many batches are run for one call from Python, unless the batches are counted or a callback is
    called for each of them. On TensorFlow, XLA compiles supported layers, and only trainings long
    enough to repay its compile time. What the user compiled a model with goes before both.
    """
    import keras

    backend = keras.backend.backend()
    compiled = compile_settings(model)
    per_call = compiled.get("steps_per_execution", 1) if plan.steps is None else 1
    loop = LOOPS.get(backend)
    if per_call == 1 and loop and plan.steps is None and not any(map(_is_per_batch, callbacks)):
        per_call = loop.batches_per_call
    xla = (
        compiled.get("jit_compile", "auto") == "auto"
        and backend == "tensorflow"
        and plan.batches >= XLA_BATCHES
        and platform.system() != "Darwin"
        and suits_xla(model)
    )
    return LoopSettings(per_call, True if xla else None)


def _is_per_batch(callback: Any) -> bool:
    """Say whether a callback is to be called for each batch.

    Keras's own that save a model have a method for that, but use it only if they are to save after
    so many batches.
    """
    import keras

    savers = keras.callbacks.ModelCheckpoint, keras.callbacks.BackupAndRestore
    idle = {keras.callbacks.Callback}
    if getattr(callback, "save_freq", None) == "epoch":
        idle.update(savers)
    return any(
        hook in vars(callback)
        or next((each for each in type(callback).__mro__ if hook in vars(each)), None)
        not in {None, *idle}
        for hook in ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")
    )
