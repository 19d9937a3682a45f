"""Scores of edges, networks without the weak ones, and pictures."""

from __future__ import annotations

import copy

import pytest
import torch

from circuits.errors import InvalidArgumentError, ResourceLimitError, ShapeError
from qml import QKAN
from tests.qml.models.qkan.cases import KINDS, layer

X = torch.linspace(-1, 1, 63, dtype=torch.float64).reshape(-1, 3).sin()


def network(widths=(3, 2, 2), **options):
    return QKAN(widths, reps=2, dtype=torch.float64, generator=2, **options)


@pytest.mark.parametrize("kind", KINDS)
def test_contributions_sum_to_the_output(kind):
    net = layer(dtype=torch.float64, **KINDS[kind])
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(0.1)
    for mask in (None, torch.tensor([[1.0, 0, 1], [0, 1, 1]], dtype=torch.float64)):
        net.mask = mask
        parts = net.contributions(X)
        assert parts.shape == (21, 2, 3)
        torch.testing.assert_close(parts.sum(-1), net(X), rtol=0, atol=1e-12)
        if mask is not None:
            assert bool((parts[:, mask == 0] == 0).all())


def test_scores_of_one_layer_are_shares_of_the_deviation():
    net = network((3, 2), ba_trainable=True)
    parts = net.layers[0].contributions(X).detach()
    (scores,) = net.edge_scores(X)
    torch.testing.assert_close(scores, parts.std(0) / parts.sum(-1).std(0)[:, None])


def test_scores_go_back_through_the_layers():
    """By hand: a hidden node is worth what its outgoing edges are worth."""
    net = network((3, 2, 1), ba_trainable=True)
    first, second = net.edge_scores(X)
    hidden = net.nodes(X)[1].detach()
    parts = net.layers[0].contributions(X).detach()
    worth = second.sum(0)
    expected = parts.std(0) / hidden.std(0)[:, None] * worth[:, None]
    torch.testing.assert_close(first, expected)


def test_edges_without_effect_are_pruned_and_the_function_stays():
    net = network((3, 2, 2))
    with torch.no_grad():  # a circuit without rotations about y has <Z> = 0
        net.layers[0].theta[0, 1] = 0
        net.layers[1].theta[:, 1] = 0
    scores = net.edge_scores(X)
    assert float(scores[0][0, 1]) < 1e-12
    assert float(scores[0][1].sum()) < 1e-12, "Nothing depends on hidden node 1."
    other = net.pruned(X, 1e-9)
    assert other.n_edges == 6 + 4 - 6
    assert net.n_edges == 10
    assert net.layers[0].mask is None
    torch.testing.assert_close(other(X), net(X), rtol=0, atol=1e-12)
    assert torch.equal(other.layers[1].mask, torch.tensor([[1.0, 0], [1, 0]]).double())


def test_pruned_networks_train_save_and_come_back():
    net = network((3, 2, 2), ba_trainable=True).pruned(X, 0.4)
    assert 0 < net.n_edges < 10
    again = net.pruned(X, 0.0)
    assert again.n_edges == net.n_edges
    other = network((3, 2, 2), ba_trainable=True)
    other.load_state_dict(net.state_dict())
    assert torch.equal(other(X), net(X))
    assert torch.equal(copy.deepcopy(net)(X), net(X))
    net(X).square().sum().backward()
    for part in net.layers:
        gone = part.mask == 0
        assert bool((part.theta.grad[gone] == 0).all())
        assert bool((part.base_weight.grad[gone] == 0).all())
        assert bool((part.theta.grad[~gone] != 0).any())
    net.reset_parameters()
    assert net.n_edges == 10


def test_wrong_arguments_are_named():
    with pytest.raises(InvalidArgumentError, match="two samples"):
        network().edge_scores(X[:1])
    for function in (network().edge_scores, network().pruned, network().plot):
        with pytest.raises(ShapeError, match=r"\(\.\.\., 3\), got \(6, 2\)"):
            function(torch.rand(6, 2))
    with pytest.raises(InvalidArgumentError, match="leaves no edge"):
        network().pruned(X, 100.0)


class TestPictures:
    def test_every_edge_has_its_curve(self, tmp_path):
        net = network(ba_trainable=True)
        figure = net.plot(X, tmp_path / "net.png")
        assert (tmp_path / "net.png").read_bytes().startswith(b"\x89PNG")
        canvas, *insets = figure.axes
        assert len(insets) == net.n_edges
        curve = insets[3].lines[0]  # input 1, output 1
        grid = torch.zeros(101, 3, dtype=torch.float64)
        grid[:, 1] = torch.linspace(float(X[:, 1].min()), float(X[:, 1].max()), 101)
        expected = net.layers[0].contributions(grid)[:, 1, 1].detach()
        assert abs(curve.get_xdata() - grid[:, 1].numpy()).max() < 1e-6
        assert abs(curve.get_ydata() - expected.numpy()).max() < 1e-6
        assert [t.get_text() for t in canvas.texts] == ["$x_{0}$", "$x_{1}$", "$x_{2}$",
                                                        "$y_{0}$", "$y_{1}$"]  # fmt: skip

    def test_pruned_edges_are_left_out(self):
        net = network().pruned(X, 0.3)
        assert len(net.plot(X).axes) == 1 + net.n_edges

    def test_too_many_edges_are_refused(self):
        with pytest.raises(ResourceLimitError, match="81 edges"):
            network((9, 9)).plot(torch.rand(4, 9))
