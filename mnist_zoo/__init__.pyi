from . import data as data
from . import metrics as metrics
from . import models as models
from . import plots as plots
from . import recipes as recipes
from .comparison import Comparison as Comparison
from .comparison import compare as compare
from .data import ChecksumError as ChecksumError
from .data import Mnist as Mnist
from .data import MnistUnavailableError as MnistUnavailableError
from .data import Split as Split
from .data import load_mnist as load_mnist
from .evaluation import Evaluation as Evaluation
from .evaluation import evaluate as evaluate
from .models import create_model as create_model
from .models import dense_relu as dense_relu
from .models import dense_relu_dropout as dense_relu_dropout
from .models import dense_sigmoid as dense_sigmoid
from .models import linear as linear
from .models import list_models as list_models
from .pretrained import ModelCard as ModelCard
from .pretrained import model_card as model_card
from .training import fit_and_evaluate as fit_and_evaluate

__version__: str
