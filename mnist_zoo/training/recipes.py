"""Published results as data, and the means to see whether they hold."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from mnist_zoo.arguments import check_choice, check_integer
from mnist_zoo.data.datasets import MNIST
from mnist_zoo.data.loading import Mnist, Split, one_hot_labels
from mnist_zoo.errors import DivergedError
from mnist_zoo.metrics.significance import Interval, wilson_interval
from mnist_zoo.models.outputs import output_kind
from mnist_zoo.models.species import create_model
from mnist_zoo.training.fit import fit_and_evaluate
from mnist_zoo.training.losses import loss_for

if TYPE_CHECKING:
    import keras

    from mnist_zoo.evaluation.result import Evaluation
    from mnist_zoo.training.plan import TrainingPlan

# The claims were made on MNIST's test digits.
TEST_DIGITS = MNIST.arrays[-1].shape[0]


@dataclass(frozen=True)
class Recipe:
    """A published result: how it was trained, and the accuracy that was claimed.

    Attributes
    ----------
    name, title : str
        What it is called here, and in words.
    published : str
        The settings as they were published.
    choices : str
        What the publication leaves open, or gets wrong, and what is done about it here.
    claim : float or None
        The test accuracy as published, in [0, 1]; None if none was stated.
    model : str
        A name for :func:`~mnist_zoo.create_model`.
    model_options : mapping
        Arguments of the factory.
    optimizer : str
        Keras's name of the optimizer.
    learning_rate : float
        Its learning rate.
    batch_size : int
        Digits a batch.
    epochs, steps : int or None
        Length of the training; one of the two is None.
    one_hot : bool
        Whether the labels are one-hot.
    validation_fraction : float
        Fraction of the training split that is kept for validation.
    loss_reduction : {"sum_over_batch_size", "sum"}
        Whether the loss of a batch is the mean over its digits, or their sum.
    cosine_decay : bool
        Whether the learning rate falls to 0 over the training, along half a cosine.
    """

    name: str
    title: str
    published: str
    choices: str
    claim: float | None
    model: str
    model_options: Mapping[str, Any] = field(default_factory=dict)
    optimizer: str = "adam"
    learning_rate: float = 0.001
    batch_size: int = 32
    epochs: int | None = None
    steps: int | None = None
    one_hot: bool = False
    validation_fraction: float = 0.0
    loss_reduction: Literal["sum_over_batch_size", "sum"] = "sum_over_batch_size"
    cosine_decay: bool = False

    @property
    def claim_interval(self) -> Interval | None:
        """Wilson's 95 % interval of the claim, which was made on 10,000 test digits."""
        if self.claim is None:
            return None
        return wilson_interval(round(self.claim * TEST_DIGITS), TEST_DIGITS)


#: The five published results.
RECIPES: tuple[Recipe, ...] = (
    Recipe(
        name="relu-dropout",
        title="ReLU + dropout",
        published="128 and 64 ReLU, dropout, softmax; Adam; categorical cross-entropy on one-hot "
        "labels; a validation split",
        choices="Left open: the dropout, the batch, the epochs, the validation split. Here 0.2, "
        "128, 20 and 10 %, chosen on validation digits.",
        claim=0.9773,
        model="dense_relu_dropout",
        model_options={"dropout": 0.2},
        batch_size=128,
        epochs=20,
        one_hot=True,
        validation_fraction=0.1,
    ),
    Recipe(
        name="relu-logits",
        title="ReLU, logits",
        published="128 and 64 ReLU, 10 outputs; sparse categorical cross-entropy; Adam; softmax by "
        "hand at prediction",
        choices="The published code applies softmax twice; here the loss is computed from the "
        "logits, and softmax is applied once, at prediction. Left open: the batch and the epochs. "
        "Here Keras's batch of 32, and 5 as in the next recipe.",
        claim=0.97,
        model="dense_relu",
        model_options={"classifier_activation": None},
        epochs=5,
    ),
    Recipe(
        name="relu-5-epochs",
        title="ReLU, 5 epochs",
        published="128 and 64 ReLU, softmax; Adam, batch 32, 5 epochs",
        choices="Nothing is left open.",
        claim=None,
        model="dense_relu",
        epochs=5,
    ),
    Recipe(
        name="relu-10-epochs",
        title="ReLU, 10 epochs",
        published="128 and 64 ReLU, softmax; Adam, batch 32, 10 epochs",
        choices="Nothing is left open.",
        claim=None,
        model="dense_relu",
        epochs=10,
    ),
    Recipe(
        name="sigmoid-sgd",
        title="Sigmoid, SGD",
        published="128 and 256 sigmoid; SGD, learning rate 0.001, batch 256, 3,000 steps with "
        "tf.GradientTape",
        choices="As written, with the mean of the loss, it hardly begins to learn; with the sum "
        "over the batch, which the code it derives from computes, it learns but is not done after "
        "3,000 steps. Here the sum, and 6,000 steps.",
        claim=0.959,
        model="dense_sigmoid",
        optimizer="sgd",
        batch_size=256,
        steps=6_000,
        loss_reduction="sum",
    ),
)

