"""Noise models to and from Qiskit Aer."""

from __future__ import annotations

import importlib.util

from circuits.errors import MissingDependencyError

if importlib.util.find_spec("qiskit_aer") is None:
    raise MissingDependencyError("qiskit_aer", extra="aer", purpose="Converting Aer's noise models")

from noise.model.aer.reader import from_aer
from noise.model.aer.writer import to_aer

__all__ = ["from_aer", "to_aer"]
