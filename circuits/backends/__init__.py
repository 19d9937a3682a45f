"""Backends: what runs requests."""

from __future__ import annotations

from circuits.backends.density_matrix import DensityMatrix
from circuits.backends.statevector import StateVector

__all__ = ["DensityMatrix", "StateVector"]
