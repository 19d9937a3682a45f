"""Quantum convolution and quantum linear layer against circuits, scipy and torch."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.linalg
import torch
from torch import nn

from circuits import PauliSum, Probabilities
from circuits.errors import KetworkError
from qml import GradualReplacement, QuantumConv2d, QuantumLayer, QuantumLinear, conformance
from tests.qml.models.test_special_unitary import by_kronecker


@pytest.mark.parametrize(("k", "stride", "padding"), [(3, 1, 0), (2, 2, 1), (4, 1, 0), (1, 1, 0)])
def test_patches_are_observables(k, stride, padding):
    layer = QuantumConv2d(2, 3, k, stride=stride, padding=padding, generator=0, dtype=torch.float64)
    images = torch.rand(2, 2, 4, 5, dtype=torch.float64)
    found = layer(images).detach()
    padded = nn.functional.pad(images, (padding,) * 4)
    rows, columns = (padded.shape[2] - k) // stride + 1, (padded.shape[3] - k) // stride + 1
    assert found.shape == (2, 3, rows, columns)
    size = 2**layer.n_qubits
    for o in range(3):
        for i, j in ((0, 0), (rows - 1, columns - 1)):
            total = 0.0
            for c in range(2):
                matrix = np.zeros((size, size))
                top, left = i * stride, j * stride
                matrix[:k, :k] = padded[1, c, top : top + k, left : left + k]
                observable = PauliSum.from_matrix((matrix + matrix.T) / 2)
                total += float(layer.circuit(o, c).expectation([observable])[0])
            expected = total / 2 + float(layer.bias[o].detach())
            assert abs(float(found[1, o, i, j]) - expected) < 1e-12


def test_kernels_by_scipy():
    layer = QuantumConv2d(2, 2, generator=3, dtype=torch.float64)
    for o in range(2):
        for c in range(2):
            u = scipy.linalg.expm(1j * by_kronecker(layer.theta[o, c].detach(), 2))
            psi = u[:, 0]
            expected = np.outer(psi.conj(), psi).real[:3, :3] / 2
            np.testing.assert_allclose(layer.kernels()[o, c].detach(), expected, atol=1e-13)


class Flat(nn.Module):
    """A convolution as a layer of vectors, as the conformance suite asks for."""

    in_features, out_features = 2 * 9, 3 * 4

    def __init__(self):
        super().__init__()
        self.layer = QuantumConv2d(2, 3, 2, generator=0)

    def forward(self, x):
        return self.layer(x.unflatten(-1, (2, 3, 3))).flatten(-3)


CLAIMS = [c for c in conformance.CHECKS if c != "compile"]


@pytest.mark.parametrize("claim", CLAIMS)
def test_the_contract_of_the_convolution(claim):
    conformance.CHECKS[claim](Flat)


@pytest.mark.parametrize("claim", CLAIMS)
def test_the_contract_of_the_linear_layer(claim):
    conformance.CHECKS[claim](lambda: QuantumLinear(7, 3, layers=2, generator=0))


@pytest.mark.parametrize(("d", "outputs"), [(9, 3), (16, 4), (3, 7)])
def test_the_linear_layer_by_matrices(d, outputs):
    layer = QuantumLinear(d, outputs, layers=3, generator=2, dtype=torch.float64)
    n = layer.n_qubits
    x = torch.randn(3, d, dtype=torch.float64)
    for sample, found in zip(x, layer(x).detach(), strict=True):
        padded = np.zeros(4**n)
        padded[:d] = sample
        rows = padded.reshape(2**n, 2**n)
        h = (rows + rows.T) / 2
        state = np.full(2**n, 2 ** (-n / 2), dtype=complex)
        for theta in layer.theta.detach():
            state = scipy.linalg.expm(1j * h / 3) @ state
            state = scipy.linalg.expm(1j * by_kronecker(theta, n)) @ state
        expected = (np.abs(state) ** 2)[:outputs] + layer.bias.detach().numpy()
        np.testing.assert_allclose(found, expected, atol=1e-12)


def test_the_linear_layer_as_a_circuit():
    layer = QuantumLinear(9, 3, layers=2, generator=2, dtype=torch.float64)
    x = torch.randn(9, dtype=torch.float64)
    probabilities = QuantumLayer(layer.circuit(x), Probabilities())()
    expected = layer(x).detach() - layer.bias.detach()
    torch.testing.assert_close(probabilities[:3], expected, rtol=0, atol=1e-12)


def test_levels_of_replacement():
    x = torch.rand(3, 784)
    for level, first, last in (
        (0, nn.Conv2d, nn.Linear),
        (1, QuantumConv2d, nn.Linear),
        (2, QuantumConv2d, QuantumLinear),
    ):
        model = GradualReplacement(784, 10, level=level)
        assert all(isinstance(c, first) for c in model.convolutions)
        assert isinstance(model.head, last)
        assert model(x).shape == (3, 10)
        assert model.head.in_features == 12544
    assert (model.head.n_qubits, len(model.head.theta)) == (7, 10)
    assert GradualReplacement(3 * 32 * 32, 10, level=1).image == (3, 32, 32)


@pytest.mark.parametrize(("level", "linear"), [(0, True), (1, True), (2, False)])
def test_only_the_last_level_is_nonlinear(level, linear):
    model = GradualReplacement(36, 3, level=level, generator=0, dtype=torch.float64)
    a, b, zero = torch.rand(3, 36, dtype=torch.float64)
    zero = 0 * zero
    defect = float((model(a + b) + model(zero) - model(a) - model(b)).abs().max())
    assert (defect < 1e-12) == linear


@pytest.mark.parametrize("level", [0, 1, 2])
@pytest.mark.parametrize(("side", "before"), [(6, 1), (7, 0)])
def test_the_levels_layer_by_layer(side, before, level):
    """The model computes both convolutions as one; values and gradients are those of both."""
    model = GradualReplacement(side * side, 3, level=level, generator=0, dtype=torch.float64)
    x = torch.rand(2, side * side, dtype=torch.float64, requires_grad=True)
    inside = slice(before, before + side)
    images = torch.zeros(2, 1, 8, 8, dtype=torch.float64)
    images[:, :, inside, inside] = x.reshape(2, 1, side, side)
    for convolution in model.convolutions:
        images = convolution(images)
    expected = model.head(images.flatten(1))
    found = model(x)
    torch.testing.assert_close(found, expected)
    wanted = [x, *model.parameters()]
    gradients = [torch.autograd.grad(y.square().sum(), wanted) for y in (found, expected)]
    torch.testing.assert_close(*gradients)


def test_sharpness_multiplies_probabilities_and_deviation_the_start():
    options = {"layers": 2, "generator": 0, "dtype": torch.float64}
    plain = GradualReplacement(36, 3, **options)
    sharp = GradualReplacement(36, 3, sharpness=8.0, deviation=0.25, **options)
    torch.testing.assert_close(sharp.head.theta, plain.head.theta / 4)
    torch.testing.assert_close(sharp.convolutions[0].theta, plain.convolutions[0].theta)
    sharp.load_state_dict(plain.state_dict())
    x, bias = torch.rand(2, 36, dtype=torch.float64), plain.head.bias
    torch.testing.assert_close(sharp(x) - bias, 8 * (plain(x) - bias))


@pytest.mark.parametrize("level", [0, 1, 2])
def test_the_twin_has_nearly_as_many_parameters(level):
    model = GradualReplacement(64, 3, level=level)
    twin = model.classical_twin(generator=0)
    assert twin.level == 0
    assert 0 <= twin.n_parameters - model.n_parameters < 16 * 16 + 1 + 3
    x = torch.rand(2, 64)
    assert torch.equal(model.classical_twin(generator=0)(x), twin(x))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: QuantumConv2d(0, 1), "`in_channels` must be at least 1"),
        (lambda: QuantumConv2d(1, 1, padding=-1), "`padding` must be at least 0"),
        (lambda: QuantumConv2d(1, 1, 257), "at most 8 qubits"),
        (lambda: QuantumConv2d(10**4, 10**4), "1600000000 coefficients"),
        (lambda: QuantumConv2d(1, 1)(torch.rand(2, 5, 5)), r"\(\.\.\., 1, height, width\)"),
        (lambda: QuantumConv2d(1, 1)(torch.rand(1, 2, 5)), r"at least 3, got \(1, 2, 5\)"),
        (lambda: QuantumConv2d(1, 1)(3), "must be a torch.Tensor, got int"),
        (
            lambda: QuantumConv2d(1, 1)(torch.ones(1, 4, 4, dtype=torch.long)),
            r"`images` must be .* got torch\.int64",
        ),
        (lambda: QuantumConv2d(1, 1, dtype=torch.int32), "real floating-point dtype"),
        (lambda: QuantumConv2d(2, 3).circuit(3, 0), "`out_channel` must be from 0 to 2, got 3"),
        (lambda: QuantumConv2d(2, 3).circuit(0, 2), "`in_channel` must be from 0 to 1, got 2"),
        (lambda: QuantumConv2d(2, 3).circuit(-1, 0), "`out_channel` must be at least 0"),
        (lambda: QuantumLinear(4, 2)(torch.full((4,), math.nan)), "values of `x` must be finite"),
        (lambda: QuantumLinear(4, 2)(torch.full((4,), 3e38)), "not too large to compute with"),
        (lambda: QuantumLinear(4, 0), "`out_features` must be at least 1"),
        (lambda: QuantumLinear(4, 257), "at most 8 qubits"),
        (lambda: QuantumLinear(4, 2)(torch.rand(2, 3)), r"\(\.\.\., 4\), got \(2, 3\)"),
        (lambda: QuantumLinear(4, 2).circuit(torch.rand(1, 4)), r"got \(1, 4\)"),
        (lambda: GradualReplacement(64, 2, level=3), "must be 0, 1 or 2, got 3"),
        (lambda: GradualReplacement(64, 2, hidden=3), "`hidden` has no effect at level 2"),
        (lambda: GradualReplacement(64, 2, level=1, layers=3), "`layers` has no effect at level 1"),
        (lambda: GradualReplacement(64, 2, level=0, sharpness=2.0), "`sharpness` has no effect"),
        (lambda: GradualReplacement(64, 2, level=1, deviation=2.0), "`deviation` has no effect"),
        (lambda: GradualReplacement(64, 2, sharpness=0.0), "`sharpness` must be positive, got 0"),
        (lambda: QuantumLinear(4, 2, sharpness=-1.0), "`sharpness` must be positive, got -1"),
        (lambda: GradualReplacement(64, 2, level=0, hidden=10**6), "1000000 units"),
        (lambda: GradualReplacement(63, 2), "square images"),
    ],
)
def test_bad_arguments_are_named(make, message):
    with pytest.raises(KetworkError, match=message):
        make()
