"""Digits in: data sets as values, the files and places they come from, and the loader.

``datasets`` says what a data set is; ``places`` finds it, with ``files`` to read and verify it,
``download`` for the mirrors and ``cache`` to keep it; ``loading`` makes of it what a program
trains on, and ``notebook`` shows it there.
``fingerprints`` knows digits by their content, whatever array they lie in.

Every room above may use this one. It uses no other room.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
