"""The models that are trained: one of each dense species, not trained yet."""

from _training import SEED

from mnist_zoo import create_model, list_models


def species():
    """Yield a model of each dense species."""
    for name in (*list_models("dense*"), *list_models("linear*")):
        yield create_model(name, seed=SEED)
