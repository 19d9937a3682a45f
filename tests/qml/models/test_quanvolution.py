"""Quanvolution against a loop over patches, and the model around it."""

from __future__ import annotations

import math

import pytest
import torch

from circuits import Circuit, DensityMatrix
from circuits import gates as g
from circuits.errors import KetworkError, UnsupportedOperationError
from qml import HQNNQuanv, Quanvolution
from qml.models.quanvolution import patches


def by_hand(patch, weight, scale=math.pi):
    """<Z_q> of the circuit on one patch, gate by gate."""
    n = len(patch)
    circuit = Circuit(n, [g.rx(scale * float(patch[q]), q) for q in range(n)])
    for rz, ry in weight.tolist():
        circuit += [g.rz(rz[q], q) for q in range(n)]
        circuit += [g.ry(ry[q], q) for q in range(n)]
        if n > 1:
            circuit += [g.cx(q, q + 1) for q in range(n - 1)]
        if n > 2:
            circuit += [g.cx(n - 1, 0)]
    return circuit.expectation([f"Z{q}" for q in range(n)])


@pytest.mark.parametrize(
    ("channels", "k", "stride", "height", "width"),
    [(1, 2, None, 4, 6), (1, 2, 1, 3, 4), (2, 1, 2, 3, 3), (1, 3, 2, 5, 4)],
)
def test_every_patch_by_a_circuit_of_its_own(channels, k, stride, height, width):
    layer = Quanvolution(channels, k, stride, layers=2, generator=3, dtype=torch.float64)
    images = torch.rand(2, channels, height, width, dtype=torch.float64)
    found = layer(images)
    step = k if stride is None else stride
    rows, columns = (height - k) // step + 1, (width - k) // step + 1
    assert found.shape == (2, channels * k * k, rows, columns)
    assert layer.out_channels == channels * k * k
    for b in range(2):
        for i in range(rows):
            for j in range(columns):
                part = images[b, :, i * step : i * step + k, j * step : j * step + k]
                expected = by_hand(part.flatten(), layer.layer.weight.detach())
                torch.testing.assert_close(found[b, :, i, j], expected, rtol=0, atol=1e-12)


def test_patches_are_those_of_torch_unfold():
    images = torch.rand(3, 2, 7, 6)
    expected = torch.nn.functional.unfold(images, 3, stride=2).transpose(1, 2)
    assert torch.equal(patches(images, 3, 2).reshape(3, -1, 18), expected)


def test_against_pennylane():
    qp = pytest.importorskip("pennylane")
    layer = Quanvolution(1, 2, layers=3, generator=1, dtype=torch.float64, scale=1.3)
    weight = layer.layer.weight.detach().numpy()
    image = torch.rand(1, 2, 2, dtype=torch.float64)

    @qp.qnode(qp.device("default.qubit", wires=4))
    def circuit(x):
        qp.AngleEmbedding(1.3 * x, wires=range(4), rotation="X")
        for rz, ry in weight:
            qp.AngleEmbedding(rz, wires=range(4), rotation="Z")
            qp.AngleEmbedding(ry, wires=range(4), rotation="Y")
            for q in range(4):
                qp.CNOT(wires=[q, (q + 1) % 4])
        return [qp.expval(qp.PauliZ(q)) for q in range(4)]

    values = [float(v) for v in circuit(image.flatten().numpy())]
    expected = torch.tensor(values, dtype=torch.float64)
    torch.testing.assert_close(layer(image).flatten(), expected, rtol=0, atol=1e-10)


def test_leading_dimensions_dtypes_and_one_image():
    layer = Quanvolution(1, 2, generator=0)
    images = torch.rand(2, 3, 1, 6, 6)
    found = layer(images)
    assert found.shape == (2, 3, 4, 3, 3)
    assert found.dtype == torch.float32
    torch.testing.assert_close(layer(images[1, 2]), found[1, 2])
    assert layer(images[:0]).shape == (0, 3, 4, 3, 3)
    assert layer(images.double()).dtype == torch.float64


def test_gradients_by_finite_differences():
    layer = Quanvolution(1, 2, 1, generator=0, dtype=torch.float64)
    images = torch.rand(2, 1, 3, 3, dtype=torch.float64, requires_grad=True)
    weight = layer.layer.weight.detach().requires_grad_()

    def function(data, values):
        return torch.func.functional_call(layer, {"layer.weight": values}, (data,))

    assert torch.autograd.gradcheck(function, (images, weight))


