"""Values of trajectories against density matrices and closed forms.

Bounds on single values are Hoeffding's: a mean of n numbers in [-r, r] misses by more than
6.3 r / sqrt(n) with probability 5e-9; with faults of probability f the estimate misses by f times
that. No bound leans on an estimated standard error, which rare events would make too small.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from circuits import Circuit, DensityMatrix, PauliSum, Request, inputs, weights
from circuits import gates as g
from noise import PauliTransfer, Trajectories
from tests.support.channels import EXAMPLES, scrambled
from tests.support.properties import TOLERANCE
from tests.support.strategies import circuits, observables, random_unitary, random_values, seeds

OBSERVED = ("Z0", "X1 Y2", {"Y0 Z1": 0.5, "Z2": -1.0, "X0": 0.25, "": 0.2})


def size(observable):
    terms = observable if isinstance(observable, PauliSum) else PauliSum(observable)
    return float(np.abs(terms.coefficients).sum())


def assert_near(result, expected, observed, n):
    """Returns how far each value may be from what is expected."""
    faulty = 1 - result.metadata["fault_free"].double()[:, None]
    sizes = torch.tensor([size(o) for o in observed], dtype=torch.float64)
    bound = 6.3 * sizes * faulty / math.sqrt(n) + 1e-9
    found = result.values.reshape(-1, len(observed))
    assert bool(((found - expected.reshape(found.shape)).abs() <= bound).all())
    return bound


@settings(max_examples=20)
@given(st.data(), circuits(max_qubits=4, max_ops=6, channels=True), seeds)
def test_random_circuits(data, circuit, seed):
    x, w = random_values(circuit, seed, (2,))
    observed = [PauliSum(data.draw(observables(circuit.n_qubits))) for _ in range(2)]
    found = circuit.estimate(observed, x, w, backend=Trajectories(None, 400, generator=seed))
    assert_near(
        found, circuit.expectation(observed, x, w, backend=DensityMatrix("torch")), observed, 400
    )
    if not any(op.is_channel for op in circuit.ops):
        assert found.variances is None


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_channel(name):
    circuit = scrambled(EXAMPLES[name])
    found = circuit.estimate(OBSERVED, backend=Trajectories(None, 4000, generator=1))
    expected = circuit.expectation(OBSERVED, backend=DensityMatrix("torch"))
    bound = assert_near(found, expected, OBSERVED, 4000)
    silent = Circuit(3, [op for op in circuit.ops if not op.is_channel])
    clean = silent.expectation(OBSERVED)
    assert bool(((found.values - clean).abs() > bound).any())


@pytest.mark.parametrize("first", [True, False])
def test_the_order_of_channels_and_gates(first):
    """Damping before a flip is not damping after it; only channels that are not unital tell."""
    damping, flip = g.amplitude_damping(0.4, 0), g.x(0)
    ops = [g.ry(1.0, 0), *((damping, flip) if first else (flip, damping)), g.phase_damping(0.2, 0)]
    circuit = Circuit(1, ops)
    found = circuit.estimate(["Z0", "X0"], backend=Trajectories(None, 20_000, generator=5))
    expected = circuit.expectation(["Z0", "X0"], backend=DensityMatrix("torch"))
    assert_near(found, expected, ["Z0", "X0"], 20_000)
    z = -(0.4 + 0.6 * math.cos(1)) if first else 0.4 - 0.6 * math.cos(1)
    assert expected[0].item() == pytest.approx(z)


def test_channels_that_follow_one_another():
    """Blocks join gates and channels on one and two qubits, in both orders of the qubits."""
    ops = [g.h(0), g.ry(0.3, 1), g.cx(1, 0), g.amplitude_damping(0.3, 0), g.s(1), g.h(1)]
    ops += [g.cy(0, 1), g.thermal_relaxation(1.0, 1.6, 0.4, 1), g.rx(0.7, 0), g.crx(0.9, 1, 0)]
    ops += [g.depolarizing(0.1, 1, 0), g.iswap(0, 1), g.sx(0), g.amplitude_damping(0.2, 1)]
    circuit = Circuit(2, ops)
    observed = ["Z0", "Z1", "X0", "Y1", "X0 Y1"]
    found = circuit.estimate(observed, backend=Trajectories(None, 20_000, generator=2))
    expected = circuit.expectation(observed, backend=DensityMatrix("torch"))
    assert_near(found, expected, observed, 20_000)


@pytest.mark.parametrize("channel", [g.bit_flip, g.amplitude_damping])
def test_strengths_that_differ_from_point_to_point(channel):
    x, w = inputs(2), weights(1)
    ops = [g.ry(x[1], 0), g.cx(0, 1), channel(x[0], 0), g.rx(w[0], 1), channel(x[0] * w[0], 1)]
    circuit = Circuit(2, ops)
    table = torch.tensor([[0.0, 1.0], [0.2, 1.0], [0.9, 0.5]], dtype=torch.float64)
    values = torch.tensor([0.7], dtype=torch.float64)
    backend = Trajectories(None, 6000, generator=3)
    found = circuit.estimate(["Z0", "Y1 X0"], table, values, backend=backend)
    expected = circuit.expectation(["Z0", "Y1 X0"], table, values, backend=DensityMatrix("torch"))
    assert_near(found, expected, ["Z0", "Y1 X0"], 6000)
    assert found.metadata["fault_free"][0].item() == pytest.approx(1, abs=1e-12)
    assert found.standard_errors[0].tolist() == [0, 0]
    batch = torch.tensor([[0.7], [0.1], [1.1]], dtype=torch.float64)
    found = circuit.estimate(["Z0", "Y1 X0"], table, batch, backend=backend)
    expected = circuit.expectation(["Z0", "Y1 X0"], table, batch, backend=DensityMatrix("torch"))
    assert_near(found, expected, ["Z0", "Y1 X0"], 6000)


def test_points_keep_their_own_states():
    """A loss of phase leaves the populations of the state that it hits, in a later block."""
    x = inputs(1)
    ops = [g.ry(x[0], 0), g.cx(0, 1), g.cx(1, 2), g.thermal_relaxation(20.0, 1.0, 1.0, 2)]
    circuit = Circuit(3, [*ops, g.ry(0.5, 0)])
    table = torch.tensor([[0.3], [2.5], [1.2]], dtype=torch.float64)
    backend = Trajectories(None, 8000, generator=1)
    found = circuit.estimate(["Z0", "Z1"], table, backend=backend)
    expected = circuit.expectation(["Z0", "Z1"], table, backend=DensityMatrix("torch"))
    assert_near(found, expected, ["Z0", "Z1"], 8000)


@pytest.mark.parametrize("noise", [[g.depolarizing(0.06, 0, 1)], [g.amplitude_damping(0.1, 1)]])
def test_standard_errors_are_honest(noise):
    """z^2 over 200 seeds has mean 1 and, by the chi-square law, deviation 0.1: 6 of them."""
    ops = [g.ry(1.1, 0), g.cx(0, 1), *noise, g.rx(1.4, 1), *noise, g.ry(1.2, 1), *noise]
    circuit = Circuit(2, [*ops, g.ry(0.8, 1)])
    expected = circuit.expectation("Z0 Z1", backend=DensityMatrix("torch"))
    squares = []
    for seed in range(200):
        found = circuit.estimate("Z0 Z1", backend=Trajectories(None, 100, generator=seed))
        squares.append(float(((found.values - expected) / found.standard_errors) ** 2))
    assert 0.4 < np.mean(squares) < 1.6


def test_without_faults_nothing_is_left_to_chance():
    """The probability of no fault, and the error that falls with the faults."""
    errors = []
    for p in (0.4, 0.04, 0.004):
        circuit = Circuit(2, [g.h(0), g.cx(0, 1), g.depolarizing(p, 0), g.depolarizing(p, 1)])
        result = circuit.estimate("X0 X1", backend=Trajectories(None, 500, generator=1))
        clean = (1 - 3 * p / 4) ** 2
        assert result.metadata["fault_free"].item() == pytest.approx(clean, abs=1e-12)
        errors.append(result.standard_errors.item())
    assert errors[1] < 0.3 * errors[0]
    assert errors[2] < 0.3 * errors[1]


def test_many_qubits_have_a_closed_form():
    """Z_0 Z_13 of a cat state, with a flip of each qubit before and after."""
    n, p = 14, 0.03
    chain = [g.h(0), *(g.cx(q, q + 1) for q in range(n - 1))]
    circuit = Circuit(n, [*chain, *(g.bit_flip(p, q) for q in range(n))])
    result = circuit.estimate(["Z0 Z13", "Z3"], backend=Trajectories(None, 300, generator=4))
    assert_near(result, torch.tensor([(1 - 2 * p) ** 2, 0.0]), ["Z0 Z13", "Z3"], 300)
    damped = Circuit(n, [g.x(q) for q in range(n)] + [g.amplitude_damping(p, q) for q in range(n)])
    result = damped.estimate(["Z5", "Z0 Z13"], backend=Trajectories(None, 300, generator=4))
    expected = torch.tensor([2 * p - 1, (1 - 2 * p) ** 2])
    assert_near(result, expected, ["Z5", "Z0 Z13"], 300)
    assert result.metadata["fault_free"].item() == pytest.approx((1 - p) ** n)


def test_many_records_are_drawn_in_parts():
    """More trajectories than are held at once give each point its own."""
    x = inputs(1)
    circuit = Circuit(9, [g.ry(x[0], 0), *(g.cx(q, q + 1) for q in range(8)), g.bit_flip(0.2, 8)])
    circuit += [g.amplitude_damping(0.3, q) for q in range(9)]
    table = torch.tensor([[0.4], [2.8]], dtype=torch.float64)
    found = circuit.estimate(["Z0", "Z8"], table, backend=Trajectories(None, 2000, generator=1))
    expected = circuit.expectation(["Z0", "Z8"], table, backend=PauliTransfer())
    assert_near(found, expected, ["Z0", "Z8"], 2000)


@pytest.mark.parametrize("noise", [g.bit_flip, g.amplitude_damping])
@pytest.mark.parametrize("bases", [None, "XZY"])
def test_probabilities(noise, bases):
    x = inputs(2)
    ops = [g.ry(x[0], 0), g.cx(0, 3), noise(0.2, 0), g.rx(x[1], 1), g.cz(1, 3), noise(0.3, 3)]
    circuit = Circuit(5, ops)
    table = torch.tensor([[0.3, 1.0], [2.0, 0.4], [1.0, 1.0]], dtype=torch.float64)
    request = Request(circuit, table, qubits=(3, 4, 0), bases=bases)
    (found,) = Trajectories(None, 5000, generator=3).run([request])
    (expected,) = DensityMatrix("torch").run([request])
    bound = 6.3 / math.sqrt(5000)
    assert float((found.values - expected.values).abs().max()) < bound
    torch.testing.assert_close(found.values.sum(1), torch.ones(3, dtype=torch.float64))
    assert found.standard_errors.shape == (3, 8)


@pytest.mark.parametrize("noise", [g.bit_flip, g.amplitude_damping])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_dtypes(noise, dtype):
    x = inputs(3)
    circuit = Circuit(3, [g.rx(x[0], 0), noise(0.1, 0), g.crx(x[1], 0, 1), g.rzz(x[2], 1, 2)])
    table = torch.rand(4, 3, generator=torch.Generator().manual_seed(2)).to(dtype)
    backend = Trajectories(None, 50, generator=1)
    found = circuit.estimate(["Z0", "Y1 X2"], table, backend=backend)
    assert found.values.dtype == found.variances.dtype == dtype
    same = circuit.expectation(["Z0", "Y1 X2"], table.double(), backend=backend)
    torch.testing.assert_close(found.values.double(), same, rtol=0, atol=TOLERANCE[dtype])


def test_preparation_and_large_gates():
    """Blocks that hold no small matrix: prepared states, rotations and gates of many qubits."""
    amplitudes = np.arange(1, 17)
    ops = [g.state_preparation(amplitudes, 2, 0, 3, 1), g.amplitude_damping(0.3, 2)]
    ops += [g.pauli_rotation(0.7, "XYZX", 3, 1, 0, 2), g.unitary(random_unitary(4, 8), 0, 2, 3)]
    ops += [g.ccx(0, 1, 2), g.amplitude_damping(0.3, 0), g.pauli_rotation(0.4, "ZZZ", 0, 1, 2)]
    circuit = Circuit(4, ops)
    observed = ["Z0", "X1 Y2", "Y3", "X0 X1 X2 X3"]
    found = circuit.estimate(observed, backend=Trajectories(None, 4000, generator=6))
    assert_near(
        found, circuit.expectation(observed, backend=DensityMatrix("torch")), observed, 4000
    )


def test_more_than_three_qubits_of_a_pauli_channel():
    ops = [g.h(0), g.cx(0, 1), g.cx(1, 2), g.cx(2, 3), g.pauli_lindblad({"XYZX": 0.3}, 3, 1, 2, 0)]
    circuit = Circuit(4, [*ops, g.depolarizing(0.2, 0, 1, 2, 3), g.ry(0.3, 2)])
    observed = ["Z0 Z1", "X0 X1 X2 X3", "Z2 Z3"]
    found = circuit.estimate(observed, backend=Trajectories(None, 8000, generator=6))
    assert_near(
        found, circuit.expectation(observed, backend=DensityMatrix("torch")), observed, 8000
    )
