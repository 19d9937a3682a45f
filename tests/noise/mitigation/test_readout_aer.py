"""Readout mitigation of what Qiskit Aer samples with its own readout errors.

Sampled checks have fixed seeds; for a fresh seed a false alarm has a chance below 1e-6.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch

from circuits import Backend, Circuit, PauliSum, Request, Result, StateVector
from circuits import gates as g
from noise.mitigation import TREX, QCluster, ReadoutCalibration, ReadoutInverse
from tests.support.properties import assert_plausible

pytest.importorskip("qiskit_aer")

CONFUSIONS = {
    0: [[0.97, 0.03], [0.1, 0.9]],
    1: [[0.94, 0.06], [0.02, 0.98]],
    2: [[0.9, 0.1], [0.15, 0.85]],
}
SHOTS = 20_000


class AerReadout(Backend):
    """Aer's state vectors, read with Aer's readout errors; samples of circuits without symbols.

    Args:
        together: Probability that bits 0 and 1 are both flipped before they are read.
    """

    exact = False

    def __init__(self, together: float = 0.0) -> None:
        from qiskit_aer import AerSimulator
        from qiskit_aer.noise import NoiseModel, ReadoutError, pauli_error

        model = NoiseModel()
        for qubit, matrix in CONFUSIONS.items():
            model.add_readout_error(ReadoutError(matrix), [qubit])
        self.simulator = AerSimulator(noise_model=model)
        flips = pauli_error([("XX", together), ("II", 1 - together)])
        self.flips = flips.to_instruction() if together else None

    def run(self, requests: Sequence[Request]) -> list[Result]:
        return [
            Result(
                samples=self._samples(request), metadata={**request.tags, "shots": request.shots}
            )
            for request in requests
        ]

    def _samples(self, request: Request) -> torch.Tensor:
        assert request.points == 1
        assert request.shots is not None
        from qiskit import ClassicalRegister

        circuit, bit = request.circuit.to_qiskit(), {q: k for k, q in enumerate(request.qubits)}
        for qubit, letter in zip(request.qubits, request.bases or "Z" * len(bit), strict=True):
            for gate in {"X": ("h",), "Y": ("sdg", "h"), "Z": ()}[letter]:
                getattr(circuit, gate)(qubit)
        circuit.add_register(ClassicalRegister(circuit.num_qubits))
        if self.flips is not None:
            circuit.append(self.flips, [0, 1])
        circuit.measure(range(circuit.num_qubits), range(circuit.num_qubits))
        seed = int(torch.randint(2**31, (), generator=request.generator))
        options = {"shots": request.shots, "memory": True, "seed_simulator": seed}
        memory = self.simulator.run(circuit, **options).result().get_memory()
        rows = np.array([[int(c) for c in reversed(word)] for word in memory], dtype=np.uint8)
        return torch.as_tensor(rows[:, list(request.qubits)])[None]


def request() -> Request:
    circuit = Circuit(
        3, [g.ry(0.7, 0), g.rx(1.1, 1), g.cx(0, 1), g.ry(0.4, 2), g.cx(1, 2), g.rz(0.3, 1)]
    )
    observed = [PauliSum({"Z0": 0.6, "X1 Y2": -0.5}), PauliSum("Z0 Z1 Z2"), PauliSum("X0 Y1")]
    point = torch.zeros(1, 0, dtype=torch.float64)
    return Request(circuit, point, observed, shots=SHOTS, generator=8)


def exact() -> torch.Tensor:
    ask = request()
    return StateVector("torch").run([Request(ask.circuit, ask.values, ask.observables)])[0].values


def test_calibration_finds_the_errors():
    found = ReadoutCalibration.from_backend(AerReadout(), 3, SHOTS, generator=1)
    for qubit, matrix in CONFUSIONS.items():
        error = 6 * found.standard_error(qubit)
        assert (np.abs(found.confusion(qubit) - np.array(matrix)) < error).all()
        assert error.max() < 0.03


@pytest.mark.parametrize("method", ["full", "subspace"])
def test_inversion(method):
    known = ReadoutCalibration(CONFUSIONS)
    found = ReadoutInverse(AerReadout(), known, method=method).run([request()])[0]
    assert_plausible(found.values, exact(), found.standard_errors)
    plain = ReadoutInverse(AerReadout(), ReadoutCalibration(dict.fromkeys(range(3), np.eye(2))),
                           method=method).run([request()])[0]  # fmt: skip
    assert float((plain.values - exact()).abs().max()) > 0.05


def test_correlated_errors():
    measured = ReadoutCalibration.from_backend(
        AerReadout(0.15), 3, SHOTS, method="full", generator=1
    )
    together = 0.85 * np.eye(4) + 0.15 * np.eye(4)[::-1]
    expected = np.kron(CONFUSIONS[2], together @ np.kron(CONFUSIONS[1], CONFUSIONS[0]))
    off = np.abs(measured.joint((0, 1, 2)) - expected).max()
    assert off < 6 * 0.5 / SHOTS**0.5
    # the calibration's own errors, 1 / sqrt(20000) each, are not among the standard errors
    slack = 6 * 2 / SHOTS**0.5
    for backend in (
        ReadoutInverse(AerReadout(0.15), measured, method="full"),
        TREX(AerReadout(0.15), n_twirls=8),
    ):
        found = backend.run([request()])[0]
        assert float((found.values - exact()).abs().max()) < slack + 6 * float(
            found.standard_errors.max()
        )
    alone = ReadoutInverse(AerReadout(0.15), ReadoutCalibration(CONFUSIONS), method="full")
    assert float((alone.run([request()])[0].values - exact()).abs().max()) > 0.2


def test_clustering():
    """A GHZ state: two outcomes remain, in their numbers."""
    ghz = Circuit(3, [g.h(0), g.cx(0, 1), g.cx(1, 2)])
    point = torch.zeros(1, 0, dtype=torch.float64)
    ask = Request(ghz, point, qubits=(0, 1, 2), shots=SHOTS, generator=2)
    found = QCluster(AerReadout(), ReadoutCalibration(CONFUSIONS)).run([ask])[0]
    distribution = found.metadata["distribution"][0]
    assert set(distribution) == {"000", "111"}
    assert abs(distribution["111"] - 0.5) < 6 * 0.6 / SHOTS**0.5
