"""Fast loops: how each backend trains on many batches at little cost beside the arithmetic.

Keras fetches each batch on its own, and decides anew what to do with it. On a network as small as
these that takes longer than the arithmetic. Here a loop picks the digits of each batch out of all
of them, and runs the model's own ``train_step``, compiled. Keras's ``fit`` does the rest: epochs,
callbacks, validation, the progress bar.

The digits are shuffled here too, anew for every epoch, by a generator of their own. On TensorFlow,
``fit`` has the same batches in the same order in every epoch once ``keras.utils.set_random_seed``
was called, and its models are worse for it.

To add the loop of another backend, write a function in a file of its own and its row in
:data:`LOOPS`. The function takes a model and :class:`Batches`. It returns the arguments of ``fit``
that say what to train on, and what ``fit`` is to call for the next batches:
``model.train_function``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from numpy.typing import NDArray

from mnist_zoo.models.devices import whole_batches
from mnist_zoo.training.batches import Batches
from mnist_zoo.training.distorting import distorted_batches
from mnist_zoo.training.jax_loop import jax_loop
from mnist_zoo.training.tensorflow_loop import tensorflow_loop
from mnist_zoo.training.torch_loop import torch_loop

if TYPE_CHECKING:
    import keras


class LoopSettings(NamedTuple):
    """How a training is run; it does not change what is computed.

    Attributes
    ----------
    batches_per_call : int
        How many batches one call from Python runs.
    xla : bool or None
        Whether XLA compiles the training; None to leave that to Keras.
    """

    batches_per_call: int
    xla: bool | None


class Loop(NamedTuple):
    """The loop of one backend.

    Attributes
    ----------
    make : callable
        What makes it, for a model and batches.
    batches_per_call : int
        How many batches one call from Python runs, where nobody looks at each of them.
    counted : bool
        Whether Keras counts the batches of a call, by ``steps_per_execution``. On torch it takes
        every call for one batch.
    divides : bool, default False
        Whether it divides batches among devices, with ``keras.distribution.DataParallel``.
    """

    make: Callable[..., tuple[dict[str, Any], Callable[..., Any]]]
    batches_per_call: int
    counted: bool
    divides: bool = False


class Feed(NamedTuple):
    """What ``model.fit`` is to be called with.

    Attributes
    ----------
    arguments : dict
        Its arguments that say what to train on.
    batches_per_step : int
        How many batches there are in what it takes for one.
    """

    arguments: dict[str, Any]
    batches_per_step: int


#: The loop of each backend of Keras; on another, Keras trains by itself.
LOOPS: dict[str, Loop] = {
    "tensorflow": Loop(tensorflow_loop, 100, counted=True),
    "jax": Loop(jax_loop, 100, counted=True, divides=True),
    "torch": Loop(torch_loop, 100, counted=False),
}


@contextlib.contextmanager
def fast_loop(model: keras.Model, batches: Batches, xla: bool | None = None) -> Iterator[Feed]:
    """Have ``model.fit`` train in a fast loop; give what it is to be called with.

    Where the loop is not known to compute the same (a model with a ``train_step`` of its own, a
    backend without a loop, parameters that are divided among devices), Keras trains by itself. A
    version of Keras that does not call ``model.train_function`` trains by itself too; on torch it
    raises an error. Afterwards the model is as it was.

    Parameters
    ----------
    model : keras.Model
        The model, compiled.
    batches : Batches
        What it is to be trained on.
    xla : bool, optional
        Whether XLA compiles the training; by default that is left to Keras.

    Yields
    ------
    Feed
    """
    import keras

    loop = LOOPS.get(keras.backend.backend())
    before = model.steps_per_execution, model.jit_compile
    per_call = batches.per_call
    try:
        if loop is None or not _may_run(loop, model, batches.x):
            # As its user compiled it, unless the steps are counted.
            model.steps_per_execution = min(model.steps_per_execution, per_call)
            if batches.distortion is None:
                arguments = {"x": batches.x, "y": batches.y, "batch_size": batches.size}
            else:
                arguments = {"x": distorted_batches(batches)}
            yield Feed(arguments, 1)
            return
        model.steps_per_execution = per_call if loop.counted else 1
        if xla is not None:
            model.jit_compile = xla
        arguments, model.train_function = loop.make(model, batches)
        with whole_batches():  # The loop divides them.
            yield Feed(arguments, 1 if loop.counted else per_call)
    finally:
        model.steps_per_execution, model.jit_compile = before
        # They were made for so many batches a call; Keras makes its own when next it needs them.
        model.train_function = model.test_function = None


def _may_run(loop: Loop, model: keras.Model, x: NDArray[Any]) -> bool:
    """Say whether a loop is known to compute what Keras would."""
    import keras

    # TensorFlow's own for programs that chose none; with any other, Keras places the variables.
    strategy = type(getattr(model, "distribute_strategy", None)).__name__
    data_parallel, distribution = keras.distribution.DataParallel, keras.distribution.distribution()
    # With torch this means ``torch.compile``, which only a user chooses.
    torch_compiled = keras.backend.backend() == "torch" and model.jit_compile
    return (
        not model.run_eagerly
        and not torch_compiled
        and type(model).train_step is keras.Model.train_step
        and strategy in ("NoneType", "_DefaultDistributionStrategy")
        and (distribution is None or (loop.divides and isinstance(distribution, data_parallel)))
        and x.dtype.kind == "f"
    )
