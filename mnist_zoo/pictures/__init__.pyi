from .digits import Box as Box
from .digits import FoundDigit as FoundDigit
from .digits import find_digits as find_digits
from .digits import prepare_digit as prepare_digit
from .opening import Picture as Picture
from .opening import PictureError as PictureError
from .reading import Reading as Reading
from .reading import read_digits as read_digits
