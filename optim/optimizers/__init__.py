"""Optimizers for variational circuits, each a `torch.optim.Optimizer`."""

from __future__ import annotations

from optim.optimizers.adam_spsa import AdamSPSA
from optim.optimizers.metric import fubini_study_metric
from optim.optimizers.natural_gradient import QuantumNaturalGradient
from optim.optimizers.overlap import overlap_of
from optim.optimizers.presets import PRESETS, Stage
from optim.optimizers.qn_spsa import QNSPSA
from optim.optimizers.rotosolve import Rotosolve
from optim.optimizers.spsa import SPSA
from optim.optimizers.trigonometric import Wave, waves_of

__all__ = [
    "PRESETS",
    "QNSPSA",
    "SPSA",
    "AdamSPSA",
    "QuantumNaturalGradient",
    "Rotosolve",
    "Stage",
    "Wave",
    "fubini_study_metric",
    "overlap_of",
    "waves_of",
]
