"""Quantum circuits as PyTorch layers, models made of them, and their training."""

from __future__ import annotations

from circuits import Probabilities
from qml.layer import QuantumLayer

__ketwork__ = True

__all__ = ["Probabilities", "QuantumLayer"]
