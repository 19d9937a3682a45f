"""Trajectories of device-like noise models against Aer's density matrices.

Bounds are Hoeffding's, as in `test_values`.
"""

from __future__ import annotations

import math

import pytest

pytest.importorskip("qiskit_aer")

from qiskit.quantum_info import SparsePauliOp
from qiskit_aer import AerSimulator

from circuits import Circuit
from circuits import gates as g
from noise import NoiseModel, Trajectories, channels


def test_relaxation_and_depolarizing():
    n = 5
    model = NoiseModel()
    for q in range(n):
        short = channels.ThermalRelaxation(50e-6 + 5e-6 * q, 70e-6, 2e-6, population=0.02)
        model.add(channels.Depolarizing(0.02).then(short), gates=["rx", "rz"], qubits=q)
    long = channels.ThermalRelaxation(60e-6, 80e-6, 5e-6)
    model.add(channels.Depolarizing(0.05, 2), gates="cx")
    model.add(long.tensor(long), gates="cx")
    ops = []
    for layer in range(4):
        ops += [g.rx(0.4 + 0.3 * q + layer, q) for q in range(n)]
        ops += [g.rz(1.1 - 0.2 * q * layer, q) for q in range(n)]
        ops += [g.cx(q, q + 1) for q in range(layer % 2, n - 1, 2)]
    circuit = Circuit(n, ops)
    labels = [*(f"Z{q}" for q in range(n)), "X0 Y1", "Z2 Z3 Z4"]
    found = circuit.estimate(labels, backend=Trajectories(model, 12_000, generator=11))
    compiled = circuit.to_qiskit()
    for k, label in enumerate(labels):
        terms = [(part[0], [int(part[1:])]) for part in label.split()]
        operator = SparsePauliOp.from_sparse_list(
            [("".join(p for p, _ in terms), [q for _, (q,) in terms], 1.0)], n
        )
        compiled.save_expectation_value(operator, list(range(n)), label=str(k))
    machine = AerSimulator(method="density_matrix", noise_model=model.to_aer())
    data = machine.run(compiled, shots=1).result().data()
    expected = [data[str(k)] for k in range(len(labels))]
    faulty = 1 - found.metadata["fault_free"].item()
    assert faulty < 1
    assert found.values.tolist() == pytest.approx(expected, abs=6.3 * faulty / math.sqrt(12_000))
    clean = circuit.expectation(labels)
    assert float((clean - found.values).abs().max()) > 0.1
