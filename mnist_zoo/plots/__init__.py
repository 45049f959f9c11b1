"""Pictures of histories, confusions, digits, calibration and readings.

A function that draws one panel draws on the ``Axes`` passed as ``ax``, or else on a new figure, and
returns the ``Axes``: ``plots.confusion_matrix(counts).figure.savefig("confusion.png")``.
:func:`overview` and :func:`readings` draw a whole page and return its ``Figure``.

New figures belong to pyplot: a notebook shows them once, and ``plt.show()`` in a program. A program
that only writes files keeps the last ten open. No function calls ``plt.show()`` or changes
matplotlib's settings. With ``ax``, pyplot is left alone.

``evaluation`` and ``cli`` may use this room. It uses ``pictures``, ``data`` and ``metrics``.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
