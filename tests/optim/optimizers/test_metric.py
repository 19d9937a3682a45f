"""Metrics, overlaps and natural gradients against PennyLane and finite differences."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from circuits import Circuit, DensityMatrix, StateVector, inputs, weights
from circuits import gates as g
from circuits.errors import InvalidArgumentError, ShapeError, UnsupportedOperationError
from optim.optimizers import QNSPSA, QuantumNaturalGradient, fubini_study_metric, overlap_of
from optim.optimizers.base import signs
from optim.optimizers.layers import layers_of
from optim.optimizers.natural_gradient import natural_direction
from optim.optimizers.qn_spsa import estimated_metric
from tests.optim.optimizers.circuits_to_optimize import HAMILTONIAN, energy_of, plain, start, tied


def by_differences(circuit: Circuit, point: np.ndarray) -> np.ndarray:
    """-1/2 of the Hessian of the overlap with the state at the point, by central differences."""
    step, size = 1e-3, len(point)
    shape = circuit.weight_groups[0].shape

    def states(points):
        values = torch.from_numpy(np.array(points)).reshape(-1, *shape)
        return circuit.statevector(w=values).numpy()

    centre = states([point])[0]
    metric = np.zeros((size, size))
    unit = step * np.eye(size)
    for i in range(size):
        for j in range(size):
            pairs = [(1, 1), (1, -1), (-1, 1), (-1, -1)]
            found = states([point + a * unit[i] + b * unit[j] for a, b in pairs])
            f = np.abs(found.conj() @ centre) ** 2
            metric[i, j] = -0.5 * (f[0] - f[1] - f[2] + f[3]) / (4 * step**2)
    return metric


def general() -> Circuit:
    """Gates that are no Pauli rotations: controlled, three angles, products of weights."""
    w = weights(5)
    gates = [g.h(0), g.u(w[0], w[1], w[2], 1), g.crx(w[3], 0, 1), g.ry(w[4] * w[0], 0)]
    return Circuit(2, [*gates, g.p(w[2], 0), g.cp(w[1], 0, 1), g.global_phase(w[3])])


@pytest.mark.parametrize("make", [plain, tied, general])
def test_full_metric_against_differences(make):
    circuit = make()
    point = start(circuit).detach().numpy().reshape(-1)
    expected = by_differences(circuit, point)
    np.testing.assert_allclose(fubini_study_metric(circuit, point), expected, atol=2e-5)


@pytest.mark.parametrize("approximation", ["block-diagonal", "diagonal"])
@pytest.mark.parametrize("make", [plain, tied])
def test_blocks_of_states_and_of_values_are_the_same(make, approximation):
    circuit = make()
    if make is tied:
        circuit = Circuit(3, [op for op in circuit.ops if op.name != "crx"])
    point = start(circuit).detach().numpy().reshape(-1)
    simulated = fubini_study_metric(circuit, point, approximation=approximation)
    for backend in (StateVector(), DensityMatrix("torch")):
        measured = fubini_study_metric(circuit, point, approximation=approximation, backend=backend)
        np.testing.assert_allclose(measured, simulated, atol=1e-10)


def test_metric_of_pennylane():
    qp = pytest.importorskip("pennylane")
    device = qp.device("default.qubit", wires=4)
    point = start(plain()).detach().numpy().reshape(-1)

    @qp.qnode(device)
    def circuit(x):
        for layer, make in enumerate((qp.RY, qp.RX, qp.RZ)):
            for q in range(3):
                make(x[3 * layer + q], wires=q)
            qp.CNOT(wires=[0, 1])
            qp.CZ(wires=[1, 2])
            qp.Hadamard(wires=0)
        return qp.expval(qp.PauliZ(0))

    x = qp.numpy.array(point, requires_grad=True)
    expected = {
        "full": np.array(qp.adjoint_metric_tensor(circuit)(x)),
        "block-diagonal": np.array(qp.metric_tensor(circuit, approx="block-diag")(x)),
        "diagonal": np.array(qp.metric_tensor(circuit, approx="diag")(x)),
    }
    for approximation, matrix in expected.items():
        found = fubini_study_metric(plain(), point, approximation=approximation)
        np.testing.assert_allclose(found, matrix, atol=1e-8, err_msg=approximation)


def test_layers():
    w = weights(4)
    gates = [g.ry(w[0], 0), g.rx(w[1], 1), g.h(2), g.rz(w[2], 2), g.cx(0, 1), g.ry(w[3], 1)]
    found = layers_of(Circuit(3, gates))
    assert [layer.slots for layer in found] == [[0, 1], [2], [3]]
    assert [len(layer.before) for layer in found] == [0, 3, 5]
    assert layers_of(Circuit(1, [g.h(0)])) == ()


def test_one_rotation_by_hand():
    """Ry then Rz on |0>: metric diag(1, sin^2) / 4, the sphere's."""
    w = weights(2)
    circuit = Circuit(1, [g.ry(w[0], 0), g.rz(w[1], 0)])
    metric = fubini_study_metric(circuit, [0.7, 0.2])
    np.testing.assert_allclose(metric, np.diag([1.0, np.sin(0.7) ** 2]) / 4, atol=1e-12)


