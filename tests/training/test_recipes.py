"""recipes: the published results are stated as published, and train as stated."""

from __future__ import annotations

import dataclasses
import json

import keras
import numpy as np
import pytest

from mnist_zoo import list_models, metrics
from mnist_zoo.data import MNIST
from mnist_zoo.training import recipes, reproducing
from mnist_zoo.training.recipes import RECIPES
from mnist_zoo.training.reproducing import Reproduction, SeedResult

BY_NAME = {recipe.name: recipe for recipe in RECIPES}
every_recipe = pytest.mark.parametrize("recipe", RECIPES, ids=BY_NAME)


def shortened(recipe):
    """The recipe with a training of a few steps: how it trains, not what it reaches."""
    return dataclasses.replace(recipe, epochs=None, steps=3)


def test_the_claims_are_those_that_were_published():
    assert {name: recipe.claim for name, recipe in BY_NAME.items()} == {
        "relu-dropout": 0.9773,
        "relu-logits": 0.97,
        "relu-5-epochs": None,
        "relu-10-epochs": None,
        "sigmoid-sgd": 0.959,
        "lenet5": 0.9905,
        "keras-convnet": 0.99,
    }


@every_recipe
def test_a_recipe_says_how_long_it_trains_and_names_a_model(recipe):
    assert (recipe.epochs is None) != (recipe.steps is None)
    assert recipe.model in list_models()
    assert recipe.published
    assert recipe.choices


@every_recipe
def test_a_recipe_trains_as_it_says(recipe, sample):
    evaluation = reproducing.train_recipe(shortened(recipe), sample, seed=0)
    model, settings = evaluation.model, evaluation.settings
    assert settings.batch_size == recipe.batch_size
    assert settings.optimizer.lower() == recipe.optimizer
    assert settings.learning_rate == pytest.approx(recipe.learning_rate)
    assert settings.seed == 0
    assert isinstance(model.loss, keras.losses.CategoricalCrossentropy) == recipe.one_hot
    assert model.loss.reduction == recipe.loss_reduction
    assert ("val_loss" in evaluation.history) == (recipe.validation_fraction > 0)


def test_the_logits_recipe_applies_softmax_once(sample):
    evaluation = reproducing.train_recipe(shortened(BY_NAME["relu-logits"]), sample, seed=0)
    assert evaluation.model.loss.get_config()["from_logits"]
    logits = evaluation.model.predict(sample.test.x, verbose=0).astype(np.float64)
    powers = np.exp(logits)
    np.testing.assert_allclose(
        evaluation.probabilities, powers / powers.sum(axis=1, keepdims=True), atol=1e-6
    )


def test_the_sum_of_the_loss_takes_steps_as_many_times_longer_as_the_batch(sample):
    """What makes the published sigmoid network learn: SGD on the sum, 256 times the mean."""
    by_sum = shortened(BY_NAME["sigmoid-sgd"])
    by_mean = dataclasses.replace(
        by_sum, loss_reduction="sum_over_batch_size", learning_rate=256 * by_sum.learning_rate
    )
    one, other = (reproducing.train_recipe(recipe, sample, seed=0) for recipe in (by_sum, by_mean))
    np.testing.assert_allclose(one.probabilities, other.probabilities, atol=1e-5)


@pytest.mark.mnist
def test_each_seed_is_trained_once_and_told(mnist, monkeypatch):
    monkeypatch.setattr(recipes, "RECIPES", tuple(map(shortened, RECIPES)))
    told = []
    reproduction = reproducing.reproduce(
        "relu-5-epochs", mnist, seeds=[3, 1], on_result=told.append
    )
    assert [result.seed for result in reproduction.results] == [3, 1]
    assert tuple(told) == reproduction.results
    assert reproduction.results[0].accuracy != reproduction.results[1].accuracy


def test_mean_spread_and_interval_are_those_of_the_seeds():
    accuracies = [0.95, 0.96, 0.97]
    results = tuple(SeedResult(seed, value, 0.1, 1.0) for seed, value in enumerate(accuracies))
    reproduction = Reproduction(BY_NAME["sigmoid-sgd"], results)
    assert reproduction.mean == pytest.approx(np.mean(accuracies))
    assert reproduction.spread == pytest.approx(np.std(accuracies, ddof=1))
    assert reproduction.interval == metrics.wilson_interval(9600, 10000)
    assert Reproduction(BY_NAME["sigmoid-sgd"], results[:1]).spread is None
    saved = json.loads(json.dumps(reproduction.to_dict()))
    assert saved["mean"] == reproduction.mean
    assert saved["results"][2] == results[2]._asdict()


@pytest.mark.parametrize(("accuracy", "reached"), [(0.9548, False), (0.9550, True), (0.99, True)])
def test_a_claim_is_reached_from_the_low_end_of_its_interval(accuracy, reached):
    assert BY_NAME["sigmoid-sgd"].claim_interval.low == pytest.approx(0.95494, abs=1e-5)
    results = (SeedResult(0, accuracy, 0.1, 1.0),)
    assert Reproduction(BY_NAME["sigmoid-sgd"], results).reached is reached


def test_without_a_claim_there_is_nothing_to_reach():
    assert Reproduction(BY_NAME["relu-5-epochs"], (SeedResult(0, 0.9, 0.1, 1.0),)).reached is None


def test_an_interrupted_training_reproduces_nothing(sample, monkeypatch):
    def interrupted(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(keras.Model, "fit", interrupted)
    with pytest.raises(KeyboardInterrupt):
        reproducing.train_recipe(BY_NAME["relu-5-epochs"], sample, seed=0)


def test_bad_arguments_are_named(sample):
    with pytest.raises(ValueError, match="name must be one of 'relu-dropout', .* got 'resnet'"):
        reproducing.reproduce("resnet", sample)
    with pytest.raises(ValueError, match="data must be all of MNIST.* got the sample"):
        reproducing.reproduce("relu-5-epochs", sample)
    pretended = dataclasses.replace(sample, dataset=MNIST)
    with pytest.raises(ValueError, match="seeds must hold at least one seed"):
        reproducing.reproduce("relu-5-epochs", pretended, seeds=[])
