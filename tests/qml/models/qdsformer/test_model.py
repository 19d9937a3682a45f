"""The transformer around the attention."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from circuits import StateVector
from circuits.errors import (
    DtypeError,
    KetworkError,
    NonFiniteError,
    UnsupportedOperationError,
)
from qml import QDSFormer
from qml.training import fit

SMALL = {"patches": 3, "width": 8, "circuit_layers": 1, "n_auxiliary": 1, "dtype": torch.float64}


def samples(*shape, seed=1):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_values_are_those_of_the_formula():
    model = QDSFormer(7, 3, depth=2, mlp_factor=2, generator=1, **SMALL)
    x = samples(4, 7)
    stripes = torch.cat([x, torch.zeros(4, 2, dtype=x.dtype)], -1).reshape(4, 3, 3)
    tokens = model.encoder(stripes)
    tokens = torch.cat([model.start.expand(4, 1, 8), tokens], 1) + model.positions
    for block in model.blocks:
        normed = functional.layer_norm(tokens, (8,))
        tokens = tokens + block.attention(normed)
        normed = functional.layer_norm(tokens, (8,))
        tokens = tokens + block.contract(functional.gelu(block.expand(normed)))
    expected = model.head(functional.layer_norm(tokens[:, 0], (8,)))
    torch.testing.assert_close(model(x), expected)
    assert model.n_tokens == 4


def test_stripes_of_an_image_are_rows():
    model = QDSFormer(784, 10, circuit_layers=1)
    assert model.encoder.in_features == 4 * 28
    assert model.n_tokens == 8
    image = torch.rand(28, 28)
    moved = torch.cat([image[:4], image[4:8].flip(1), image[8:]])
    first = model.encoder(image.flatten().unflatten(-1, (7, 112)))
    second = model.encoder(moved.flatten().unflatten(-1, (7, 112)))
    assert [torch.equal(a, b) for a, b in zip(first, second, strict=True)] == [
        index != 1 for index in range(7)
    ]


@pytest.mark.parametrize("image_shape", [(4, 6), (1, 4, 6), (3, 4, 6)])
def test_a_grid_cuts_an_image_into_rectangles(image_shape):
    channels = image_shape[0] if len(image_shape) == 3 else 1
    options = {**SMALL, "patches": (2, 3), "image_shape": image_shape, "pooling": "mean"}
    model = QDSFormer(24 * channels, 2, **options)
    assert model.n_tokens == 6
    image = samples(5, channels, 4, 6)
    expected = [
        image[:, :, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2].flatten(1)
        for row in range(2)
        for column in range(3)
    ]
    assert torch.equal(model.patches.cut(image.flatten(1)), torch.stack(expected, 1))
    twin = QDSFormer(24 * channels, 2, **model.options(), dtype=torch.float64)
    twin.load_state_dict(model.state_dict())
    assert torch.equal(twin(image.flatten(1)), model(image.flatten(1)))
    assert model.without_circuit().patches == model.patches


def test_patches_of_a_compositional_task():
    model = QDSFormer(
        3 * 56 * 56, 4, patches=(4, 2), image_shape=(3, 56, 56), pooling="mean", width=16, heads=2
    )
    assert model.encoder.in_features == 3 * 14 * 28
    assert model.n_tokens == 8
    assert model(torch.rand(2, 3 * 56 * 56)).shape == (2, 4)
    assert model.options()["heads"] == model.without_circuit().options()["heads"] == 2


def test_mean_pooling_reads_all_tokens():
    model = QDSFormer(4, 2, pooling="mean", **{**SMALL, "patches": 2})
    assert model.n_tokens == 2
    assert model.start is None
    assert "start" not in dict(model.named_parameters())
    tokens = model.encoder(samples(4).unflatten(-1, (2, 2))) + model.positions
    expected = model.head(functional.layer_norm(model.blocks[0](tokens).mean(0), (8,)))
    torch.testing.assert_close(model(samples(4)), expected)


@pytest.mark.parametrize("method", ["softmax", "softmax_sigma", "sinkhorn", "qr"])
def test_the_same_network_with_another_attention(method):
    model = QDSFormer(7, 3, generator=1, **SMALL)
    other = model.without_circuit(method, generator=1)
    angles = model.blocks[0].attention.circuit.theta.numel()
    assert model.n_parameters - other.n_parameters == angles == 8
    assert other.options()["method"] == method
    assert other(samples(2, 7)).dtype == torch.float64
    with pytest.raises(UnsupportedOperationError):
        other.with_backend(StateVector())


def test_frozen_circuits_are_not_counted():
    frozen = QDSFormer(7, 3, train_circuit=False, **SMALL)
    assert QDSFormer(7, 3, **SMALL).n_parameters - frozen.n_parameters == 8
    assert frozen.options()["train_circuit"] is False
    assert list(frozen.state_dict()) == list(QDSFormer(7, 3, **SMALL).state_dict())


def test_a_backend_has_the_same_values_and_gradients():
    model = QDSFormer(7, 3, depth=2, generator=1, **SMALL)
    x = samples(2, 7)
    other = model.with_backend(StateVector())
    torch.testing.assert_close(other(x), model(x), rtol=0, atol=1e-11)
    for mine, theirs in zip(model.parameters(), other.parameters(), strict=True):
        assert mine is theirs
    other(x).square().sum().backward()
    through_other = [p.grad.clone() for p in model.parameters()]
    model.zero_grad()
    model(x).square().sum().backward()
    for mine, theirs in zip(model.parameters(), through_other, strict=True):
        torch.testing.assert_close(mine.grad, theirs, rtol=1e-7, atol=1e-10)
    sampled = model.with_backend(StateVector(), shots=1000, generator=0)
    assert not torch.equal(sampled(x), model(x))


def test_angles_can_have_a_rate_of_their_own():
    model = QDSFormer(7, 3, depth=2, **SMALL)
    others, angles = model.parameter_groups(0.25, 4.0)
    assert (others["lr"], angles["lr"]) == (0.25, 1.0)
    thetas = [block.attention.circuit.theta for block in model.blocks]
    assert [id(p) for p in angles["params"]] == [id(theta) for theta in thetas]
    assert len(others["params"]) + 2 == len(list(model.parameters()))
    for other in (model.without_circuit(), QDSFormer(7, 3, train_circuit=False, **SMALL)):
        (group,) = other.parameter_groups(0.25)
        assert group["lr"] == 0.25
        assert all(p.requires_grad for p in group["params"])
    with pytest.raises(KetworkError, match="`lr` must be a number"):
        model.parameter_groups("fast")


def test_bad_data_are_named():
    model = QDSFormer(7, 3, **{**SMALL, "dtype": torch.float32})
    with pytest.raises(DtypeError, match=r"`x` is torch\.float64, but .* torch\.float32"):
        model(samples(2, 7))
    with pytest.raises(NonFiniteError, match="values of `x` must be finite"):
        model(samples(2, 7).float() * torch.inf)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert model(samples(2, 7).bfloat16()).shape == (2, 3)


def test_training_lowers_the_loss():
    generator = torch.Generator().manual_seed(2)
    x = torch.randn(60, 8, generator=generator)
    y = (x[:, :4].sum(-1) > x[:, 4:].sum(-1)).long()
    model = QDSFormer(8, 2, patches=3, width=8, circuit_layers=2, generator=0)
    start = model.blocks[0].attention.circuit.theta.detach().clone()
    fit(model, (x, y), epochs=12, batch_size=20, lr=0.01, seed=0, progress=False)
    assert float((model(x).argmax(-1) == y).float().mean()) > 0.85
    assert bool((model.blocks[0].attention.circuit.theta != start).any())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"patches": 0}, "`patches` must be at least 1"),
        ({"patches": 1, "pooling": "mean"}, "`patches` must be at least 2"),
        ({"patches": (2, 2)}, "`image_shape` is needed for a grid"),
        ({"image_shape": (1, 7)}, "`image_shape` has no effect on stripes"),
        ({"patches": (1, 7), "image_shape": (7, 7)}, "`image_shape` must have 7 numbers"),
        ({"patches": (1, 3), "image_shape": (1, 7)}, "must divide an image of 1 x 7 pixels"),
        ({"patches": (1, 2, 3), "image_shape": (1, 7)}, "`patches` must be 2 integers"),
        ({"patches": (1, 7), "image_shape": (7,)}, "`image_shape` must be 2 or 3 integers"),
        ({"patches": "33"}, "`patches` must be an integer"),
        ({"heads": 3}, "`heads` must divide the 8 features"),
        ({"pooling": "max"}, "`pooling` must be one of 'class', 'mean'"),
        ({"method": "qr"}, "`circuit_layers` has no effect"),
        ({"circuit_layers": 0}, "`circuit_layers` must be at least 1"),
        ({"train_circuit": 1}, "`train_circuit` must be True or False, got int: 1"),
        ({"dtype": torch.complex64}, "`dtype` must be a real floating-point dtype"),
        ({"width": 8.0}, "`width` must be an integer"),
        ({"depth": 0}, "`depth` must be at least 1"),
        ({"patches": 5000}, "too large"),
    ],
)
def test_bad_options_are_named(options, message):
    with pytest.raises(KetworkError, match=message):
        QDSFormer(7, 3, **{**SMALL, **options})
