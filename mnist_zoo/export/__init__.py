"""A model on disk: as Keras's own file, or in another format that is proved to compute the same.

``files`` saves and loads ``.keras`` files with a note of the digits that the model has seen;
``safety`` checks such a file before Keras reads it. ``formats`` is the table of the other formats;
``runtimes`` has two functions for each row, which write a model and load it again.
``preprocessing`` adds the scaling of pictures to a model. ``elsewhere`` writes a format on another
backend of Keras.

``cli`` may use this room. It uses ``models``, ``metrics`` and ``data``.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
