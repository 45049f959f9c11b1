"""reproducing: a training that was stopped goes on, and ends as if it had not been."""

from __future__ import annotations

import contextlib
import dataclasses
import signal

import joblib
import keras
import numpy as np
import pytest

from mnist_zoo.data import Split
from mnist_zoo.models.species import SPECIES
from mnist_zoo.training import callbacks, recipes, reproducing
from mnist_zoo.training.recipes import SHIPPED, Recipe

pytestmark = pytest.mark.usefixtures("can_train")

SHORT = Recipe(
    name="short",
    title="short",
    published="nothing",
    choices="none",
    claim=None,
    model="dense_relu",
    batch_size=64,
    epochs=4,
    cosine_decay=True,
    warmup=10,
    distortion={},
    photometry={},
    calm=0.5,
    last_strength=0.3,
    held_out=True,
)


@pytest.fixture
def all_of_mnist(sample, monkeypatch):
    """The sample, which passes as all of MNIST; and the short recipe as one of the package."""
    monkeypatch.setattr(recipes, "SHIPPED", (SHORT,))
    return dataclasses.replace(sample, dataset=dataclasses.replace(sample.dataset, name="mnist"))


def weights_of(folder, seed=0):
    return keras.saving.load_model(folder / "short" / f"seed-{seed}.keras").get_weights()


def epochs_of(curve):
    return [int(line.partition(",")[0]) for line in curve.read_text().splitlines()[1:]]


class StoppedError(Exception):
    pass


def stop_after(epochs):
    def stop(seed, done, of):
        if done == epochs:
            raise StoppedError

    return stop


@pytest.mark.parametrize(
    ("model", "after"), [("dense_relu", 1), ("dense_relu", 4), ("dense_relu_dropout", 3)]
)
def test_a_training_that_was_stopped_ends_with_the_same_parameters(
    all_of_mnist, tmp_path, monkeypatch, model, after
):
    monkeypatch.setattr(recipes, "SHIPPED", (dataclasses.replace(SHORT, model=model),))
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    options = {"seeds": [1], "folder": whole}
    (once,) = reproducing.reproduce("short", all_of_mnist, **options).results
    options["folder"] = stopped
    with pytest.raises(StoppedError):
        reproducing.reproduce("short", all_of_mnist, on_epoch=stop_after(after), **options)
    told = []
    options["on_epoch"] = lambda *numbers: told.append(numbers)
    (again,) = reproducing.reproduce("short", all_of_mnist, **options).results
    assert told == [(1, epoch, 4) for epoch in range(after + 1, 5)]
    assert again._replace(seconds=0) == once._replace(seconds=0)
    for one, other in zip(weights_of(whole, 1), weights_of(stopped, 1), strict=True):
        np.testing.assert_array_equal(one, other)
    assert not (stopped / "short" / "seed-1.backup").exists()
    curves = [(folder / "short" / "seed-1.csv").read_text() for folder in (whole, stopped)]
    assert curves[0] == curves[1]
    assert curves[0].startswith("epoch,accuracy,loss\n")
    assert epochs_of(whole / "short" / "seed-1.csv") == [0, 1, 2, 3]


def test_a_kill_while_a_backup_is_written_leaves_the_one_before(
    all_of_mnist, tmp_path, monkeypatch
):
    options = {"seeds": [0], "folder": tmp_path}
    save = keras.Model.save_weights
    written = []

    def killed_in_the_third(model, path, **settings):
        written.append(path)
        if len(written) == 3:
            path.write_bytes(b"half")
            raise StoppedError
        save(model, path, **settings)

    with monkeypatch.context() as patched:
        patched.setattr(keras.Model, "save_weights", killed_in_the_third)
        with pytest.raises(StoppedError):
            reproducing.reproduce("short", all_of_mnist, **options)
    told = []
    options["on_epoch"] = lambda seed, done, of: told.append(done)
    reproducing.reproduce("short", all_of_mnist, **options)
    assert told == [3, 4]
    assert epochs_of(tmp_path / "short" / "seed-0.csv") == [0, 1, 2, 3]


@contextlib.contextmanager
def dask_cluster():
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster):
        yield "dask"


@contextlib.contextmanager
def ray_cluster():
    ray = pytest.importorskip("ray")
    ray_joblib = pytest.importorskip("ray.util.joblib")
    ray.init(num_cpus=2, include_dashboard=False)
    ray_joblib.register_ray()
    yield "ray"
    ray.shutdown()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Those of the clusters, which are other processes.
@pytest.mark.parametrize("cluster", [dask_cluster, ray_cluster])
def test_a_cluster_gives_the_same_parameters_as_two_processes(all_of_mnist, tmp_path, cluster):
    seeds, told = [0, 1], []
    options = {"seeds": seeds, "n_jobs": 2}
    with cluster() as name, joblib.parallel_config(backend=name):
        found = reproducing.reproduce("short", all_of_mnist, folder=tmp_path / "cluster", **options)
    here = reproducing.reproduce(
        "short", all_of_mnist, folder=tmp_path / "here", on_result=told.append, **options
    )
    assert list(here.results) == told
    assert [result._replace(seconds=0) for result in found.results] == [
        result._replace(seconds=0) for result in told
    ]
    for seed in seeds:
        both = weights_of(tmp_path / "cluster", seed), weights_of(tmp_path / "here", seed)
        for these, those in zip(*both, strict=True):
            np.testing.assert_array_equal(these, those)


