"""A page on which one draws a digit, and sees a model read it; and a server of it for one machine.

``page`` has the page: HTML, a style sheet and three JavaScript modules. ``parameters`` writes the
parameters of the shipped models for them. ``files`` is the list of all that the page loads, and
writes it into a folder; ``server`` serves it.

``cli`` may use this room. It uses ``models``.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
