"""Running recipes: once for each seed, measured on the test digits."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
import shutil
import statistics
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from mnist_zoo import metrics
from mnist_zoo.arguments import check_integer, check_jobs
from mnist_zoo.data.loading import Mnist, Split, one_hot_labels
from mnist_zoo.errors import DivergedError
from mnist_zoo.jobs import joblib_parallel
from mnist_zoo.models.outputs import model_probabilities, output_kind
from mnist_zoo.models.species import create_model
from mnist_zoo.training.callbacks import backup, curve, for_epoch, telling
from mnist_zoo.training.fit import fit_and_evaluate
from mnist_zoo.training.losses import loss_for
from mnist_zoo.training.recipes import TEST_DIGITS, Recipe, find_recipe
from mnist_zoo.writing import replacing

if TYPE_CHECKING:
    import keras

    from mnist_zoo.evaluation.result import Evaluation
    from mnist_zoo.training.plan import TrainingPlan
    from mnist_zoo.training.random_layer import RandomLayer

# The part of the training split that chooses the settings of shipped parameters, and of another
# that chooses the seed: 5,000 digits of 60,000 each. The same for all seeds and models.
PART = 1 / 12
PARTS_SEED = 0


class Parts(NamedTuple):
    """The training split in three parts.

    Attributes
    ----------
    train : Split
        What is trained on: 50,000 digits of MNIST.
    plan : Split
        5,000 others, which choose the settings of a training.
    seed : Split
        5,000 others, which choose the seed.
    """

    train: Split
    plan: Split
    seed: Split


def parts_of(digits: Split) -> Parts:
    """Split training digits for recipes that hold some out, each class by its share.

    Parameters
    ----------
    digits : Split
        The training split, with integer labels.

    Returns
    -------
    Parts
        The same digits in the same parts, whatever the seed of a training.
    """
    from sklearn.model_selection import train_test_split

    rest, parts = np.arange(len(digits.x)), []
    size = round(PART * len(rest))
    for _ in range(2):
        rest, part = train_test_split(
            rest, test_size=size, stratify=digits.y[rest], random_state=PARTS_SEED
        )
        parts.append(part)
    return Parts(*(Split(digits.x[part], digits.y[part]) for part in (rest, *parts)))


class SeedResult(NamedTuple):
    """What one seed gave.

    Attributes
    ----------
    seed : int
        The seed.
    accuracy : float
        Test accuracy, in [0, 1].
    loss : float
        Test cross-entropy, in nats.
    seconds : float
        Duration of the training; of one that went on, since then.
    plan_accuracy, seed_accuracy : float or None
        Accuracy on the two parts of the training split that the recipe holds out, by which its
        settings and the seed are chosen; None if it holds out none.
    """

    seed: int
    accuracy: float
    loss: float
    seconds: float
    plan_accuracy: float | None = None
    seed_accuracy: float | None = None


@dataclass(frozen=True)
class Reproduction:
    """A recipe trained with several seeds.

    Attributes
    ----------
    recipe : Recipe
        What was trained.
    results : tuple of SeedResult
        One for each seed.
    """

    recipe: Recipe
    results: tuple[SeedResult, ...]

    @property
    def mean(self) -> float:
        """Mean test accuracy over the seeds."""
        return statistics.fmean(result.accuracy for result in self.results)

    @property
    def spread(self) -> float | None:
        """Sample standard deviation of the accuracy over the seeds; None for a single seed."""
        if len(self.results) < 2:
            return None
        return statistics.stdev(result.accuracy for result in self.results)

    @property
    def interval(self) -> metrics.Interval:
        """Wilson's 95 % interval of the mean accuracy, on the 10,000 test digits."""
        return metrics.wilson_interval(round(self.mean * TEST_DIGITS), TEST_DIGITS)

    @property
    def reached(self) -> bool | None:
        """Whether the mean is in the claim's interval or above it; None without a claim."""
        claimed = self.recipe.claim_interval
        return None if claimed is None else self.mean >= claimed.low

    def to_dict(self) -> dict[str, Any]:
        """Return recipe and results in types that JSON has.

        Returns
        -------
        dict
        """
        claimed = self.recipe.claim_interval
        return {
            "name": self.recipe.name,
            "title": self.recipe.title,
            "published": self.recipe.published,
            "choices": self.recipe.choices,
            "claim": self.recipe.claim,
            "claim_interval_95": None if claimed is None else list(claimed),
            "mean": self.mean,
            "spread": self.spread,
            "interval_95": list(self.interval),
            "reached": self.reached,
            "results": [result._asdict() for result in self.results],
        }


