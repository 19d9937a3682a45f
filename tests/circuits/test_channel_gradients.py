"""Derivatives with respect to the strengths of channels."""

from __future__ import annotations

import pytest
import torch

from circuits import Circuit, DensityMatrix, inputs, weights
from circuits import gates as g
from circuits.errors import ChannelError, UnsupportedOperationError
from circuits.gradients import SPSA, make_evaluator
from circuits.pauli import as_observables
from qml import QuantumLayer
from tests.support.strategies import random_unitary

W = weights(4)
OBSERVED = ["X0", "Y0", "Z0", "Z1", "X0 Y1"]

# Name -> (op of the symbols, an inner point, ends of the range)
CASES = {
    "depolarizing": (lambda s: g.depolarizing(s[0], 0), [0.3], [[0.0], [1.0], [4 / 3]]),
    "depolarizing-2": (lambda s: g.depolarizing(s[0], 1, 0), [0.3], [[0.0], [16 / 15]]),
    "pauli_channel": (
        lambda s: g.pauli_channel({"XI": s[0], "ZY": s[1]}, 0, 1),
        [0.1, 0.3],
        [[0.0, 0.0], [1.0, 0.0]],
    ),
    "bit_flip": (lambda s: g.bit_flip(s[0], 0), [0.3], [[0.0], [1.0]]),
    "phase_flip": (lambda s: g.phase_flip(s[0], 0), [0.3], [[0.0], [1.0]]),
    "bit_phase_flip": (lambda s: g.bit_phase_flip(s[0], 0), [0.3], [[0.0], [1.0]]),
    "amplitude_damping": (
        lambda s: g.amplitude_damping(s[0], 0, population=s[1]),
        [0.3, 0.2],
        [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]],
    ),
    "phase_damping": (lambda s: g.phase_damping(s[0], 0), [0.3], [[0.0], [1.0]]),
    "thermal_relaxation": (
        lambda s: g.thermal_relaxation(s[0], s[1], s[2], 0, population=s[3]),
        [3.0, 4.0, 1.0, 0.2],
        [[3.0, 6.0, 0.0, 0.0], [3.0, 6.0, 1.0, 1.0]],
    ),
    "pauli_lindblad": (
        lambda s: g.pauli_lindblad({"XI": s[0], "ZY": s[1]}, 0, 1),
        [0.1, 0.3],
        [[0.0, 0.0]],
    ),
}
each = pytest.mark.parametrize("name", CASES)


def circuit_of(name: str) -> Circuit:
    """The channel between unitaries, twice, with strengths times one and times one half."""
    make, point, _ = CASES[name]
    w = weights(len(point))
    before, after = (g.unitary(random_unitary(k, 4), 0, 1) for k in (1, 2))
    times = [1, 1, 0.5, 1] if name == "thermal_relaxation" else [0.5] * 4
    again = make([t * s for t, s in zip(times, w, strict=False)])
    return Circuit(2, [before, make(w), after, again])


def values_at(name: str, point: torch.Tensor) -> torch.Tensor:
    return circuit_of(name).expectation(OBSERVED, w=point, backend=DensityMatrix("torch"))


def test_every_channel_with_strengths_is_here():
    with_strengths = {n for n, gate in g.TABLE.items() if gate.is_channel and gate.limits}
    assert {make(W).name for make, _, _ in CASES.values()} == with_strengths


@each
def test_inner_points_against_finite_differences(name):
    point = torch.tensor(CASES[name][1], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda p: values_at(name, p), point)
    assert torch.autograd.gradgradcheck(lambda p: values_at(name, p), point)
    gradient = torch.autograd.functional.jacobian(lambda p: values_at(name, p), point)
    assert bool((gradient.abs().amax(0) > 1e-3).all())


@each
def test_ends_of_the_range(name, dtype):
    """Finite everywhere; one-sided differences where the slope is finite."""
    ends = CASES[name][2]
    for end in ends:
        point = torch.tensor(end, dtype=dtype)
        found = torch.autograd.functional.jacobian(lambda p: values_at(name, p), point)
        assert torch.isfinite(found).all()
        if dtype == torch.float32 or (name.endswith("damping") and end[0] == 1):
            continue
        inner = torch.tensor(CASES[name][1], dtype=dtype)
        step = 1e-7 * (inner - point)
        slope = (values_at(name, point + step) - values_at(name, point)) / 1e-7
        torch.testing.assert_close(found @ (inner - point), slope, rtol=0, atol=1e-5)


