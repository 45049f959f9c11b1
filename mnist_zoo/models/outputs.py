"""What a model returns: probabilities or logits, and how to get the first from either."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from mnist_zoo.errors import TROUBLESHOOTING, DivergedError
from mnist_zoo.models.devices import whole_batches
from mnist_zoo.models.layers import softmax

if TYPE_CHECKING:
    import keras

OutputKind = Literal["probabilities", "logits"]

PREDICT_BATCH = 1000
# The digits whose output is looked at where no layer says what it is.
PROBED = 32
# What the activation of the last layer makes of its output.
OUTPUT_OF: dict[str, OutputKind] = {"softmax": "probabilities", "linear": "logits"}


def output_kind(model: keras.Model, x: Any) -> OutputKind:
    """Tell whether a model returns probabilities or logits, by its last layer or by trying."""
    kind = _declared_kind(model)
    return kind or _kind_of(_outputs(model, x[:PROBED], PROBED))


def model_probabilities(
    model: keras.Model, x: Any, batch_size: int = PREDICT_BATCH
) -> NDArray[np.float32]:
    """Return a model's probabilities for pictures that suit it."""
    if not len(x):
        return np.zeros((0, model.output_shape[1]), np.float32)
    outputs = _outputs(model, x, batch_size).astype(np.float32, copy=False)
    if not np.isfinite(outputs).all():
        raise DivergedError(
            "the model's outputs are not all finite: its training diverged. Lower the learning "
            f"rate. Why: {TROUBLESHOOTING}#the-outputs-are-not-finite-training-diverged"
        )
    if (_declared_kind(model) or _kind_of(outputs[:PROBED])) == "logits":
        outputs = softmax(outputs.astype(np.float64)).astype(np.float32)
    return outputs


def _outputs(model: keras.Model, x: Any, batch_size: int) -> NDArray[Any]:
    """Return what a model returns for pictures."""
    strategy = getattr(model, "distribute_strategy", None)
    if getattr(strategy, "num_replicas_in_sync", 1) > 1:
        # Of a single batch, every replica would return all rows.
        return np.asarray(model.predict(x, batch_size=batch_size, verbose=0))
    batches = [x[start : start + batch_size] for start in range(0, len(x), batch_size)]
    _trace(model, batches[0], batches[-1])
    # ``model.predict`` does the same, and first builds a data pipeline.
    with whole_batches():
        return np.concatenate([model.predict_on_batch(batch) for batch in batches])


def _trace(model: keras.Model, *batches: Any) -> None:
    """Have TensorFlow trace the prediction before it is called.

    By itself it traces in the first call for each model, takes several models for one function
    that must be traced again and again, and warns of it.
    """
    model.make_predict_function()
    trace = getattr(model.predict_function, "get_concrete_function", None)
    if trace is not None:
        for batch in batches:
            trace([(batch,)])


def _declared_kind(model: keras.Model) -> OutputKind | None:
    """Return what the layer that makes the output says, or None if no layer says it."""
    import keras

    last = _output_layer(model)
    if isinstance(last, keras.layers.Softmax):
        return "probabilities"
    activation = getattr(last, "activation", None)
    if activation is None:
        return None
    name = getattr(activation, "__name__", str(activation))
    if name not in OUTPUT_OF:
        raise ValueError(
            f"the model must end in a softmax, or in no activation (logits); got {name}, whose "
            "outputs are not the probabilities of classes"
        )
    return OUTPUT_OF[name]


def check_softmax_once(model: keras.Model) -> None:
    """Raise ``ValueError`` if the last layer applies softmax to probabilities as they are.

    A last layer with parameters, as a new head on a classifier, can learn to undo that.
    """
    last = _output_layer(model)
    try:
        before = last.input._keras_history.operation
    except (AttributeError, ValueError):  # No layer, or not one layer before it.
        return
    if not last.weights and _is_softmax(last) and _is_softmax(before):
        raise ValueError(
            f"the model applies softmax twice, in the layers {before.name!r} and {last.name!r}: "
            "leave it out of one. The second brings all probabilities close to each other. "
            f"Why: {TROUBLESHOOTING}#the-loss-stays-above-146-softmax-twice"
        )


def _is_softmax(layer: Any) -> bool:
    """Say whether a layer, or the last one of a nested model, ends in a softmax."""
    import keras

    if isinstance(layer, keras.Model):
        return _is_softmax(_output_layer(layer))
    activation = getattr(layer, "activation", None)
    return isinstance(layer, keras.layers.Softmax) or activation is keras.activations.softmax


def _output_layer(model: keras.Model) -> Any:
    """Return the layer that makes a model's output; None if an operation does, or code of its own.

    The last of ``model.layers`` need not be it: operations are not in that list, and a subclass has
    its layers there in any order.
    """
    import keras

    if isinstance(model, keras.Sequential):
        return model.layers[-1] if model.layers else None
    outputs = getattr(model, "outputs", None) or [None]
    operation = getattr(getattr(outputs[0], "_keras_history", None), "operation", None)
    return operation if isinstance(operation, keras.layers.Layer) else None


def _kind_of(outputs: NDArray[Any]) -> OutputKind:
    sums = np.asarray(outputs, np.float64).sum(axis=1)
    rows_sum_to_one = np.all(np.abs(sums - 1.0) < 1e-3)
    return "probabilities" if rows_sum_to_one and outputs.min() >= 0.0 else "logits"
