"""Every exception of the package, in one small tree.

A wrong argument is a plain ``ValueError`` or ``TypeError`` that names the argument. The exceptions
here are for what a program may want to catch by name; each is also one of Python's own.
"""

#: The page that explains messages. Those that need more than a sentence end with a link to it.
TROUBLESHOOTING = "https://github.com/mnist-zoo/mnist-zoo/blob/main/docs/troubleshooting.md"


class MnistZooError(Exception):
    """Base of the exceptions below."""


class ChecksumError(MnistZooError, ValueError):
    """A file was read, and its content is not what it should be."""


class MnistUnavailableError(MnistZooError, OSError):
    """The digits were not found on this machine, and could not be downloaded."""


class PictureError(MnistZooError, ValueError):
    """A picture cannot be read, or has no digit in it."""


class SeenDigitsError(MnistZooError, ValueError):
    """A model was to be tested on digits that it may have been trained on."""


class DivergedError(MnistZooError, ValueError):
    """A model's outputs are not all finite: its training diverged."""


class ExportError(MnistZooError, ArithmeticError):
    """A model was not exported: Keras cannot write the format, or the export differs from it."""
