"""Training a model so that its test result can be believed: :func:`fit_and_evaluate`.

``fit`` is the way of a training: the digits are checked, the training is planned once (``plan``)
with a loss that fits (``losses``), it runs (``running``) in the compiled loop of the backend
(``loops``), and the test split is read once. ``batches`` shuffles the digits, and ``distorting``
applies a layer to those of each epoch: one of ``distortions`` or ``photometry``, or any other.
``compiling`` keeps what the user compiled a model with. ``recipes`` are trainings as data: five
published results, the fastest way here to one, and how the shipped parameters came about.
``reproducing`` runs them.

``cli`` and the tools may use this room. It uses ``evaluation``, ``models``, ``data`` and
``metrics``.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
