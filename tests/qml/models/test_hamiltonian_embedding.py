"""Hamiltonian embedding against matrices, circuits, and its ablations."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
import torch

from circuits import DensityMatrix, Probabilities
from circuits.errors import KetworkError
from qml import MLP, HamiltonianEmbedding, QuantumLayer, conformance
from qml.models.hamiltonian_embedding import qubits_for, square_matrix
from tests.qml.models.test_special_unitary import by_kronecker


def test_features_as_a_symmetric_matrix():
    x = torch.arange(1.0, 8.0)
    expected = torch.zeros(4, 4)
    expected[:3, :3] = torch.tensor([[1.0, 3.0, 5.0], [3.0, 5.0, 3.0], [5.0, 3.0, 0.0]])
    assert torch.equal(square_matrix(x, 2), expected)
    image = torch.rand(28, 28)
    padded = square_matrix(image.reshape(2, 2, 196)[0, 0], 5)
    assert padded.shape == (32, 32)
    matrix = square_matrix(image.flatten(), 5)
    assert torch.equal(matrix[:28, :28], (image + image.T) / 2)
    assert not matrix[28:].any()
    assert not matrix[:, 28:].any()


def test_numbers_of_qubits():
    assert [qubits_for(d, 2) for d in (1, 4, 5, 16, 17, 784, 1024, 1025)] == [
        1, 1, 2, 2, 3, 5, 5, 6,
    ]  # fmt: skip
    assert [qubits_for(4, c) for c in (2, 3, 4, 5)] == [1, 2, 2, 3]
    paper = HamiltonianEmbedding(784, 8, layers=20)
    assert (paper.n_qubits, paper.n_read, paper.n_parameters) == (5, 4, 20 * 1024)


@pytest.mark.parametrize(("d", "classes", "n_read"), [(9, 2, 2), (50, 3, 3), (64, 2, 2)])
def test_the_model_by_matrices(d, classes, n_read):
    model = HamiltonianEmbedding(
        d, classes, layers=3, sharpness=2.5, generator=1, dtype=torch.float64
    )
    assert model.n_read == n_read
    n, x = model.n_qubits, torch.rand(4, d, dtype=torch.float64)
    for sample, logits in zip(x, model(x).detach(), strict=True):
        m = square_matrix(sample, n).numpy()
        state = np.full(2**n, 2 ** (-n / 2), dtype=complex)
        for time, theta in zip(model.times.tolist(), model.theta.detach(), strict=True):
            state = scipy.linalg.expm(-0.5j * time * m) @ state
            state = scipy.linalg.expm(1j * by_kronecker(theta, n)) @ state
        outcomes = np.zeros(2**n_read)
        for index, probability in enumerate(np.abs(state) ** 2):
            outcomes[index % 2**n_read] += probability
        np.testing.assert_allclose(logits, 2.5 * outcomes[:classes], atol=1e-12)


@pytest.mark.parametrize("backend", [None, DensityMatrix()])
def test_the_circuit_of_a_sample(backend):
    model = HamiltonianEmbedding(9, 3, layers=2, generator=1, dtype=torch.float64)
    x = torch.rand(9, dtype=torch.float64)
    probabilities = QuantumLayer(
        model.circuit(x), Probabilities(range(model.n_read)), backend=backend
    )()
    torch.testing.assert_close(probabilities[:3], model(x).detach(), rtol=0, atol=1e-12)


def test_the_circuit_in_qiskit():
    info = pytest.importorskip("qiskit.quantum_info")
    model = HamiltonianEmbedding(9, 3, layers=2, generator=1, dtype=torch.float64)
    x = torch.rand(9, dtype=torch.float64)
    state = info.Statevector(model.circuit(x).to_qiskit())
    expected = state.probabilities(list(range(model.n_read)))[:3]
    np.testing.assert_allclose(model(x).detach().numpy(), expected, atol=1e-12)


@pytest.mark.parametrize("claim", [c for c in conformance.CHECKS if c != "compile"])
def test_the_contract_of_a_layer(claim):
    conformance.CHECKS[claim](lambda: HamiltonianEmbedding(9, 3, layers=2, generator=0))


def test_black_images_have_gradients():
    model = HamiltonianEmbedding(16, 2, layers=2, generator=0, dtype=torch.float64)
    x = torch.zeros(3, 16, dtype=torch.float64, requires_grad=True)
    model(x)[:, 0].sum().backward()
    assert torch.isfinite(x.grad).all()
    assert (x.grad.abs() > 1e-9).all()
    assert torch.autograd.gradcheck(model, x)


def diverged(name):
    """A model with parameters that training has spoilt."""
    model = HamiltonianEmbedding(9, 2)
    torch.nn.init.constant_(getattr(model, name), torch.nan)
    return model(torch.rand(9))


def test_ablations():
    model = HamiltonianEmbedding(64, 3, layers=6, deviation=0.2)
    twin, once = model.classical_twin(generator=0), model.without_reuploading(generator=0)
    assert isinstance(twin, MLP)
    assert 0 <= twin.n_parameters - model.n_parameters < 64 + 3 + 1
    assert once.options() == {"layers": 1, "sharpness": 1.0, "deviation": 0.2}
    assert torch.equal(once.theta, model.without_reuploading(generator=0).theta)


def test_the_start_is_normal():
    model = HamiltonianEmbedding(784, 8, deviation=0.3, generator=0)
    # 10230 numbers: the deviation is within 5 standard errors, a false alarm in 1.7 million
    assert abs(float(model.theta.detach().std()) / 0.3 - 1) < 5 / (2 * 10230) ** 0.5


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: HamiltonianEmbedding(9, 1), "`n_classes` must be at least 2"),
        (lambda: HamiltonianEmbedding(9, 2, layers=0), "`layers` must be at least 1"),
        (lambda: HamiltonianEmbedding(9, 2, sharpness=0), "`sharpness` must be positive"),
        (lambda: HamiltonianEmbedding(9, 2, deviation=-1), "`deviation` must be positive"),
        (lambda: HamiltonianEmbedding(257**2, 2), "at most 8 qubits"),
        (lambda: HamiltonianEmbedding(9, 2, dtype=torch.int64), "real floating-point dtype"),
        (
            lambda: HamiltonianEmbedding(9, 2)(torch.full((2, 9), torch.inf)),
            "values of `x` must be finite",
        ),
        (lambda: diverged("theta"), "values of `theta` must be finite"),
        (lambda: diverged("times"), "values of `times` must be finite"),
        (lambda: HamiltonianEmbedding(9, 2, layers=10**7), "160000000 coefficients"),
        (
            lambda: HamiltonianEmbedding(9, 2).circuit(torch.rand(2, 9)),
            r"one sample \(9,\), got \(2, 9\)",
        ),
    ],
)
def test_bad_arguments_are_named(make, message):
    with pytest.raises(KetworkError, match=message):
        make()
