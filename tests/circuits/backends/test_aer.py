"""`Aer` against closed forms, our own noisy simulator, and what it sends."""

from __future__ import annotations

import copy
import math
import pickle

import pytest
import torch

pytest.importorskip("qiskit_aer")

from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel as AerNoiseModel
from qiskit_aer.noise import ReadoutError, depolarizing_error

import circuits
from circuits import Circuit, PauliSum, Request, inputs, weights
from circuits import gates as g
from circuits.errors import (
    ArgumentTypeError,
    InvalidArgumentError,
    NoiseNotAppliedWarning,
    ResourceLimitError,
    UnsupportedOperationError,
)
from circuits.machines import transpile
from noise import ZNE, Depolarizing, NoiseModel, PauliTransfer
from qml import QuantumLayer
from tests.circuits.backends.devices import Asymmetric, Device, example_circuit, values
from tests.support.properties import assert_plausible

OBSERVED = ["Z0", "X0 Y1", PauliSum({"ZZZ": 1.0, "XXI": 0.5, "": 0.25}), "Y2"]


@pytest.fixture
def sent(monkeypatch):
    """The jobs that Aer received: lists of circuits."""
    jobs = []
    original = AerSimulator.run

    def run(self, run_input, *args, **options):
        jobs.append(run_input)
        return original(self, run_input, *args, **options)

    monkeypatch.setattr(AerSimulator, "run", run)
    return jobs


def two_qubit_gates(circuit) -> int:
    return sum(op.operation.name in ("cx", "cz", "ecr") for op in circuit.data)


# === exact values ===


def test_closed_form_with_noise_and_readout():
    """RX then depolarizing: <Z> = (1-p) cos; readout: a + b <Z>; also for raw Aer models."""
    angle, p, up, down = 0.7, 0.1, 0.02, 0.06
    circuit = Circuit(1, [g.rx(angle, 0)])
    model = NoiseModel().add(Depolarizing(p), gates="rx")
    model.add_readout([[1 - up, up], [down, 1 - down]], 0)
    raw = AerNoiseModel(basis_gates=["rx", "rz"])
    raw.add_all_qubit_quantum_error(depolarizing_error(p, 1), "rx")
    raw.add_readout_error(ReadoutError([[1 - up, up], [down, 1 - down]]), [0])
    expected = (down - up) + (1 - up - down) * (1 - p) * math.cos(angle)
    for noise_model in (model, raw):
        found = circuit.expectation("Z0", backend=circuits.Aer(noise_model=noise_model))
        assert float(found) == pytest.approx(expected, abs=1e-12)
        zero = circuit.probabilities(backend=circuits.Aer(noise_model=noise_model))[0]
        assert float(zero) == pytest.approx((1 + expected) / 2, abs=1e-12)


@pytest.mark.parametrize("from_device", [True, False])
def test_a_device_agrees_with_pauli_transfer(from_device):
    """The same calibration data through Aer's noise builder and through ours."""
    model = NoiseModel.from_backend(Device())
    backend = circuits.Aer(noise_model=Device() if from_device else model)
    x, w = values()
    found = example_circuit().expectation(OBSERVED, x, w, backend=backend)
    expected = example_circuit().expectation(OBSERVED, x, w, backend=PauliTransfer(model))
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-7)
    ideal = example_circuit().expectation(OBSERVED, x, w)
    assert float((found - ideal).abs().max()) > 0.01


def test_both_flips_of_a_devices_readout_reach_aer():
    found = Circuit(1, [g.x(0)]).expectation("Z0", backend=circuits.Aer(noise_model=Asymmetric()))
    model = NoiseModel.from_backend(Asymmetric())
    assert model.readout[0][0, 1] != model.readout[0][1, 0]
    expected = Circuit(1, [g.x(0)]).expectation("Z0", backend=PauliTransfer(model))
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-9)


def test_delays_relax():
    model = NoiseModel.from_backend(Device())
    circuit = Circuit(2, [g.x(0), g.delay(2e-5, 0), g.sx(1)])
    found = circuit.expectation(["Z0", "Y1"], backend=circuits.Aer(noise_model=Device()))
    expected = circuit.expectation(["Z0", "Y1"], backend=PauliTransfer(model))
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


def test_probabilities_of_bases_with_readout():
    model = NoiseModel.from_backend(Device())
    x, w = values()
    table = torch.cat([x, w.expand(3, 2)], dim=1)
    request = Request(example_circuit(), table, qubits=(2, 0), bases="XY")
    found = circuits.Aer(noise_model=model).run([request])[0].values
    expected = PauliTransfer(model).run([request])[0].values
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


