from .files import load_model as load_model
from .files import save_model as save_model
from .formats import FORMATS as FORMATS
from .formats import Export as Export
from .formats import Format as Format
from .formats import export_model as export_model
from .formats import export_saved_model as export_saved_model
