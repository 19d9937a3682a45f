"""Attention with every map of scores: closed forms, loops, masks, backends, bad input."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from circuits import StateVector
from circuits.errors import (
    DtypeError,
    InvalidArgumentError,
    KetworkError,
    NonFiniteError,
    ShapeError,
    UnsupportedOperationError,
)
from qml import DoublyStochasticAttention, conformance
from qml.models.qdsformer import operators
from qml.models.qdsformer.methods import OPTIONS

OTHERS = [name for name in OPTIONS if name != "circuit"]
SMALL = {"circuit": {"layers": 1, "n_auxiliary": 2}}


def scores(*shape, seed=1, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def make(method="circuit", n_tokens=3, **options):
    given = {**SMALL.get(method, {}), "generator": 3, "dtype": torch.float64, **options}
    return DoublyStochasticAttention(5, n_tokens, method=method, **given)


def test_softmax_is_its_formula():
    s = scores(2, 3, 3)
    expected = s.exp() / s.exp().sum(-1, keepdim=True)
    torch.testing.assert_close(operators.softmax(s), expected)


def test_softmax_sigma_divides_by_the_variance():
    s = scores(2, 4, 4)
    for k in range(2):
        scaled = s[k] / np.var(s[k].numpy())
        torch.testing.assert_close(operators.softmax_sigma(s)[k], operators.softmax(scaled))
    mask = torch.ones(4, 4, dtype=torch.bool)
    mask[:, 3] = False
    kept = s[0, :, :3]
    expected = operators.softmax(kept / np.var(kept.numpy()))
    torch.testing.assert_close(operators.softmax_sigma(s[0], mask)[:, :3], expected)
    constant = operators.softmax_sigma(torch.ones(3, 3))
    torch.testing.assert_close(constant, torch.full((3, 3), 1 / 3))


@pytest.mark.parametrize("iterations", [1, 3, 7, 21])
def test_sinkhorn_is_a_loop_of_normalisations(iterations):
    s = scores(4, 4).numpy()
    matrix = np.exp(s)
    for k in range(iterations):
        for line in range(4):
            if k % 2 == 0:
                matrix[line] = matrix[line] / sum(matrix[line])
            else:
                matrix[:, line] = matrix[:, line] / sum(matrix[:, line])
    found = operators.sinkhorn(torch.from_numpy(s), iterations=iterations)
    torch.testing.assert_close(found, torch.from_numpy(matrix), rtol=0, atol=1e-13)


def test_sinkhorn_converges_and_does_not_overflow():
    s = 3 * scores(5, 5)
    distance = [
        float((operators.sinkhorn(s, iterations=k).sum(-2) - 1).abs().max()) for k in (3, 21, 401)
    ]
    assert distance[0] > distance[1] > distance[2]
    assert distance[2] < 1e-8
    assert bool(torch.isfinite(operators.sinkhorn(1e4 * s)).all())


def test_qr_is_unistochastic():
    s = scores(3, 4, 4)
    found = operators.qr(s)
    for k in range(3):
        q, _ = np.linalg.qr(s[k].numpy())
        torch.testing.assert_close(found[k], torch.from_numpy(q**2), rtol=0, atol=1e-13)
    for axis in (-1, -2):
        torch.testing.assert_close(found.sum(axis), torch.ones(3, 4, dtype=found.dtype))
    column = s[..., 0].square() / s[..., 0].square().sum(-1, keepdim=True)
    torch.testing.assert_close(found[..., 0], column)


def test_qr_of_scores_without_full_rank():
    s = torch.ones(2, 3, 3, requires_grad=True)
    found = operators.qr(s)
    for axis in (-1, -2):
        torch.testing.assert_close(found.sum(axis), torch.ones(2, 3), rtol=0, atol=2e-4)
    found.square().sum().backward()
    assert bool(torch.isfinite(s.grad).all())
    assert torch.equal(operators.qr(s), found)


@pytest.mark.parametrize("method", OTHERS)
def test_gradients_of_operators(method):
    function = getattr(operators, method)
    s = scores(2, 3, 3).requires_grad_()
    assert torch.autograd.gradcheck(function, (s,))
    assert torch.autograd.gradgradcheck(function, (s,))


@pytest.mark.parametrize("method", OPTIONS)
def test_attention_is_its_formula(method):
    layer = make(method, head_features=4)
    x = scores(2, 3, 5)
    q, k, v = (x @ layer.inner.weight.T + layer.inner.bias).split(4, -1)
    raw = q @ k.transpose(-1, -2)
    if layer.circuit is not None:
        size = ((raw / 2).square().mean((1, 2), keepdim=True) + 1e-6).sqrt()
        matrix = layer.circuit(1 + 0.25 / 2 * raw / size)
    else:
        scaled = raw if method == "softmax_sigma" else raw / 2
        matrix = getattr(operators, method)(scaled)
    expected = matrix @ v @ layer.outer.weight.T + layer.outer.bias
    torch.testing.assert_close(layer(x), expected)
    torch.testing.assert_close(layer.matrix(x), matrix)


def test_scores_are_brought_to_a_size():
    s = torch.tensor([1e-12, 1e-3, 1.0, 50.0], dtype=torch.float64)[:, None, None] * scores(4, 3, 3)
    sizes = operators.rescaled(s, 0.3).square().mean((1, 2)).sqrt()
    assert float(sizes[0]) < 1e-8
    assert 0.1 < float(sizes[1]) < 0.3
    torch.testing.assert_close(sizes[2:], torch.full((2,), 0.3).double(), rtol=1e-5, atol=0)
    assert torch.autograd.gradcheck(lambda s: operators.rescaled(s, 0.3), (s[2:].requires_grad_(),))
    x = scores(2, 3, 5)
    layer = make(head_features=4)
    plain = make(head_features=4, score_size=0, score_offset=0)
    q, k, _ = layer.inner(x).split(4, -1)
    torch.testing.assert_close(plain.matrix(x), plain.circuit(q @ k.mT / 2))
    with torch.no_grad():
        before = layer.matrix(x)
        layer.inner.weight *= 10
        layer.inner.bias *= 10
        torch.testing.assert_close(layer.matrix(x), before, rtol=0, atol=1e-5)
    assert (plain.options()["score_size"], plain.options()["score_offset"]) == (0, 0)
    assert make("qr").options()["score_size"] is None


@pytest.mark.parametrize("method", ["softmax", "sinkhorn"])
def test_other_scores_are_brought_to_a_size_if_wanted(method):
    plain = make(method, head_features=4)
    layer = make(method, head_features=4, score_size=2.0)
    layer.load_state_dict(plain.state_dict())
    x = scores(2, 3, 5)
    q, k, _ = layer.inner(x).split(4, -1)
    operator = getattr(operators, method)
    torch.testing.assert_close(plain.matrix(x), operator(q @ k.mT / 2))
    torch.testing.assert_close(layer.matrix(x), operator(operators.rescaled(q @ k.mT / 2, 2.0)))
    assert (plain.options()["score_size"], layer.options()["score_size"]) == (0, 2)


@pytest.mark.parametrize("method", OPTIONS)
def test_heads_are_attentions_side_by_side(method):
    layer = make(method, heads=2, head_features=4)
    x = scores(2, 3, 5)
    q, k, v = (
        part.unflatten(-1, (2, 4))
        for part in (x @ layer.inner.weight.T + layer.inner.bias).split(8, -1)
    )
    mixed = []
    for head in range(2):
        raw = q[:, :, head] @ k[:, :, head].mT
        scaled = raw if method == "softmax_sigma" else raw / 2
        if layer.circuit is not None:
            scaled = 1 + operators.rescaled(scaled, 0.25)
        matrix = (layer.circuit or getattr(operators, method))(scaled)
        torch.testing.assert_close(layer.matrix(x)[:, head], matrix)
        mixed.append(matrix @ v[:, :, head])
    expected = torch.cat(mixed, -1) @ layer.outer.weight.T + layer.outer.bias
    torch.testing.assert_close(layer(x), expected)
    assert DoublyStochasticAttention(6, 3, heads=2).head_features == 3


def test_masks_hold_for_all_heads():
    layer, x = make("softmax", heads=2, head_features=4), scores(2, 3, 5)
    mask = torch.ones(2, 3, 3, dtype=torch.bool)
    mask[1, :, 2] = False
    found = layer.matrix(x, mask)
    assert found.shape == (2, 2, 3, 3)
    assert bool((found[0] > 0).all())
    assert bool((found[1, :, :, 2] == 0).all())
    assert bool((found[1, :, :, :2] > 0).all())


class Flat(torch.nn.Module):
    """Attention as a layer of flattened tokens."""

    def __init__(self, attention):
        super().__init__()
        self.attention = attention
        self.in_features = self.out_features = attention.n_tokens * attention.features

    def forward(self, x):
        sizes = (self.attention.n_tokens, self.attention.features)
        return self.attention(x.unflatten(-1, sizes)).flatten(-2)


LEFT_OUT = {
    "dtypes": "linear maps round to half precision",
    "autocast": "linear maps round to half precision",
    "compile": "tested for the circuit",
}


@pytest.mark.parametrize("method", OPTIONS)
def test_the_contract_of_a_layer(method):
    def layer():
        attention = DoublyStochasticAttention(
            2, 2, method=method, generator=4, **SMALL.get(method, {})
        )
        return Flat(attention)

    for claim in conformance.CHECKS:
        if claim not in LEFT_OUT:
            conformance.CHECKS[claim](layer)


@pytest.mark.parametrize("method", OPTIONS)
def test_it_compiles_as_a_whole(method):
    layer = make(method)
    torch.compiler.reset()
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
    for x in (scores(2, 3, 5), torch.ones(2, 3, 5, dtype=torch.float64)):  # also without full rank
        torch.testing.assert_close(compiled(x), layer(x), rtol=0, atol=1e-6)
    slopes = [
        torch.autograd.grad(which(scores(2, 3, 5)).square().sum(), layer.inner.weight)[0]
        for which in (compiled, layer)
    ]
    torch.testing.assert_close(*slopes, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("method", ["softmax", "softmax_sigma", "sinkhorn"])
def test_masks_leave_tokens_out(method):
    layer, x = make(method), scores(2, 4, 3, 5)
    kept = torch.tensor([True, True, False])
    mask = (kept & kept[:, None]) | torch.eye(3, dtype=torch.bool)
    other = x.clone()
    other[..., 2, :] = 7.0
    assert torch.equal(layer.matrix(x, mask) != 0, mask.expand(2, 4, 3, 3))
    if method != "softmax_sigma":  # whose variance is that of all scores that are left
        found = layer(other, mask)[..., :2, :]
        torch.testing.assert_close(found, layer(x, mask)[..., :2, :])
    columns = layer.matrix(x, kept.expand(3, 3))
    assert bool((columns[..., 2] == 0).all())
    torch.testing.assert_close(columns.sum(-1), torch.ones(2, 4, 3, dtype=x.dtype))
    assert float((layer(other) - layer(x))[..., :2, :].detach().abs().max()) > 1e-3
    causal = torch.ones(3, 3, dtype=torch.bool).tril()
    found = layer.matrix(x, causal)
    assert torch.equal(found != 0, causal.expand(found.shape))
    torch.testing.assert_close(found.sum(-1), torch.ones(2, 4, 3, dtype=found.dtype))
    single = torch.stack([layer(row, causal) for row in x[0]])
    torch.testing.assert_close(single, layer(x, causal.expand(2, 1, 3, 3))[0])


def test_masks_that_are_wrong_are_named():
    layer, x = make("softmax"), scores(2, 3, 5)
    with pytest.raises(DtypeError, match=r"`x` must be .* got torch\.int64"):
        layer(x.long())
    with pytest.raises(DtypeError, match=r"classical layers in torch\.float64"):
        layer(x.float())
    with pytest.raises(NonFiniteError, match="values of `x` must be finite"):
        layer(x.log())
    with pytest.raises(InvalidArgumentError, match="leaves a row empty"):
        layer(x, torch.eye(3, dtype=torch.bool) & torch.tensor([True, True, False]))
    with pytest.raises(KetworkError, match=r"of bool, got torch\.float32"):
        layer(x, torch.ones(3, 3))
    with pytest.raises(ShapeError, match=r"broadcast to \(2, 3, 3\), got \(4, 3\)"):
        layer(x, torch.ones(4, 3, dtype=torch.bool))
    with pytest.raises(ShapeError, match="broadcast"):
        layer(x, torch.ones(5, 2, 3, 3, dtype=torch.bool))
    for method in ("circuit", "qr"):
        with pytest.raises(UnsupportedOperationError, match=f"for method '{method}'"):
            make(method)(x, torch.ones(3, 3, dtype=torch.bool))


@pytest.mark.parametrize("method", OPTIONS)
def test_options_rebuild_the_layer(method):
    layer = make(method)
    twin = DoublyStochasticAttention(5, 3, dtype=torch.float64, **layer.options())
    twin.load_state_dict(layer.state_dict())
    x = scores(2, 3, 5)
    assert torch.equal(twin(x), layer(x))
    assert f"method='{method}'" in repr(layer)
    before = copy.deepcopy(layer.state_dict())
    layer.reset_parameters()
    assert all((before[name] != value).any() for name, value in layer.state_dict().items())


def test_a_backend():
    layer, x = make(n_tokens=2), scores(3, 2, 5)
    other = layer.with_backend(StateVector())
    torch.testing.assert_close(other(x), layer(x), rtol=0, atol=1e-12)
    assert other.inner is layer.inner
    assert other.circuit.theta is layer.circuit.theta
    with pytest.raises(UnsupportedOperationError, match="'softmax' has no circuit"):
        make("softmax").with_backend(StateVector())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "soft"}, "`method` must be one of 'circuit', 'softmax'"),
        ({"method": "softmax", "layers": 3}, "`layers` has no effect on method 'softmax'"),
        ({"method": "sinkhorn", "ansatz": "simple"}, "which has `iterations`, `score_size`"),
        ({"iterations": 3}, "`iterations` has no effect on method 'circuit'"),
        ({"method": "sinkhorn", "iterations": 4}, "`iterations` must be odd"),
        ({"score_size": -1.0}, "`score_size` must be positive, or 0"),
        ({"score_size": "1"}, "`score_size` must be a number"),
        ({"score_offset": float("inf")}, "`score_offset` must be finite"),
        ({"method": "qr", "score_size": 1.0}, "`score_size` has no effect on method 'qr'"),
        ({"train_circuit": 1}, "`train_circuit` must be True or False"),
        ({"dtype": torch.complex64}, "`dtype` must be a real floating-point dtype"),
        ({"heads": 2}, "`heads` must divide the 5 features, got 2"),
        ({"heads": 0}, "`heads` must be at least 1"),
        ({"head_features": 0}, "`head_features` must be at least 1"),
        ({"n_tokens": 1}, "`n_tokens` must be at least 2"),
    ],
)
def test_bad_options_are_named(options, message):
    with pytest.raises(KetworkError, match=message):
        DoublyStochasticAttention(5, **{"n_tokens": 3, **options})


def test_bad_tokens_are_named():
    layer = make()
    with pytest.raises(ShapeError, match=r"\(\.\.\., 3, 5\), got \(2, 4, 5\)"):
        layer(scores(2, 4, 5))
    with pytest.raises(KetworkError, match="got list"):
        layer([[1.0]])
