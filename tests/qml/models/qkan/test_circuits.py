"""Activations as circuits: the same numbers on simulators, Aer and other programs."""

from __future__ import annotations

import copy
import importlib.util
import pickle

import pytest
import torch

from circuits import DensityMatrix, StateVector
from circuits.errors import InvalidArgumentError, UnsupportedOperationError
from qml import QKAN, QuantumLayer
from qml.models.qkan import ANSAETZE
from tests.qml.models.qkan.cases import layer

NAMES = list(ANSAETZE)
KINDS = ({}, {"preact_trainable": True}, {"group": 2, "preact_trainable": True})
X = torch.linspace(-0.8, 0.8, 12, dtype=torch.float64).reshape(4, 3)


def scattered(name, dtype=torch.float64, **options):
    net = layer(name, dtype=dtype, generator=3, **options)
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        net.theta.mul_(4)
        for parameter in (net.preacts_weight, net.preacts_bias):
            if parameter is not None:
                noise = torch.rand(parameter.shape, generator=generator, dtype=dtype)
                parameter.mul_(0.6).add_(0.2 * noise)
    return net


def circuit_inputs(net, x):
    """What `to_circuit` takes: x, or for px the angles of all edges."""
    if not net.record.arccos:
        return x
    _, weight, bias = (t.expand(net.out_features, -1, -1) for t in net.circuit_parameters(x.dtype))
    return (weight * x[:, None, :, None] + bias).arccos().flatten(1, 2)


