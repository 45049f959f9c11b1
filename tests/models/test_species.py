"""species: one set of tests for every model of the zoo."""

from __future__ import annotations

import inspect
from pathlib import Path

import keras
import numpy as np
import pytest
from numpydoc.docscrape import NumpyDocString

import mnist_zoo
from mnist_zoo import create_model, list_models, models, predict_probabilities
from mnist_zoo.models.species import SPECIES

every_model = pytest.mark.parametrize("name", list_models())


@pytest.fixture
def pictures():
    return np.random.default_rng(0).random((5, 28, 28), np.float32)


def test_the_registry_holds_every_factory_and_nothing_else():
    assert list_models() == sorted(SPECIES)
    for name, row in SPECIES.items():
        assert row.name == row.factory.__name__ == name
        assert getattr(mnist_zoo, name) is row.factory
        assert getattr(mnist_zoo.models, name) is row.factory
        assert row.summary


@every_model
def test_a_model_bears_its_factorys_name_and_takes_keywords_alone(name):
    factory = getattr(mnist_zoo, name)
    parameters = inspect.signature(factory).parameters.values()
    assert all(parameter.kind is parameter.KEYWORD_ONLY for parameter in parameters)
    assert factory().name == create_model(name).name == name
    assert factory(name="mine").name == "mine"


SHARED = (
    *(
        "input_shape",
        "input_tensor",
        "classes",
        "classifier_activation",
        "include_top",
        "weights",
        "seed",
    ),
    "name",
)


@every_model
def test_all_factories_share_eight_arguments_word_for_word(name):
    factory = SPECIES[name].factory
    parameters, linear = (inspect.signature(f).parameters for f in (factory, mnist_zoo.linear))
    assert list(parameters)[-len(SHARED) :] == list(SHARED)
    for argument in SHARED[:-1]:
        assert parameters[argument] == linear[argument]
    assert parameters["name"].default == name
    documented, of_linear = (NumpyDocString(inspect.getdoc(f)) for f in (factory, mnist_zoo.linear))
    assert [entry.name for entry in documented["Parameters"]] == list(parameters)
    assert documented["Parameters"][-len(SHARED) : -1] == of_linear["Parameters"][:-1]
    for section in ("Returns", "Raises"):
        assert documented[section] == of_linear[section]
    assert "{" not in "".join(documented["Returns"][0].desc)
    assert documented["Examples"]


@every_model
def test_parameters_are_as_many_as_documented(name):
    assert create_model(name).count_params() == SPECIES[name].parameters


@every_model
@pytest.mark.parametrize("shape", [(28, 28), (784,), (28, 28, 1)])
def test_probabilities_are_of_the_right_shape_and_sum_to_one(name, shape, pictures):
    outputs = create_model(name, input_shape=shape, seed=0).predict(
        pictures.reshape(5, *shape), verbose=0
    )
    assert outputs.shape == (5, 10)
    assert outputs.dtype == np.float32
    assert outputs.min() >= 0
    np.testing.assert_allclose(outputs.sum(axis=1), 1, atol=1e-6)


@every_model
def test_the_input_shape_changes_nothing_else(name, pictures):
    picture = create_model(name, seed=0).predict(pictures, verbose=0)
    flat = create_model(name, seed=0, input_shape=(784,)).predict(
        pictures.reshape(5, 784), verbose=0
    )
    np.testing.assert_array_equal(picture, flat)


@every_model
def test_logits_are_what_softmax_is_taken_of(name, pictures):
    logits = create_model(name, seed=0, classifier_activation=None).predict(pictures, verbose=0)
    powers = np.exp(logits.astype(np.float64))
    expected = powers / powers.sum(axis=1, keepdims=True)
    probabilities = create_model(name, seed=0).predict(pictures, verbose=0)
    np.testing.assert_allclose(probabilities, expected, atol=1e-6)


@every_model
def test_without_top_the_features_of_the_last_hidden_layer_come_out(name, pictures):
    features = create_model(name, seed=0, include_top=False)
    whole = create_model(name, seed=0)
    assert "predictions" not in [layer.name for layer in features.layers]
    before_top = keras.Model(whole.inputs, whole.get_layer("predictions").input)
    np.testing.assert_array_equal(
        features.predict(pictures, verbose=0), before_top.predict(pictures, verbose=0)
    )


@every_model
def test_classes_set_the_number_of_outputs(name):
    assert create_model(name, classes=26).output_shape == (None, 26)


