"""`Primitives`: reference primitives, Aer's, and those of a device."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch

pytest.importorskip("qiskit")

from qiskit.primitives import (
    BackendEstimatorV2,
    BackendSamplerV2,
    StatevectorEstimator,
    StatevectorSampler,
)

import circuits
from circuits import Circuit, PauliSum, Request, inputs, weights
from circuits import gates as g
from circuits.errors import (
    ArgumentTypeError,
    InvalidArgumentError,
    JobFailedError,
    NonFiniteError,
    ResourceLimitError,
    UnsupportedOperationError,
)
from noise import ZNE, NoiseModel, PauliTransfer
from qml import QuantumLayer
from tests.circuits.backends.devices import Device, example_circuit, values
from tests.support.properties import assert_plausible

OBSERVED = ["Z0", "X0 Y1", PauliSum({"ZZZ": 1.0, "XXI": 0.5, "": 0.25}), PauliSum({"": 2.0})]


class Recording(StatevectorSampler):
    """A sampler that remembers its jobs."""

    def __init__(self, **options):
        super().__init__(**options)
        self.jobs = []

    def run(self, pubs, *, shots=None):
        pubs = list(pubs)
        self.jobs.append(pubs)
        return super().run(pubs, shots=shots)


class RecordingEstimator(StatevectorEstimator):
    """An estimator that remembers its jobs."""

    def __init__(self, **options):
        super().__init__(**options)
        self.jobs = []

    def run(self, pubs, *, precision=None):
        pubs = list(pubs)
        self.jobs.append(pubs)
        return super().run(pubs, precision=precision)


def table(points: int = 3) -> torch.Tensor:
    x, w = values(points)
    return torch.cat([x, w.expand(points, 2)], dim=1)


@pytest.mark.parametrize("primitive", ["estimator", "sampler"])
def test_estimates_from_shots(primitive):
    """Means within 6 standard errors (12 numbers, false alarms < 1e-7)."""
    given = StatevectorEstimator(seed=1) if primitive == "estimator" else StatevectorSampler(seed=2)
    backend = circuits.Primitives(**{primitive: given}, shots=4000)
    x, w = values()
    found = example_circuit().estimate(OBSERVED[:3], x, w, backend=backend)
    expected = example_circuit().expectation(OBSERVED[:3], x, w)
    assert_plausible(found.values, expected, found.standard_errors)
    assert bool((found.standard_errors < 1.6 / 4000**0.5).all())
    assert not torch.equal(found.values, expected)


def test_one_pub_with_all_points_and_one_job():
    estimator, sampler = RecordingEstimator(), Recording()
    backend = circuits.Primitives(estimator, sampler)
    observed = [PauliSum(text) for text in ("Z0", "X0")]
    requests = [
        Request(example_circuit(), table(7), observed),
        Request(example_circuit(), table(2), qubits=(0, 2), shots=5),
        Request(example_circuit(), table(1), observed),
    ]
    results = backend.run(requests)
    assert [len(job) for job in estimator.jobs] == [2]
    assert [len(job) for job in sampler.jobs] == [1]
    pub = estimator.jobs[0][0]
    assert pub[2].shape == (7, len(pub[0].parameters))
    assert [tuple(r.values.shape) for r in (results[0], results[2])] == [(7, 2), (1, 2)]
    assert tuple(results[1].samples.shape) == (2, 5, 2)


def test_large_requests_are_cut_into_pubs_of_one_job():
    estimator, sampler = RecordingEstimator(), Recording(seed=1)
    backend = circuits.Primitives(estimator, sampler, max_points=3)
    request = Request(example_circuit(), table(7), [PauliSum("Z0"), PauliSum("X0")])
    found = backend.run([request])[0].values
    assert [len(pub[2]) for pub in estimator.jobs[0]] == [3, 3, 1]
    torch.testing.assert_close(
        found, circuits.StateVector().run([request])[0].values, rtol=0, atol=1e-12
    )
    only = circuits.Primitives(sampler=sampler, max_points=3, shots=2000)
    sampled = only.run([request])[0]
    assert [len(job) for job in sampler.jobs] == [6]
    assert_plausible(sampled.values, found, sampled.standard_errors)


def test_constants_are_not_sent():
    estimator = RecordingEstimator()
    circuit = Circuit(1, [g.h(0)])
    backend = circuits.Primitives(estimator, shots=10)
    found = circuit.estimate(PauliSum({"": 2.0}), backend=backend)
    assert estimator.jobs == []
    assert (float(found.values), float(found.variances)) == (2.0, 0.0)


def test_points_without_parameters_are_drawn_independently():
    circuit = Circuit(3, [g.h(q) for q in range(3)])
    request = Request(circuit, torch.zeros(2, 0, dtype=torch.float64), qubits=(0, 1, 2), shots=40)
    backend = circuits.Primitives(sampler=StatevectorSampler(seed=3))
    first, second = (r.samples for r in backend.run([request, request]))
    assert not torch.equal(first[0], first[1])
    assert not torch.equal(first, second)
    assert torch.equal(backend.run([request, request])[0].samples, first)


def test_gates_without_parameters_in_the_transpiler_keep_products_of_symbols():
    x, w = inputs(2), weights(1)
    circuit = Circuit(1, [g.ry(0.5 * x[0] * x[1] * w[0] + 0.2, 0), g.rz(x[0] ** 2, 0), g.h(0)])
    tables = torch.tensor([[0.3, 1.2, 0.7], [2.0, -1.0, 0.5]], dtype=torch.float64)
    request = Request(circuit, tables, [PauliSum("Z0"), PauliSum("Y0")])
    found = circuits.Primitives(StatevectorEstimator()).run([request])[0].values
    torch.testing.assert_close(found, circuits.StateVector().run([request])[0].values)


# === devices ===

aer = pytest.importorskip("qiskit_aer")


def device_primitives(**options):
    simulator = aer.AerSimulator.from_backend(Device(), seed_simulator=4)
    return circuits.Primitives(
        BackendEstimatorV2(backend=simulator),
        BackendSamplerV2(backend=simulator),
        backend=Device(),
        **options,
    )


@pytest.mark.parametrize("which", ["estimator", "sampler"])
def test_a_noisy_device_agrees_with_pauli_transfer(which):
    """Through Qiskit's generic primitives over Aer; 9 numbers within 6 standard errors."""
    both = device_primitives(shots=8000)
    chosen = {which: getattr(both, which)}
    backend = circuits.Primitives(**chosen, backend=Device(), shots=8000)
    x, w = values()
    found = example_circuit().estimate(OBSERVED[:3], x, w, backend=backend)
    model = NoiseModel.from_backend(Device())
    expected = example_circuit().expectation(OBSERVED[:3], x, w, backend=PauliTransfer(model))
    assert_plausible(found.values, expected, found.standard_errors)
    assert bool((found.standard_errors < 1.6 / 8000**0.5).all())