@pytest.mark.parametrize("options", KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_the_circuit_of_a_layer_has_its_values(name, options, dtype):
    net = scattered(name, dtype, **options)
    x = X.to(dtype)
    circuit = net.to_circuit()
    assert circuit.n_qubits == 6
    assert not circuit.weight_groups
    with torch.no_grad():
        given = circuit_inputs(net, x).double()
        values = circuit.expectation([f"Z{q}" for q in range(6)], given)
        found = net.activations(x).flatten(1).double()
    atol = {torch.float32: 1e-6, torch.float64: 1e-12}[dtype]
    torch.testing.assert_close(found, values, rtol=0, atol=atol)


@pytest.mark.parametrize("name", NAMES)
def test_some_edges_and_their_order(name):
    net = scattered(name)
    circuit = net.to_circuit([(1, 2), (0, 0)])
    given = circuit_inputs(net, X)
    if net.record.arccos:
        given = given[:, [5, 0]]
    values = circuit.expectation(["Z0", "Z1"], given)
    activations = net.activations(X)
    expected = torch.stack([activations[:, 1, 2], activations[:, 0, 0]], -1).detach()
    torch.testing.assert_close(values, expected, rtol=0, atol=1e-12)


def test_symbols_can_be_kept_and_trained():
    net = scattered("pz", preact_trainable=True)
    trained = QuantumLayer(net.to_circuit([(0, 1)], bound=False), dtype=torch.float64)
    assert set(trained.weight) == {"theta", "preacts_weight", "preacts_bias"}
    with torch.no_grad():
        trained.weight["theta"].copy_(net.theta[0, 1].reshape(1, -1))
        trained.weight["preacts_weight"].copy_(net.preacts_weight[0, 1][None])
        trained.weight["preacts_bias"].copy_(net.preacts_bias[0, 1][None])
    torch.testing.assert_close(trained(X)[:, 0], net.activations(X)[:, 0, 1], rtol=0, atol=1e-12)


@pytest.mark.skipif(importlib.util.find_spec("qiskit") is None, reason="needs qiskit")
@pytest.mark.parametrize("name", NAMES)
def test_qiskit_agrees(name):
    from qiskit.quantum_info import SparsePauliOp, Statevector

    net = scattered(name, preact_trainable=True)
    circuit = net.to_circuit([(0, 1), (1, 2)])
    given = circuit_inputs(net, X)[0]
    given = given[[1, 5]] if net.record.arccos else given
    state = Statevector(circuit.bind(x=given).to_qiskit())
    activations = net.activations(X)[0]
    for label, value in (("IZ", activations[0, 1]), ("ZI", activations[1, 2])):
        found = float(state.expectation_value(SparsePauliOp(label)).real)
        assert abs(found - float(value.detach())) < 1e-12


@pytest.mark.parametrize("n_qubits", [1, 4])
@pytest.mark.parametrize("options", KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_backends_give_values_and_gradients(name, options, n_qubits):
    net = scattered(name, postact_weight_trainable=True, **options)
    run = net.with_backend(DensityMatrix(), n_qubits=n_qubits)
    assert run.theta is net.theta
    assert net.runner is None
    torch.testing.assert_close(run(X), net(X), rtol=0, atol=1e-12)
    torch.testing.assert_close(run.activations(X), net.activations(X), rtol=0, atol=1e-12)
    found = []
    for which in (net, run):
        x = X.clone().requires_grad_()
        net.zero_grad()
        which(x).pow(2).sum().backward()
        found.append([x.grad, *(p.grad.clone() for p in net.parameters())])
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(theirs, ours, rtol=0, atol=1e-10)


def test_parameter_shift_and_shots():
    net = scattered("pz", preact_trainable=True)
    net(X).sum().backward()
    exact = net.theta.grad.clone()
    net.zero_grad()
    shifted = net.with_backend(StateVector(), diff_method="parameter-shift")
    shifted(X).sum().backward()
    torch.testing.assert_close(net.theta.grad, exact, rtol=0, atol=1e-10)
    sampled = net.with_backend(StateVector(), shots=4000, generator=0)
    with torch.no_grad():
        difference = sampled.activations(X) - net.activations(X)
    # 24 values, deviation at most 1 / sqrt(4000): six of them are exceeded once in 2e7 runs.
    assert 0 < float(difference.abs().max()) < 6 / 4000**0.5


@pytest.mark.skipif(importlib.util.find_spec("qiskit_aer") is None, reason="needs qiskit-aer")
def test_aer_agrees():
    from qiskit.quantum_info import SparsePauliOp
    from qiskit_aer.primitives import EstimatorV2

    net = scattered("mix", preact_trainable=True)
    circuit = net.to_circuit([(0, 1), (1, 2)]).bind(x=X[1])
    job = EstimatorV2().run([(circuit.to_qiskit(), [SparsePauliOp("IZ"), SparsePauliOp("ZI")])])
    values = torch.as_tensor(job.result()[0].data.evs)
    activations = net.activations(X)[1].detach()
    expected = torch.stack([activations[0, 1], activations[1, 2]])
    torch.testing.assert_close(values, expected, rtol=0, atol=1e-10)


def test_networks_run_on_backends():
    net = QKAN([3, 2, 1], reps=2, ansatz="mix", dtype=torch.float64, generator=1)
    run = net.with_backend(DensityMatrix(), n_qubits=3)
    assert next(iter(run.parameters())) is net.layers[0].theta
    torch.testing.assert_close(run(X), net(X), rtol=0, atol=1e-12)


def test_copies_and_pickles_run_on_the_same_backend():
    run = scattered("pz").with_backend(DensityMatrix())
    assert "backend=DensityMatrix(" in repr(run)
    for twin in (copy.deepcopy(run), pickle.loads(pickle.dumps(run))):
        assert isinstance(twin.runner.backend, DensityMatrix)
        assert twin.theta is not run.theta
        torch.testing.assert_close(twin(X), run(X), rtol=0, atol=0)


def test_what_no_circuit_gives_is_refused():
    net = layer(fast_measure=True)
    with pytest.raises(UnsupportedOperationError, match="fast_measure=False"):
        net.to_circuit()
    with pytest.raises(UnsupportedOperationError, match="fast_measure=False"):
        net.with_backend(StateVector())


@pytest.mark.parametrize("edges", [[(2, 0)], [(0, 3)], [(0,)], [3], [(0.0, 1)], [(-1, 0)], []])
def test_wrong_edges_are_named(edges):
    with pytest.raises(InvalidArgumentError, match="`edges`"):
        layer().to_circuit(edges)
