"""Probabilistic error cancellation."""

from __future__ import annotations

from noise.mitigation.pec.method import PEC
from noise.mitigation.pec.quasi import QuasiProbabilities, invert

__all__ = ["PEC", "QuasiProbabilities", "invert"]
