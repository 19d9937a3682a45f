"""Clifford circuits on more qubits than any dense simulator holds, against stabilizers."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("qiskit")

import torch
from qiskit.quantum_info import Pauli, StabilizerState

from circuits import Circuit, PauliSum
from circuits import gates as g
from noise.propagation import PauliPropagation
from tests.support.heavy_hex import kicked_ising

ONE = (g.x, g.y, g.z, g.h, g.s, g.sdg, g.sx, g.sxdg)
TWO = (g.cx, g.cy, g.cz, g.swap, g.iswap, g.ecr)


def random_clifford(n: int, layers: int, seed: int) -> Circuit:
    rng = np.random.default_rng(seed)
    ops = []
    for _ in range(layers):
        ops += [ONE[rng.integers(len(ONE))](q) for q in range(n)]
        order = rng.permutation(n).tolist()
        ops += [
            TWO[rng.integers(len(TWO))](a, b) for a, b in zip(order[::2], order[1::2], strict=False)
        ]
        ops += [g.rzz(np.pi / 2 * rng.integers(-3, 4), *order[:2]), g.rx(np.pi / 2, order[2])]
    return Circuit(n, ops)


def stabilizers(circuit: Circuit, seed: int, count: int) -> list[tuple[str, float]]:
    """Labels with their exact expectation values, half of them stabilizers, and random ones."""
    from qiskit import QuantumCircuit
    from qiskit.quantum_info import Clifford

    plain = QuantumCircuit(circuit.n_qubits)
    for op in circuit.ops:
        if op.angles:  # Clifford angles: named gates that Qiskit's tableau knows
            turns = round(float(op.angles[0]) / (np.pi / 2)) % 4
            for _ in range(turns):
                if op.name == "rx":
                    plain.sx(op.qubits[0])
                else:
                    a, b = op.qubits
                    plain.cx(a, b)
                    plain.s(b)
                    plain.cx(a, b)
        else:
            getattr(plain, op.name)(*op.qubits)
    clifford = Clifford(plain)
    state = StabilizerState(clifford)
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        rows = rng.integers(2, size=circuit.n_qubits)
        label = "".join("Z" if row else "I" for row in rows)
        moved = Pauli(label).evolve(clifford, frame="s")
        found.append((moved.to_label(), 1.0))
        random = "".join(rng.choice(list("IXYZ"), size=circuit.n_qubits))
        found.append((random, float(state.expectation_value(Pauli(random)))))
    return found


@pytest.mark.parametrize("n", [65, 100])
def test_clifford_circuits(n):
    circuit = random_clifford(n, 4, seed=n)
    cases = stabilizers(circuit, seed=n, count=4)
    observed = [
        PauliSum({label.lstrip("-"): -1.0 if label.startswith("-") else 1.0}) for label, _ in cases
    ]
    result = circuit.estimate(observed, backend=PauliPropagation())
    assert result.values.tolist() == pytest.approx([value for _, value in cases], abs=1e-12)
    assert result.metadata["largest_sum"] == 1
    assert {value for _, value in cases} >= {1.0}


def test_the_kicked_ising_circuit_at_its_clifford_points():
    """At theta = 0 nothing moves; at pi/2 a stabilizer of 17 qubits or so is +1 or -1."""
    still = kicked_ising(0.0, 5).expectation(["Z62", "Z0 Z5"], backend=PauliPropagation())
    assert still.tolist() == [1, 1]
    circuit = kicked_ising(np.pi / 2, 5)
    cases = stabilizers(circuit, seed=1, count=2) + _single(circuit, 62)
    observed = [
        PauliSum({label.lstrip("-"): -1.0 if label.startswith("-") else 1.0}) for label, _ in cases
    ]
    found = circuit.expectation(observed, backend=PauliPropagation())
    expected = torch.tensor([value for _, value in cases], dtype=torch.float64)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


def _single(circuit: Circuit, qubit: int) -> list[tuple[str, float]]:
    """The stabilizer that grows from Z on one qubit, and Z on that qubit."""
    from qiskit import QuantumCircuit
    from qiskit.quantum_info import Clifford

    plain = QuantumCircuit(circuit.n_qubits)
    for op in circuit.ops:
        if op.name == "rx":
            plain.sx(op.qubits[0])
        else:  # rzz(-pi/2) = S^-1 S^-1 CZ up to a phase
            plain.sdg(op.qubits[0])
            plain.sdg(op.qubits[1])
            plain.cz(*op.qubits)
    clifford = Clifford(plain)
    label = "".join("Z" if q == qubit else "I" for q in reversed(range(circuit.n_qubits)))
    grown = Pauli(label).evolve(clifford, frame="s").to_label()
    value = float(StabilizerState(clifford).expectation_value(Pauli(label)))
    return [(grown, 1.0), (label, value)]