#: Not published: the shortest way here to the 97.73 % of the first. Chosen on validation digits.
FAST = Recipe(
    name="fast",
    title="fast",
    published="no publication: a setting of this package",
    choices="The shortest training that reaches 97.73 % on average over five seeds: few epochs, a "
    "learning rate that falls to 0, and large batches.",
    claim=None,
    model="dense_relu",
    learning_rate=0.004,
    batch_size=100,  # A divisor of 60,000: no last batch of another shape to compile for.
    epochs=5,
    cosine_decay=True,
)


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
        Duration of the training.
    """

    seed: int
    accuracy: float
    loss: float
    seconds: float


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
    def interval(self) -> Interval:
        """Wilson's 95 % interval of the mean accuracy, on the 10,000 test digits."""
        return wilson_interval(round(self.mean * TEST_DIGITS), TEST_DIGITS)

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
    on_result: Callable[[SeedResult], None] | None = None,
) -> Reproduction:
    """Train a recipe once for each seed and measure each on the test digits.

    Parameters
    ----------
    name : str
        The name of one of `RECIPES`.
    data : Mnist
        All of MNIST, as from ``load_mnist()``: the claims were made on it.
    seeds : iterable of int, default range(5)
        At least one.
    verbose : int, default 0
        Keras's progress bar.
    on_result : callable, optional
        Called with each seed's result as it comes.

    Returns
    -------
    Reproduction

    Raises
    ------
    ValueError
        If there is no such recipe, no seed, or the data is the sample.

    Examples
    --------
    >>> from mnist_zoo import load_mnist
    >>> from mnist_zoo.recipes import reproduce
    >>> reproduce("relu-5-epochs", load_mnist(source="sample"))
    Traceback (most recent call last):
    ...
    ValueError: data must be all of MNIST, on which the claims were made; got the sample
    """
    check_choice("name", name, (recipe.name for recipe in RECIPES))
    recipe = next(recipe for recipe in RECIPES if recipe.name == name)
    if data.source != "mnist":
        raise ValueError(
            f"data must be all of MNIST, on which the claims were made; got the {data.source}"
        )
    results = []
    for seed in seeds:
        evaluation = train_recipe(recipe, data, check_integer("seeds", seed, 0), verbose=verbose)
        if evaluation.diverged:
            raise DivergedError(f"the training of {name} with seed {seed} diverged")
        results.append(SeedResult(seed, evaluation.accuracy, evaluation.loss, evaluation.seconds))
        if on_result is not None:
            on_result(results[-1])
    if not results:
        raise ValueError("seeds must hold at least one seed; got none")
    return Reproduction(recipe, tuple(results))


def train_recipe(
    recipe: Recipe, data: Mnist, seed: int, *, verbose: Literal["auto", 0, 1, 2] = 0
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

    Returns
    -------
    Evaluation

    Raises
    ------
    KeyboardInterrupt
        On Ctrl-C: half a training reproduces nothing.
    """
    import keras

    if recipe.one_hot:
        classes = data.dataset.classes
        data = dataclasses.replace(
            data,
            train=Split(data.train.x, one_hot_labels(data.train.y, classes)),
            test=Split(data.test.x, one_hot_labels(data.test.y, classes)),
        )
    model = create_model(recipe.model, seed=seed, **recipe.model_options)

    def optimizer(plan: TrainingPlan) -> keras.optimizers.Optimizer:
        rate: Any = recipe.learning_rate
        if recipe.cosine_decay:
            rate = keras.optimizers.schedules.CosineDecay(rate, plan.batches)
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
        seed=seed,
        verbose=verbose,
    )
    if evaluation.interrupted:
        raise KeyboardInterrupt
    return evaluation
