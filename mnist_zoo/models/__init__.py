"""The species: functions that return plain ``keras.Model`` objects, and all that is known of them.

``species`` is the table of the zoo: one row for each model. The factories are in ``dense``, on top
of ``building``. ``layers`` says for each kind of layer how to run it without a framework, and
``forward`` does so with the parameters that ``shipped`` reads and describes by cards.
``provenance`` keeps which digits a model has seen.

``pictures``, ``evaluation`` and the rooms above may use this one. It uses ``data`` and ``metrics``.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
