"""Folds survive the way to a machine: what Aer would run has the gates it should have."""

from __future__ import annotations

import pytest
import torch

pytest.importorskip("qiskit")
pytest.importorskip("qiskit_ibm_runtime")

from qiskit import transpile
from qiskit_ibm_runtime.fake_provider import FakeManilaV2

from circuits import Circuit, PauliSum, Request
from circuits import gates as g
from noise import ZNE, NoiseModel, PauliTransfer
from noise.mitigation.folding import two_qubit_gates


def lowered_requests(fold: str) -> list[Request]:
    device = FakeManilaV2()
    backend = PauliTransfer(NoiseModel.from_backend(device))
    ops = [g.h(0), g.cx(0, 1), g.ry(0.3, 1), g.rzz(0.4, 1, 2), g.cz(0, 1), g.swap(1, 2), g.h(2)]
    zne = ZNE(backend, (1, 3, 5), fold)
    point = torch.zeros(1, 0, dtype=torch.float64)
    request = zne.lower(Request(Circuit(3, ops), point, [PauliSum("Z0")]))
    return [request, *zne.prepare(request)]


@pytest.mark.parametrize("fold", ["global", "gates", "random"])
def test_two_qubit_gates_are_exactly_factor_times_base(fold):
    request, *prepared = lowered_requests(fold)
    base = two_qubit_gates(request.circuit)
    assert base >= 4
    assert request.circuit.count_ops().keys() <= {"cx", "rz", "sx", "x", "global_phase"}
    for factor, one in zip((1, 3, 5), prepared, strict=True):
        assert two_qubit_gates(one.circuit) == factor * base
        run = transpile(one.circuit.to_qiskit(), FakeManilaV2(), optimization_level=0)
        assert run.count_ops()["cx"] == factor * base
        assert run.count_ops()["sx"] == factor * request.circuit.count_ops()["sx"]


@pytest.mark.parametrize("fold", ["global", "gates", "random"])
def test_folded_circuits_are_native(fold):
    _, *prepared = lowered_requests(fold)
    model = NoiseModel.from_backend(FakeManilaV2())
    for one in prepared:
        assert PauliTransfer(model).lower(one).circuit == one.circuit
