"""The hybrid network: sizes of the paper's experiments, its parts, its twin."""

from __future__ import annotations

import pytest
import torch

from circuits import DensityMatrix, StateVector
from circuits.errors import DtypeError, KetworkError
from qml import HQKAN


@pytest.mark.parametrize(
    ("options", "numbers"),
    [  # heads of the authors' CIFAR-100 networks, for 256 features
        ({}, 3_304),
        ({"multiplier": 4}, 18_292),
        ({"multiplier": 4, "preact_trainable": True, "ba_trainable": True}, 18_292 + 32 * 28 * 7),
    ],
)
def test_parameter_counts(options, numbers):
    assert HQKAN(256, 100, **options).n_parameters == numbers


def test_it_is_three_parts():
    model = HQKAN(20, 5, multiplier=2, dtype=torch.float64)
    assert model.qkan.widths == (10, 6)
    x = torch.rand(4, 7, 20, dtype=torch.float64)
    inner = x @ model.encoder.weight.T + model.encoder.bias
    expected = model.qkan(inner) @ model.head.weight.T + model.head.bias
    torch.testing.assert_close(model(x), expected)


def test_small_sizes_have_one_inner_node():
    assert HQKAN(1, 1).qkan.widths == (1, 1)


def test_it_takes_the_place_of_a_block():
    """In a small regression it learns as part of another network."""
    block = torch.nn.Sequential(torch.nn.Linear(3, 16), HQKAN(16, 4, generator=1))
    x = torch.rand(64, 3, generator=torch.Generator().manual_seed(0))
    target = torch.stack([x.sum(-1), (3 * x[:, 0]).sin(), x[:, 1] ** 2, x[:, 2]], -1)
    optimizer = torch.optim.Adam(block.parameters(), 0.02)
    losses = []
    for _ in range(120):
        loss = (block(x) - target).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.1 * losses[0]


def test_the_twin_has_as_many_parameters():
    model = HQKAN(64, 10, multiplier=2)
    twin = model.classical_twin(generator=0)
    assert 0 <= twin.n_parameters - model.n_parameters < 64 + 10 + 1


def test_another_backend_shares_the_parameters():
    model = HQKAN(9, 3, dtype=torch.float64)
    other = model.with_backend(DensityMatrix(), n_qubits=2)
    x = torch.rand(5, 9, dtype=torch.float64)
    torch.testing.assert_close(other(x), model(x), rtol=0, atol=1e-12)
    assert all(a is b for a, b in zip(model.parameters(), other.parameters(), strict=True))
    sampled = model.with_backend(StateVector(), shots=10, generator=0)
    assert not torch.equal(sampled(x), model(x))
    assert model.qkan.layers[0].runner is None


def test_classical_layers_want_data_in_their_dtype():
    model = HQKAN(6, 2)
    with pytest.raises(DtypeError, match=r"`x` is torch\.float64, but .* torch\.float32"):
        model(torch.rand(3, 6, dtype=torch.float64))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert model(torch.rand(3, 6, dtype=torch.bfloat16)).shape == (3, 2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"multiplier": 0}, "`multiplier`"),
        ({"ansatz": "px"}, "'px'"),
        ({"group": 99}, "`group`"),
        ({"dtype": torch.int32}, "`dtype`"),
    ],
)
def test_wrong_arguments_are_named(options, message):
    with pytest.raises(KetworkError, match=message):
        HQKAN(16, 4, **options)
