"""How each format is written, and run again by its own runtime.

Keras's own exporters do the work. What is written here is what they need besides.
"""

from __future__ import annotations

import contextlib
import functools
import json
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mnist_zoo.errors import ExportError
from mnist_zoo.models.forward import numpy_model
from mnist_zoo.models.layers import LayerSpec, describe_layers, is_chain, runs_without_framework

if TYPE_CHECKING:
    import keras

# Pictures of the model's input shape, or of any size where a model takes these; float32 or uint8.
Pictures = NDArray[Any]
# What a model returns for them: one array, or the digit and the probabilities, in any order.
Outputs = list[NDArray[Any]]
Run = Callable[[Pictures], Outputs]


def write_saved_model(model: keras.Model, path: Path, _: Pictures | None) -> None:
    """Write a TensorFlow SavedModel."""
    with warnings.catch_warnings():
        # On JAX. Keras passes a setting that JAX is to drop, and no user can change that.
        warnings.filterwarnings("ignore", "The `native_serialization`", DeprecationWarning)
        model.export(path, format="tf_saved_model", verbose=False)


def load_saved_model(path: Path) -> Run:
    """Load a SavedModel by TensorFlow."""
    import tensorflow as tf

    loaded = tf.saved_model.load(path)  # Its variables live as long as it does.
    return lambda pictures: [np.asarray(each) for each in tf.nest.flatten(loaded.serve(pictures))]


def write_onnx(model: keras.Model, path: Path, _: Pictures | None) -> None:
    """Write an ONNX file."""
    import keras

    _teach_erfc()
    # Keras refuses a model that was never called, unless it is told what goes in.
    signature = [
        keras.InputSpec(shape=tensor.shape, dtype=tensor.dtype, name="pictures")
        for tensor in model.inputs
    ]
    with warnings.catch_warnings():
        # tf2onnx asks NumPy for names that NumPy 2 has no more.
        warnings.filterwarnings("ignore", "In the future `np.object`", FutureWarning)
        model.export(path, format="onnx", verbose=False, input_signature=signature)


def load_onnx(path: Path) -> Run:
    """Load an ONNX file by ONNX Runtime."""
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda pictures: list(session.run(None, {name: pictures}))


@functools.cache
def _teach_erfc() -> None:
    """Have tf2onnx write Erfc, an operation of TensorFlow's GELU that it does not know."""
    from tf2onnx.handler import tf_op

    @tf_op("Erfc")
    class Erfc:
        """1 - erf(x)."""

        @classmethod
        def version_9(cls, graph: Any, node: Any, **_: Any) -> None:
            one = graph.make_const(f"{node.name}/one", np.ones((), np.float32)).output[0]
            erf = graph.make_node("Erf", node.input).output[0]
            name, outputs = node.name, node.output
            shapes, dtypes = [graph.get_shape(outputs[0])], [graph.get_dtype(outputs[0])]
            graph.remove_node(name)
            graph.make_node(
                "Sub", [one, erf], name=name, outputs=outputs, shapes=shapes, dtypes=dtypes
            )


def write_litert(model: keras.Model, path: Path, _: Pictures | None) -> None:
    """Write a LiteRT file of float32 values."""
    import tensorflow as tf

    # Without TensorFlow's own operations, which Keras would allow, and LiteRT alone has not.
    builtins = {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS]}
    with _quiet_tensorflow():
        model.export(path, format="litert", verbose=False, target_spec=builtins)


