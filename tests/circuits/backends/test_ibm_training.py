"""Training on fake devices: one job a step; 4 qubits of a large device cost what 4 qubits cost."""

from __future__ import annotations

import pytest
import torch

pytest.importorskip("qiskit_ibm_runtime")
pytest.importorskip("qiskit_aer")

import circuits
from circuits import Circuit, weights
from circuits import gates as g
from circuits.backends.ibm import local
from circuits.backends.ibm.fakes import fake_device, fake_names
from noise import NoiseModel, PauliTransfer
from qml import QuantumLayer
from tests.benchmarks.ibm_local import OBSERVED, layered
from tests.circuits.backends.devices import Device
from tests.support.properties import assert_plausible

LEAST_QUBITS = 127


@pytest.mark.parametrize(
    ("method", "primitive", "steps"),
    [("parameter-shift", "sampler", 100), ("spsa", "estimator", 8)],
)
def test_a_hundred_steps_are_a_hundred_jobs(method, primitive, steps, monkeypatch):
    started = []
    start = local._started
    monkeypatch.setattr(
        local, "_started", lambda *given, **options: started.append(1) or start(*given, **options)
    )
    circuit = Circuit(1, [g.ry(weights(1)[0], 0)])
    device = circuits.cut_out(Device(), [1])
    backend = circuits.IBM(device, 20, primitive=primitive)
    layer = QuantumLayer(circuit, ["Z0"], backend=backend, diff_method=method)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.2)
    with torch.no_grad():
        layer.weight.fill_(1.0)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = layer().sum()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert len(started) == steps
    assert losses[-1] < losses[0]


def plausible_on(device):
    """An evaluation on the whole device agrees with the noise of the qubits it uses."""
    torch.manual_seed(2)
    backend = circuits.IBM(device, 300)
    circuit = layered()
    table = torch.rand(3, 2, 4, dtype=torch.float64)
    found = circuit.estimate(list(OBSERVED), w=table, backend=backend)
    lowered = backend.lower(
        circuits.Request(circuit, table.reshape(3, 8), [circuits.PauliSum(o) for o in OBSERVED])
    )
    used = local.used_qubits([lowered])
    assert lowered.circuit.n_qubits == device.num_qubits
    assert len(used) == 4
    small = local.on_qubits(lowered, used)
    exact = PauliTransfer(NoiseModel.from_backend(device, qubits=used)).run([small])[0]
    assert_plausible(found.values, exact.values, found.standard_errors)


def test_four_qubits_of_a_device_with_156():
    plausible_on(fake_device("boston"))


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(fake_names()))
def test_four_qubits_of_each_large_device(name):
    device = fake_device(name)
    if device.num_qubits < LEAST_QUBITS or name == "kyoto":  # which has no working pair
        pytest.skip(f"{device.num_qubits} qubits")
    plausible_on(device)


def test_circuits_go_to_qubits_of_small_errors():
    """As many as a heuristic finds; and none that is read by chance (most of Cusco's)."""
    request = circuits.Request(
        layered(), torch.zeros(1, 8), [circuits.PauliSum(text) for text in OBSERVED]
    )
    for name in ("boston", "cusco"):
        device = fake_device(name)
        backend = circuits.IBM(device, 10)
        lowered = backend.lower(request)
        assert backend.lower(lowered) is lowered
        target = device.target
        assert max(target["measure"][q,].error for q in local.used_qubits([lowered])) < 0.1
        pairs = [op for op in lowered.circuit.ops if len(op.qubits) == 2]
        usual = sorted(data.error for data in target[pairs[0].name].values())
        assert max(target[op.name][op.qubits].error for op in pairs) < usual[3 * len(usual) // 4]


def test_a_native_circuit_may_use_any_qubit():
    native = Circuit(127, [g.sx(0), g.ecr(0, 1)])
    backend = circuits.IBM(fake_device("cusco"), 10)
    request = circuits.Request(native, torch.zeros(1, 0), [circuits.PauliSum("Z0")])
    assert backend.lower(request) is request
