"""Layer extension: the function is the same at the moment of growth, and can be trained on."""

from __future__ import annotations

import pytest
import torch

from circuits import DensityMatrix
from circuits.errors import InvalidArgumentError, UnsupportedOperationError
from qml.models.qkan import ANSAETZE, QKAN, QKANLayer
from tests.qml.models.qkan.cases import layer

X = torch.linspace(-0.9, 0.9, 33, dtype=torch.float64).reshape(11, 3)
GROWTH = [
    (name, trained, new)
    for name in ANSAETZE
    for trained in (False, True)
    for new in (1, 2, 3, 4, 5)
]


def scattered(name, **options):
    net = layer(name, dtype=torch.float64, **options)
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for key, parameter in net.named_parameters():
            drawn = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
            small = name == "px" and key.startswith("preacts")  # stays inside of the domain
            parameter.copy_((0.1 * drawn.clamp(-2, 2) + 0.3) if small else drawn)
    return net


def refusal(name, trained, new):
    if name == "real" and not trained:
        return UnsupportedOperationError
    odd = name in ("px", "mix") and not trained and new % 2
    return InvalidArgumentError if odd or (name == "px" and new == 1) else None


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize(("name", "trained", "new"), GROWTH)
def test_the_function_does_not_change(name, trained, new, fast):
    net = scattered(name, preact_trainable=trained, fast_measure=fast)
    if refusal(name, trained, new):
        with pytest.raises(refusal(name, trained, new)):
            net.extended(net.reps + new)
        return
    grown = net.extended(net.reps + new)
    assert grown.reps == net.reps + new
    torch.testing.assert_close(grown(X), net(X), rtol=0, atol=1e-12)
    grown(X).square().sum().backward()
    for parameter in grown.parameters():
        assert bool(torch.isfinite(parameter.grad).all())
    fresh = grown.theta.grad.flatten(2)[..., -1 if name in ("rpz", "real") else -2 :]
    if name != "px":  # its last angle has no effect
        assert bool((fresh.abs().amax(-1) > 1e-9).all()), "The new repetitions do not learn."


def test_growth_twice_keeps_options_masks_and_shared_circuits():
    options = {"group": 2, "preact_trainable": True, "postact_weight_trainable": True}
    net = scattered("pz", base_activation="tanh", **options)
    net.mask = torch.tensor([[1.0, 0, 1], [0, 1, 1]], dtype=torch.float64)
    twice = net.extended(3).extended(7)
    assert twice.options() == {**net.options(), "reps": 7}
    assert torch.equal(twice.mask, net.mask)
    torch.testing.assert_close(twice(X), net(X), rtol=0, atol=1e-12)
    before = net(X)
    with torch.no_grad():
        for parameter in twice.parameters():
            parameter.add_(0.1)
    assert torch.equal(net(X), before)


def test_growth_keeps_the_backend_and_what_is_frozen():
    net = scattered("pz", preact_trainable=True)
    net.base_weight.requires_grad_(False)
    run = net.with_backend(DensityMatrix(), shots=5, generator=3, n_qubits=2)
    grown = run.extended(4)
    assert not grown.base_weight.requires_grad
    assert grown.theta.requires_grad
    assert (grown.runner.shots, grown.runner.n_qubits, grown.runner.kind.reps) == (5, 2, 4)
    exact = net.with_backend(DensityMatrix()).extended(4)
    assert isinstance(exact.runner.backend, DensityMatrix)
    torch.testing.assert_close(exact(X), net(X), rtol=0, atol=1e-12)
    assert net.extended(4).runner is None


def test_networks_grow_layer_by_layer():
    net = QKAN([3, 4, 2], reps=1, preact_trainable=True, ba_trainable=True, dtype=torch.float64)
    grown = net.extended(6)
    assert grown.reps == 6
    assert [type(part) for part in grown.layers] == [QKANLayer, QKANLayer]
    torch.testing.assert_close(grown(X), net(X), rtol=0, atol=1e-12)


@pytest.mark.parametrize("reps", [2, 1])
def test_it_must_be_growth(reps):
    with pytest.raises(InvalidArgumentError, match="more than the layer's 2 repetitions"):
        layer().extended(reps)


def test_impossible_growth_is_explained():
    with pytest.raises(
        InvalidArgumentError, match="an even number more than 2 for the ansatz 'mix'"
    ):
        layer("mix").extended(3)
    with pytest.raises(InvalidArgumentError, match="at least two more than 2 for the ansatz 'px'"):
        layer("px", preact_trainable=True).extended(3)
    with pytest.raises(UnsupportedOperationError, match="preact_trainable=True"):
        layer("real").extended(4)