def test_sampled_blocks():
    """An entry, (<PQ> - <P><Q>) / 4, has a standard error below 3 / 4 of 1 / sqrt(shots)."""
    point = start(plain()).detach().numpy().reshape(-1)
    exact = fubini_study_metric(plain(), point, approximation="block-diagonal")
    options = {"backend": StateVector(), "shots": 10_000, "generator": 2}
    sampled = fubini_study_metric(plain(), point, approximation="block-diagonal", **options)
    assert not np.array_equal(sampled, exact)
    assert np.abs(sampled - exact).max() < 7 * 0.75 / 100


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"approximation": "none"}, "approximation"),
        ({"shots": 10}, "backend"),
        ({"backend": StateVector()}, "block-diagonal"),
        ({"generator": 1, "approximation": "diagonal"}, "backend"),
    ],
)
def test_refused(arguments, words):
    with pytest.raises(InvalidArgumentError, match=words):
        fubini_study_metric(plain(), np.zeros(9), **arguments)


def test_refused_circuits():
    with pytest.raises(UnsupportedOperationError, match="crx"):
        fubini_study_metric(tied(), np.zeros(5), approximation="block-diagonal")
    with pytest.raises(InvalidArgumentError, match="inputs"):
        fubini_study_metric(Circuit(1, [g.rx(inputs(1)[0], 0)]), [])
    with pytest.raises(InvalidArgumentError, match="9 entries"):
        fubini_study_metric(plain(), np.zeros(4))
    assert fubini_study_metric(Circuit(1, [g.h(0)]), []).shape == (0, 0)


@pytest.mark.parametrize("approximation", ["full", "block-diagonal"])
def test_natural_gradient_step(approximation):
    circuit, parameter = plain(), start(plain())
    point = parameter.detach().numpy().reshape(-1).copy()
    energy_of(circuit, parameter).backward()
    gradient = parameter.grad.numpy().reshape(-1)
    metric = fubini_study_metric(circuit, point, approximation=approximation)
    expected = point - 0.1 * np.linalg.solve(metric + 0.01 * np.eye(9), gradient)
    options = {"lr": 0.1, "damping": 0.01, "approximation": approximation}
    optimizer = QuantumNaturalGradient([parameter], circuit, **options)

    def closure():
        optimizer.zero_grad()
        loss = energy_of(circuit, parameter)
        loss.backward()
        return loss

    loss = optimizer.step(closure)
    assert loss == pytest.approx(energy_of(circuit, torch.from_numpy(point).reshape(3, 3)).item())
    np.testing.assert_allclose(parameter.detach().numpy().reshape(-1), expected, atol=1e-9)