def test_two_jobs_give_about_what_one_gives(all_of_mnist):
    one, two = (
        reproducing.reproduce("short", all_of_mnist, seeds=[0, 1], n_jobs=jobs) for jobs in (1, 2)
    )
    # Not the same: a sum over another number of threads is rounded in another way.
    assert two.mean == pytest.approx(one.mean, abs=0.02)
    assert [result.seed for result in two.results] == [0, 1]


@pytest.mark.parametrize("jobs", [0, 1.5, True])
def test_a_number_of_jobs_that_is_none_is_refused(all_of_mnist, jobs):
    with pytest.raises(ValueError, match="n_jobs must be an integer of at least 1"):
        reproducing.reproduce("short", all_of_mnist, n_jobs=jobs)


def test_a_training_that_is_done_is_not_repeated(all_of_mnist, tmp_path, monkeypatch):
    first = reproducing.reproduce("short", all_of_mnist, seeds=[0], folder=tmp_path)
    monkeypatch.setattr(reproducing, "train_recipe", None)
    assert reproducing.reproduce("short", all_of_mnist, seeds=[0], folder=tmp_path) == first


def test_trainings_with_other_settings_are_not_mixed(all_of_mnist, tmp_path, monkeypatch):
    reproducing.reproduce("short", all_of_mnist, seeds=[0], folder=tmp_path)
    monkeypatch.setattr(recipes, "SHIPPED", (dataclasses.replace(SHORT, epochs=3),))
    with pytest.raises(ValueError, match="with other settings of short; name another folder"):
        reproducing.reproduce("short", all_of_mnist, seeds=[0], folder=tmp_path)


def test_an_epoch_that_ctrl_c_cuts_short_is_begun_again(all_of_mnist, tmp_path, monkeypatch):
    class Interrupted(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.epoch = epoch

        def on_train_batch_end(self, batch, logs=None):
            if (self.epoch, batch) == (2, 3):
                signal.raise_signal(signal.SIGINT)

    train = reproducing.train_recipe
    options = {"seeds": [0], "folder": tmp_path}
    told = []
    options["on_epoch"] = lambda seed, done, of: told.append(done)
    with monkeypatch.context() as patched:
        patched.setattr(
            reproducing,
            "train_recipe",
            lambda *given, callbacks, **more: train(
                *given, callbacks=[Interrupted(), *callbacks], **more
            ),
        )
        with pytest.raises(KeyboardInterrupt):
            reproducing.reproduce("short", all_of_mnist, **options)
    assert told == [1, 2]
    reproducing.reproduce("short", all_of_mnist, **options)
    assert told == [1, 2, 3, 4]


def test_words_of_a_recipe_may_change_while_it_is_trained(all_of_mnist, tmp_path, monkeypatch):
    first = reproducing.reproduce("short", all_of_mnist, seeds=[0], folder=tmp_path)
    monkeypatch.setattr(recipes, "SHIPPED", (dataclasses.replace(SHORT, choices="others"),))
    again = reproducing.reproduce("short", all_of_mnist, seeds=[0], folder=tmp_path)
    assert again.results == first.results


def test_digits_that_choose_are_not_trained_on():
    rng = np.random.default_rng(0)
    digits = Split(rng.random((1200, 28, 28), np.float32), np.repeat(np.arange(10), 120))
    train, plan, seed = reproducing.parts_of(digits)
    assert [len(part.x) for part in (train, plan, seed)] == [1000, 100, 100]
    together = np.concatenate([train.x, plan.x, seed.x])
    np.testing.assert_array_equal(np.sort(together, axis=0), np.sort(digits.x, axis=0))
    for part in (plan, seed):
        np.testing.assert_array_equal(np.bincount(part.y), np.full(10, 10))


@pytest.mark.parametrize("recipe", SHIPPED, ids=lambda recipe: recipe.name)
def test_a_shipped_recipe_trains_a_model_of_the_package(recipe):
    assert recipe.name == f"shipped/{recipe.model}"
    assert recipe.model in SPECIES
    # Whatever is chosen by a training is chosen on digits that it holds out.
    assert recipe.held_out or "nothing was chosen by it" in recipe.choices


def test_the_strength_of_distortions_falls_at_the_end():
    layers = reproducing._distortions(SHORT, 0)
    callback = callbacks.for_epoch(SHORT, layers)
    strengths = []
    for epoch in range(4):
        callback.on_epoch_begin(epoch, {})
        strengths.append([float(layer.strength.value) for layer in layers])
    expected = [1.0, 1.0, 1.0, 0.65]
    np.testing.assert_allclose(strengths, np.transpose([expected, expected]), atol=1e-6)
