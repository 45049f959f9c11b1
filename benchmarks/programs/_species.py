"""The models that are trained: one of each species, not trained yet."""

from _training import SEED

from mnist_zoo import create_model, list_models


def species():
    """Yield a model of each species."""
    for name in list_models():
        yield create_model(name, seed=SEED)
