"""The loop for torch: a training step recorded once as a list of torch's operations.

Keras on torch decides anew in every batch what each layer is to do, which for small networks takes
longer than the arithmetic. Here a step runs as Keras runs it for some batches. Then it is recorded,
from the digits to the updated parameters, and the recorded operations run by themselves. A step
that cannot be recorded, as its code looks at values, goes on as Keras runs it. As with the compiled
steps of TensorFlow and JAX, Python code within a layer does not run again.

``torch.compile`` goes further: for two dense layers and batches of 32, an epoch of MNIST takes
1.1 s in place of 1.9 s. But it compiles for 19 s, and needs a C++ compiler.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import logging
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from mnist_zoo.data.memory import as_aligned
from mnist_zoo.training import torch_graph
from mnist_zoo.training.batches import Batches
from mnist_zoo.training.distorting import Distort, by_epoch
from mnist_zoo.training.kernels import Kernels, computed_by, layers_of

if TYPE_CHECKING:
    import keras

# Batches of one shape before the step is recorded. Recording takes as long as about 50 of Keras's
# steps of two dense layers (0.2 s), or 5 of six convolutions (0.5 s).
STEPS_BEFORE_RECORDING = 30

# Torch records one function at a time: a flag of the whole process says that it does.
_RECORDING = threading.Lock()

_logger = logging.getLogger(__name__)


def torch_loop(model: keras.Model, batches: Batches) -> tuple[dict[str, Any], Callable[..., Any]]:
    """Return what ``fit`` is to be called with, and what it calls: see :mod:`.loops`."""
    import keras
    import torch

    labels = keras.ops.convert_to_tensor(batches.y)
    x = torch.as_tensor(as_aligned(batches.x), device=labels.device)  # Keras would copy them.
    pictures = by_epoch(x, batches.distortion, compiled_layer)
    calls = batches.calls(lambda order: torch.tensor(order))
    # Of a generator of its own, so that the batches are those of the other backends.
    (other,) = batches.random.spawn(1)
    masks = _Masks(int(other.integers(2**63)), x.device)
    kernels: Kernels = {
        "Dropout": functools.partial(_dropout, masks),
        "BatchNormalization": _batch_normalization,
    }
    steps: dict[int, _Step] = {}
    settings = _settings(model)

    def train_function(_: Any) -> Any:
        nonlocal settings
        if settings != (now := _settings(model)):  # A callback has changed them.
            settings = now
            steps.clear()
        call = next(calls)
        masks.begin(call.epoch)
        of_epoch = pictures(call.epoch)
        for block in call.blocks:
            for digits in block.batches[block.start : block.stop].to(x.device):
                step = steps.setdefault(len(digits), _Step(model, masks, kernels))
                step(of_epoch.index_select(0, digits), labels.index_select(0, digits))
        return model.get_metrics_result()

    class FirstBatch(torch.utils.data.DataLoader):  # type: ignore[misc]
        """Has ``fit`` call so many times an epoch; what it gives is not what is trained on."""

        def __iter__(self) -> Any:
            if model.train_function.__module__.startswith("keras."):
                raise RuntimeError(f"Keras {keras.__version__} does not call model.train_function")
            return itertools.repeat((x[: batches.size], labels[: batches.size]))

    calls_an_epoch = -(-len(x) // (batches.size * batches.per_call))
    # Keras warns of a data loader that it cannot shuffle.
    return {"x": FirstBatch(range(calls_an_epoch)), "shuffle": False}, train_function


def compiled_layer(layer: keras.layers.Layer) -> Distort:
    """Return a function that distorts pictures by a layer, without tracking gradients."""
    import torch

    def distort(x: Any) -> Any:
        with torch.no_grad():
            return layer(x, training=True)

    return distort


class _Masks:
    """The masks of dropout, drawn by a generator that no other code of the process draws from."""

    def __init__(self, seed: int, device: Any) -> None:
        import torch

        self.generator = torch.Generator(device).manual_seed(seed)
        self._seed, self._epoch = seed, 0
        # A step cannot be recorded with a generator: it gets it afterwards.
        self.recording = False

    def begin(self, epoch: int) -> None:
        """Have the masks of an epoch depend on the seed and its number alone."""
        if epoch != self._epoch:
            self._epoch = epoch
            self.generator.manual_seed((self._seed + epoch) % 2**63)

    def draw(self, like: Any, probability: float) -> Any:
        """Return a tensor of ones, with that probability, and of zeros."""
        import torch

        generator = None if self.recording else self.generator
        return torch.empty_like(like).bernoulli_(probability, generator=generator)


class _Step:
    """Training on a batch of one size, recorded when that pays."""

    def __init__(self, model: keras.Model, masks: _Masks, kernels: Kernels) -> None:
        self._model = model
        self._masks = masks
        self._kernels = kernels
        self._steps = 0
        self._values: list[Any] = []
        self._recorded: Callable[..., Any] | None = None

    def __call__(self, x: Any, y: Any) -> None:
        import torch

        if self._recorded is not None:
            with torch.no_grad():
                self._recorded(*self._values, x, y)
            return
        self._steps += 1
        with computed_by(self._kernels, self._model):
            if self._steps == STEPS_BEFORE_RECORDING:
                self._record(x, y)
            self._model.train_step((x, y))

    def _record(self, x: Any, y: Any) -> None:
        """Record a step as a function of the values of all variables, the pictures, the labels."""
        from torch.fx.experimental.proxy_tensor import make_fx

        model = self._model
        changing = (*model.variables, *model.optimizer.variables, *model.metrics_variables)
        variables = list({id(variable): variable for variable in changing}.values())
        # Keras changes these tensors in place, and never puts others into their place.
        self._values = [variable.value for variable in variables]

        def step(*tensors: Any) -> None:
            *values, x, y = tensors
            with _replaced(variables, values):
                model.train_step((x, y))

        model.zero_grad()  # Otherwise the gradients of the last batch would be a part of it.
        arguments = (*self._values, x, y)
        self._masks.recording = True
        try:
            # Without values: code that looks at one raises, and nothing is computed.
            with _RECORDING:
                recorded = make_fx(step, tracing_mode="fake")(*arguments)
            torch_graph.take_copies_out(recorded.graph)
            torch_graph.fold_constants(recorded)
            torch_graph.draw_from(recorded, self._masks.generator)
            torch_graph.call_directly(recorded.graph)
            recorded.recompile()
            _try_without_values(recorded, arguments)
        except Exception as error:  # Whatever a model's own code cannot do without values.
            _logger.info("the training step of %s is not recorded: %s", model.name, error)
            return
        finally:
            self._masks.recording = False
        self._recorded = recorded


def _settings(model: keras.Model) -> list[Any]:
    """Return what callbacks may change of layers in the middle of a training."""
    names = "trainable", "rate", "momentum"
    return [[getattr(layer, name, None) for name in names] for layer in layers_of(model)]


def _try_without_values(recorded: Any, arguments: tuple[Any, ...]) -> None:
    """Run recorded operations on tensors without values; raise if one does not fit another."""
    import torch
    from torch._subclasses.fake_tensor import FakeTensorMode

    with FakeTensorMode(allow_non_fake_inputs=True) as mode, torch.no_grad():
        recorded(*map(mode.from_tensor, arguments))


@contextlib.contextmanager
def _replaced(variables: list[Any], values: list[Any]) -> Iterator[None]:
    """Let variables have other values."""
    before = [variable._value for variable in variables]
    try:
        for variable, value in zip(variables, values, strict=True):
            variable._value = value
        yield
    finally:
        for variable, value in zip(variables, before, strict=True):
            variable._value = value


def _dropout(masks: _Masks, layer: Any, x: Any, training: bool = False) -> Any:
    """Draw from the loop's own generator: Keras makes a new one for every call."""
    if not training or layer.rate in (0.0, 1.0) or layer.noise_shape is not None:
        return type(layer).call(layer, x, training=training)
    keep = 1.0 - layer.rate
    return x * masks.draw(x, keep) / keep


def _batch_normalization(layer: Any, x: Any, training: bool = False, mask: Any = None) -> Any:
    """Use torch's operation: Keras makes it of ten, each of which goes through all values."""
    import torch

    channels_last = x.ndim == 4 and layer.axis in (3, -1)
    plain = training and layer.trainable and mask is None and not layer.renorm
    if not (plain and channels_last and x.dtype == torch.float32):
        return type(layer).call(layer, x, training=training, mask=mask)
    gamma, beta = (None if each is None else each.value for each in (layer.gamma, layer.beta))
    y, mean, deviation = torch.native_batch_norm(
        x.permute(0, 3, 1, 2), gamma, beta, None, None, True, 0.0, layer.epsilon
    )
    with torch.no_grad():
        variance = deviation.detach() ** -2 - layer.epsilon  # `deviation` is its inverse.
        for moving, now in ((layer.moving_mean, mean.detach()), (layer.moving_variance, variance)):
            moving.assign(moving * layer.momentum + now * (1.0 - layer.momentum))
    return y.permute(0, 2, 3, 1)
