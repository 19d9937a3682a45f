"""Quantum circuits as values, observables, simulators and backends."""

from __future__ import annotations

from circuits import errors, gates
from circuits.circuit import Circuit
from circuits.ops import Op
from circuits.symbols import Angle, Group, inputs, weights

__all__ = ["Angle", "Circuit", "Group", "Op", "errors", "gates", "inputs", "weights"]
