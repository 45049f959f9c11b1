"""The convolutional species: networks of small filters that slide over a picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from mnist_zoo.arguments import check_fraction
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


class Convolution(NamedTuple):
    """A convolution: number of filters, pixels along a side of each, whether it pools before.

    Before a convolution that pools, the largest of each two by two pixels remains.
    """

    filters: int
    size: int = 3
    pools: bool = False


LENET_WEIGHTS = ShippedWeights("lenet5")
KERAS_WEIGHTS = ShippedWeights("keras_convnet")
SMALL_WEIGHTS = ShippedWeights("convnet_small")
LARGE_WEIGHTS = ShippedWeights("convnet")

# Whatever Keras is set to on a machine: trained parameters are for this order.
LAST = "channels_last"

# Each convolution is followed by batch normalization and ReLU.
SMALL = (
    *(Convolution(8), Convolution(10)),
    *(Convolution(16, pools=True), Convolution(16)),
    Convolution(20, pools=True),
)
LARGE = (
    Convolution(32, 5),
    *(Convolution(64, pools=True), Convolution(64)),
    *(Convolution(128, pools=True), Convolution(128)),
)


@documented
def lenet5(
    *,
    input_shape: Sequence[int] = (28, 28),
    input_tensor: keras.KerasTensor | None = None,
    classes: int = 10,
    classifier_activation: ClassifierActivation = "softmax",
    include_top: bool = True,
    weights: Weights = None,
    seed: int | None = None,
    name: str = "lenet5",
) -> keras.Model:
    """Build LeNet-5, the convolutional network of [1]_, with 61,706 parameters.

    Simplified as is usual: the pooling layers have no coefficients, each filter of the second
    convolution sees all six maps, and the outputs are a softmax in place of distances to drawn
    characters.

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
    .. [1] Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, "Gradient-based learning applied to
       document recognition", Proceedings of the IEEE 86(11), 2278-2324, 1998.

    Examples
    --------
    >>> from mnist_zoo import lenet5
    >>> lenet5().count_params()
    61706
    """

    def features(inputs: Any, seeds: Seeds) -> Any:
        from keras import layers

        x = _picture(inputs)
        x = _convolution(6, 5, "c1", seeds, padding="same", activation="tanh")(x)
        x = layers.AveragePooling2D(2, data_format=LAST, name="s2")(x)
        x = _convolution(16, 5, "c3", seeds, activation="tanh")(x)
        x = layers.AveragePooling2D(2, data_format=LAST, name="s4")(x)
        x = _convolution(120, 5, "c5", seeds, activation="tanh")(x)
        return dense(84, "tanh", "f6", seeds)(layers.Flatten(data_format=LAST, name="flatten")(x))

    return build_model(
        LENET_WEIGHTS,
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


@documented
def keras_convnet(
    *,
    dropout: float = 0.5,
    input_shape: Sequence[int] = (28, 28),
    input_tensor: keras.KerasTensor | None = None,
    classes: int = 10,
    classifier_activation: ClassifierActivation = "softmax",
    include_top: bool = True,
    weights: Weights = None,
    seed: int | None = None,
    name: str = "keras_convnet",
) -> keras.Model:
    """Build the network of Keras's own example [1]_, with 34,826 parameters.

    Two convolutions of 3 x 3 pixels, each with a pooling, then dropout and one dense layer.

    Parameters
    ----------
    dropout : float, default 0.5
        Fraction of the features that training sets to zero, in [0, 1).
    {shared_parameters}

    Returns
    -------
    {shared_returns}

    Raises
    ------
    {shared_raises}

    References
    ----------
    .. [1] F. Chollet, "Simple MNIST convnet", Keras code examples,
       https://keras.io/examples/vision/mnist_convnet/

    Examples
    --------
    >>> from mnist_zoo import keras_convnet
    >>> keras_convnet().count_params()
    34826
    """
    rate = check_fraction("dropout", dropout)

    def features(inputs: Any, seeds: Seeds) -> Any:
        from keras import layers

        x = _convolution(32, 3, "convolution_1", seeds, activation="relu")(_picture(inputs))
        x = layers.MaxPooling2D(2, data_format=LAST, name="pooling_1")(x)
        x = _convolution(64, 3, "convolution_2", seeds, activation="relu")(x)
        x = layers.MaxPooling2D(2, data_format=LAST, name="pooling_2")(x)
        x = layers.Flatten(data_format=LAST, name="flatten")(x)
        return layers.Dropout(rate, seed=seeds.next(), name="dropout")(x) if rate else x

    return build_model(
        KERAS_WEIGHTS,
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


@documented
def convnet_small(
    *,
    input_shape: Sequence[int] = (28, 28),
    input_tensor: keras.KerasTensor | None = None,
    classes: int = 10,
    classifier_activation: ClassifierActivation = "softmax",
    include_top: bool = True,
    weights: Weights = None,
    seed: int | None = None,
    name: str = "convnet_small",
) -> keras.Model:
    """Build a small convolutional network for microcontrollers and web pages: 7,906 parameters.

    Five convolutions of 3 x 3 pixels, each with batch normalization [1]_ and ReLU, two poolings,
    and the mean of each map [2]_ in place of large dense layers.

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
    .. [1] S. Ioffe and C. Szegedy, "Batch normalization: accelerating deep network training by
       reducing internal covariate shift", ICML 2015, PMLR 37, 448-456.
    .. [2] M. Lin, Q. Chen and S. Yan, "Network in network", ICLR 2014, arXiv:1312.4400.

    Examples
    --------
    >>> from mnist_zoo import convnet_small
    >>> convnet_small().count_params()
    7906
    """
    return build_model(
        SMALL_WEIGHTS,
        _normalised(SMALL),
        input_shape=input_shape,
        input_tensor=input_tensor,
        classes=classes,
        classifier_activation=classifier_activation,
        include_top=include_top,
        weights=weights,
        seed=seed,
        name=name,
    )


@documented
def convnet(
    *,
    input_shape: Sequence[int] = (28, 28),
    input_tensor: keras.KerasTensor | None = None,
    classes: int = 10,
    classifier_activation: ClassifierActivation = "softmax",
    include_top: bool = True,
    weights: Weights = None,
    seed: int | None = None,
    name: str = "convnet",
) -> keras.Model:
    """Build the largest convolutional network of the zoo, with 280,234 parameters.

    Five convolutions, each with batch normalization [1]_ and ReLU, two poolings, and the mean of
    each map [2]_ in place of large dense layers. Pooling after the first one saves work.

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
    .. [1] S. Ioffe and C. Szegedy, "Batch normalization: accelerating deep network training by
       reducing internal covariate shift", ICML 2015, PMLR 37, 448-456.
    .. [2] M. Lin, Q. Chen and S. Yan, "Network in network", ICLR 2014, arXiv:1312.4400.

    Examples
    --------
    >>> from mnist_zoo import convnet
    >>> convnet().count_params()
    280234
    """
    return build_model(
        LARGE_WEIGHTS,
        _normalised(LARGE),
        input_shape=input_shape,
        input_tensor=input_tensor,
        classes=classes,
        classifier_activation=classifier_activation,
        include_top=include_top,
        weights=weights,
        seed=seed,
        name=name,
    )


def _normalised(convolutions: Sequence[Convolution]) -> Callable[[Any, Seeds], Any]:
    """Return the features of a network of convolutions, each with batch normalization and ReLU."""

    def features(inputs: Any, seeds: Seeds) -> Any:
        from keras import layers

        x = _picture(inputs)
        for number, (filters, size, pools) in enumerate(convolutions, start=1):
            if pools:
                x = layers.MaxPooling2D(2, data_format=LAST, name=f"pooling_{number}")(x)
            # What is normalised needs no bias.
            convolution = _convolution(
                filters, size, f"convolution_{number}", seeds, padding="same", use_bias=False
            )
            x = layers.BatchNormalization(name=f"normalisation_{number}")(convolution(x))
            x = layers.Activation("relu", name=f"relu_{number}")(x)
        return layers.GlobalAveragePooling2D(data_format=LAST, name="means")(x)

    return features


def _picture(inputs: Any) -> Any:
    """Give pictures of any of the input shapes a channel axis."""
    import keras

    return keras.layers.Reshape((*IMAGE_SHAPE, 1), name="picture")(inputs)


def _convolution(
    filters: int, size: int, name: str, seeds: Seeds, **options: Any
) -> keras.layers.Conv2D:
    """Return a convolution with Glorot's uniform initial weights, from a seed of its own."""
    import keras

    initializer = keras.initializers.GlorotUniform(seed=seeds.next())
    return keras.layers.Conv2D(
        filters, size, data_format=LAST, kernel_initializer=initializer, name=name, **options
    )
