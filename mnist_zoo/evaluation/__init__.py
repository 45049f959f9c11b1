"""Measuring a model on test digits: once, and only on digits that it has not seen.

``splits`` makes arrays of digits in any form, ``inputs`` checks them against the model, and
``unseen`` refuses test digits that the model may have been trained on; ``testing`` measures;
``result`` is what comes back; ``comparison`` compares two models; ``corruptions`` spoil digits,
``nondigits`` are pictures of none, and ``robustness`` measures a model on both; ``label_errors``
knows the errors among MNIST's test labels.

``training`` and ``cli`` may use this room. It uses ``plots``, ``pictures``, ``models``, ``data``
and ``metrics``.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
