"""A model that takes pictures as they come from a file, rather than digits in the form of MNIST."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mnist_zoo.data.datasets import MNIST
from mnist_zoo.models.outputs import output_kind

if TYPE_CHECKING:
    import keras

# A digit is at most half ink: a picture that is brighter on average is of dark ink on paper.
LIGHTEST = 0.5


def with_preprocessing(model: keras.Model) -> keras.Model:
    """Return a model that scales pictures itself, and returns the digit and the probabilities.

    Pictures are grey, all of the same size, and of uint8. Each shows a digit with a margin, as
    those of MNIST do. Pictures of dark ink on light paper are inverted. All are scaled to 28 by 28
    pixels.
    To find digits in a photo, use :func:`~mnist_zoo.read_digits` before the model.

    Parameters
    ----------
    model : keras.Model
        A model of digits in the form of MNIST.

    Returns
    -------
    keras.Model
        From uint8 of shape (n, height, width) to a dictionary of ``"digit"``, int32 of shape (n,),
        and ``"probabilities"``, float32 of shape (n, classes). It shares its layers with `model`.
    """
    import keras
    from keras import layers, ops

    pictures = keras.Input((None, None), dtype="uint8", name="pictures")
    ink = ops.expand_dims(layers.Rescaling(1.0 / 255.0)(pictures), axis=-1)
    is_dark_on_light = ops.mean(ink, axis=(1, 2, 3), keepdims=True) > LIGHTEST
    ink = ops.where(is_dark_on_light, 1.0 - ink, ink)
    digits = layers.Resizing(*MNIST.image_shape, data_format="channels_last")(ink)
    # Without `training=False`, some exports do batch normalization as in training.
    outputs = model(layers.Reshape(model.input_shape[1:])(digits), training=False)
    probed = np.zeros((1, *model.input_shape[1:]), np.float32)
    if output_kind(model, probed) == "logits":
        outputs = ops.softmax(outputs)
    # Of an argmax, Keras makes operations that ONNX and LiteRT have not.
    digit = ops.squeeze(ops.top_k(outputs, 1)[1], axis=-1)
    found = {"digit": digit, "probabilities": outputs}
    return keras.Model(pictures, found, name=model.name)
