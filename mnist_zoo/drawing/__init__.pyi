from .files import write_page as write_page
from .server import PageServer as PageServer