def test_a_slope_that_does_not_see_the_coherence_is_exact_at_full_damping():
    """<Z> = 1 - 2 (1 - gamma) from |1>: slope 2, also at gamma = 1 where sqrt's is infinite."""
    w = weights(1)
    circuit = Circuit(1, [g.x(0), g.amplitude_damping(w[0], 0)])
    point = torch.ones(1, dtype=torch.float64, requires_grad=True)
    value = circuit.expectation("Z0", w=point, backend=DensityMatrix("torch")).sum()
    assert torch.autograd.grad(value, point)[0].tolist() == [2.0]


def test_strengths_that_are_data_have_gradients_per_sample():
    x = inputs(1)
    circuit = Circuit(1, [g.h(0), g.phase_flip(x[0], 0)])
    data = torch.tensor([[0.1], [0.3]], dtype=torch.float64, requires_grad=True)
    value = circuit.expectation("X0", data, backend=DensityMatrix("torch"))
    torch.testing.assert_close(value, 1 - 2 * data)
    (slope,) = torch.autograd.grad(value.sum(), data)
    torch.testing.assert_close(slope, torch.full_like(data, -2))


def test_a_layer_learns_a_strength():
    """The strength of a bit flip is recovered from the expectation values that it causes."""
    x, w = inputs(1), weights(1)
    circuit = Circuit(1, [g.rx(x[0], 0), g.bit_flip(w[0], 0)])
    layer = QuantumLayer(circuit, backend=DensityMatrix("torch"), dtype=torch.float64)
    data = torch.linspace(0.1, 3.0, 8, dtype=torch.float64)[:, None]
    target = (1 - 2 * 0.17) * torch.cos(data)
    with torch.no_grad():
        layer.weight.fill_(0.4)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.03)  # the loss is a parabola
    for _ in range(60):
        optimizer.zero_grad()
        ((layer(data) - target) ** 2).sum().backward()
        optimizer.step()
    assert float(layer.weight.detach()) == pytest.approx(0.17, abs=1e-6)


@each
def test_parameter_shift_names_the_channel(name):
    circuit = circuit_of(name)
    layer = QuantumLayer(
        circuit, OBSERVED, backend=DensityMatrix("torch"), diff_method="parameter-shift"
    )
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(CASES[name][1]))
    op = next(op for op in circuit.ops if op.is_channel)
    with pytest.raises(UnsupportedOperationError, match=rf"channel `{op.name}`.*backprop"):
        layer()
    layer.requires_grad_(False)
    expected = values_at(name, torch.tensor(CASES[name][1]))
    torch.testing.assert_close(layer(), expected, rtol=0, atol=2e-6)


def test_parameter_shift_of_angles_beside_channels_of_numbers():
    w = weights(2)
    ops = [g.rx(w[0], 0), g.amplitude_damping(0.3, 0), g.cry(w[1], 0, 1), g.depolarizing(0.1, 1, 0),
           g.thermal_relaxation(3e-5, 2e-5, 1e-6, 1)]  # fmt: skip
    circuit = Circuit(2, ops)
    found = []
    for method in ("parameter-shift", "backprop"):
        layer = QuantumLayer(
            circuit,
            OBSERVED,
            backend=DensityMatrix("torch"),
            diff_method=method,
            dtype=torch.float64,
        )
        with torch.no_grad():
            layer.weight.copy_(torch.tensor([0.4, 1.1]))
        layer().sum().backward()
        found.append(layer.weight.grad)
    torch.testing.assert_close(*found, rtol=0, atol=1e-12)


def evaluated(name: str, spsa: SPSA, point: torch.Tensor) -> torch.Tensor:
    evaluate = make_evaluator(
        circuit_of(name), as_observables(OBSERVED), DensityMatrix("torch"), None, 1, spsa
    )
    return evaluate(torch.zeros(1, 0, dtype=torch.float64), point[None])


def test_spsa_estimates_the_slope_of_a_strength():
    """The values are linear in p of either flip, so the mean over both signs is exact."""
    name = "bit_flip"
    point = torch.tensor([0.3], dtype=torch.float64, requires_grad=True)
    estimate = evaluated(name, SPSA(step=0.05, samples=4000), point)[0, 2]
    exact = values_at(name, point)[2]
    (found,), (expected,) = (torch.autograd.grad(v, point) for v in (estimate, exact))
    assert float(found) == pytest.approx(float(expected), abs=0.1)


def test_spsa_says_when_its_step_leaves_the_range():
    point = torch.tensor([0.05], dtype=torch.float64, requires_grad=True)
    with pytest.raises(ChannelError, match=r"p = -0\.05"):
        evaluated("bit_flip", SPSA(step=0.1), point)
