"""Preprocessing as values: steps are fitted on training data only and stored as plain tensors.

>>> import torch
>>> from qml.data.preprocessing import PCA, Angles, Flatten, Pipeline, from_state_dict
>>> x = torch.rand(50, 1, 8, 8, generator=torch.Generator().manual_seed(0))
>>> fitted = Pipeline([Flatten(), PCA(4), Angles()]).fit(x)
>>> fitted.transform(x).shape
torch.Size([50, 4])
>>> restored = from_state_dict(fitted.state_dict())
>>> bool((restored.transform(x) == fitted.transform(x)).all())
True
"""

from .affine import Angles, Scale, Standardize
from .amplitudes import Amplitudes
from .base import AbstractFitted, AbstractStep
from .images import Flatten, Resize
from .pca import PCA
from .pipeline import FittedPipeline, Pipeline, from_state_dict

__all__ = [
    "PCA",
    "AbstractFitted",
    "AbstractStep",
    "Amplitudes",
    "Angles",
    "FittedPipeline",
    "Flatten",
    "Pipeline",
    "Resize",
    "Scale",
    "Standardize",
    "from_state_dict",
]