def reproduce(
    name: str,
    data: Mnist,
    *,
    seeds: Iterable[int] = range(5),
    verbose: Literal["auto", 0, 1, 2] = 0,
    folder: Path | None = None,
    on_result: Callable[[SeedResult], None] | None = None,
    on_epoch: Callable[[int, int, int], None] | None = None,
    n_jobs: int | None = None,
) -> Reproduction:
    """Train a recipe once for each seed and measure each on the test digits.

    Parameters
    ----------
    name : str
        The name of one of `RECIPES` or `SHIPPED`.
    data : Mnist
        All of MNIST, as from ``load_mnist()``: the claims were made on it.
    seeds : iterable of int, default range(5)
        At least one.
    verbose : int, default 0
        Keras's progress bar.
    folder : Path, optional
        Where to keep the trainings: one that was stopped goes on after its last whole epoch, one
        that is done is not repeated. ``NAME/seed-N.keras`` is its model, and ``NAME/seed-N.csv``
        the loss and the accuracy of each epoch.
    on_result : callable, optional
        Called with each seed's result, in the order of the seeds, as it comes.
    on_epoch : callable, optional
        Called after each epoch with the seed, the number of epochs that its training has behind
        it, and how many it has in all. With several jobs it is called once for each seed, when its
        training is done, as if that had one epoch.
    n_jobs : int, optional
        How many seeds are trained at the same time, as in joblib and scikit-learn: -1 is one for
        each core, and None is 1, unless :func:`joblib.parallel_config` says something else. Its
        backend is used, so a cluster of Dask or Ray can be named there; then `folder` must be one
        that all its machines see. Each job is a process with its share of the threads.

    Returns
    -------
    Reproduction

    Raises
    ------
    ValueError
        If there is no such recipe, no seed, or the data is the sample; if the folder has trainings
        of another recipe of this name.

    Examples
    --------
    >>> from mnist_zoo import load_mnist
    >>> from mnist_zoo.recipes import reproduce
    >>> reproduce("relu-5-epochs", load_mnist(source="sample"))
    Traceback (most recent call last):
    ...
    ValueError: data must be all of MNIST, on which the claims were made; got the sample
    """
    recipe = find_recipe(name)
    if data.source != "mnist":
        raise ValueError(
            f"data must be all of MNIST, on which the claims were made; got the {data.source}"
        )
    jobs = check_jobs("n_jobs", n_jobs)
    checked = [check_integer("seeds", seed, 0) for seed in seeds]
    if not checked:
        raise ValueError("seeds must hold at least one seed; got none")
    if folder is not None:
        folder = own_folder(folder, recipe)
    results = []
    for result in _trained(recipe, data, checked, verbose, folder, on_epoch, jobs):
        results.append(result)
        if on_result is not None:
            on_result(result)
    return Reproduction(recipe, tuple(results))