def test_a_fixed_quanvolution_keeps_its_weights():
    layer = Quanvolution(1, 2, trainable=False, generator=5)
    assert not any(p.requires_grad for p in layer.parameters())
    images = torch.rand(1, 1, 4, 4, requires_grad=True)
    layer(images).sum().backward()
    assert images.grad is not None
    other = Quanvolution(1, 2, trainable=False)
    other.load_state_dict(layer.state_dict())
    assert torch.equal(other(images), layer(images))
    model = HQNNQuanv(16, 2, trainable=False)
    assert model.n_parameters == 2 * 17
    x = torch.rand(3, 16)
    torch.testing.assert_close(model.head(model.features(x).flatten(1)), model(x))


def test_the_model_is_a_quanvolution_and_a_linear_layer():
    model = HQNNQuanv(2 * 25, 3, channels=2, kernel_size=1, stride=2, dtype=torch.float64)
    layer = Quanvolution(2, 1, 2, dtype=torch.float64)
    layer.layer.load_state_dict(model.layer.state_dict())
    x = torch.rand(4, 50, dtype=torch.float64)
    channels_last = layer(x.reshape(4, 2, 5, 5)).movedim(1, -1)
    torch.testing.assert_close(model(x), model.head(channels_last.flatten(1)))


def test_the_ablations_by_hand():
    model = HQNNQuanv(9, 2, stride=1, dtype=torch.float64)
    x = torch.rand(4, 9, dtype=torch.float64)
    parts = patches(x.reshape(4, 1, 3, 3), 2, 1)
    identity = model.without_circuit(generator=0)
    assert torch.equal(identity(x), identity.head(parts.flatten(1)))
    twin = model.classical_twin(generator=0)
    kernel, bias = twin.layer.weight, twin.layer.bias
    convolved = torch.nn.functional.conv2d(x.reshape(4, 1, 3, 3), kernel.reshape(4, 1, 2, 2), bias)
    torch.testing.assert_close(twin(x), twin.head(torch.tanh(convolved).movedim(1, -1).flatten(1)))
    for other in (identity, twin):
        with pytest.raises(UnsupportedOperationError, match='core="quantum"'):
            other.with_backend(DensityMatrix())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: HQNNQuanv(30, 2), r"1 or 3 channel\(s\), got 30"),
        (lambda: HQNNQuanv(32, 2, channels=1), r"with 1 channel\(s\), got 32"),
        (lambda: HQNNQuanv(16, 2, kernel_size=5), "at most the image's side 4, got 5"),
        (lambda: HQNNQuanv(16, 2, stride=0), "`stride` must be at least 1"),
        (lambda: HQNNQuanv(16, 2, core="none"), "'quantum', 'identity', 'classical'"),
        (lambda: HQNNQuanv(16, 2, core="identity", shots=5), "`shots` has no effect"),
        (lambda: HQNNQuanv(16, 2, layers=10**6), "1000000 layers of 4 qubits"),
        (lambda: HQNNQuanv(16, 2, trainable=1), "`trainable` must be True or False"),
        (lambda: Quanvolution(0), "`in_channels` must be at least 1"),
        (lambda: Quanvolution(1, scale=math.nan), "`scale` must be finite"),
        (lambda: Quanvolution(1, scale=0), "`scale` must not be zero"),
        (
            lambda: Quanvolution(1)(torch.ones(1, 4, 4, dtype=torch.long)),
            r"`images` must be .* got torch\.int64",
        ),
        (lambda: HQNNQuanv(16, 2, core="identity", dtype=torch.int64), "real floating-point"),
        (lambda: HQNNQuanv(16, 2, core="identity", trainable="no"), "must be True or False"),
        (lambda: Quanvolution(1)(torch.rand(2, 4, 4)), r"\(\.\.\., 1, height, width\)"),
        (lambda: Quanvolution(1)(torch.rand(1, 1, 4)), r"at least 2, got \(1, 1, 4\)"),
        (lambda: Quanvolution(1)([[1.0]]), "must be a torch.Tensor, got list"),
    ],
)
def test_bad_arguments_are_named(make, message):
    with pytest.raises(KetworkError, match=message):
        make()
