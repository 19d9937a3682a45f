"""Fitting to counts of Qiskit Aer, with classical bits that are not the qubits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

pytest.importorskip("qiskit_aer")

from qiskit import QuantumCircuit
from qiskit_aer import AerSimulator

from circuits import Circuit, weights
from noise import AmplitudeDamping, Depolarizing, NoiseModel, PauliLindblad, fit

SHOTS = 40_000
FAR = 5.6  # passed by chance with probability 2.1e-8; 11 numbers are tested


def model(strengths: Any) -> NoiseModel:
    """Three qubits of a device; strengths of cx, sx and of the crosstalk-like ZZ."""
    made = NoiseModel(
        basis_gates=["rz", "sx", "x", "cx"], coupling=[(0, 1), (1, 2)], noiseless="rz"
    )
    made.add(Depolarizing(strengths[0], 2), gates="cx")
    made.add(AmplitudeDamping(strengths[1]), gates="sx")
    return made.add(PauliLindblad({"ZZ": strengths[2], "XI": 0.01}), gates="cx")


def random_circuits(count: int) -> list[QuantumCircuit]:
    """Native circuits; qubit 2 goes to classical bit 0, qubit 0 to bit 3; bits 1 and 2 stay 0."""
    rng, made = np.random.default_rng(3), []
    for _ in range(count):
        circuit = QuantumCircuit(3, 4)
        for _ in range(5):
            for q in range(3):
                circuit.rz(rng.normal(), q)
                circuit.sx(q)
            circuit.cx(*((0, 1) if rng.random() < 0.5 else (1, 2)))
        circuit.measure([2, 0], [0, 3])
        made.append(circuit)
    return made


def test_counts_of_aer_give_back_the_strengths_and_the_readout() -> None:
    true = [0.03, 0.02, 0.015]
    confusion = {0: [[0.98, 0.02], [0.07, 0.93]], 2: [[0.95, 0.05], [0.04, 0.96]]}
    real = model(true)
    for qubit, matrix in confusion.items():
        real.add_readout(matrix, qubit)
    run = random_circuits(12)
    simulator = AerSimulator(noise_model=real.to_aer(), seed_simulator=11)
    counts = simulator.run(run, shots=SHOTS).result().get_counts()
    circuits = [Circuit.from_qiskit(one) for one in run]
    result = fit(model(weights(3)), circuits, counts, readout=[0, 2], progress=False)
    assert result.converged
    z = (result.estimates["weight"] - torch.tensor(true)) / result.standard_errors["weight"]
    assert z.abs().max() < FAR
    assert result.standard_errors["weight"].max() < 0.006
    for qubit, matrix in confusion.items():
        found = result.model.readout[qubit]
        off = np.array([found[0, 1] - matrix[0][1], found[1, 0] - matrix[1][0]])
        assert np.abs(off / result.readout_errors[qubit]).max() < FAR
    k = result.degrees_of_freedom
    assert k == 12 * 3 - 7
    assert result.deviance < k + 9 * np.sqrt(2 * k)
