"""Gradients of trajectories: unbiased, against backpropagation through density matrices.

The mean over 60 seeds is compared in units of its own standard error. A t variable of 59 degrees
of freedom exceeds 7 with probability 3e-9; each test compares fewer than 10 numbers.
"""

from __future__ import annotations

import pytest
import torch

from circuits import Circuit, DensityMatrix, inputs, weights
from circuits import gates as g
from circuits.errors import UnsupportedOperationError
from noise import NoiseModel, Trajectories, channels
from qml import QuantumLayer

SEEDS, LIMIT = 60, 7.0
OBSERVED = ["Z0", {"X1 Y2": 1.0, "Z2": 0.5}]


def gradients(circuit, x, w, backend, observed=OBSERVED):
    leaves = [v.clone().requires_grad_() for v in (x, w)]
    values = circuit.expectation(observed, *leaves, backend=backend)
    weighted = (values * torch.tensor([1.0, -2.0], dtype=values.dtype)).sum()
    parts = torch.autograd.grad(weighted, leaves)
    return torch.cat([p.reshape(-1) for p in parts])


def assert_unbiased(circuit, x, w, n=40):
    rows = [
        gradients(circuit, x, w, Trajectories(None, n, generator=seed)) for seed in range(SEEDS)
    ]
    found = torch.stack(rows)
    expected = gradients(circuit, x, w, DensityMatrix("torch"))
    error = found.std(0) / SEEDS**0.5
    assert bool((error > 0).any())
    distance = (found.mean(0) - expected).abs()
    assert bool((distance <= LIMIT * error + 1e-9).all()), distance / error
    assert bool((expected.abs() > 3 * LIMIT * error).any())  # the test can tell it from zero


def example(*noise):
    x, w = inputs(2), weights(2)
    ops = [g.ry(x[0], 0), g.rx(w[0], 1), noise[0], g.cx(0, 2), g.cx(1, 2), noise[1]]
    ops += [g.rzz(x[1] * w[1], 1, 2), g.ry(w[1], 2), noise[2], g.cx(2, 0), g.rx(x[1], 0)]
    return Circuit(3, ops)


X = torch.tensor([[0.7, 1.3], [-0.4, 0.9]], dtype=torch.float64)
W = torch.tensor([1.2, 0.6], dtype=torch.float64)


def test_pauli_noise():
    noise = (g.depolarizing(0.2, 0), g.pauli_channel({"XZ": 0.2}, 2, 1), g.phase_damping(0.3, 2))
    assert_unbiased(example(*noise), X, W)


def test_jumps():
    """The probability of a jump depends on the angles: without its derivative this fails."""
    noise = (
        g.amplitude_damping(0.4, 1),
        g.thermal_relaxation(1.0, 1.5, 0.4, 2),
        g.bit_flip(0.1, 0),
    )
    assert_unbiased(example(*noise), X, W)


def test_strengths_of_pauli_channels():
    x, w = inputs(1), weights(2)
    ops = [g.ry(x[0], 0), g.cx(0, 1), g.bit_flip(w[0], 0), g.depolarizing(w[1] * x[0], 1, 2)]
    ops += [g.cx(1, 2), g.rx(0.4, 2), g.pauli_lindblad({"XY": w[0], "ZI": 0.1}, 0, 1)]
    circuit = Circuit(3, ops)
    x = torch.tensor([[0.7], [0.4]], dtype=torch.float64)
    assert_unbiased(circuit, x, torch.tensor([0.2, 0.3], dtype=torch.float64), n=100)


def test_gradients_of_probabilities():
    x = inputs(1)
    for noise in (g.bit_flip(0.2, 0), g.amplitude_damping(0.3, 0)):
        circuit = Circuit(2, [g.ry(x[0], 0), noise, g.cx(0, 1), g.ry(0.3, 0)])
        rows = []
        for backend in [
            DensityMatrix("torch"),
            *(Trajectories(None, 30, generator=s) for s in range(60)),
        ]:
            leaf = torch.tensor([[1.1]], dtype=torch.float64, requires_grad=True)
            values = circuit.probabilities(leaf, backend=backend)
            rows.append(
                torch.stack(
                    [torch.autograd.grad(v, leaf, retain_graph=True)[0][0, 0] for v in values[0]]
                )
            )
        found = torch.stack(rows[1:])
        error = found.std(0) / 60**0.5
        assert bool(((found.mean(0) - rows[0]).abs() <= LIMIT * error + 1e-9).all())


