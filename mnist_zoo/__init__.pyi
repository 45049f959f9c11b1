from . import data as data
from . import metrics as metrics
from .data import ChecksumError as ChecksumError
from .data import Mnist as Mnist
from .data import MnistUnavailableError as MnistUnavailableError
from .data import Split as Split
from .data import load_mnist as load_mnist

__version__: str
