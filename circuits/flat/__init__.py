"""Circuits as arrays of numbers, for searches that change their circuit at every step."""

from __future__ import annotations

from circuits.flat.circuit import FlatCircuit
from circuits.flat.table import GATES

__all__ = ["GATES", "FlatCircuit"]
