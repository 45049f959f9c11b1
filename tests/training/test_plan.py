"""plan: a training is planned once, and every number of it is in one place."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mnist_zoo import dense_relu_dropout, linear
from mnist_zoo.evaluation.inputs import CheckedData, CheckedTest
from mnist_zoo.models.provenance import Seen
from mnist_zoo.training import compiling, loops, plan
from mnist_zoo.training.plan import plan_training


def planned(model, digits=60_000, **options):
    x, y = np.broadcast_to(0.5, (digits, 28, 28)), np.zeros(digits, np.int64)
    data = CheckedData(x, y, "integers", "probabilities", Seen(), CheckedTest(x, y, None))
    return plan_training(model, data, **options)


@given(
    digits=st.integers(1, 1000),
    batch_size=st.integers(1, 300),
    steps=st.integers(1, 100),
    fraction=st.floats(0, 0.9),
)
def test_steps_fill_whole_epochs_and_a_part_of_the_last(digits, batch_size, steps, fraction):
    model = LINEAR
    options = {"batch_size": batch_size, "validation_fraction": fraction}
    made = planned(model, digits=digits, steps=steps, **options)
    assume(made.digits > 0)
    assert made.batches == steps
    whole = (made.epochs_begun - 1) * made.batches_per_epoch
    assert whole + made.batches_of_last_epoch == steps
    assert 1 <= made.batches_of_last_epoch <= made.batches_per_epoch


LINEAR = linear()


def test_epochs_are_whole():
    made = planned(LINEAR, epochs=3, batch_size=100, validation_fraction=0.1)
    assert made.digits == 54_000
    assert made.batches_per_epoch == 540
    assert made.batches == 1620
    assert made.epochs_begun == 3
    assert made.batches_of_last_epoch == 540


def test_a_plan_is_frozen():
    with pytest.raises(AttributeError):
        planned(LINEAR).epochs = 7


@pytest.mark.skipif(keras.backend.backend() not in loops.LOOPS, reason="no loop here")
def test_many_batches_are_run_for_one_call_unless_somebody_looks_at_each():
    class Look(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            pass

    class LookInTheOldWay(keras.callbacks.Callback):
        def on_batch_end(self, batch, logs=None):
            pass

    class LookElsewhere(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            pass

    many = loops.LOOPS[keras.backend.backend()].batches_per_call
    assert planned(LINEAR).loop.batches_per_call == many
    assert planned(LINEAR, callbacks=[LookElsewhere()]).loop.batches_per_call == many
    assert planned(LINEAR, callbacks=[Look()]).loop.batches_per_call == 1
    assert planned(LINEAR, callbacks=[LookInTheOldWay()]).loop.batches_per_call == 1
    nan = keras.callbacks.TerminateOnNaN()
    assert planned(LINEAR, callbacks=[nan]).loop.batches_per_call == 1
    lambdas = keras.callbacks.LambdaCallback(on_train_batch_begin=lambda batch, logs: None)
    assert planned(LINEAR, callbacks=[lambdas]).loop.batches_per_call == 1
    assert planned(LINEAR, steps=7).loop.batches_per_call == 1


@pytest.mark.parametrize("kind", ["checkpoint", "backup"])
def test_a_model_that_is_saved_after_each_epoch_is_trained_as_fast(kind, tmp_path):
    def saving(save_freq):
        if kind == "backup":
            return keras.callbacks.BackupAndRestore(str(tmp_path), save_freq=save_freq)
        return keras.callbacks.ModelCheckpoint(tmp_path / "model.keras", save_freq=save_freq)

    class Counting(keras.callbacks.ModelCheckpoint):
        def on_train_batch_end(self, batch, logs=None):
            super().on_train_batch_end(batch, logs)

    many = loops.LOOPS[keras.backend.backend()].batches_per_call
    assert planned(LINEAR, callbacks=[saving("epoch")]).loop.batches_per_call == many
    assert planned(LINEAR, callbacks=[saving(5)]).loop.batches_per_call == 1
    counting = Counting(tmp_path / "model.keras")
    assert planned(LINEAR, callbacks=[counting]).loop.batches_per_call == 1


def test_without_a_loop_for_the_backend_keras_runs_one_batch_a_call(monkeypatch):
    monkeypatch.setattr(plan, "LOOPS", {})
    assert planned(LINEAR).loop.batches_per_call == 1


@pytest.mark.skipif(keras.backend.backend() != "torch", reason="other backends take any number")
def test_a_number_of_batches_a_call_that_torch_cannot_run_is_refused():
    model = linear()
    model.compile("adam", "sparse_categorical_crossentropy", steps_per_execution=3)
    with pytest.raises(ValueError, match="steps_per_execution=1"):
        planned(model)


@pytest.mark.skipif(keras.backend.backend() == "torch", reason="on torch, one batch a call")
def test_a_model_that_comes_compiled_runs_as_it_was_compiled():
    model = linear()
    options = {"steps_per_execution": 3, "jit_compile": False}
    model.compile("adam", "sparse_categorical_crossentropy", **options)
    assert planned(model, epochs=100).loop == loops.LoopSettings(3, None)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="XLA for TensorFlow")
def test_xla_compiles_supported_layers_in_long_trainings(monkeypatch):
    class Own(keras.layers.Layer):
        def call(self, x):
            return x

    inputs = keras.Input((28, 28))
    outputs = keras.layers.Dense(10, activation="softmax")(keras.layers.Flatten()(Own()(inputs)))
    monkeypatch.setattr(plan.platform, "system", lambda: "Linux")
    assert planned(LINEAR, epochs=10).loop.xla is True
    assert planned(LINEAR, steps=100).loop.xla is None
    assert planned(dense_relu_dropout(), epochs=10).loop.xla is None
    assert planned(keras.Model(inputs, outputs), epochs=10).loop.xla is None
    monkeypatch.setattr(plan.platform, "system", lambda: "Darwin")
    assert planned(LINEAR, epochs=10).loop.xla is None


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="XLA for TensorFlow")
def test_a_model_that_was_trained_here_before_is_run_as_fast_again(monkeypatch):
    monkeypatch.setattr(plan.platform, "system", lambda: "Linux")
    model = linear()
    compiling.compile_model(model, optimizer="adam", loss="sparse_categorical_crossentropy")
    again = planned(model, epochs=10)
    assert again.loop == loops.LoopSettings(loops.LOOPS["tensorflow"].batches_per_call, True)
    model.compile("adam", "sparse_categorical_crossentropy", jit_compile=False)
    assert planned(model, epochs=10).loop.xla is None
