"""The same parameters in every circuit: equal circuits are equal in every process.

Qiskit's parameters are as unique as the moment they were made. samplomatic tells boxes apart by
them in one table for the whole process, which has room for 13 boxes that differ in nothing else.
"""

from __future__ import annotations

import uuid

from qiskit import QuantumCircuit
from qiskit.circuit import Parameter

_FIRST = 0x6B65_7477_6F72_6B00_0000_0000_0000_0000
_made: list[Parameter] = []


def parameter(number: int) -> Parameter:
    """The parameter of a number; their names sort like the numbers."""
    while len(_made) <= number:
        k = len(_made)
        _made.append(Parameter(f"angle{k:06d}", uuid=uuid.UUID(int=_FIRST + k)))
    return _made[number]


def with_own_parameters(circuit: QuantumCircuit) -> QuantumCircuit:
    """The circuit with its k-th parameter replaced by `parameter(k)`."""
    names = {p: parameter(k) for k, p in enumerate(circuit.parameters)}
    return circuit.assign_parameters(names) if names else circuit
