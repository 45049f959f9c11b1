from .comparison import Comparison as Comparison
from .comparison import compare as compare
from .result import Evaluation as Evaluation
from .result import TrainingSettings as TrainingSettings
from .robustness import Doubt as Doubt
from .testing import evaluate as evaluate