def test_gates_that_a_method_lacks_are_unrolled():
    w = weights(2)
    circuit = Circuit(
        3, [g.h(0), g.pauli_rotation(w[0], "XYZ", 0, 1, 2), g.ccz(0, 1, 2),
            g.cswap(0, 1, 2), g.iswap(0, 2), g.cu(0.1, w[1], 0.3, 0.4, 0, 1)],
    )  # fmt: skip
    angles = torch.tensor([0.4, 1.1], dtype=torch.float64)
    expected = circuit.expectation(OBSERVED, w=angles)
    for method in ("statevector", "density_matrix", "matrix_product_state"):
        found = circuit.expectation(OBSERVED, w=angles, backend=circuits.Aer(method))
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-9)


def test_prepared_states_are_set():
    circuit = Circuit(2, [g.state_preparation([0.6, 0.8j], 1), g.cx(1, 0)])
    for method in ("statevector", "density_matrix"):
        found = circuit.expectation(["Z0", "X0 Y1"], backend=circuits.Aer(method))
        torch.testing.assert_close(found, circuit.expectation(["Z0", "X0 Y1"]), rtol=0, atol=1e-12)


def test_idle_qubits_cost_nothing():
    """A circuit on 3 of 40 qubits; a density matrix of 40 would not fit."""
    model = NoiseModel().add(Depolarizing(0.1, 2), gates="cx")
    circuit = Circuit(40, [g.x(7), g.cx(7, 31), g.h(12)])
    found = circuit.expectation(["Z31", "X12", "Z39"], backend=circuits.Aer(noise_model=model))
    torch.testing.assert_close(found, torch.tensor([-0.9, 1, 1], dtype=torch.float64))


# === shots ===


@pytest.mark.parametrize("noise_model", [None, "device"])
def test_estimates_and_their_errors(noise_model):
    """Means within 6 standard errors (12 numbers, false alarms < 1e-7), variances within 20 %."""
    model = NoiseModel.from_backend(Device())
    backend = circuits.Aer(noise_model=None if noise_model is None else Device())
    reference = None if noise_model is None else PauliTransfer(model)
    x, w = values()
    found = example_circuit().estimate(
        ["Z0", "Z1 Z2"], x, w, backend=backend, shots=20000, generator=5
    )
    expected = example_circuit().expectation(["Z0", "Z1 Z2"], x, w, backend=reference)
    assert_plausible(found.values, expected, found.standard_errors)
    assert bool(((found.variances * 20000) / (1 - expected**2) - 1 < 0.2).all())


def test_strings_measured_together_share_their_covariance():
    """Z0 and Z0 Z1 agree on |0>(|0> + |1>): the variance of their sum is 4, not 2."""
    circuit = Circuit(2, [g.h(0)])
    found = circuit.estimate(
        PauliSum({"Z0": 1.0, "Z0 Z1": 1.0}), backend=circuits.Aer(), shots=5000, generator=1
    )
    assert float(found.variances) == pytest.approx(4 / 5000, rel=0.01)
    one = circuit.estimate("Z0", backend=circuits.Aer(), shots=1, generator=1)
    assert bool(torch.isnan(one.variances).all())
    assert abs(float(one.values)) == 1


def test_points_and_requests_are_drawn_independently_and_repeatably():
    circuit = Circuit(3, [g.h(0), g.h(1), g.h(2)])
    empty = torch.zeros(2, 0, dtype=torch.float64)
    request = Request(circuit, empty, qubits=(0, 1, 2), shots=50)
    backend = circuits.Aer(seed=3)
    first, second = (r.samples for r in backend.run([request, request]))
    assert not torch.equal(first[0], first[1])
    assert not torch.equal(first, second)
    again = backend.run([request, request])[0].samples
    assert torch.equal(first, again)
    x = inputs(1)
    turned = Request(
        Circuit(1, [g.ry(x[0], 0)]), empty.new_full((2, 1), 1.5), qubits=(0,), shots=60
    )
    a, b = backend.run([turned])[0].samples
    assert not torch.equal(a, b)


def test_samples_keep_the_order_of_qubits_beyond_one_byte():
    circuit = Circuit(12, [g.x(0), g.x(9), g.x(11)])
    order = (11, 3, 0, 9, 1, 2, 4, 5, 6, 7)
    samples = Request(circuit, torch.zeros(1, 0, dtype=torch.float64), qubits=order, shots=4)
    bits = circuits.Aer().run([samples])[0].samples
    assert bits[0].tolist() == [[1, 0, 1, 1, 0, 0, 0, 0, 0, 0]] * 4


