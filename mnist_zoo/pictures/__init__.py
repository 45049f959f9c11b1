"""Anyone's picture of digits, brought into the form that MNIST has, and read.

A picture goes through seven files. ``opening`` reads it and makes it grey. ``foreground`` separates
the ink (the foreground) from the paper (the background). ``digits`` finds the digits, and ``forms``
redraws each one in the form of MNIST. ``reading`` asks a model what the digits are. ``strings``
counts the digits of a shape. ``parting`` then cuts digits that touch each other, joins the parts of
broken ones, and leaves out what is none. ``filters`` has regions, openings, distances and means.
``parallel`` reads many pictures, on several cores.

``plots`` and ``cli`` may use this room. It uses ``models``, to read, and ``data``.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
