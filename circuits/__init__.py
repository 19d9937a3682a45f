"""Quantum circuits as values, observables, simulators and backends."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from circuits.backends.ibm.backend import IBM as IBM
    from circuits.backends.pennylane.backend import PennyLane as PennyLane
    from circuits.backends.qiskit.aer import Aer as Aer
    from circuits.backends.qiskit.device import cut_out as cut_out
    from circuits.backends.qiskit.primitives import Primitives as Primitives
    from circuits.cost import estimate_cost as estimate_cost

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

_LAZY = {
    "Aer": "circuits.backends.qiskit.aer",
    "IBM": "circuits.backends.ibm.backend",
    "PennyLane": "circuits.backends.pennylane.backend",
    "Primitives": "circuits.backends.qiskit.primitives",
    "cut_out": "circuits.backends.qiskit.device",
    "estimate_cost": "circuits.cost",
}
"""Where names live that `import circuits` does not load: they need an optional package, or time."""


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'circuits' has no attribute {name!r}")
    return getattr(importlib.import_module(_LAZY[name]), name)
