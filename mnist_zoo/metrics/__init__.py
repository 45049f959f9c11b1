"""Numbers from labels and probabilities: pure functions over NumPy arrays.

Arguments come in scikit-learn's order, the truth first. ``labels`` and ``predictions`` are
integers of shape ``(n,)`` in ``0..classes-1``; ``probabilities`` are floats of shape
``(n, classes)`` in [0, 1] whose rows sum to 1. Every function needs at least one digit and
raises ``ValueError``, naming the argument, where it does not get what it expects.

Every room above may use this one. It uses no other room.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
