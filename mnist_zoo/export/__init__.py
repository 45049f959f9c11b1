"""A model on disk: as Keras's own file, or in another format that is proved to compute the same.

``files`` saves and loads ``.keras`` files with a note of the digits that the model has seen;
``safety`` checks such a file before Keras reads it; ``formats`` is the table of the other formats,
one row and two functions for each.

``cli`` may use this room. It uses ``models``.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
