"""Without truncation, Pauli propagation against dense simulators over the whole gate table."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from circuits import Circuit, DensityMatrix, PauliSum, Request, inputs, weights
from circuits import gates as g
from circuits.errors import ChannelError, NonFiniteError, ResourceLimitError
from noise.propagation import PauliPropagation
from noise.propagation import strings as strings_module
from tests.support.properties import TOLERANCE
from tests.support.strategies import circuits, observables, random_channel, random_values, seeds

noisy = circuits(max_qubits=5, max_ops=8, channels=True)


@settings(max_examples=60)
@given(st.data(), noisy, seeds)
def test_values_agree_with_density_matrices(data, circuit, seed):
    x, w = random_values(circuit, seed, (2,))
    observed = [PauliSum(data.draw(observables(circuit.n_qubits))) for _ in range(2)]
    found = circuit.estimate(observed, x, w, backend=PauliPropagation())
    expected = circuit.expectation(observed, x, w, backend=DensityMatrix("torch"))
    torch.testing.assert_close(found.values, expected, rtol=0, atol=1e-11)
    assert found.variances is None
    assert not found.metadata["truncation_bound"].any()


@settings(max_examples=25)
@given(st.data(), circuits(max_qubits=4, max_ops=6, channels=True), seeds)
def test_gradients_agree_with_density_matrices(data, circuit, seed):
    x, w = random_values(circuit, seed, (2,))
    leaves = [v.requires_grad_() for v in (x, w) if v is not None]
    observed = PauliSum(data.draw(observables(circuit.n_qubits)))
    found = circuit.expectation(observed, x, w, backend=PauliPropagation())
    expected = circuit.expectation(observed, x, w, backend=DensityMatrix("torch"))
    if not leaves:
        return

    def total(values):
        return values.sum() + 0 * torch.stack([v.sum() for v in leaves]).sum()  # has a graph

    pairs = (torch.autograd.grad(total(v), leaves) for v in (found, expected))
    for a, b in zip(*pairs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-10)


CHANNELS = [
    lambda s: g.depolarizing(s, 0),
    lambda s: g.depolarizing(s, 2, 0),
    lambda s: g.pauli_channel({"XZ": s, "YI": 0.1}, 1, 2),
    lambda s: g.bit_flip(s, 1),
    lambda s: g.phase_flip(s, 1),
    lambda s: g.bit_phase_flip(s, 1),
    lambda s: g.amplitude_damping(s, 1, population=0.2),
    lambda s: g.amplitude_damping(0.3, 0, population=s),
    lambda s: g.phase_damping(s, 0),
    lambda s: g.thermal_relaxation(1.0, 1.5, s, 0, population=0.1),
    lambda s: g.pauli_lindblad({"XY": s, "ZI": 0.3}, 2, 1),
    lambda s: g.kraus(random_channel(3, 4), 0, 2),  # has no strength
]


@pytest.mark.parametrize("strength", [0.0, 0.17])
@pytest.mark.parametrize("channel", CHANNELS)
def test_channels_and_gradients_by_strength(channel, strength):
    """Also at strength 0, where entries vanish that have a slope."""
    w = weights(1)
    first = [g.ry(0.7, 0), g.rx(1.1, 1), g.cx(0, 2), g.h(1), g.rzz(0.4, 1, 2)]
    last = [g.u(0.3, 0.2, 0.9, 0), g.cx(2, 1), g.sx(2)]
    circuit = Circuit(3, [*first, channel(w[0]), g.rx(0.1 * w[0], 0), *last])
    observed = ["Z0", "X1 Y2", {"Y0 Z1": 0.5, "Z2": -1.0, "": 0.2}]
    results = []
    for backend in (PauliPropagation(), DensityMatrix("torch")):
        value = torch.tensor([strength], dtype=torch.float64, requires_grad=True)
        found = circuit.expectation(observed, w=value, backend=backend)
        rows = [torch.autograd.grad(v, value, retain_graph=True)[0] for v in found]
        results.append((found, torch.stack(rows)))
    (found, slopes), (expected, expected_slopes) = results
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
    torch.testing.assert_close(slopes, expected_slopes, rtol=0, atol=1e-9)


@pytest.mark.parametrize("op", [g.rx, g.ry, g.rz, g.crx, g.cp, g.u1])
def test_gradients_at_angle_zero(op):
    """Rotations are Clifford there, but their derivatives are not."""
    w = weights(2)
    pair = op(w[0], 0, 1) if op in (g.crx, g.cp) else op(w[0], 0)
    ops = [g.ry(0.4, 0), g.rx(0.9, 1), g.x(1), pair, g.ry(w[1], 1), g.rx(0.3, 0)]
    observed = ["X0", "Y0", "Z0 Z1", "X1 Y0"]
    zero = torch.zeros(2, dtype=torch.float64)
    found, expected = (
        torch.autograd.functional.jacobian(
            lambda v, b=b: Circuit(2, ops).expectation(observed, w=v, backend=b), zero
        )
        for b in (PauliPropagation(), DensityMatrix("torch"))
    )
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
    assert bool((expected[:, 0] != 0).any())


@pytest.mark.parametrize("bases", [None, "XYZ"])
def test_probabilities(bases):
    x = inputs(2)
    ops = [g.ry(x[0], 0), g.cx(0, 3), g.rx(x[1], 1), g.amplitude_damping(0.3, 0), g.cz(1, 3)]
    circuit = Circuit(4, ops)
    table = torch.rand(3, 2, dtype=torch.float64)
    request = Request(circuit, table, qubits=(3, 0, 1), bases=bases)
    found, expected = (
        b.run([request])[0].values for b in (PauliPropagation(), DensityMatrix("torch"))
    )
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_dtypes(dtype):
    x = inputs(3)
    circuit = Circuit(3, [g.rx(x[0], 0), g.crx(x[1], 0, 1), g.rzz(x[2], 1, 2), g.h(2)])
    table = torch.rand(4, 3).to(dtype)
    found = circuit.expectation(["Z0", "Y1 X2"], table, backend=PauliPropagation())
    expected = circuit.expectation(["Z0", "Y1 X2"], table.double())
    assert found.dtype == dtype
    torch.testing.assert_close(found.double(), expected, rtol=0, atol=TOLERANCE[dtype])


def test_equal_codes_of_different_strings_are_told_apart(monkeypatch):
    """The first random numbers are made useless: every string has the code 0."""
    true_numbers = strings_module.random_numbers
    asked = []

    def numbers(seed, n_rows):
        asked.append(seed)
        return np.zeros((n_rows, 64), np.uint64) if seed == 0 else true_numbers(seed, n_rows)

    monkeypatch.setattr(strings_module, "random_numbers", numbers)
    ops = [g.ry(0.3 + q, q) for q in range(3)] + [g.rzz(0.7, 0, 1), g.ch(1, 2), g.crx(0.4, 2, 0)]
    circuit = Circuit(3, ops * 2)
    found = circuit.expectation(["X0 Y1", "Z2"], backend=PauliPropagation())
    torch.testing.assert_close(found, circuit.expectation(["X0 Y1", "Z2"]), rtol=0, atol=1e-12)
    assert max(asked) >= 1


def test_constants_have_zero_gradients():
    x = inputs(1)
    value = torch.tensor([[0.3]], dtype=torch.float64, requires_grad=True)
    circuit = Circuit(2, [g.rx(x[0], 0)])
    circuit.expectation(["Z1", {"": 2.0}], value, backend=PauliPropagation()).sum().backward()
    assert value.grad is not None
    assert value.grad.tolist() == [[0.0]]


def test_equal_strings_are_kept_once():
    """Damping turns Z_0 into Z_0 and 1, Z_0 Z_1 into Z_0 Z_1 and Z_1: both are there already."""
    circuit = Circuit(2, [g.ry(0.3, 0), g.cx(0, 1), g.amplitude_damping(0.2, 0)])
    observed = PauliSum({"Z0": 1.0, "": 0.5, "Z0 Z1": 0.25, "Z1": 2.0})
    result = circuit.estimate(observed, backend=PauliPropagation())
    damped = Circuit(2, circuit.ops[2:]).estimate(observed, backend=PauliPropagation())
    assert damped.metadata["largest_sum"] == 4
    expected = circuit.expectation(observed, backend=DensityMatrix("torch"))
    torch.testing.assert_close(result.values, expected, rtol=0, atol=1e-12)


def test_only_the_light_cone_costs():
    ops = [op for q in range(0, 126, 2) for op in (g.rx(0.3, q), g.crx(0.2, q, q + 1))] * 5
    result = Circuit(127, ops).estimate("Z70", backend=PauliPropagation())
    assert result.metadata["largest_sum"] <= 16
    small = Circuit(2, [g.rx(0.3, 0), g.crx(0.2, 0, 1)] * 5)
    torch.testing.assert_close(result.values, small.expectation("Z0"), rtol=0, atol=1e-12)


def test_bad_input_is_named():
    state = g.state_preparation(np.ones(2**7), *range(7))
    with pytest.raises(ResourceLimitError, match="at most 6 qubits"):
        Circuit(7, [state]).expectation("Z0", backend=PauliPropagation())
    wide = g.unitary(np.eye(2**7), *range(7))
    with pytest.raises(ResourceLimitError, match="at most 6 qubits"):
        Circuit(7, [wide]).expectation("Z0", backend=PauliPropagation())
    circuit = Circuit(12, [g.h(q) for q in range(12)])
    with pytest.raises(ResourceLimitError, match="10 qubits"):
        circuit.probabilities(backend=PauliPropagation())
    w = weights(1)
    noisy = Circuit(1, [g.depolarizing(w[0], 0)])
    with pytest.raises(ChannelError, match="depolarizing"):
        noisy.expectation("Z0", w=torch.tensor([1.5]), backend=PauliPropagation())
    turned = Circuit(1, [g.rx(w[0], 0)])
    with pytest.raises(NonFiniteError, match="finite"):
        turned.expectation("Z0", w=torch.tensor([float("nan")]), backend=PauliPropagation())
