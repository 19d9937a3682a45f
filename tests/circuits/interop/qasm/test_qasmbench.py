"""The circuits of QASMBench: read, compared with Qiskit, and written in both versions."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from circuits import gates as g
from circuits.interop.qasm import dumps, load_file, loads
from tests.circuits.interop.qasm.reference import qiskit_circuit

FOLDER = Path(os.environ.get("KETWORK_DATA", "")) / "qasmbench"
FILES = sorted(FOLDER.glob("*.qasm")) if "KETWORK_DATA" in os.environ else []
_MAX_QUBITS = 14

pytestmark = pytest.mark.skipif(not FILES, reason="set KETWORK_DATA to the data directory")


def _gates(circuit):
    return [
        (op.name, op.qubits, tuple(float(angle) for angle in op.angles))
        for op in circuit.ops
        if op.kind != "barrier"
    ]


def _by_qubit(gates):
    """For each qubit the gates on it, in order: the same for every order of commuting gates."""
    lines = {}
    for gate in gates:
        for qubit in gate[1]:
            lines.setdefault(qubit, []).append(gate)
    return lines


def _gates_of_qiskit(circuit):
    """The same for a Qiskit circuit, gates defined in the file expanded."""
    while True:
        own = [name for name in circuit.count_ops() if name not in {*g.TABLE, "measure"}]
        if not own:
            break
        circuit = circuit.decompose(own)
    return [
        (i.operation.name, tuple(circuit.find_bit(q).index for q in i.qubits), tuple(i.params))
        for i in circuit.data
        if i.operation.name not in ("barrier", "measure")
    ]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_agrees_with_qiskit_and_survives_round_trips(file):
    circuit = load_file(file)
    theirs = pytest.importorskip("qiskit.qasm2").load(
        file, custom_instructions=pytest.importorskip("qiskit.qasm2").LEGACY_CUSTOM_INSTRUCTIONS
    )
    measured = {
        theirs.find_bit(i.qubits[0]).index: theirs.find_bit(i.clbits[0]).index
        for i in theirs.data
        if i.operation.name == "measure"
    }
    assert circuit.measured == measured
    theirs.remove_final_measurements()
    if circuit.n_qubits <= _MAX_QUBITS:
        expected = pytest.importorskip("qiskit.quantum_info").Statevector(theirs).data
        assert np.abs(circuit.statevector().numpy() - expected).max() < 1e-10
    else:
        assert _by_qubit(_gates(circuit)) == _by_qubit(_gates_of_qiskit(theirs))
    for version in (2, 3):
        again = loads(dumps(circuit, version))
        assert again == circuit
        assert again.measured == circuit.measured
        if circuit.n_qubits <= 5:
            text = dumps(circuit, version)
            state = pytest.importorskip("qiskit.quantum_info").Statevector(qiskit_circuit(text))
            assert np.abs(circuit.statevector().numpy() - state.data).max() < 1e-10