def test_natural_gradient_of_pennylane():
    qp = pytest.importorskip("pennylane")
    device = qp.device("default.qubit", wires=2)

    @qp.qnode(device)
    def cost(x):
        qp.RY(x[0], wires=0)
        qp.RX(x[1], wires=1)
        qp.CNOT(wires=[0, 1])
        qp.RZ(x[2], wires=1)
        qp.RY(x[3], wires=0)
        return qp.expval(qp.PauliX(0) @ qp.PauliZ(1))

    first = np.array([0.3, -0.5, 0.8, 0.2])
    optimizer = qp.QNGOptimizer(stepsize=0.05, lam=1e-3)
    theirs = qp.numpy.array(first, requires_grad=True)
    for _ in range(5):
        theirs = optimizer.step(cost, theirs)

    w = weights(4)
    gates = [g.ry(w[0], 0), g.rx(w[1], 1), g.cx(0, 1), g.rz(w[2], 1), g.ry(w[3], 0)]
    circuit, parameter = Circuit(2, gates), torch.nn.Parameter(torch.from_numpy(first.copy()))
    ours = QuantumNaturalGradient([parameter], circuit, lr=0.05, damping=1e-3)
    for _ in range(5):
        ours.zero_grad()
        circuit.expectation("X0 Z1", w=parameter)[0].backward()
        ours.step()
    np.testing.assert_allclose(parameter.detach().numpy(), np.array(theirs), atol=1e-6)


def test_metric_function_and_its_shape():
    x = torch.nn.Parameter(torch.tensor([2.0, 1.0], dtype=torch.float64))
    optimizer = QuantumNaturalGradient([x], lambda point: np.diag([4.0, 1.0]), lr=1.0, damping=0.0)
    x.grad = torch.tensor([4.0, 1.0], dtype=torch.float64)
    assert optimizer.step() is None
    torch.testing.assert_close(x.detach(), torch.tensor([1.0, 0.0], dtype=torch.float64))
    with pytest.raises(ShapeError, match=r"\(2, 2\)"):
        natural_direction(np.eye(3), np.zeros(2), 0.1)


def test_singular_metrics_take_the_shortest_step():
    found = natural_direction(np.diag([1.0, 0.0]), np.array([2.0, 0.0]), 0.0)
    np.testing.assert_allclose(found, [2.0, 0.0], atol=1e-12)


def test_overlaps():
    circuit = tied()
    rng = np.random.default_rng(0)
    point, others = rng.uniform(-2, 2, 5), rng.uniform(-2, 2, (3, 5))
    states = circuit.statevector(w=torch.from_numpy(np.concatenate([point[None], others])))
    expected = (states[1:].conj() @ states[0]).abs().square().numpy()
    np.testing.assert_allclose(overlap_of(circuit)(point, others), expected, atol=1e-10)
    measured = overlap_of(circuit, backend=DensityMatrix("torch"))(point, others)
    np.testing.assert_allclose(measured, expected, atol=1e-10)
    # 7 standard errors of a frequency
    options = {"backend": StateVector(), "shots": 10_000, "generator": 3}
    sampled = overlap_of(circuit, **options)(point, others)
    assert np.abs(sampled - expected).max() < 7 * 0.5 / 100
    with pytest.raises(InvalidArgumentError, match="backend"):
        overlap_of(circuit, shots=10)
    with pytest.raises(InvalidArgumentError, match="inputs"):
        overlap_of(Circuit(1, [g.rx(inputs(1)[0], 0)]))


def test_metric_of_qn_spsa_on_average():
    """Over all pairs of sign vectors of two parameters the estimate is the metric."""
    w = weights(2)
    circuit = Circuit(1, [g.ry(w[0], 0), g.rz(w[1], 0)])
    point, overlap = np.array([0.7, 0.2]), overlap_of(circuit)
    drawn = {tuple(signs(9, k, (2, 2), stream=1).ravel()): k for k in range(400)}
    assert len(drawn) == 16
    found = np.mean([estimated_metric(point, k, overlap, 9, 1e-3) for k in drawn.values()], axis=0)
    np.testing.assert_allclose(found, fubini_study_metric(circuit, point), atol=1e-5)


def test_qn_spsa_lowers_the_energy():
    circuit, parameter = plain(), start(plain())
    before = energy_of(circuit, parameter).item()
    lowest = np.linalg.eigvalsh(HAMILTONIAN.to_matrix())[0]
    optimizer = QNSPSA([parameter], circuit, generator=0)
    for _ in range(400):
        optimizer.step(lambda: energy_of(circuit, parameter))
    after = energy_of(circuit, parameter).item()
    assert after < before - 0.5 * (before - lowest)
