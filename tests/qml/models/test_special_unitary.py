"""SU(2^n) gates against Kronecker products, scipy, Qiskit and PennyLane."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.linalg
import torch
from torch.func import functional_call, jacfwd, jacrev, vmap

from circuits import Circuit, PauliSum
from circuits.errors import KetworkError, ResourceLimitError
from qml import SpecialUnitary
from qml.models.special_unitary import pauli_matrix, special_unitary

LETTERS = [
    np.eye(2),
    np.array([[0, 1], [1, 0]]),
    np.array([[0, -1j], [1j, 0]]),
    np.diag([1.0, -1.0]),
]


def coefficients(n, *lead, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*lead, 4**n - 1, generator=generator, dtype=torch.float64)


def label(j, n):
    """Full-width label of Pauli string j, rightmost letter on qubit 0."""
    return "".join("IXYZ"[j // 4**q % 4] for q in reversed(range(n)))


def by_kronecker(theta, n):
    total = np.zeros((2**n, 2**n), dtype=complex)
    for j, value in enumerate(theta.tolist(), start=1):
        string = np.eye(1)
        for q in range(n):
            string = np.kron(LETTERS[j // 4**q % 4], string)
        total += value * string
    return total


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_the_sum_of_pauli_strings_and_its_exponential(n):
    theta = coefficients(n)
    h = by_kronecker(theta, n)
    np.testing.assert_allclose(pauli_matrix(theta, n).numpy(), h, atol=1e-13)
    terms = {label(j, n): float(theta[j - 1]) for j in range(1, 4**n)}
    np.testing.assert_allclose(PauliSum(terms).to_matrix(), h, atol=1e-13)
    u = special_unitary(theta, n).numpy()
    np.testing.assert_allclose(u, scipy.linalg.expm(1j * h), atol=1e-12)
    assert abs(np.linalg.det(u) - 1) < 1e-12


def test_against_qiskit():
    info = pytest.importorskip("qiskit.quantum_info")
    theta = coefficients(3, seed=2)
    h = info.SparsePauliOp([label(j, 3) for j in range(1, 64)], theta.numpy()).to_matrix()
    np.testing.assert_allclose(
        special_unitary(theta, 3).numpy(), scipy.linalg.expm(1j * h), atol=1e-12
    )


def test_against_pennylane():
    qp = pytest.importorskip("pennylane")
    theta = coefficients(2, seed=3)
    expected = qp.matrix(qp.SpecialUnitary(theta.numpy(), wires=[0, 1]))
    np.testing.assert_allclose(special_unitary(theta, 2).numpy(), expected, atol=1e-10)


@pytest.mark.parametrize("start", ["normal", "zero", "one string"])
def test_exact_gradients(start):
    theta = coefficients(2, 2)
    theta = {"normal": theta, "zero": 0 * theta, "one string": theta * (theta > 1.5)}[start]
    theta.requires_grad_()
    assert torch.autograd.gradcheck(lambda t: special_unitary(t, 2), theta)
    assert torch.autograd.gradgradcheck(lambda t: special_unitary(t, 2), theta[:1])


def test_transforms():
    theta = coefficients(2, 3)
    together = special_unitary(theta, 2)
    torch.testing.assert_close(vmap(lambda t: special_unitary(t, 2))(theta), together)
    forward = jacfwd(lambda t: special_unitary(t, 2).real)(theta[0])
    torch.testing.assert_close(forward, jacrev(lambda t: special_unitary(t, 2).real)(theta[0]))
    with torch.autograd.forward_ad.dual_level():
        dual = torch.autograd.forward_ad.make_dual(theta[0], torch.ones_like(theta[0]))
        tangent = torch.autograd.forward_ad.unpack_dual(special_unitary(dual, 2)).tangent
    torch.testing.assert_close(tangent.real, forward.sum(-1))


def test_the_layer_acts_on_states():
    layer = SpecialUnitary(2, (3,), generator=1, dtype=torch.float64)
    states = torch.randn(5, 3, 4, dtype=torch.complex128)
    expected = torch.einsum("kij,bkj->bki", layer.matrix(), states)
    torch.testing.assert_close(layer(states), expected)
    torch.testing.assert_close(layer(states[0, 0]), layer.matrix() @ states[0, 0])
    assert layer(states[:0]).shape == (0, 3, 4)
    layer(states).real.sum().backward()
    assert (layer.theta.grad != 0).all()
    other = SpecialUnitary(2, (3,), dtype=torch.float64)
    other.load_state_dict(layer.state_dict())
    assert torch.equal(other.matrix(), layer.matrix())
    assert torch.equal(SpecialUnitary(2, (3,), generator=1, dtype=torch.float64).theta, layer.theta)


def test_precision():
    layer = SpecialUnitary(2, generator=1, dtype=torch.float64)
    exact = layer(torch.eye(4))
    assert exact.dtype == torch.complex128
    single = SpecialUnitary(2, generator=1)
    single.load_state_dict(layer.state_dict())
    found = single(torch.eye(4))
    assert found.dtype == torch.complex64
    torch.testing.assert_close(found, exact.to(torch.complex64), rtol=0, atol=1e-5)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        torch.testing.assert_close(single(torch.eye(4)), found, rtol=0, atol=1e-6)
    assert special_unitary(layer.theta.half(), 2).dtype == torch.complex64


def test_the_gate_as_an_operation():
    layer = SpecialUnitary(2, generator=1, dtype=torch.float64)
    state = Circuit(3, [layer.op(2, 0)]).statevector()
    column = layer.matrix()[:, 0].detach()
    rows = [4 * (r & 1) + (r >> 1 & 1) for r in range(4)]  # listed qubit 0 is qubit 2
    torch.testing.assert_close(state[rows], column)


def test_training_prepares_a_state():
    layer = SpecialUnitary(3, generator=0, deviation=0.3)
    target = torch.nn.functional.normalize(torch.ones(8), dim=0)
    start = torch.eye(8)[0]
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.05)
    for _ in range(60):
        loss = 1 - (layer(start) @ target.to(torch.complex64)).abs().square()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 1e-3


def test_functional_call_and_ensembles():
    layer = SpecialUnitary(1, dtype=torch.float64)
    thetas = coefficients(1, 4)
    state = torch.tensor([1.0, 0.0], dtype=torch.float64)
    found = vmap(lambda t: functional_call(layer, {"theta": t}, (state,)))(thetas)
    torch.testing.assert_close(found, special_unitary(thetas, 1)[:, :, 0])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SpecialUnitary(0), "`n_qubits` must be at least 1"),
        (lambda: SpecialUnitary(9), r"4\*\*9 coefficients"),
        (lambda: SpecialUnitary(8, (1000,)), "65536000 coefficients"),
        (lambda: SpecialUnitary(2, (0,)), r"`shape\[0\]` must be at least 1"),
        (lambda: SpecialUnitary(2, deviation=0), "`deviation` must be positive"),
        (lambda: SpecialUnitary(2, deviation=math.inf), "`deviation` must be finite"),
        (lambda: SpecialUnitary(2)(torch.rand(3)), r"\(\.\.\., 4\), got \(3,\)"),
        (lambda: SpecialUnitary(2)([1.0]), "must be a torch.Tensor, got list"),
        (lambda: SpecialUnitary(1)(torch.tensor([1, 0])), r"complex tensor, got torch\.int64"),
        (lambda: SpecialUnitary(1, (3,))(torch.eye(2)), r"must broadcast with \(3,\)"),
        (lambda: SpecialUnitary(1, 3), r"sequence of integers such as \(3,\), got 3"),
        (lambda: SpecialUnitary(1, dtype=torch.complex64), "real floating-point dtype"),
        (
            lambda: special_unitary(torch.tensor([1.0, math.nan, 0.0]), 1),
            "values of `theta` must be finite",
        ),
        (lambda: SpecialUnitary(2, (2,)).op(0, 1), r"gates of shape \(2,\)"),
    ],
)
def test_bad_arguments_are_named(make, message):
    with pytest.raises(KetworkError, match=message):
        make()


def test_large_gates_are_a_resource_limit():
    with pytest.raises(ResourceLimitError):
        SpecialUnitary(20)
