"""Pictures of histories, confusions, digits, calibration and readings.

A function that draws one panel draws on the ``Axes`` passed as ``ax``, or else on a new figure, and
returns the ``Axes``: ``plots.confusion_matrix(counts).figure.savefig("confusion.png")``.
:func:`overview` and :func:`readings` draw a whole page and return its ``Figure``. No function opens
a window, or changes pyplot's current figure or matplotlib's settings.

``cli`` may use this room. It uses ``evaluation``, ``pictures``, ``data`` and ``metrics``.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
