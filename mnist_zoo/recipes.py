"""Published results as data, and the means to see whether they hold.

This is where programs import them from; they are written in :mod:`mnist_zoo.training.recipes`.
"""

from mnist_zoo.training.recipes import FAST as FAST
from mnist_zoo.training.recipes import RECIPES as RECIPES
from mnist_zoo.training.recipes import Recipe as Recipe
from mnist_zoo.training.recipes import Reproduction as Reproduction
from mnist_zoo.training.recipes import SeedResult as SeedResult
from mnist_zoo.training.recipes import reproduce as reproduce
from mnist_zoo.training.recipes import train_recipe as train_recipe

__all__ = ["FAST", "RECIPES", "Recipe", "Reproduction", "SeedResult", "reproduce", "train_recipe"]