@every_model
def test_a_seed_gives_equal_weights_and_another_gives_others(name):
    first, same, other = (create_model(name, seed=seed).get_weights() for seed in (7, 7, 8))
    for one, two in zip(first, same, strict=True):
        np.testing.assert_array_equal(one, two)
    assert not np.array_equal(first[0], other[0])
    assert not np.array_equal(first[0], create_model(name).get_weights()[0])


@pytest.mark.parametrize("name", ["dense_relu", "dense_sigmoid"])
def test_layers_of_one_seed_are_drawn_from_different_numbers(name):
    model = create_model(name, hidden_units=(784, 784), seed=0)
    first, second = (model.get_layer(layer).kernel.numpy() for layer in ("hidden_1", "hidden_2"))
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.01


def tensorflow_gradients(model, loss_of, x):
    import tensorflow as tf

    with tf.GradientTape() as tape:
        loss = loss_of(model(x))
    return tape.gradient(loss, [variable.value for variable in model.trainable_variables])


def jax_gradients(model, loss_of, x):
    import jax

    def loss(trained):
        return loss_of(model.stateless_call(trained, model.non_trainable_variables, x)[0])

    return jax.grad(loss)([variable.value for variable in model.trainable_variables])


def torch_gradients(model, loss_of, x):
    loss_of(model(x)).backward()
    return [variable.value.grad for variable in model.trainable_variables]


GRADIENTS = {"tensorflow": tensorflow_gradients, "jax": jax_gradients, "torch": torch_gradients}


@every_model
def test_every_parameter_receives_a_gradient(name, sample, can_train):
    x, y = sample.train.x[:256], sample.train.y[:256]
    gradients = GRADIENTS[keras.backend.backend()](
        create_model(name, seed=0),
        lambda outputs: keras.ops.mean(keras.losses.sparse_categorical_crossentropy(y, outputs)),
        x,
    )
    assert gradients
    for gradient in gradients:
        assert np.any(keras.ops.convert_to_numpy(gradient) != 0)


@every_model
def test_a_saved_model_computes_the_same_when_loaded(name, pictures, tmp_path):
    model = create_model(name, seed=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(
        model.predict(pictures, verbose=0), loaded.predict(pictures, verbose=0)
    )


@every_model
def test_saved_weights_are_loaded_by_their_path(name, tmp_path):
    model = create_model(name, seed=0)
    model.save_weights(tmp_path / "model.weights.h5")
    loaded = create_model(name, weights=tmp_path / "model.weights.h5", name="another_name")
    for one, two in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


def test_dropout_acts_in_training_alone(pictures, can_train):
    model = create_model("dense_relu_dropout", dropout=0.5, seed=0)
    first, second, *training = (
        keras.ops.convert_to_numpy(model(pictures, training=training))
        for training in (False, False, True, True)
    )
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(*training)


def test_layers_bear_names_that_a_person_would_choose():
    names = [layer.name for layer in create_model("dense_relu_dropout").layers]
    assert names == [
        "pixels",
        "flatten",
        "hidden_1",
        "dropout_1",
        "hidden_2",
        "dropout_2",
        "predictions",
    ]


def test_models_are_listed_by_pattern():
    assert list_models("dense_relu*") == ["dense_relu", "dense_relu_dropout"]
    assert list_models("*sig*") == ["dense_sigmoid"]
    assert list_models("res*") == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"classes": 1}, "classes must be an integer of at least 2; got 1"),
        ({"classes": 10.0}, "classes must be an integer of at least 2; got 10.0"),
        ({"classes": True}, "classes must be an integer of at least 2; got True"),
        ({"dropout": 1.0}, r"dropout must be a number in \[0, 1\); got 1.0"),
        ({"dropout": -0.1}, r"dropout must be a number in \[0, 1\); got -0.1"),
        ({"dropout": "much"}, r"dropout must be a number in \[0, 1\); got 'much'"),
        ({"hidden_units": "128"}, "hidden_units must be an integer of at least 1; got '128'"),
        ({"input_shape": 28}, "input_shape must be one of .* got 28"),
        ({"input_tensor": 28}, "input_tensor must be a Keras tensor.* got int"),
        ({"hidden_units": (128, 0)}, "hidden_units must be an integer of at least 1; got 0"),
        ({"input_shape": (32, 32)}, r"input_shape must be one of \(28, 28\).* got \(32, 32\)"),
        ({"classifier_activation": "relu"}, "must be one of 'softmax', None; got 'relu'"),
        ({"include_top": "no"}, "include_top must be one of True, False; got 'no'"),
        ({"seed": -1}, "seed must be an integer of at least 0; got -1"),
        ({"weights": "imagenet"}, 'weights must be None, "mnist" or the path of a weights'),
    ],
    ids=str,
)
def test_a_bad_argument_is_named_with_what_is_allowed(arguments, message):
    with pytest.raises(ValueError, match=message):
        create_model("dense_relu_dropout", **arguments)