def test_default_shots_and_gaussian_noise():
    x, w = values()
    exact = example_circuit().expectation(OBSERVED, x, w)
    sampled = example_circuit().estimate(OBSERVED, x, w, backend=circuits.Aer(shots=100, seed=1))
    assert sampled.metadata["shots"] == 100
    normal = circuits.Aer(shots=10000, seed=1, shot_noise="gaussian")
    assert not normal.exact
    found = example_circuit().estimate(OBSERVED, x, w, backend=normal)
    torch.testing.assert_close(found.variances, torch.full_like(exact, 1e-4))
    assert not torch.equal(found.values, exact)
    assert_plausible(found.values, exact, found.standard_errors)
    with pytest.raises(InvalidArgumentError, match="gaussian"):
        example_circuit().sample(10, x, w, backend=normal)
    with pytest.raises(InvalidArgumentError, match="gaussian"):
        example_circuit().expectation("Z0", x, w, backend=circuits.Aer(shot_noise="gaussian"))


# === what is sent ===


@pytest.mark.parametrize("noise_model", ["device", "model"])
@pytest.mark.parametrize("shots", [None, 30])
def test_folds_survive(sent, noise_model, shots):
    """Two-qubit gates that reach Aer: exactly the factor times those of the lowered circuit."""
    given = Device() if noise_model == "device" else NoiseModel.from_backend(Device())
    inner = circuits.Aer(noise_model=given)
    x, w = values(1)
    table = torch.cat([x, w[None]], dim=1)
    request = Request(example_circuit(), table, [PauliSum("Z0")], shots=shots)
    base = sum(len(op.qubits) == 2 for op in inner.lower(request).circuit.ops)
    factors = (1, 3, 5)
    zne = ZNE(inner, factors=factors, extrapolator="linear")
    zne.run([Request(example_circuit(), table, [PauliSum("Z0")], shots=shots and 3 * shots)])
    counted = [two_qubit_gates(circuit) for job in sent for circuit in job]
    assert base >= 4
    assert sorted(counted) == [factor * base for factor in factors]


def test_lowering_is_idempotent_and_done_once(monkeypatch):
    calls = []
    original = transpile.transpiled

    def counted(*arguments):
        calls.append(arguments)
        return original(*arguments)

    monkeypatch.setattr(transpile, "transpiled", counted)
    backend = circuits.Aer(noise_model=Device())
    a = weights(2, name="once")
    circuit = Circuit(2, [g.ry(a[0] + 0.125, 0), g.cz(0, 1), g.ry(a[1], 1)])
    requests = [
        Request(circuit, torch.full((1, 2), 0.3 * k, dtype=torch.float64), [PauliSum("Z1")])
        for k in range(3)
    ]
    lowered = backend.lower(requests[0])
    assert backend.lower(lowered) is lowered
    for request in requests:
        backend.run([request])
    assert len(calls) == 1


def test_one_job_for_points_groups_and_requests(sent):
    x, w = values(4)
    table = torch.cat([x, w.expand(4, 2)], dim=1)
    observed = [PauliSum(text) for text in ("Z0", "X0", "Y0")]
    request = Request(example_circuit(), table, observed, shots=20)
    circuits.Aer(seed=1).run([request, request])
    assert [len(job) for job in sent] == [6]


def test_a_training_step_is_one_job_with_the_right_gradient(sent):
    layer = QuantumLayer(example_circuit(), ["Z0", "X1"], backend=circuits.Aer(), generator=1)
    x, _ = values(2)
    with torch.no_grad():
        layer.weight.uniform_(-1, 1, generator=torch.Generator().manual_seed(1))
    layer = layer.double()
    layer(x).square().sum().backward()
    assert len(sent) == 1
    exact = layer.with_backend(None)
    (expected,) = torch.autograd.grad(exact(x).square().sum(), exact.weight)
    torch.testing.assert_close(layer.weight.grad, expected, rtol=0, atol=1e-9)


def test_training_with_shots_on_a_device_lowers_the_loss():
    x = inputs(1)
    w = weights(2)
    circuit = Circuit(2, [g.ry(x[0] + w[0], 0), g.cx(0, 1), g.ry(w[1], 1)])
    backend = circuits.Aer(noise_model=Device())
    layer = QuantumLayer(circuit, ["Z1"], backend=backend, shots=200, generator=2)
    with torch.no_grad():
        layer.weight.fill_(0.3)
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.3)
    data = torch.tensor([[0.1], [0.2]])
    losses = []
    for _ in range(12):
        optimizer.zero_grad()
        loss = (layer(data) + 1).square().mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0]


