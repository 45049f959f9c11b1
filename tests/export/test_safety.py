"""safety: a model file runs no code and reads no other file, whatever Keras is told to allow."""

from __future__ import annotations

import io
import json
import pickle
import posixpath
import sys
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from keras.src.backend.common import global_state

from mnist_zoo import create_model, export, fit_and_evaluate, linear, list_models
from mnist_zoo.export import safety

layers = keras.layers
SHAPE = (784, 10)
SECRET = np.arange(7840, dtype=np.float32).reshape(SHAPE) + 1


@pytest.fixture(params=["safe", "unsafe"])
def anything_goes(request):
    """Keras as it is, and after a program has turned its safe mode off."""
    if request.param == "unsafe":
        keras.config.enable_unsafe_deserialization()
    yield
    global_state.set_global_attribute("safe_mode_saving", None)


@pytest.fixture
def keras_is_not_asked(monkeypatch):
    def fail(*args, **options):
        pytest.fail("the file has reached Keras")

    monkeypatch.setattr(keras.saving, "load_model", fail)


@pytest.fixture(scope="session")
def members(tmp_path_factory):
    """What is in the file of a small model."""
    path = tmp_path_factory.mktemp("good") / "good.keras"
    model = linear(seed=0)
    model.compile("sgd", "sparse_categorical_crossentropy", ["accuracy"])
    model.save(path)
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(path, members, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def with_config(path, members, change):
    config = json.loads(members[safety.CONFIG])
    changed = change(config) or config
    return packed(path, members | {safety.CONFIG: json.dumps(changed)})


def part(module, name, config=None, **more):
    return {"module": module, "class_name": name, "config": config or {}, **more}


def function(module, name):
    return part(module, "function", name, registered_name=name)


def sequential(*parts):
    return part("keras", "Sequential", {"name": "s", "layers": list(parts)})


def last(config):
    return config["config"]["layers"][-1]["config"]


def layer(*parts):
    """The model gets layers that it should not have."""
    return lambda config: config["config"]["layers"].extend(parts)


def setting(key, value):
    """The classifying layer gets something that it should not have."""
    return lambda config: last(config).update({key: value})


def compiled(key, value):
    return lambda config: config["compile_config"].update({key: value})


code = {"class_name": "__lambda__", "config": {"value": "4wEAAAA="}}
evil = part("keras.layers", "Lambda", {"name": "evil", "function": code, "output_shape": None})
get_file = function("keras.utils", "get_file")
system = function("os", "system")

CONFIGS = {
    "a Lambda": layer(evil),
    "a Lambda in a model in the model": layer(sequential(sequential(evil))),
    "a Lambda in TimeDistributed": layer(part("keras.layers", "TimeDistributed", {"layer": evil})),
    "a Lambda in Bidirectional": layer(part("keras.layers", "Bidirectional", {"layer": evil})),
    "a Lambda as the model": lambda _: evil,
    "a Lambda by Keras's own module": layer(
        part("keras.src.layers.core.lambda_layer", "Lambda", evil["config"])
    ),
    "a Lambda without its module": layer({"class_name": "Lambda", "config": evil["config"]}),
    "a Lambda that is said to be a Dense": layer(
        part("keras.layers", "Dense", {"units": 1}, registered_name="Lambda")
    ),
    "a Lambda in the arguments of a call": lambda config: config["config"]["layers"][-1].update(
        inbound_nodes=[{"args": [evil], "kwargs": {}}]
    ),
    "code as activation": setting("activation", code),
    "a download as activation": setting("activation", get_file),
    "a download in a layer": layer(part("keras.layers", "Activation", {"activation": get_file})),
    "a download as initializer": setting("kernel_initializer", get_file),
    "a download as regularizer": setting("kernel_regularizer", get_file),
    "a download as constraint": setting("bias_constraint", get_file),
    "a download as dtype": setting("dtype", get_file),
    "a download by another name": setting(
        "activation", part("keras.activations", "function", "get_file", registered_name="relu")
    ),
    "a download in something unknown": lambda config: config.update(more=[[{"x": get_file}]]),
    "a download when built": lambda config: config.update(build_config={"input_shape": get_file}),
    "a function that loads models": setting("activation", function("keras.saving", "load_model")),
    "a function that loads JSON": setting(
        "activation", function("keras.models", "model_from_json")
    ),
    "a function that loads objects": setting(
        "activation", function("keras.activations", "deserialize")
    ),
    "a function that ends the safe mode": setting(
        "activation", function("keras.config", "enable_unsafe_deserialization")
    ),
    "a command": setting("activation", system),
    "a command as class": setting("kernel_initializer", part("os", "system", {"command": "ls"})),
    "eval": setting("activation", function("builtins", "eval")),
    "eval as class": setting("activation", part("builtins", "eval")),
    "a loss that is a command": compiled("loss", system),
    "a metric that is a command": compiled("metrics", ["accuracy", [system]]),
    "a metric around a command": compiled(
        "metrics", [part("keras.metrics", "MeanMetricWrapper", {"fn": system})]
    ),
    "an optimizer that is a command": compiled("optimizer", part("subprocess", "Popen")),
    "a schedule that is a command": compiled(
        "optimizer", part("keras.optimizers", "SGD", {"learning_rate": part("os", "system")})
    ),
    "a SavedModel": layer(part("keras.layers", "TFSMLayer", {"filepath": "/tmp/x"})),  # noqa: S108
    "a pickle of torch": layer(part("keras.layers", "TorchModuleWrapper", {"module": "gASV"})),
    "a function of JAX": layer(part("keras.layers", "JaxLayer", {"call_fn": system})),
    "a list of words in a file": layer(
        part("keras.layers", "StringLookup", {"vocabulary": "/etc/passwd"})
    ),
    "numbers in a file": layer(
        part("keras.layers", "IntegerLookup", {"vocabulary": "/etc/passwd"})
    ),
    "words of a text in a file": layer(
        part("keras.layers", "TextVectorization", {"vocabulary": "/etc/passwd"})
    ),
    "what these have in common": layer(
        part("keras.src.layers.preprocessing.index_lookup", "IndexLookup", {})
    ),
    "a type of TensorFlow": layer(
        part("os", "__typespec__", ["x"], spec_name="system", registered_name=None)
    ),
    "a data set": setting("kernel_initializer", part("keras.utils", "PyDataset")),
    "a class that is a list": setting("activation", {"class_name": ["Dense"], "config": {}}),
    "a module that is a list": setting("activation", part(["keras"], "Dense")),
    "a class of no module": setting("activation", part(None, "Dense")),
    "a module, as class": setting("activation", part("keras", "layers")),
}


@pytest.mark.parametrize("change", CONFIGS.values(), ids=CONFIGS)
def test_a_configuration_that_names_anything_but_parts_of_a_model_is_refused(
    change, members, tmp_path, keras_is_not_asked, anything_goes
):
    path = with_config(tmp_path / "evil.keras", members, change)
    with pytest.raises(ValueError, match=r"evil\.keras: it holds .* such files are not loaded"):
        export.load_model(path)


def test_code_in_a_file_is_not_run_though_keras_would_run_it(tmp_path):
    marker = tmp_path / "marker"
    run = eval(f"lambda x: (open({str(marker)!r}, 'w').close(), x)[1]")  # noqa: S307
    model = keras.Sequential([keras.Input((28, 28)), layers.Lambda(run)])
    model.save(tmp_path / "evil.keras")
    marker.unlink()
    keras.config.enable_unsafe_deserialization()
    try:
        with pytest.raises(ValueError, match="a layer Lambda, which runs code that is in the file"):
            export.load_model(tmp_path / "evil.keras")
        assert not marker.exists()
        keras.saving.load_model(tmp_path / "evil.keras")
        assert marker.exists()
    finally:
        global_state.set_global_attribute("safe_mode_saving", None)


def test_no_module_is_imported_for_a_file(members, tmp_path, monkeypatch):
    (tmp_path / "evil_module.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    change = layer(part("evil_module", "Layer", registered_name="evil>Layer"))
    with pytest.raises(ValueError, match="it holds evil_module.Layer, which is not a built-in"):
        export.load_model(with_config(tmp_path / "evil.keras", members, change))
    assert "evil_module" not in sys.modules


@keras.saving.register_keras_serializable(package="tests_of_safety")
class Mine(layers.Dense):
    pass


@keras.saving.register_keras_serializable(package="tests_of_safety")
def mine(x):
    return x


@pytest.mark.parametrize("make", [lambda: Mine(10), lambda: layers.Dense(10, activation=mine)])
def test_code_of_ones_own_is_read_by_keras_only(make, tmp_path):
    keras.Sequential([keras.Input((784,)), make()]).save(tmp_path / "mine.keras")
    with pytest.raises(ValueError, match=r"can be read by keras\.saving\.load_model"):
        export.load_model(tmp_path / "mine.keras")
    assert keras.saving.load_model(tmp_path / "mine.keras").built


def test_the_name_of_ones_own_function_is_refused_too(members, tmp_path, keras_is_not_asked):
    change = setting("activation", "tests_of_safety>mine")
    with pytest.raises(ValueError, match="it holds tests_of_safety>mine, which is not a built-in"):
        export.load_model(with_config(tmp_path / "mine.keras", members, change))


# What is in other files, and ways to let the parameters be those.


def replaced(content, change):
    """Return parameters whose kernel is replaced by what `change` does."""
    file = io.BytesIO(content)
    with h5py.File(file, "r+") as weights:
        (name,) = (name for name in arrays(weights) if weights[name].shape == SHAPE)
        del weights[name]
        change(weights, name)
    return file.getvalue()


def arrays(group):
    for part in group.values():
        if isinstance(part, h5py.Group):
            yield from arrays(part)
        else:
            yield part.name


def external(weights, name, folder):
    source = [(str(folder / "secret.bin"), 0, SECRET.nbytes)]
    weights.create_dataset(name, SHAPE, "f4", external=source)


def linked(weights, name, folder):
    weights[name] = h5py.ExternalLink(folder / "secret.h5", "secret")


def linked_group(weights, name, folder):
    group = posixpath.dirname(name)
    del weights[group]
    weights[group] = h5py.ExternalLink(folder / "secret.h5", "/")


def virtual(weights, name, folder):
    layout = h5py.VirtualLayout(SHAPE, "f4")
    layout[:] = h5py.VirtualSource(folder / "secret.h5", "secret", SHAPE)
    weights.create_virtual_dataset(name, layout)


def linked_softly(weights, name, folder):
    weights[name] = h5py.SoftLink("/elsewhere")


def huge(weights, name, folder):
    weights.create_dataset(name, (1 << 20, 1 << 20), "f4")


def compressed(weights, name, folder):
    weights.create_dataset(name, (1 << 14, 1 << 14), "f4", compression="gzip")


WEIGHTS = [external, linked, linked_group, virtual, linked_softly, huge, compressed]


@pytest.mark.parametrize("change", WEIGHTS)
def test_parameters_that_are_not_in_the_file_are_refused(
    change, members, tmp_path, keras_is_not_asked, anything_goes
):
    (tmp_path / "secret.bin").write_bytes(SECRET.tobytes())
    with h5py.File(tmp_path / "secret.h5", "w") as secret:
        secret["secret"] = secret["0"] = SECRET
    weights = replaced(members[safety.WEIGHTS], lambda file, name: change(file, name, tmp_path))
    path = packed(tmp_path / "evil.keras", members | {safety.WEIGHTS: weights})
    with pytest.raises(ValueError, match=r"model\.weights\.h5 in it has a(n array|link| link)"):
        export.load_model(path)


@pytest.mark.parametrize("change", [external, virtual, linked])
def test_such_parameters_would_be_read_from_the_other_file(change, members, tmp_path):
    (tmp_path / "secret.bin").write_bytes(SECRET.tobytes())
    with h5py.File(tmp_path / "secret.h5", "w") as secret:
        secret["secret"] = SECRET
    path = tmp_path / "evil.h5"
    names = []
    path.write_bytes(
        replaced(
            members[safety.WEIGHTS],
            lambda file, name: (names.append(name), change(file, name, tmp_path)),
        )
    )
    with h5py.File(path) as weights:
        np.testing.assert_array_equal(weights[names[0]][:], SECRET)


def test_a_group_that_holds_itself_is_looked_at_once(members, tmp_path):
    def round_about(weights, name):
        weights[name] = SECRET
        weights["round"] = weights["/"]

    weights = replaced(members[safety.WEIGHTS], round_about)
    path = packed(tmp_path / "round.keras", members | {safety.WEIGHTS: weights})
    np.testing.assert_array_equal(export.load_model(path).get_weights()[0], SECRET)


# Archives that are not what they seem.

CONTENTS = {
    "not JSON": (b"{", "Expecting property name"),
    "not text": (b"\xff\xfe\x00", "decode"),
    "a list": (b"[]", "does not describe a model"),
    "no model": (b"{}", "does not describe a model"),
    "a layer": (json.dumps(part("keras.layers", "Dense", {"units": 3})).encode(), "a model"),
    "nested deeply": (b"[" * 100_000 + b"]" * 100_000, "recursion"),
    "nested": (json.dumps(sequential(json.loads("[" * 300 + "]" * 300))).encode(), "levels deep"),
    "huge": (b" " * (safety.LARGEST_CONFIG + 1), "unpacks to 8388609 bytes, more than 8388608"),
}


@pytest.mark.parametrize(("content", "message"), CONTENTS.values(), ids=CONTENTS)
def test_a_configuration_that_is_none_is_refused(
    content, message, members, tmp_path, keras_is_not_asked
):
    path = packed(tmp_path / "evil.keras", members | {safety.CONFIG: content}, zipfile.ZIP_DEFLATED)
    with pytest.raises(ValueError, match=rf"evil\.keras: .*{message}"):
        export.load_model(path)


def test_parameters_that_unpack_to_far_more_are_refused(members, tmp_path, monkeypatch):
    monkeypatch.setattr(safety, "LARGEST_UNPACKED", 1 << 20)
    bomb = members | {safety.WEIGHTS: bytes(1 << 23)}
    path = packed(tmp_path / "bomb.keras", bomb, zipfile.ZIP_DEFLATED)
    with pytest.raises(ValueError, match="unpacks to 8388608 bytes"):
        export.load_model(path)


@pytest.mark.parametrize("name", [safety.CONFIG, safety.WEIGHTS])
def test_a_file_that_lacks_a_part_is_refused(name, members, tmp_path, keras_is_not_asked):
    path = packed(tmp_path / "a.keras", {n: c for n, c in members.items() if n != name})
    with pytest.raises(ValueError, match=f"is not a .keras file: it holds no {name}"):
        export.load_model(path)


def test_damaged_parameters_are_refused(members, tmp_path, keras_is_not_asked):
    path = packed(tmp_path / "a.keras", members | {safety.WEIGHTS: b"not HDF5"})
    with pytest.raises(ValueError, match="weights.h5 in it is damaged"):
        export.load_model(path)


def test_damage_anywhere_is_a_value_error_or_harmless(members, tmp_path):
    good = packed(tmp_path / "good.keras", members, zipfile.ZIP_DEFLATED).read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(150):
        content = bytearray(good)
        # Mostly in the directory at the end, which says what is where.
        start = len(content) - 400 if rng.random() < 0.7 else 0
        for place in rng.integers(start, len(content), 3):
            content[place] = rng.integers(256)
        (tmp_path / "folder").mkdir(exist_ok=True)
        try:
            safety.unpack(io.BytesIO(content), tmp_path / "folder")
        except ValueError:
            refused += 1
    assert refused > 50


def test_the_configuration_that_is_checked_is_the_one_that_is_loaded(members, tmp_path):
    config = json.loads(members[safety.CONFIG])
    layer(evil)(config)
    hostile = json.dumps(config).encode()
    path = tmp_path / "two.keras"
    for contents in ((hostile, members[safety.CONFIG]), (members[safety.CONFIG], hostile)):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(safety.WEIGHTS, members[safety.WEIGHTS])
            archive.writestr(safety.CONFIG, contents[0])
            with pytest.warns(UserWarning, match="Duplicate name"):
                archive.writestr(safety.CONFIG, contents[1])
        if contents[1] is hostile:
            with pytest.raises(ValueError, match="a layer Lambda"):
                export.load_model(path)
        else:
            assert export.load_model(path).name == "linear"


def test_a_file_that_is_replaced_after_the_check_is_not_what_is_loaded(
    members, tmp_path, monkeypatch
):
    path = packed(tmp_path / "a.keras", members)
    load = keras.saving.load_model

    def replace_and_load(*args, **options):
        with_config(path, members, layer(evil))
        return load(*args, **options)

    monkeypatch.setattr(keras.saving, "load_model", replace_and_load)
    assert export.load_model(path).name == "linear"


def test_keras_is_asked_to_be_safe_too(members, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(
        keras.saving, "load_model", lambda path, **options: asked.append(options) or linear()
    )
    export.load_model(packed(tmp_path / "a.keras", members))
    assert asked == [{"safe_mode": True}]


def test_nothing_else_in_an_archive_is_unpacked(members, tmp_path, monkeypatch):
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    unpacked = []
    load = keras.saving.load_model
    monkeypatch.setattr(
        keras.saving,
        "load_model",
        lambda path, **options: (unpacked.extend(Path(path).iterdir()), load(path, **options))[1],
    )
    others = {"../evil.txt": b"", "/evil.txt": b"", "assets/../../evil.txt": b"", "evil.py": b""}
    path = packed(tmp_path / "a.keras", others | members | {"x.pickle": pickle.dumps(1)})
    assert export.load_model(path).name == "linear"
    assert sorted(file.name for file in unpacked) == [safety.CONFIG, safety.WEIGHTS]
    assert list(folder.iterdir()) == []
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.keras", "temporary"]


# What is no danger is loaded as before.


def nested():
    inner = keras.Sequential([keras.Input((784,)), layers.Dense(8, "relu"), layers.Dropout(0.1)])
    inputs = keras.Input((28, 28))
    features = inner(layers.Flatten()(inputs))
    both = layers.Concatenate()([features, layers.Dense(4, keras.activations.gelu)(features)])
    return keras.Model(inputs, keras.Model(both, layers.Dense(10)(both))(both))


def augmented():
    return keras.Sequential(
        [
            keras.Input((28, 28)),
            layers.Reshape((28, 28, 1)),
            layers.Rescaling(1 / 255),
            layers.RandomTranslation(0.1, 0.1, fill_mode="constant"),
            layers.RandomRotation(0.1),
            layers.Conv2D(4, 3, padding="same", kernel_initializer="he_normal"),
            layers.BatchNormalization(),
            layers.LeakyReLU(),
            layers.SeparableConv2D(4, 3, depthwise_regularizer="l2"),
            layers.MaxPooling2D(),
            layers.GlobalAveragePooling2D(),
            layers.Dense(10, "softmax", kernel_constraint=keras.constraints.MaxNorm(3)),
        ]
    )


def recurrent():
    return keras.Sequential(
        [
            keras.Input((28, 28)),
            layers.TimeDistributed(layers.Dense(6, kernel_regularizer=keras.regularizers.L1L2())),
            layers.Bidirectional(layers.LSTM(4, return_sequences=True)),
            layers.RNN(layers.StackedRNNCells([layers.GRUCell(3), layers.SimpleRNNCell(3)])),
        ]
    )


def attentive():
    inputs = keras.Input((28, 28))
    x = (inputs - 0.5) * 2
    x = x + layers.MultiHeadAttention(2, 4)(x, x)
    x = layers.LayerNormalization()(keras.ops.maximum(x, 0.0))
    return keras.Model(inputs, layers.Dense(10)(keras.ops.mean(x, axis=1)))


def mixed():
    dtype = keras.DTypePolicy("mixed_bfloat16")
    hidden = layers.Dense(8, "relu", dtype=dtype)
    return keras.Sequential([keras.Input((28, 28)), layers.Flatten(), hidden, layers.Dense(10)])


def scheduled():
    model = linear(seed=0)
    schedule = keras.optimizers.schedules.CosineDecay(0.1, 100, warmup_target=0.2, warmup_steps=3)
    model.compile(
        keras.optimizers.AdamW(schedule, clipnorm=1.0, use_ema=True),
        keras.losses.SparseCategoricalCrossentropy(from_logits=False),
        metrics=["accuracy", keras.metrics.SparseTopKCategoricalAccuracy(3)],
        weighted_metrics=[keras.metrics.sparse_categorical_accuracy],
    )
    model.fit(np.zeros((20, 28, 28), np.float32), np.arange(20) % 10, verbose=0)
    return model


def with_functions():
    model = linear(seed=0)
    model.compile(keras.optimizers.SGD(0.1), keras.losses.sparse_categorical_crossentropy)
    return model


@pytest.mark.parametrize(
    "make", [nested, augmented, recurrent, attentive, mixed, scheduled, with_functions]
)
def test_a_model_of_built_in_parts_loads_as_it_was(make, tmp_path, request):
    if make is scheduled:
        request.getfixturevalue("can_train")
    model = make()
    export.save_model(model, tmp_path / "a.keras")
    loaded = export.load_model(tmp_path / "a.keras")
    assert loaded.to_json() == model.to_json()
    for ours, theirs in zip(loaded.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert json.dumps(loaded.get_compile_config()) == json.dumps(model.get_compile_config())


as_array = keras.ops.convert_to_numpy


@pytest.mark.parametrize("name", list_models())
def test_a_trained_model_loads_with_its_optimizer(name, tmp_path, sample, can_train):
    model = create_model(name, seed=0)
    fit_and_evaluate(model, sample, steps=2, validation_fraction=0, verbose=0)
    export.save_model(model, tmp_path / "a.keras")
    loaded = export.load_model(tmp_path / "a.keras")
    by_keras = keras.saving.load_model(tmp_path / "a.keras")
    assert len(loaded.optimizer.variables) == len(model.optimizer.variables)
    for ours, theirs in zip(loaded.variables, by_keras.variables, strict=True):
        np.testing.assert_array_equal(as_array(ours), as_array(theirs))
    for ours, trained in zip(loaded.weights, model.weights, strict=True):
        np.testing.assert_array_equal(as_array(ours), as_array(trained))


def parts_that_need_no_arguments():
    for module in sorted(safety.MODULES):
        for name, found in vars(sys.modules[module]).items():
            if isinstance(found, type) and hasattr(found, "from_config"):
                try:
                    yield f"{module}.{name}", keras.saving.serialize_keras_object(found())
                except (TypeError, ValueError, NotImplementedError, ImportError):
                    continue


def test_every_built_in_part_is_accepted_unless_the_table_says_why_not():
    known, refused = set(), set()
    for name, config in parts_that_need_no_arguments():
        known.add(name)
        try:
            safety.check_config(json.loads(json.dumps(sequential(config))))
        except ValueError:
            refused.add(name.removeprefix("keras.layers."))
    assert len(known) > 150
    assert refused <= {*safety.REFUSED, "keras.layers.InputSpec", "InputSpec", "keras.InputSpec"}


@pytest.mark.parametrize("name", safety.REFUSED)
def test_a_layer_that_is_refused_exists(name):
    assert issubclass(getattr(layers, name), layers.Layer)


def test_a_file_that_was_compressed_anew_loads(members, tmp_path):
    path = packed(tmp_path / "a.keras", members, zipfile.ZIP_DEFLATED)
    assert export.load_model(path).name == "linear"


@pytest.mark.parametrize(
    "module",
    ["keras.src.backend.torch.optimizers.torch_adam", "keras.src.backend.jax.optimizer", None],
)
def test_an_optimizer_of_another_backend_is_taken_by_its_name(module, tmp_path, sample, can_train):
    result = fit_and_evaluate("linear", sample, steps=5, optimizer="adam", seed=0, verbose=0)
    export.save_model(result.model, tmp_path / "here.keras")
    with zipfile.ZipFile(tmp_path / "here.keras") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}

    def change(config):
        if module:
            config["compile_config"]["optimizer"]["module"] = module

    path = with_config(tmp_path / "there.keras", members, change)
    model = export.load_model(path)
    assert type(model.optimizer) is type(result.model.optimizer)
    assert int(model.optimizer.iterations.numpy()) == 5
