"""Noise models: which noise follows which gates, relaxation of idle qubits, readout error."""

from __future__ import annotations

from noise.model.fit import Fit, fit
from noise.model.idle import Idle
from noise.model.model import NoiseModel
from noise.model.rules import Rule

__all__ = ["Fit", "Idle", "NoiseModel", "Rule", "fit"]
