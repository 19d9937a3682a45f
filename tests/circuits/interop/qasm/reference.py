"""Qiskit's importers as the reference, and the unitary of a circuit by its state vectors."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from circuits import Circuit
from circuits import gates as g


def qiskit_circuit(text: str):
    """What Qiskit reads, terminal measurements removed."""
    qasm2 = pytest.importorskip("qiskit.qasm2")
    if text.lstrip().startswith("OPENQASM 2"):
        circuit = qasm2.loads(text, custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS)
    else:
        pytest.importorskip("qiskit_qasm3_import")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            circuit = pytest.importorskip("qiskit.qasm3").loads(text)
    circuit.remove_final_measurements()
    return circuit


def qiskit_unitary(text: str) -> np.ndarray:
    """Matrix `(2**n, 2**n)` of a program, global phase included, by Qiskit."""
    circuit = qiskit_circuit(text)
    with warnings.catch_warnings():
        # Qiskit's own gate library uses an argument that Qiskit deprecated.
        warnings.simplefilter("ignore", DeprecationWarning)
        return pytest.importorskip("qiskit.quantum_info").Operator(circuit).data


def unitary(circuit: Circuit) -> np.ndarray:
    """Matrix `(2**n, 2**n)`, column by column."""
    columns = []
    for j in range(2**circuit.n_qubits):
        flips = [g.x(q) for q in range(circuit.n_qubits) if j >> q & 1]
        started = Circuit(circuit.n_qubits, [*flips, *circuit.ops])
        columns.append(started.statevector().numpy())
    return np.stack(columns, axis=1)


def assert_same_unitary(actual: np.ndarray, expected: np.ndarray, tolerance: float = 1e-10) -> None:
    """Equal entries, hence equal global phase."""
    assert actual.shape == expected.shape
    deviation = float(np.abs(actual - expected).max())
    assert deviation < tolerance, f"largest deviation {deviation:.3g}"