# === refusals and copies ===


def test_what_a_mode_cannot_do_is_refused():
    with pytest.raises(InvalidArgumentError, match="method"):
        circuits.Aer("fast")
    with pytest.raises(ArgumentTypeError, match="noise_model"):
        circuits.Aer(noise_model="FakeManila")
    with pytest.raises(InvalidArgumentError, match="AerSimulator does not have"):
        circuits.Aer(options={"fusion": True})
    with pytest.raises(InvalidArgumentError, match="an argument"):
        circuits.Aer(options={"method": "statevector"})
    circuit = Circuit(1, [g.rx(0.1, 0)])
    for method in ("statevector", "matrix_product_state", "extended_stabilizer"):
        with pytest.raises(UnsupportedOperationError, match="no exact values"):
            circuit.expectation("Z0", backend=circuits.Aer(method, Device()))
    with pytest.raises(UnsupportedOperationError, match="cannot run"):
        circuit.expectation("Z0", backend=circuits.Aer("stabilizer"))


def test_a_change_of_the_model_is_seen():
    """As by our own simulators: gates, readout and delays that are added after the first run."""
    circuit, model = Circuit(1, [g.x(0), g.delay(1e-6, 0)]), NoiseModel(missing="ignore")
    backend = circuits.Aer(noise_model=model)
    changes = (
        lambda: model.add(Depolarizing(0.1), gates="x"),
        lambda: model.add_readout([[0.9, 0.1], [0.2, 0.8]], 0),
        lambda: model.add_idle(0, 2e-6, 1e-6),
    )
    found = [float(circuit.expectation("Z0", backend=backend))]
    for change in changes:
        change()
        found.append(float(circuit.expectation("Z0", backend=backend)))
        expected = circuit.expectation("Z0", backend=PauliTransfer(model))
        assert found[-1] == pytest.approx(float(expected), abs=1e-12)
    assert len(set(found)) == 4


def test_noise_is_scaled_as_in_our_simulator():
    circuit = Circuit(2, [g.rx(0.4, 0), g.cx(0, 1), g.ry(0.7, 1)])
    model = NoiseModel().add(Depolarizing(0.1), gates=["rx", "ry"]).add(Depolarizing(0.05, 2))
    model.add_readout([[0.9, 0.1], [0.2, 0.8]], 0)
    found, expected = (
        circuit.expectation(["Z0 Z1", "Z0"], backend=ZNE(backend, fold="scale"))
        for backend in (circuits.Aer(noise_model=model), PauliTransfer(model))
    )
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("given", [Asymmetric(), AerNoiseModel()], ids=["device", "aer"])
def test_noise_that_cannot_be_scaled_is_refused(given):
    with pytest.raises(UnsupportedOperationError, match=r"no `scaled`.*NoiseModel\.from_"):
        ZNE(circuits.Aer(noise_model=given), fold="scale")


def test_correlated_readout_is_refused():
    model = AerNoiseModel(basis_gates=["rx", "rz", "cx"])
    model.add_readout_error(
        ReadoutError([[0.9, 0.1, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0.1, 0, 0, 0.9]]), [0, 1]
    )
    with pytest.raises(UnsupportedOperationError, match="correlated"):
        Circuit(2, [g.rx(0.1, 0)]).sample(5, backend=circuits.Aer(noise_model=model))


def test_a_model_without_a_rule_for_the_circuit_says_so():
    model = NoiseModel().add(Depolarizing(0.1, 2), gates="cx")
    with pytest.warns(NoiseNotAppliedWarning):
        Circuit(1, [g.rx(0.1, 0)]).expectation("Z0", backend=circuits.Aer(noise_model=model))


def test_failures_of_memory_are_named():
    backend = circuits.Aer(options={"max_memory_mb": 1})
    circuit = Circuit(20, [g.h(q) for q in range(20)])
    with pytest.raises(ResourceLimitError, match="memory"):
        circuit.expectation("Z0", backend=backend)


@pytest.mark.parametrize("kind", ["device", "model"])
def test_copies_run_alike(kind):
    given = Device() if kind == "device" else NoiseModel.from_backend(Device())
    backend = circuits.Aer(noise_model=given, shots=50, seed=1)
    x, w = values()
    expected = example_circuit().expectation("Z0", x, w, backend=backend)
    for copied in (copy.deepcopy(backend), pickle.loads(pickle.dumps(backend))):
        assert torch.equal(example_circuit().expectation("Z0", x, w, backend=copied), expected)
        assert repr(copied) == repr(backend)
