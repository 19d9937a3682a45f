"""Training: the loop, exact checkpoints, metrics, pictures, data-parallel runs."""

from .checkpoint import Checkpoint as Checkpoint
from .checkpoint import load_checkpoint as load_checkpoint
from .checkpoint import save_checkpoint as save_checkpoint
from .config import FitConfig as FitConfig
from .evaluate import Evaluation as Evaluation
from .evaluate import evaluate as evaluate
from .evaluate import predict as predict
from .files import atomic_write as atomic_write
from .files import write_json as write_json
from .files import write_result as write_result
from .history import EpochRecord as EpochRecord
from .history import TrainResult as TrainResult
from .loop import fit as fit
from .losses import classes as classes
from .losses import probabilities as probabilities
from .plots import confusion_matrix as confusion_matrix
from .plots import plot_confusion_matrix as plot_confusion_matrix
from .plots import plot_history as plot_history
