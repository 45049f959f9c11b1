"""Anyone's picture of digits, brought into the form that MNIST has, and read.

A picture goes through five files. ``opening`` reads it and makes it grey. ``foreground`` separates
the ink (the foreground) from the paper (the background). ``digits`` finds the digits and redraws
each one in the form of MNIST. ``reading`` asks a model what the digits are. ``parting`` cuts digits
that touch each other, and joins the parts of broken ones, as the model believes. ``filters`` has
regions, openings, distances and means. ``parallel`` reads many pictures, on several cores.

``plots`` and ``cli`` may use this room. It uses ``models``, to read, and ``data``.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
