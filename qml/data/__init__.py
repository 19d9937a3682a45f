"""Data sets with their splits, preprocessing that is fitted on training data only, mini-batches.

>>> from qml import data
>>> digits = data.load("digits", seed=0)
>>> digits, fitted = digits.preprocess(data.Pipeline([data.Flatten(), data.PCA(8), data.Angles()]))
>>> digits.x_train.shape, digits.n_classes
(torch.Size([1294, 8]), 10)
"""

from .batches import Loaders, loaders
from .classes import choose_classes
from .dataset import DataSet, FileRecord, Provenance
from .loading import load
from .preprocessing import (
    PCA,
    Amplitudes,
    Angles,
    FittedPipeline,
    Flatten,
    Pipeline,
    Resize,
    Scale,
    Standardize,
    from_state_dict,
)
from .registry import REGISTRY, available
from .sets.record import Record

__all__ = [
    "PCA",
    "REGISTRY",
    "Amplitudes",
    "Angles",
    "DataSet",
    "FileRecord",
    "FittedPipeline",
    "Flatten",
    "Loaders",
    "Pipeline",
    "Provenance",
    "Record",
    "Resize",
    "Scale",
    "Standardize",
    "available",
    "choose_classes",
    "from_state_dict",
    "load",
    "loaders",
]
