"""Quantum circuits as values, observables, simulators and backends."""

from __future__ import annotations

from circuits import ansatz, drawing, encodings, errors, gates, pauli
from circuits.backends import DensityMatrix, StateVector
from circuits.circuit import Circuit
from circuits.execution import Backend, Probabilities, Request, Result, Values, counts
from circuits.flat import FlatCircuit
from circuits.gradients import SPSA
from circuits.interop.qasm import Limits as QasmLimits
from circuits.ops import Op
from circuits.pauli import PauliSum
from circuits.symbols import Angle, Group, inputs, weights

__ketwork__ = True

__all__ = [
    "SPSA",
    "Angle",
    "Backend",
    "Circuit",
    "DensityMatrix",
    "FlatCircuit",
    "Group",
    "Op",
    "PauliSum",
    "Probabilities",
    "QasmLimits",
    "Request",
    "Result",
    "StateVector",
    "Values",
    "ansatz",
    "counts",
    "drawing",
    "encodings",
    "errors",
    "gates",
    "inputs",
    "pauli",
    "weights",
]
