"""HQNN-Parallel against its circuits one by one, its ablations, batch normalisation."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional

from circuits.errors import KetworkError, UnsupportedOperationError
from qml import HQNNParallel
from tests.qml.models.test_quanvolution import by_hand


def front(model, x):
    """The values between encoder and circuits, layer by layer."""
    y = x.reshape(-1, *model.image)
    for k, convolution in enumerate(model.convolutions):
        y = functional.conv2d(functional.pad(y, (2, 2, 2, 2)), convolution.weight, convolution.bias)
        if model.norm == "batch":
            norm = model.norms[k]
            mean, variance = y.mean((0, 2, 3)), y.var((0, 2, 3), unbiased=False)
            y = (y - mean[:, None, None]) / (variance[:, None, None] + norm.eps).sqrt()
            y = y * norm.weight[:, None, None] + norm.bias[:, None, None]
        y = functional.max_pool2d(y.clamp_min(0), 2)
    return torch.tanh(model.encoder(model.hidden(y.flatten(1)).clamp_min(0)))


@pytest.mark.parametrize("norm", ["batch", "none"])
def test_every_circuit_by_itself(norm):
    model = HQNNParallel(64, 3, circuits=3, n_qubits=2, norm=norm, generator=0, dtype=torch.float64)
    x = torch.rand(2, 64, dtype=torch.float64)
    values = front(model, x)
    expected = torch.stack(
        [
            torch.cat(
                [
                    by_hand(row[2 * k : 2 * k + 2], model.layer.weight[k].detach(), math.pi / 2)
                    for k in range(3)
                ]
            )
            for row in values.detach()
        ]
    )
    torch.testing.assert_close(model(x), model.head(expected), rtol=0, atol=1e-12)


def test_the_sizes_of_the_paper():
    model = HQNNParallel(784, 10)
    assert (model.hidden.in_features, model.hidden.out_features) == (1568, 120)
    assert (model.encoder.out_features, model.head.in_features) == (20, 20)
    assert model.layer.weight.shape == (4, 3, 2, 5)
    assert model.options() == {
        "circuits": 4, "n_qubits": 5, "layers": 3, "channels": 1, "norm": "batch",
        "core": "quantum",
    }  # fmt: skip
    assert HQNNParallel(3 * 32 * 32, 10).image == (3, 32, 32)


def test_the_ablations_by_hand():
    model = HQNNParallel(64, 3, circuits=2, n_qubits=3, layers=2, norm="none", dtype=torch.float64)
    x = torch.rand(4, 64, dtype=torch.float64)
    identity, twin = model.without_circuit(generator=1), model.classical_twin(generator=1)
    assert identity.n_parameters == model.n_parameters - 2 * 2 * 2 * 3
    assert twin.n_parameters == model.n_parameters
    torch.testing.assert_close(identity(x), identity.head(front(identity, x)))
    z = front(twin, x)
    groups = [
        torch.tanh(z[:, 3 * k : 3 * k + 3] @ twin.layer.weight[k].T + twin.layer.bias[k])
        for k in range(2)
    ]
    torch.testing.assert_close(twin(x), twin.head(torch.cat(groups, 1)))
    with pytest.raises(UnsupportedOperationError):
        identity.with_backend(model.layer.backend)


def test_batch_normalisation_trains_and_evaluates():
    model = HQNNParallel(64, 3, generator=0)
    x = torch.rand(8, 64)
    before = model.norms[0].running_mean.clone()
    model(x).sum().backward()
    assert all(p.grad is not None for p in model.parameters())
    assert (model.norms[0].running_mean != before).all()
    assert model(x[:0]).shape == (0, 3)
    assert torch.isfinite(model.norms[0].running_mean).all()
    model.eval()
    torch.testing.assert_close(model(x)[3], model(x[3]), rtol=1e-4, atol=1e-5)
    other = HQNNParallel(64, 3).eval()
    other.load_state_dict(model.state_dict())
    assert torch.equal(other(x), model(x))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: HQNNParallel(63, 3), "got 63"),
        (lambda: HQNNParallel(64, 3, circuits=0), "`circuits` must be at least 1"),
        (lambda: HQNNParallel(64, 3, norm="layer"), "'batch', 'none'"),
        (lambda: HQNNParallel(64, 3, circuits=10**6), "1000000 circuits of 5 qubits"),
        (lambda: HQNNParallel(64, 1), "`n_classes` must be at least 2"),
        (lambda: HQNNParallel(64, 3, core="classical", diff_method="spsa"), "`diff_method` has no"),
    ],
)
def test_bad_arguments_are_named(make, message):
    with pytest.raises(KetworkError, match=message):
        make()