def test_gradients_are_those_of_the_drawn_values():
    """With Pauli noise and a fixed seed the faults are fixed, so finite differences agree."""
    noise = (g.depolarizing(0.2, 0), g.bit_flip(0.2, 1), g.phase_flip(0.3, 2))
    circuit, backend = example(*noise), Trajectories(None, 10, generator=3)
    found = gradients(circuit, X, W, backend)
    step, slopes = 1e-5, []
    for k in range(2):
        sides = []
        for sign in (1, -1):
            moved = W.clone()
            moved[k] += sign * step
            values = circuit.expectation(OBSERVED, X, moved, backend=backend)
            sides.append(values.sum(0) @ torch.tensor([1.0, -2.0], dtype=torch.float64))
        slopes.append((sides[0] - sides[1]) / (2 * step))
    torch.testing.assert_close(found[4:], torch.stack(slopes), rtol=0, atol=1e-8)


def test_second_derivatives():
    """Of drawn Pauli faults, and through jumps: they exist and are finite."""
    w = weights(1)
    for noise, exact in ((g.bit_flip(0.2, 0), True), (g.amplitude_damping(0.2, 0), False)):
        circuit = Circuit(1, [g.ry(w[0], 0), noise, g.ry(w[0], 0)])
        backend = Trajectories(None, 20, generator=1)
        leaf = torch.tensor([0.4], dtype=torch.float64, requires_grad=True)
        value = circuit.expectation("Z0", w=leaf, backend=backend)
        (slope,) = torch.autograd.grad(value.sum(), leaf, create_graph=True)
        (curve,) = torch.autograd.grad(slope.sum(), leaf)
        assert bool(torch.isfinite(curve).all())
        if exact:  # values are a + b cos(2 w) + c cos(w - w): curvature is -4 b cos(2 w)
            ends = torch.tensor([[0.0], [torch.pi / 2]], dtype=torch.float64)
            top, bottom = circuit.expectation("Z0", w=ends, backend=backend)[:, 0]
            amplitude = (top - bottom) / 2
            assert curve.item() == pytest.approx(-4 * amplitude.item() * torch.cos(2 * leaf).item())


def test_a_layer_trains():
    x, w = inputs(2), weights(2)
    ops = [g.ry(x[0], 0), g.ry(x[1], 1), g.cx(0, 1), g.ry(w[0], 0), g.ry(w[1], 1)]
    model = NoiseModel().add(channels.AmplitudeDamping(0.05), gates="ry")
    model.add(channels.Depolarizing(0.02, 2), gates="cx")
    layer = QuantumLayer(Circuit(2, ops), ["Z0"], backend=Trajectories(model, 20, generator=2))
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([0.5, 0.3]))
    data = torch.tensor([[0.1, 0.2], [0.4, -0.3]])
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.3)
    losses = []
    for _ in range(15):
        optimizer.zero_grad()
        loss = layer(data).mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] - 0.5


def test_refusals():
    w = weights(1)
    value = torch.tensor([0.0], dtype=torch.float64, requires_grad=True)
    silent = Circuit(1, [g.ry(0.3, 0), g.bit_flip(w[0], 0)])
    with pytest.raises(UnsupportedOperationError, match="never drawn"):
        silent.expectation("Z0", w=value, backend=Trajectories(None, 10))
    with torch.no_grad():
        assert silent.expectation("Z0", w=value, backend=Trajectories(None, 10)).item() == (
            pytest.approx(torch.cos(torch.tensor(0.3, dtype=torch.float64)).item())
        )
    damped = Circuit(1, [g.ry(0.3, 0), g.amplitude_damping(w[0], 0)])
    with pytest.raises(UnsupportedOperationError, match="amplitude_damping"):
        damped.expectation("Z0", w=value + 0.1, backend=Trajectories(None, 10))