def write_litert_int8(model: keras.Model, path: Path, digits: Pictures | None) -> None:
    """Write a LiteRT file that computes with int8 values. What goes in and out is float32."""
    import tensorflow as tf

    if digits is None:
        raise ExportError(
            "litert-int8 needs digits, of which it learns the ranges of values: give data, or "
            'pip install "mnist-zoo[sample]"'
        )
    with _quiet_tensorflow():
        model.export(
            path,
            format="litert",
            verbose=False,
            optimizations=[tf.lite.Optimize.DEFAULT],
            representative_dataset=lambda: ([digit[None]] for digit in digits),
            target_spec={"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]},
        )


def load_litert(path: Path) -> Run:
    """Load a LiteRT file by LiteRT."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(path))
    (entry,) = interpreter.get_input_details()
    prepared: tuple[int, ...] = ()

    def run(pictures: Pictures) -> Outputs:
        nonlocal prepared
        if pictures.shape != prepared:
            interpreter.resize_tensor_input(entry["index"], pictures.shape)
            interpreter.allocate_tensors()
            prepared = pictures.shape
        interpreter.set_tensor(entry["index"], pictures)
        interpreter.invoke()
        return [interpreter.get_tensor(each["index"]) for each in interpreter.get_output_details()]

    return run


@contextlib.contextmanager
def _quiet_tensorflow() -> Iterator[None]:
    with warnings.catch_warnings():
        # TensorFlow announces that its own copy of LiteRT will go. It is not used here.
        warnings.filterwarnings("ignore", ".*tf.lite", UserWarning)
        warnings.filterwarnings("ignore", "Statistics for quantized inputs", UserWarning)
        yield


# The folder of an export for OpenVINO has this file, and one of parameters.
OPENVINO_FILE = "model.xml"


def write_openvino(model: keras.Model, path: Path, _: Pictures | None) -> None:
    """Write a folder with OpenVINO's two files."""
    import openvino

    path.mkdir()
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / OPENVINO_FILE
        model.export(str(raw), format="openvino", verbose=False)
        converted = openvino.Core().read_model(raw)
        # The size of the batch, which attention asks for, would be a result too.
        for result in converted.get_results():
            if result.get_output_partial_shape(0).rank.get_length() == 0:
                converted.remove_result(result)
        openvino.serialize(converted, path / OPENVINO_FILE)


def load_openvino(path: Path) -> Run:
    """Load such a folder by OpenVINO, for the processor."""
    import openvino

    # Else it computes with 16 bits on processors that can.
    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.Core().compile_model(path / OPENVINO_FILE, "CPU", exact)
    return lambda pictures: list(compiled(pictures).values())


def write_torch(model: keras.Model, path: Path, _: Pictures | None) -> None:
    """Write an exported program of PyTorch, for any number of pictures."""
    import torch

    model.eval()
    sizes = {
        axis: torch.export.Dim.AUTO
        for axis, size in enumerate(model.inputs[0].shape)
        if size is None
    }
    model.export(path, format="torch", verbose=False, dynamic_shapes=sizes)


def load_torch(path: Path) -> Run:
    """Load such a program by PyTorch."""
    import torch

    program = torch.export.load(path).module()

    def run(pictures: Pictures) -> Outputs:
        with torch.inference_mode():
            outputs = program(torch.from_numpy(pictures))
        if isinstance(outputs, torch.Tensor):
            return [outputs.numpy()]
        return [output.numpy() for output in outputs.values()]

    return run


# What an npz file keeps besides the parameters: the layers, in JSON.
LAYERS_ENTRY = "layers"


def write_npz(model: keras.Model, path: Path, _: Pictures | None) -> None:
    """Write the parameters, and the layers in JSON, as an npz file."""
    layers = describe_layers(model)
    if not (is_chain(model) and runs_without_framework(layers)):
        raise ExportError(
            f"{model.name} has layers that NumPy does not run here, or they are no chain: "
            "take another format than npz"
        )
    from keras import ops

    entries = {weight.path: ops.convert_to_numpy(weight) for weight in model.weights}
    entries[LAYERS_ENTRY] = np.array(json.dumps([layer.to_dict() for layer in layers]))
    with path.open("wb") as file:
        np.savez_compressed(file, **entries)


def load_npz(path: Path) -> Run:
    """Load such a file, for NumPy."""
    with np.load(path, allow_pickle=False) as file:
        parameters = dict(file)
    layers = json.loads(str(parameters.pop(LAYERS_ENTRY)))
    run = numpy_model([LayerSpec.from_dict(layer) for layer in layers], parameters)
    return lambda pictures: [run(pictures)]
