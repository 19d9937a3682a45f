"""The network: layers in a row."""

from __future__ import annotations

import pytest
import torch

from circuits.errors import KetworkError, ShapeError
from qml import QKAN, conformance
from qml.models.qkan import QKANLayer

DERIVED = [c for c in conformance.CHECKS if c != "compile"]


@pytest.mark.parametrize("check", DERIVED)
def test_the_contract_of_a_layer(check):
    options = {"reps": 1, "preact_trainable": True, "ba_trainable": True}
    conformance.CHECKS[check](lambda: QKAN([3, 2, 2], generator=1, **options))


def test_it_is_its_layers_in_a_row():
    net = QKAN([3, 4, 2], reps=2)
    x = torch.rand(5, 3)
    first, second = net.layers
    assert torch.equal(net(x), second(first(x)))
    nodes = net.nodes(x)
    assert [tuple(n.shape) for n in nodes] == [(5, 3), (5, 4), (5, 2)]
    assert torch.equal(nodes[2], net(x))
    assert (net.in_features, net.out_features, net.reps) == (3, 2, 2)


def test_parameters_and_options():
    assert QKAN([10, 10]).n_parameters == 800  # the head of the authors' MNIST network
    net = QKAN([3, 4, 2], reps=2, ansatz="mix", preact_trainable=True)
    twin = QKAN(net.widths, **net.options())
    twin.load_state_dict(net.state_dict())
    x = torch.rand(5, 3)
    assert torch.equal(twin(x), net(x))
    assert all(isinstance(part, QKANLayer) for part in twin.layers)
    assert "widths=[3, 4, 2]" in repr(net)


def test_the_generator_decides_the_start():
    a, b = QKAN([2, 2, 1], generator=3), QKAN([2, 2, 1], generator=3)
    assert torch.equal(a.layers[1].theta, b.layers[1].theta)
    a.reset_parameters()
    assert not torch.equal(a.layers[0].theta, b.layers[0].theta)
    a.reset_parameters(5)
    b.reset_parameters(5)
    assert torch.equal(a.layers[1].theta, b.layers[1].theta)


@pytest.mark.parametrize(
    ("widths", "message"),
    [
        ([3], r"at least, got \[3\]"),
        (3, "`widths` must be a list"),
        ([3, 0], r"`widths\[1\]` must be at least 1"),
        ("32", "`widths` must be a list"),
    ],
)
def test_wrong_widths_are_named(widths, message):
    with pytest.raises(KetworkError, match=message):
        QKAN(widths)


def test_wrong_inputs_are_named():
    with pytest.raises(ShapeError, match=r"\(\.\.\., 3\)"):
        QKAN([3, 1])(torch.rand(2, 4))