def test_folds_survive():
    """Two-qubit gates in the pubs: exactly the factor times those of the lowered circuit."""
    sampler = Recording(seed=1)
    backend = circuits.Primitives(sampler=sampler, backend=Device())
    request = Request(example_circuit(), table(2), [PauliSum("Z0")], shots=300)
    lowered = backend.lower(request)
    assert backend.lower(lowered) is lowered
    assert {op.name for op in lowered.circuit.ops} <= {"cx", "rz", "sx", "x", "global_phase"}
    base = sum(len(op.qubits) == 2 for op in lowered.circuit.ops)
    result = ZNE(backend, factors=(1, 3, 5), extrapolator="linear").run([request])[0]
    pubs = [pub for job in sampler.jobs for pub in job]
    counted = [sum(op.operation.name == "cx" for op in pub[0].data) for pub in pubs]
    assert counted == [base, 3 * base, 5 * base]
    exact = circuits.StateVector().run([Request(example_circuit(), table(2), [PauliSum("Z0")])])[0]
    assert_plausible(result.values, exact.values, result.standard_errors)


def test_training_by_parameter_shift():
    estimator = RecordingEstimator()
    layer = QuantumLayer(example_circuit(), ["Z0"], backend=circuits.Primitives(estimator))
    x, _ = values(2)
    layer = layer.double()
    layer(x).square().sum().backward()
    assert [len(job) for job in estimator.jobs] == [1]
    exact = layer.with_backend(None)
    (expected,) = torch.autograd.grad(exact(x).square().sum(), exact.weight)
    torch.testing.assert_close(layer.weight.grad, expected, rtol=0, atol=1e-9)


# === refusals ===


def test_nothing_is_sent_that_cannot_run():
    estimator, sampler = RecordingEstimator(), Recording()
    both = circuits.Primitives(estimator, sampler)
    wrong = table()
    wrong[1, 2] = float("inf")
    with pytest.raises(NonFiniteError):
        both.run([Request(example_circuit(), wrong, [PauliSum("Z0")])])
    with pytest.raises(UnsupportedOperationError, match="generator"):
        both.run([Request(example_circuit(), table(), qubits=(0,), shots=3, generator=1)])
    with pytest.raises(UnsupportedOperationError, match="no exact values"):
        circuits.Primitives(sampler=sampler).run(
            [Request(example_circuit(), table(), [PauliSum("Z0")])]
        )
    with pytest.raises(UnsupportedOperationError, match="no sampler"):
        circuits.Primitives(estimator).run(
            [Request(example_circuit(), table(), qubits=(0,), shots=3)]
        )
    wide = Circuit(11, [g.h(q) for q in range(11)])
    with pytest.raises(ResourceLimitError, match="at most 10"):
        wide.probabilities(backend=both)
    too_wide = Circuit(6, [g.cx(q, q + 1) for q in range(5)])
    with pytest.raises(InvalidArgumentError, match="6 qubits"):
        too_wide.sample(3, backend=circuits.Primitives(sampler=sampler, backend=Device()))
    assert estimator.jobs == sampler.jobs == []


def test_arguments():
    with pytest.raises(InvalidArgumentError, match="Give an"):
        circuits.Primitives()
    with pytest.raises(ArgumentTypeError, match="estimator"):
        circuits.Primitives(StatevectorSampler())
    with pytest.raises(ArgumentTypeError, match="sampler"):
        circuits.Primitives(sampler=StatevectorEstimator())
    with pytest.raises(ArgumentTypeError, match="backend"):
        circuits.Primitives(StatevectorEstimator(), backend="ibm_fez")


def test_foreign_errors_are_ours():
    class Broken(StatevectorSampler):
        def run(self, pubs, *, shots=None):
            raise RuntimeError("out of order")

    with pytest.raises(JobFailedError, match="out of order"):
        Circuit(1, [g.h(0)]).sample(3, backend=circuits.Primitives(sampler=Broken()))


def test_copies():
    backend = circuits.Primitives(StatevectorEstimator(), StatevectorSampler(seed=1))
    request = Request(example_circuit(), table(), qubits=(0, 1), shots=9)
    expected = backend.run([request])[0].samples
    for copied in (copy.deepcopy(backend), pickle.loads(pickle.dumps(backend))):
        assert torch.equal(copied.run([request])[0].samples, expected)