def _trained(
    recipe: Recipe,
    data: Mnist,
    seeds: list[int],
    verbose: Literal["auto", 0, 1, 2],
    folder: Path | None,
    on_epoch: Callable[[int, int, int], None] | None,
    jobs: int | None,
) -> Iterator[SeedResult]:
    """Yield the result of each seed, in order: trained one after the other, or by joblib."""
    import joblib

    workers = min(joblib.effective_n_jobs(jobs), len(seeds))
    if workers == 1:
        for seed in seeds:
            yield _result(recipe, data, seed, verbose, folder, on_epoch)
        return
    import keras

    threads = max(1, joblib.cpu_count() // workers)
    where = os.getpid(), keras.backend.backend(), threads
    folder = folder and folder.absolute()
    work = joblib.delayed(_in_worker)
    tasks = [work(*where, recipe, data, seed, verbose, folder, None) for seed in seeds]
    for result in joblib_parallel(jobs, batch_size=1)(tasks):
        if on_epoch is not None:
            on_epoch(result.seed, 1, 1)
        yield result


def _in_worker(parent: int, backend: str, threads: int, *task: Any) -> SeedResult:
    """Return what a seed gives, on the backend of the process `parent`, in so many threads."""
    if os.getpid() != parent and "keras" not in sys.modules:
        os.environ["KERAS_BACKEND"] = backend
        for name in ("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS"):
            os.environ[name] = str(threads)
        if threads == 1:
            alone = "--xla_cpu_multi_thread_eigen=false"
            os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {alone}".strip()
    return _result(*task)


def train_recipe(
    recipe: Recipe,
    data: Mnist,
    seed: int,
    *,
    verbose: Literal["auto", 0, 1, 2] = 0,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> Evaluation:
    """Train one recipe with one seed, on whichever digits are given.

    Parameters
    ----------
    recipe : Recipe
        What to train.
    data : Mnist
        With integer labels.
    seed : int
        Of the model and the training.
    verbose : int, default 0
        Keras's progress bar.
    callbacks : sequence of keras.callbacks.Callback
        Passed on to ``model.fit``.

    Returns
    -------
    Evaluation

    Raises
    ------
    KeyboardInterrupt
        On Ctrl-C: half a training reproduces nothing.
    """
    import keras

    if recipe.held_out:
        data = dataclasses.replace(data, train=parts_of(data.train).train)
    if recipe.one_hot:
        classes = data.dataset.classes
        data = dataclasses.replace(
            data,
            train=Split(data.train.x, one_hot_labels(data.train.y, classes)),
            test=Split(data.test.x, one_hot_labels(data.test.y, classes)),
        )
    model = create_model(recipe.model, seed=seed, **recipe.model_options)
    layers = _distortions(recipe, seed)

    def optimizer(plan: TrainingPlan) -> keras.optimizers.Optimizer:
        rate: Any = recipe.learning_rate
        if recipe.cosine_decay:
            falling = plan.batches - recipe.warmup
            rate = keras.optimizers.schedules.CosineDecay(rate, falling)
            if recipe.warmup:
                rate = keras.optimizers.schedules.CosineDecay(
                    0.0, falling, warmup_target=recipe.learning_rate, warmup_steps=recipe.warmup
                )
        config = {"class_name": recipe.optimizer, "config": {"learning_rate": rate}}
        return keras.optimizers.get(config)

    evaluation = fit_and_evaluate(
        model,
        data,
        epochs=recipe.epochs,
        steps=recipe.steps,
        batch_size=recipe.batch_size,
        loss=loss_for(
            "one-hot" if recipe.one_hot else "integers",
            output_kind(model, data.train.x),
            recipe.loss_reduction,
        ),
        optimizer=optimizer,
        validation_fraction=recipe.validation_fraction,
        distortion=keras.Sequential(layers) if layers else None,
        callbacks=[*callbacks, for_epoch(recipe, layers)],
        seed=seed,
        verbose=verbose,
    )
    if evaluation.interrupted:
        raise KeyboardInterrupt
    return evaluation


def _result(
    recipe: Recipe,
    data: Mnist,
    seed: int,
    verbose: Literal["auto", 0, 1, 2],
    folder: Path | None,
    on_epoch: Callable[[int, int, int], None] | None,
) -> SeedResult:
    """Return what a seed gives: from the folder if it is done, or trained now."""
    callbacks: list[keras.callbacks.Callback] = []
    if folder is not None:
        record, kept = folder / f"seed-{seed}.json", folder / f"seed-{seed}.backup"
        if record.exists():
            return SeedResult(**json.loads(record.read_text(encoding="utf-8"))["result"])
        callbacks += [curve(folder / f"seed-{seed}.csv"), backup(kept)]
    if on_epoch is not None:
        callbacks.append(telling(on_epoch, seed))
    evaluation = train_recipe(recipe, data, seed, verbose=verbose, callbacks=callbacks)
    if evaluation.diverged:
        raise DivergedError(f"the training of {recipe.name} with seed {seed} diverged")
    result = SeedResult(seed, evaluation.accuracy, evaluation.loss, evaluation.seconds)
    if recipe.held_out:
        parts = parts_of(data.train)
        result = result._replace(
            plan_accuracy=_accuracy(evaluation.model, parts.plan),
            seed_accuracy=_accuracy(evaluation.model, parts.seed),
        )
    if folder is not None:
        with replacing(folder / f"seed-{seed}.keras", overwrite=True) as part:
            evaluation.model.save(part)
        with replacing(record, overwrite=True) as part:
            facts = {"result": result._asdict(), "versions": _versions()}
            part.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
        shutil.rmtree(kept, ignore_errors=True)
    return result


def own_folder(folder: Path, recipe: Recipe) -> Path:
    """Return the folder of a recipe; raise ``ValueError`` if its trainings had other settings."""
    own = folder / recipe.name
    own.mkdir(parents=True, exist_ok=True)
    words = {"name", "title", "published", "choices", "claim"}
    settings = {
        field.name: json.loads(json.dumps(getattr(recipe, field.name)))
        for field in dataclasses.fields(recipe)
        if field.name not in words
    }
    file = own / "recipe.json"
    if file.exists() and json.loads(file.read_text(encoding="utf-8")) != settings:
        raise ValueError(
            f"folder: the trainings in {own} were made with other settings of {recipe.name}; name "
            "another folder, or delete that one"
        )
    with replacing(file, overwrite=True) as part:
        part.write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")
    return own


def _distortions(recipe: Recipe, seed: int) -> list[RandomLayer]:
    from mnist_zoo.training.distortions import RandomDistortion
    from mnist_zoo.training.photometry import RandomPhotometry

    kinds = (RandomDistortion, recipe.distortion), (RandomPhotometry, recipe.photometry)
    return [kind(**limits, seed=seed) for kind, limits in kinds if limits is not None]


def _versions() -> dict[str, str]:
    """Return the versions that a training depends on, the backend's among them."""
    import keras

    names = "keras", keras.backend.backend(), "numpy"
    return {"python": platform.python_version(), **{name: version(name) for name in names}}


def _accuracy(model: keras.Model, digits: Split) -> float:
    return metrics.accuracy(digits.y, model_probabilities(model, digits.x).argmax(axis=1))
