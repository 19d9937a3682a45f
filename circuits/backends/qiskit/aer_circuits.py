"""Circuits as Aer runs them, and what is saved or measured at their end."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import qiskit_aer.library  # noqa: F401  (adds the save instructions to QuantumCircuit)
from qiskit import QuantumCircuit, transpile
from qiskit.circuit import Gate, Instruction
from qiskit.circuit.library import Initialize, UnitaryGate
from qiskit_aer import AerSimulator

from circuits.pauli import PauliSum
from circuits.simulators.sampling import BASIS_CHANGE

IDEAL = "ideal"
"""Label of prepared states and of basis changes of exact runs: no rule of a noise model fits."""


@functools.cache
def unroller(method: str) -> Callable[[QuantumCircuit], QuantumCircuit]:
    """The function that writes a circuit in instructions of one of Aer's methods.

    What the method has stays, and nothing is optimised. Prepared states are set.
    """
    names = set(AerSimulator(method=method).operation_names)
    return functools.partial(_unrolled, names | {"barrier", "measure", "delay"})


def _unrolled(known: set[str], circuit: QuantumCircuit) -> QuantumCircuit:
    result = circuit.copy_empty_like()
    for instruction in circuit.data:
        _append(result, instruction.operation, instruction.qubits, known)
    return result


def _append(
    circuit: QuantumCircuit, operation: Any, qubits: Sequence[Any], known: set[str]
) -> None:
    """Append an operation, or what defines it."""
    if operation.name == "state_preparation":
        operation = _preparation(operation.params, known)
    definition = None
    if operation.name not in known:
        definition = getattr(operation, "definition", None)
        if definition is None and not isinstance(operation, Gate):
            alone = QuantumCircuit(len(qubits))
            alone.append(operation, alone.qubits)
            definition = transpile(alone, basis_gates=["u", "cx"], optimization_level=0)
    if definition is None:
        circuit.append(operation, qubits, copy=False)
        return
    place = dict(zip(definition.qubits, qubits, strict=True))
    for inner in definition.data:
        _append(circuit, inner.operation, [place[q] for q in inner.qubits], known)


def _preparation(amplitudes: Sequence[complex], known: set[str]) -> Instruction:
    """What sets a state; where Aer cannot, a unitary whose first column it is, up to a phase."""
    if "initialize" in known:
        return Initialize(amplitudes)
    first = np.asarray(amplitudes, dtype=np.complex128)
    basis, _ = np.linalg.qr(np.column_stack([first, np.eye(len(first))]))
    return UnitaryGate(basis, label=IDEAL)


def saving_values(circuit: QuantumCircuit, observables: Sequence[PauliSum]) -> QuantumCircuit:
    """The circuit, then the expectation values `o0`, `o1`, ... are saved."""
    result = circuit.copy()
    n = circuit.num_qubits
    for k, observable in enumerate(observables):
        operator = observable.with_width(None).to_qiskit(n)
        result.save_expectation_value(operator, list(range(n)), label=f"o{k}")
    return result


def saving_probabilities(
    circuit: QuantumCircuit, qubits: Sequence[int], basis: Mapping[int, str]
) -> QuantumCircuit:
    """The circuit, ideal basis changes, then the probabilities `p` of some qubits are saved."""
    result = circuit.copy()
    for qubit, letter in basis.items():
        result.append(UnitaryGate(BASIS_CHANGE[letter], label=IDEAL), [qubit])
    result.save_probabilities(list(qubits), label="p")
    return result
