"""Published results as data, and the means to see whether they hold.

This is where programs import them from; they are written in :mod:`mnist_zoo.training.recipes` and
:mod:`mnist_zoo.training.reproducing`.
"""

from mnist_zoo.training.recipes import FAST as FAST
from mnist_zoo.training.recipes import RECIPES as RECIPES
from mnist_zoo.training.recipes import SHIPPED as SHIPPED
from mnist_zoo.training.recipes import Recipe as Recipe
from mnist_zoo.training.reproducing import Reproduction as Reproduction
from mnist_zoo.training.reproducing import SeedResult as SeedResult
from mnist_zoo.training.reproducing import reproduce as reproduce
from mnist_zoo.training.reproducing import train_recipe as train_recipe

__all__ = [
    *("FAST", "RECIPES", "SHIPPED", "Recipe", "Reproduction", "SeedResult"),
    *("reproduce", "train_recipe"),
]
