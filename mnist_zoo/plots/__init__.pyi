from .calibration import reliability_diagram as reliability_diagram
from .classes import class_bars as class_bars
from .classes import confusion_matrix as confusion_matrix
from .digits import predictions as predictions
from .history import training_curves as training_curves
from .page import overview as overview
from .readings import reading as reading
from .readings import readings as readings
