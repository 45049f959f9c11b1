"""Keras models of MNIST, trained and measured, and the digits themselves.

Names are loaded when they are first used: ``import mnist_zoo`` starts no framework.
"""

import pkgutil

import lazy_loader

__version__ = "0.1.0"

# The list of names is in __init__.pyi, where type checkers look for it as well.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
# `from mnist_zoo import *` binds functions and classes, and no rooms: `data` is a name that people
# use themselves.
__all__ = sorted({*__all__} - {module.name for module in pkgutil.iter_modules(__path__)})
