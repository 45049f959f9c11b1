"""The species that attend: a small vision transformer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mnist_zoo.models.building import (
    IMAGE_SHAPE,
    ClassifierActivation,
    Seeds,
    Weights,
    build_model,
    dense,
    documented,
)
from mnist_zoo.models.shipped import ShippedWeights

if TYPE_CHECKING:
    import keras

WEIGHTS = ShippedWeights("vision_transformer")

# Pixels along the side of a patch; values that describe it; blocks, and heads of each.
PATCH, WIDTH, BLOCKS, HEADS = 4, 64, 4, 4


@documented
def vision_transformer(
    *,
    input_shape: Sequence[int] = (28, 28),
    input_tensor: keras.KerasTensor | None = None,
    classes: int = 10,
    classifier_activation: ClassifierActivation = "softmax",
    include_top: bool = True,
    weights: Weights = None,
    seed: int | None = None,
    name: str = "vision_transformer",
) -> keras.Model:
    """Build a small vision transformer [1]_, to learn from.

    The picture is cut into 49 patches of 4 x 4 pixels. Four blocks of attention and dense layers
    work on 64 values for each patch. The mean over the patches is classified, as in later variants,
    in place of an extra token. The first normalization scales each value of each patch by a learned
    number, and adds another, which serves as the position embedding.

    Parameters
    ----------
    {shared_parameters}

    Returns
    -------
    {shared_returns}

    Raises
    ------
    {shared_raises}

    References
    ----------
    .. [1] A. Dosovitskiy et al., "An image is worth 16x16 words: transformers for image
       recognition at scale", ICLR 2021, arXiv:2010.11929.

    Examples
    --------
    >>> from mnist_zoo import vision_transformer
    >>> vision_transformer(weights="mnist").count_params()
    142026
    >>> vision_transformer(include_top=False).output_shape
    (None, 64)
    """

    def features(inputs: Any, seeds: Seeds) -> Any:
        from keras import initializers, layers

        def projection(units: int, activation: str | None, layer: str) -> Any:
            return dense(units, activation, layer, seeds)

        patches = (IMAGE_SHAPE[0] // PATCH) * (IMAGE_SHAPE[1] // PATCH)
        x = layers.Reshape((*IMAGE_SHAPE, 1), name="picture")(inputs)
        x = layers.Conv2D(
            WIDTH,
            PATCH,
            strides=PATCH,
            data_format="channels_last",
            kernel_initializer=initializers.GlorotUniform(seed=seeds.next()),
            name="patches",
        )(x)
        x = layers.Reshape((patches, WIDTH), name="sequence")(x)
        x = layers.LayerNormalization(axis=(1, 2), name="positions")(x)
        for number in range(1, BLOCKS + 1):
            normal = layers.LayerNormalization(name=f"normalisation_{number}a")(x)
            attention = layers.MultiHeadAttention(HEADS, WIDTH // HEADS, name=f"attention_{number}")
            attended = attention(normal, normal)
            # Keras draws all kernels of such a layer from copies of one initializer.
            for weight in attention.weights:
                if weight.name == "kernel":
                    draw = initializers.GlorotUniform(seed=seeds.next())
                    weight.assign(draw(weight.shape))
            x = layers.Add(name=f"sum_{number}a")([x, attended])
            normal = layers.LayerNormalization(name=f"normalisation_{number}b")(x)
            wide = projection(2 * WIDTH, "gelu", f"wide_{number}")(normal)
            narrow = projection(WIDTH, None, f"narrow_{number}")(wide)
            x = layers.Add(name=f"sum_{number}b")([x, narrow])
        x = layers.LayerNormalization(name="normalisation")(x)
        return layers.GlobalAveragePooling1D(data_format="channels_last", name="mean")(x)

    return build_model(
        WEIGHTS,
        features,
        input_shape=input_shape,
        input_tensor=input_tensor,
        classes=classes,
        classifier_activation=classifier_activation,
        include_top=include_top,
        weights=weights,
        seed=seed,
        name=name,
    )