def test_an_unknown_model_is_named_with_those_there_are():
    with pytest.raises(ValueError, match="name must be one of 'convnet', .* got 'resnet'"):
        create_model("resnet")


def test_an_unknown_option_is_a_type_error():
    with pytest.raises(TypeError, match="dropout"):
        create_model("linear", dropout=0.5)


@every_model
def test_no_two_kernels_of_a_model_begin_alike(name):
    model = create_model(name, seed=0)
    kernels = [np.asarray(weight).ravel() for weight in model.weights if "kernel" in weight.path]
    starts = {tuple(kernel[:20]) for kernel in kernels}
    assert len(starts) == len(kernels)


@every_model
def test_a_machine_where_channels_come_first_builds_the_same_model(name):
    import keras

    usual = create_model(name, seed=0)
    before = keras.config.image_data_format()
    keras.config.set_image_data_format("channels_first")
    try:
        model = create_model(name, seed=0)
    finally:
        keras.config.set_image_data_format(before)
    for one, other in zip(model.get_weights(), usual.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@every_model
def test_the_page_of_models_has_each_with_a_link_to_its_code(name):
    page = (Path(__file__).parents[2] / "docs" / "models.md").read_text(encoding="utf-8")
    (row,) = [line for line in page.splitlines() if line.startswith(f"| [`{name}`]")]
    file = Path(inspect.unwrap(SPECIES[name].factory).__code__.co_filename).name
    assert f"(../mnist_zoo/models/{file})" in row


@every_model
def test_an_input_tensor_takes_the_place_of_the_pictures(name):
    import keras

    rows = keras.Input((784,), name="rows")
    scaled = keras.layers.Rescaling(1 / 255)(keras.layers.Reshape((28, 28, 1))(rows))
    weights = "mnist" if SPECIES[name].weights else None
    model = create_model(name, input_tensor=scaled, weights=weights, seed=0)
    assert model.input_shape == (None, 784)
    pictures = np.random.default_rng(0).random((5, 784), np.float32)
    plain = create_model(name, weights=weights, seed=0)
    np.testing.assert_allclose(
        model.predict(255 * pictures, verbose=0), predict_probabilities(pictures, plain), atol=1e-5
    )
    with pytest.raises(ValueError, match=r"input_shape must be one of"):
        create_model(name, input_tensor=keras.Input((32, 32)))


def test_trained_parameters_go_behind_layers_that_have_parameters_of_their_own():
    import keras

    rows = keras.Input((28, 28))
    mixed = keras.layers.Dense(28, name="mine", kernel_initializer="identity")(rows)
    model = create_model("dense_relu", input_tensor=mixed, weights="mnist")
    pictures = np.random.default_rng(0).random((5, 28, 28), np.float32)
    np.testing.assert_allclose(
        model.predict(pictures, verbose=0),
        predict_probabilities(pictures, "dense_relu"),
        atol=1e-5,
    )


def test_shapes_and_units_come_in_any_form():
    for units in ([32, 16], np.array([32, 16]), (32, 16)):
        assert create_model("dense_relu", hidden_units=units).count_params() == 25_818
    one = create_model("dense_sigmoid", hidden_units=32, input_shape=[28, 28, 1])
    assert (one.count_params(), one.input_shape) == (25_450, (None, 28, 28, 1))


def test_pictures_are_prepared_and_predictions_named_as_keras_applications_do():
    pictures = np.random.default_rng(0).integers(0, 256, (3, 28, 28), np.uint8)
    prepared = models.preprocess_input(pictures)
    assert prepared.dtype == np.float32
    np.testing.assert_allclose(prepared, pictures / 255)
    probabilities = np.array([[0.1, 0.7, 0.2], [0.5, 0.25, 0.25]])
    first, second = models.decode_predictions(probabilities, top=2)
    assert first == [(1, "1", 0.7), (2, "2", 0.2)]
    assert second == [(0, "0", 0.5), (1, "1", 0.25)]
    (named,) = models.decode_predictions(probabilities[:1], top=1, class_names=["a", "b", "c"])
    assert named[0].name == "b"
    with pytest.raises(ValueError, match="class_names must be 3"):
        models.decode_predictions(probabilities, class_names=["a"])
    with pytest.raises(ValueError, match=r"of shape \(n, classes\); got \(3,\)"):
        models.decode_predictions(probabilities[0])
    with pytest.raises(ValueError, match=r"in 0..255, .* found 0 to 1"):
        models.preprocess_input(prepared / prepared.max())
