"""Results do not depend on which thread was faster: the same seed trains the same network."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from circuits import Circuit, DensityMatrix, StateVector, _native, inputs, weights
from circuits import gates as g
from qml import QuantumLayer

pytestmark = pytest.mark.skipif(_native.kernels() is None, reason="kernels are not compiled")


@pytest.fixture(autouse=True)
def three_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


def reuploading(n: int, layers: int) -> Circuit:
    x, w = inputs(n), weights(layers, n, 2)
    circuit = Circuit(n)
    for layer in range(layers):
        circuit += [g.ry(x[q], q) for q in range(n)]
        circuit += [g.rx(w[layer, q, 0], q) for q in range(n)]
        circuit += [g.rz(w[layer, q, 1], q) for q in range(n)]
        circuit += [g.cx(q, (q + 1) % n) for q in range(n)]
    return circuit


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    ("n", "layers", "batch", "backend", "runs"),
    [
        pytest.param(6, 4, 64, StateVector(), 150, id="groups of samples"),
        pytest.param(15, 1, 1, StateVector(), 25, id="tiles of one state"),
        pytest.param(4, 2, 64, DensityMatrix(), 150, id="Pauli vectors"),
    ],
)
def test_gradients_are_the_same_to_the_last_bit(n, layers, batch, backend, runs, dtype) -> None:
    layer = QuantumLayer(reuploading(n, layers), backend=backend, generator=0, dtype=dtype)
    x = torch.rand(batch, n, generator=torch.Generator().manual_seed(0), dtype=dtype)
    x.requires_grad_()
    found = set()
    for _ in range(runs):
        out = layer(x)
        gradients = torch.autograd.grad(out.square().sum(), [x, layer.weight])
        found.add(tuple(t.detach().numpy().tobytes() for t in (out, *gradients)))
    assert len(found) == 1
