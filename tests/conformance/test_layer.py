"""`QuantumLayer` keeps the contract of a layer with every method and backend that claims it."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from circuits import Circuit, PauliSum, Probabilities, inputs, weights
from circuits import gates as g
from circuits.errors import InvalidArgumentError
from qml import QuantumLayer, conformance
from tests.conformance.claims import LAYERS

CASES = [
    pytest.param(claim, check, id=f"{claim.name}-{check}")
    for claim in LAYERS
    for check in claim.claims
]
REFUSED = [
    pytest.param(claim, check, id=f"{claim.name}-{check}")
    for claim in LAYERS
    for check in conformance.DERIVATIVES
    if check not in claim.claims
]


def example_circuit() -> Circuit:
    x, w = inputs(2), weights(2, 2)
    return Circuit(
        2,
        [
            g.rx(x[0], 0), g.ry(w[0, 0] * x[1] + 0.1, 1), g.cx(0, 1), g.rz(w[0, 1], 0),
            g.crx(w[1, 0], 1, 0), g.rzz(x[1], 0, 1), g.ry(w[1, 1], 1), g.swap(0, 1),
        ],
    )  # fmt: skip


def factory(claim):
    def make() -> nn.Module:
        torch.manual_seed(1)
        observed = ["Z0", "X0 X1", PauliSum({"ZI": 0.5, "IY": 0.3})]
        return QuantumLayer(example_circuit(), observed, **claim.options)

    return make


@pytest.mark.parametrize(("claim", "check"), CASES)
def test_claim(claim, check):
    conformance.CHECKS[check](factory(claim))


@pytest.mark.parametrize(("claim", "check"), REFUSED)
def test_what_is_not_claimed_raises(claim, check):
    conformance._check_refused(check, conformance.CHECKS[check], factory(claim))


@pytest.mark.parametrize("check", [c for c in conformance.CHECKS if c != "compile"])
def test_probabilities_keep_the_contract(check):
    conformance.CHECKS[check](lambda: QuantumLayer(example_circuit(), Probabilities([1, 0])))


@pytest.mark.parametrize("check", [c for c in conformance.CHECKS if c != "compile"])
def test_several_groups_of_weights_keep_the_contract(check):
    a, b, x = weights(2, name="alpha"), weights(name="beta"), inputs(2)
    circuit = Circuit(2, [g.rx(a[0], 0), g.ry(b * x[1], 1), g.cx(0, 1), g.ry(a[1] + x[0], 0),
                          g.rx(b, 1)])  # fmt: skip

    def make():
        torch.manual_seed(2)
        return QuantumLayer(circuit, ["Z0", "Z1"])

    conformance.CHECKS[check](make)


def test_inductor():
    """Once with the real compiler."""
    layer = factory(LAYERS[0])()
    x = torch.rand(4, 2)
    torch.compiler.reset()
    out = torch.compile(layer, fullgraph=True)(x)
    torch.testing.assert_close(out, layer(x))
    out.sum().backward()
    assert layer.weight.grad is not None


class TestTheSuiteItself:
    """A layer that breaks a rule is caught."""

    class Sloppy(nn.Module):
        in_features, out_features = 2, 1

        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.rand(2))

    def caught(self, cls, *claims):
        with pytest.raises(AssertionError):
            conformance.check_layer(cls, claims)

    def test_detached_inputs(self):
        class Detached(self.Sloppy):
            def forward(self, x):
                return (x.detach() * self.weight).sin().sum(-1, keepdim=True)

        self.caught(Detached, "input_gradients")

    def test_fixed_dtype(self):
        class Fixed(self.Sloppy):
            def forward(self, x):
                return (x * self.weight).float().sin().sum(-1, keepdim=True)

        self.caught(Fixed, "dtypes")

    def test_autocast(self):
        class Matmul(self.Sloppy):
            def forward(self, x):
                return (x @ self.weight[:, None]).sin()

        self.caught(Matmul, "autocast")

    def test_silent_second_derivatives(self):
        class Sine(torch.autograd.Function):
            generate_vmap_rule = True

            @staticmethod
            def forward(x):
                return x.sin()

            @staticmethod
            def setup_context(ctx, inputs, output):
                ctx.save_for_backward(*inputs)
                ctx.save_for_forward(*inputs)

            @staticmethod
            def jvp(ctx, tangent):
                return tangent * ctx.saved_tensors[0].cos()

            @staticmethod
            def backward(ctx, gradient):
                return gradient * ctx.saved_tensors[0].detach().cos()

        class Silent(self.Sloppy):
            def forward(self, x):
                return Sine.apply(x * self.weight).sum(-1, keepdim=True)

        with pytest.raises(AssertionError, match="wrong"):
            conformance.check_layer(
                Silent, ["gradients", "per_sample_gradients", "ensembles", "forward_mode"]
            )

    def test_wrong_gradients(self):
        class Scaled(self.Sloppy):
            def forward(self, x):
                y = (x * self.weight).sin().sum(-1, keepdim=True)
                return y.detach() + 0.9 * (y - y.detach())

        self.caught(Scaled, "gradients")

    def test_scalar_output(self):
        class Scalar(self.Sloppy):
            def forward(self, x):
                return (x * self.weight).sin().sum(-1)

        self.caught(Scalar, "shapes")

    def test_hidden_state(self):
        class Hidden(self.Sloppy):
            def __init__(self):
                super().__init__()
                self.register_buffer("extra", torch.zeros(1))

            def forward(self, x):
                return (x * self.weight).sin().sum(-1, keepdim=True)

        self.caught(Hidden, "state_dict")

    def test_cached_weights(self):
        class Cached(self.Sloppy):
            def forward(self, x):
                self.kept = getattr(self, "kept", self.weight.detach().clone())
                return (x * self.kept).sin().sum(-1, keepdim=True) + 0 * self.weight.sum()

        self.caught(Cached, "functional_call")

    def test_unclaimed_but_working(self):
        with pytest.raises(AssertionError, match="claim it"):
            conformance.check_layer(factory(LAYERS[0]), ["shapes"])

    def test_unknown_claim(self):
        with pytest.raises(InvalidArgumentError, match="claims"):
            conformance.check_layer(factory(LAYERS[0]), ["shape"])
