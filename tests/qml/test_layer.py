"""`QuantumLayer`: what is particular to it; the module contract is in tests/conformance."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from torch.func import functional_call, grad, vmap

from circuits import Circuit, DensityMatrix, PauliSum, Probabilities, StateVector, inputs, weights
from circuits import gates as g
from circuits.errors import (
    ArgumentTypeError,
    InvalidArgumentError,
    KetworkError,
    ShapeError,
    SymbolError,
    UnsupportedOperationError,
)
from qml import QuantumLayer


def circuit(shape=(2,)) -> Circuit:
    x, w = inputs(2), weights(*shape)
    first, second = w.ravel()[:2]
    return Circuit(2, [g.rx(x[0], 0), g.ry(x[1], 1), g.ry(first, 0), g.cx(0, 1), g.rx(second, 1)])


def test_the_defaults():
    layer = QuantumLayer(circuit())
    assert (layer.in_features, layer.out_features) == (2, 2)
    assert layer.n_qubits == layer.num_qubits == 2
    assert isinstance(layer.weight, nn.Parameter)
    assert list(layer.state_dict()) == ["weight"]
    assert layer.weight.dtype == torch.get_default_dtype()
    x = torch.rand(3, 2)
    expected = layer.circuit.expectation(["Z0", "Z1"], x, layer.weight)
    torch.testing.assert_close(layer(x), expected)
    assert isinstance(layer.backend, StateVector)
    assert "in_features=2, out_features=2" in repr(layer)


@pytest.mark.parametrize("shape", [(2,), (1, 2), (2, 1), (1, 1, 2), (3, 4)])
def test_the_shape_of_the_weights_never_shows_in_the_output(shape):
    layer = QuantumLayer(circuit(shape))
    assert layer.weight.shape == shape
    assert layer(torch.rand(2)).shape == (2,)
    assert layer(torch.rand(1, 2)).shape == (1, 2)
    assert layer(torch.rand(5, 4, 2)).shape == (5, 4, 2)
    without = QuantumLayer(Circuit(1, [g.rx(weights(*shape).ravel()[0], 0)]))
    assert without().shape == (1,)


def test_structured_inputs_come_flat():
    """A layer takes a flat feature axis, or the shape of the group."""
    x = inputs(2, 3)
    layer = QuantumLayer(Circuit(1, [op for v in x.ravel() for op in (g.rx(v, 0), g.ry(v, 0))]))
    values = torch.rand(5, 6)
    assert layer.in_features == 6
    torch.testing.assert_close(layer(values), layer(values.reshape(5, 2, 3)))
    one = QuantumLayer(Circuit(1, [g.rx(inputs() * 2, 0)]))
    assert one(torch.rand(7, 1)).shape == (7, 1)


def test_initial_weights_are_uniform_in_minus_pi_to_pi():
    w = weights(4000)
    layer = QuantumLayer(Circuit(1, [g.rx(w[0], 0)]))
    values = layer.weight.detach()
    assert float(values.abs().max()) <= math.pi
    assert float(values.abs().max()) > 3.1
    assert abs(float(values.mean())) < 6 * math.pi / math.sqrt(3 * 4000)
    assert float(values.std()) == pytest.approx(math.pi / math.sqrt(3), rel=0.06)
    torch.manual_seed(1)
    first = QuantumLayer(circuit()).weight
    torch.manual_seed(1)
    assert torch.equal(first, QuantumLayer(circuit()).weight)
    assert torch.equal(
        QuantumLayer(circuit(), generator=5).weight, QuantumLayer(circuit(), generator=5).weight
    )
    layer = QuantumLayer(circuit())
    before = layer.weight.detach().clone()
    layer.reset_parameters()
    assert not torch.equal(before, layer.weight)
    layer.reset_parameters(3)
    again = layer.weight.detach().clone()
    layer.reset_parameters(3)
    assert torch.equal(again, layer.weight)


def test_dtype_and_device_of_the_weights():
    assert QuantumLayer(circuit(), dtype=torch.float64).weight.dtype == torch.float64
    assert QuantumLayer(circuit(), device="meta").weight.is_meta
    with pytest.raises(InvalidArgumentError, match="dtype"):
        QuantumLayer(circuit(), dtype=torch.complex64)
    with pytest.raises(InvalidArgumentError, match="dtype"):
        QuantumLayer(circuit(), dtype=torch.int64)


def test_several_groups():
    a, b = weights(2, name="alpha"), weights(name="beta")
    x, y = inputs(2), inputs(3, name="y")
    layer = QuantumLayer(
        Circuit(1, [g.rx(a[0] * x[0], 0), g.ry(b + y[2], 0), g.rz(a[1] * x[1], 0), g.rx(y[0], 0)])
    )
    assert isinstance(layer.weight, nn.ParameterDict)
    assert list(layer.state_dict()) == ["weight.alpha", "weight.beta"]
    values = {"x": torch.rand(4, 2), "y": torch.rand(4, 3, requires_grad=True)}
    out = layer(values)
    assert out.shape == (4, 1)
    torch.testing.assert_close(out, layer(torch.cat([values["x"], values["y"]], dim=1)))
    out.sum().backward()
    assert layer.weight["alpha"].grad.shape == (2,)
    assert layer.weight["beta"].grad.shape == ()
    assert values["y"].grad[:, 1].abs().max() == 0
    with pytest.raises(SymbolError, match="keys"):
        layer({"x": values["x"]})
    with pytest.raises(SymbolError, match="Two different groups"):
        Circuit(1, [g.rx(weights(2)[0], 0), g.rx(weights(2)[0], 0)])


def test_without_weights_and_without_inputs():
    only_inputs = QuantumLayer(Circuit(1, [g.rx(inputs(1)[0], 0)]))
    assert only_inputs.weight is None
    assert only_inputs.state_dict() == {}
    x = torch.rand(3, 1, requires_grad=True)
    only_inputs(x).sum().backward()
    torch.testing.assert_close(x.grad, -x.detach().sin())
    only_weights = QuantumLayer(Circuit(1, [g.rx(weights(1)[0], 0)]))
    assert only_weights().shape == (1,)
    with pytest.raises(InvalidArgumentError, match="no inputs"):
        only_weights(x)
    with pytest.raises(InvalidArgumentError, match=r"`x` is missing"):
        only_inputs()
    assert QuantumLayer(Circuit(1, [g.h(0)]), "X0")().item() == pytest.approx(1)


def test_probabilities_as_output():
    layer = QuantumLayer(circuit(), Probabilities([1]))
    x = torch.rand(3, 2)
    assert layer.out_features == 2
    torch.testing.assert_close(layer(x).sum(-1), torch.ones(3))
    expected = layer.circuit.probabilities(x, layer.weight, qubits=[1])
    torch.testing.assert_close(layer(x), expected)
    with pytest.raises(InvalidArgumentError, match="probabilities"):
        layer.estimate(x)


def test_estimates_carry_no_graph():
    result = QuantumLayer(circuit(), shots=100, generator=0).estimate(torch.rand(4, 3, 2))
    assert result.values.shape == result.standard_errors.shape == (4, 3, 2)
    assert not result.values.requires_grad


def test_another_backend_shares_the_parameters():
    layer = QuantumLayer(circuit(), ["Z0", "X1"])
    other = layer.with_backend(DensityMatrix())
    assert other.weight is layer.weight
    assert isinstance(other.backend, DensityMatrix)
    x = torch.rand(3, 2)
    torch.testing.assert_close(other(x), layer(x))
    with torch.no_grad():
        layer.weight.add_(1)
    torch.testing.assert_close(other(x), layer(x))
    assert not layer.eval().with_backend(StateVector()).training
    sampled = layer.with_backend(StateVector(), shots=50, generator=1)
    assert sampled.diff_method == "auto"
    assert not torch.equal(sampled(x), layer(x))


def test_ensembles_with_per_sample_gradients():
    layer = QuantumLayer(circuit(), dtype=torch.float64)
    stacked = torch.rand(3, 2, dtype=torch.float64)
    x = torch.rand(4, 2, dtype=torch.float64)

    def loss(weight, sample):
        return functional_call(layer, {"weight": weight}, (sample,)).square().sum()

    found = vmap(vmap(grad(loss), (None, 0)), (0, None))(stacked, x)
    for i in range(3):
        for j in range(4):
            torch.testing.assert_close(found[i, j], grad(loss)(stacked[i], x[j]))


def test_only_what_is_wanted_is_computed():
    layer = QuantumLayer(circuit())
    x = torch.rand(3, 2)
    with torch.no_grad():
        assert not layer(x).requires_grad
    assert layer(x).requires_grad
    layer.weight.requires_grad_(False)
    assert not layer(x).requires_grad


def test_building_from_a_function():
    def build(x, theta, phi):
        return Circuit(2, [g.ry(x[0], 0), g.rx(theta[1, 0], 1), g.cx(0, 1), g.rz(phi * x[1], 1)])

    layer = QuantumLayer.from_function(build, {"theta": (2, 1), "phi": ()}, in_features=2)
    assert sorted(layer.state_dict()) == ["weight.phi", "weight.theta"]
    assert layer(torch.rand(5, 2)).shape == (5, 2)
    with pytest.raises(InvalidArgumentError, match="other"):
        QuantumLayer.from_function(build, {"other": 1}, in_features=2)
    with pytest.raises(ArgumentTypeError, match="must return a Circuit"):
        QuantumLayer.from_function(lambda x: 3, {}, in_features=2)


class TestRefusals:
    def test_circuits(self):
        for bad in (Circuit(2), Circuit(1, [])):
            with pytest.raises(InvalidArgumentError, match="empty"):
                QuantumLayer(bad)
        for bad in (None, "rx", [g.h(0)]):
            with pytest.raises(ArgumentTypeError, match="Circuit"):
                QuantumLayer(bad)

    @pytest.mark.parametrize("method", ["finite-diff", None, 3, "", "ADJOINT", ["adjoint"]])
    def test_methods(self, method):
        with pytest.raises(InvalidArgumentError, match=r"diff_method.*adjoint"):
            QuantumLayer(circuit(), diff_method=method)

    def test_combinations(self):
        for options in (
            {"diff_method": "adjoint", "shots": 10},
            {"diff_method": "backprop", "shots": 10},
            {"diff_method": "adjoint", "backend": DensityMatrix()},
        ):
            with pytest.raises(UnsupportedOperationError, match=options["diff_method"]):
                QuantumLayer(circuit(), **options)

    def test_channels_on_the_state_vector(self):
        noisy = circuit() + g.kraus([[[1, 0], [0, 1]]], 0)
        with pytest.raises(UnsupportedOperationError, match=r"kraus.*DensityMatrix"):
            QuantumLayer(noisy)
        assert QuantumLayer(noisy, backend=DensityMatrix())(torch.rand(3, 2)).shape == (3, 2)

    @pytest.mark.parametrize("shape", [(3,), (2, 3), (), (4, 1)])
    def test_features(self, shape):
        with pytest.raises(ShapeError, match=r"\(\.\.\., 2\)"):
            QuantumLayer(circuit())(torch.rand(shape))

    @pytest.mark.parametrize("x", [torch.ones(3, 2, dtype=torch.int64), torch.ones(2) + 0j])
    def test_dtypes(self, x):
        with pytest.raises(KetworkError, match=r"float64"):
            QuantumLayer(circuit())(x)

    @pytest.mark.parametrize(
        "options",
        [
            {}, {"diff_method": "backprop"}, {"diff_method": "parameter-shift"},
            {"diff_method": "spsa"}, {"shots": 5}, {"backend": DensityMatrix()},
            {"backend": StateVector("torch")},
        ],
    )  # fmt: skip
    def test_angles_that_are_not_finite(self, options):
        layer = QuantumLayer(circuit(), PauliSum("Z0"), **options)
        for run in (layer, layer.estimate):
            with pytest.raises(KetworkError, match=r"value 1 of the inputs is nan \(sample 2\)"):
                run(torch.tensor([[0.1, 0.2], [0.3, 0.4], [0.5, math.nan]]))
        with torch.no_grad():
            layer.weight[1] = math.inf
        with pytest.raises(KetworkError, match="value 1 of the weights is inf"):
            layer(torch.rand(3, 2))
