"""Finite shots: means, variances, covariances, scaling, seeds, samples and counts.

Random checks use fixed seeds, so they repeat exactly. Limits are set so that for a fresh seed the
chance of a false alarm would be below 1e-6 per test.
"""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from circuits import Circuit, DensityMatrix, PauliSum, Probabilities, StateVector, counts, inputs
from circuits import gates as g
from circuits.errors import InvalidArgumentError
from circuits.simulators import sampling
from qml import QuantumLayer
from tests.support.properties import assert_plausible
from tests.support.strategies import circuits, observables, random_amplitudes, random_values, seeds

BACKENDS = [
    pytest.param(StateVector(), id="statevector"),
    pytest.param(DensityMatrix(), id="density"),
]
STATE = g.state_preparation(random_amplitudes(3, 8), 0, 1, 2)
CIRCUIT = Circuit(3, [STATE])


def exact_variance(circuit: Circuit, groups: list[dict[str, float]]) -> float:
    """Sum over measured-together groups of <G^2> - <G>^2."""
    total = 0.0
    for group in groups:
        observable = PauliSum(group)
        square = observable * observable
        mean = float(circuit.expectation([observable])[0])
        total += float(circuit.expectation([square])[0]) - mean**2
    return total


@settings(max_examples=30)
@given(st.data(), circuits(max_qubits=4, max_ops=6), seeds)
def test_means_are_plausible(data, circuit, seed):
    observed = [PauliSum(data.draw(observables(circuit.n_qubits))) for _ in range(2)]
    x, w = random_values(circuit, seed)
    exact = circuit.expectation(observed, x, w)
    for backend in (StateVector(), DensityMatrix()):
        result = circuit.estimate(observed, x, w, backend=backend, shots=2000, generator=seed)
        # With all outcomes equal the estimated error is zero although an outcome of probability
        # p < 7 / 2000 may have been missed: allow for its weight.
        slack = torch.tensor([sum(abs(c) for _, _, c in o.terms) for o in observed]) * 0.03
        assert bool(
            ((result.values - exact).abs() <= 6 * result.standard_errors + slack + 1e-9).all()
        )


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    "groups",
    [
        [{"Z0": 1.0}],
        [{"X0": 0.5}],
        [{"Y0 Z1": -1.5}],
        [{"Z0": 1.0, "Z0 Z1": 0.7, "Z2": -0.4}],  # one group: covariances count
        [{"Z0": 0.8}, {"X0": 0.6}],  # two groups: independent
        [{"Z0": 0.8, "Z1": 0.5}, {"X0 X1": 0.6, "X2": 0.3}, {"Y0 Y1": -0.9}],
    ],
)
def test_mean_and_variance(backend, groups):
    """Many independent estimates: their mean and spread, and the errors they claim."""
    observable = PauliSum({label: c for group in groups for label, c in group.items()})
    shots, repeats = 50, 4000
    x = inputs(1)
    many = Circuit(3, [STATE, g.rz(0 * x[0] + x[0], 0)])
    result = many.estimate(
        [observable],
        torch.zeros(repeats, 1, dtype=torch.float64),
        backend=backend,
        shots=shots,
        generator=5,
    )
    mean = float(CIRCUIT.expectation([observable])[0])
    variance = exact_variance(CIRCUIT, groups) / shots
    values = result.values[:, 0]
    assert abs(float(values.mean()) - mean) <= 5.5 * math.sqrt(variance / repeats)
    # relative error of a sample variance of near-normal data: sqrt(2 / repeats) = 0.022
    assert float(values.var()) == pytest.approx(variance, rel=5.5 * 0.025)
    assert float(result.variances.mean()) == pytest.approx(variance, rel=0.03)


def test_errors_shrink_like_one_over_root_shots():
    x = inputs(1)
    circuit = Circuit(1, [g.ry(x[0], 0)])
    points = torch.full((1000, 1), 1.1, dtype=torch.float64)
    spreads = []
    for shots in (25, 100, 400, 1600):
        estimate = circuit.expectation("Z0", points, shots=shots, generator=shots)
        spreads.append(float(estimate.std()))
    slope = math.log(spreads[0] / spreads[-1]) / math.log(1600 / 25)
    assert slope == pytest.approx(0.5, abs=0.05)
    assert spreads[0] == pytest.approx(math.sin(1.1) / 5, rel=0.13)


def test_one_shot_has_no_error_estimate():
    result = CIRCUIT.estimate(["Z0"], shots=1, generator=0)
    assert abs(float(result.values[0])) == 1
    assert bool(result.standard_errors.isnan().all())


def test_constants_cost_no_randomness():
    result = CIRCUIT.estimate([PauliSum({"": 0.7})], shots=5, generator=0)
    assert result.values.tolist() == [0.7]
    assert result.standard_errors.tolist() == [0.0]


@pytest.mark.parametrize("backend", BACKENDS)
def test_seeds(backend):
    def run(generator):
        return CIRCUIT.estimate(
            ["X0", "Z1"], backend=backend, shots=100, generator=generator
        ).values

    assert torch.equal(run(3), run(3))
    assert not torch.equal(run(3), run(4))
    stream = torch.Generator().manual_seed(3)
    first, second = run(stream), run(stream)
    assert torch.equal(first, run(3))
    assert not torch.equal(first, second)
    torch.manual_seed(9)
    default = run(None)
    torch.manual_seed(9)
    assert torch.equal(default, run(None))


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_global_generator_is_untouched(backend):
    before = torch.get_rng_state()
    CIRCUIT.expectation("X0", backend=backend, shots=10, generator=1)
    CIRCUIT.sample(10, backend=backend, generator=torch.Generator())
    layer = QuantumLayer(Circuit(1, [g.h(0)]), shots=5, generator=2)
    layer()
    assert torch.equal(torch.get_rng_state(), before)
    CIRCUIT.sample(10, backend=backend)
    assert not torch.equal(torch.get_rng_state(), before)


def test_a_layer_draws_anew_each_time_and_repeats_from_its_seed():
    def values(seed):
        layer = QuantumLayer(Circuit(1, [g.h(0)]), shots=100, generator=seed)
        return [float(layer()) for _ in range(4)]

    assert len(set(values(1))) > 1
    assert values(1) == values(1)
    assert values(1) != values(2)


@pytest.mark.parametrize("backend", BACKENDS)
def test_sample_frequencies(backend):
    shots = 20000
    samples = CIRCUIT.sample(shots, backend=backend, generator=4)
    assert samples.shape == (shots, 3)
    index = (samples.long() * torch.tensor([1, 2, 4])).sum(1)
    found = torch.bincount(index, minlength=8).double() / shots
    exact = CIRCUIT.probabilities()
    assert_plausible(found, exact, (exact * (1 - exact) / shots).sqrt())


def test_outcomes_without_probability_are_never_drawn():
    circuit = Circuit(3, [g.h(1), g.cx(1, 2)])
    assert set(counts(circuit.sample(5000, generator=0))) == {"000", "110"}


def test_counts_are_qiskits_strings():
    pytest.importorskip("qiskit")
    from qiskit.quantum_info import Statevector

    circuit = Circuit(4, [g.x(0), g.x(1), g.cx(1, 3), g.h(2)])
    state = Statevector(circuit.statevector().numpy())
    expected = state.sample_counts(2000)
    found = counts(circuit.sample(2000, generator=1))
    assert set(found) == set(expected) == {"1011", "1111"}
    assert sum(found.values()) == 2000
    assert list(found.values()) == sorted(found.values(), reverse=True)


def test_shift_gradients_from_shots():
    """The gradient of a sampled layer is unbiased: 6 standard errors over many repeats."""
    x = inputs(1)
    layer = QuantumLayer(Circuit(1, [g.rx(x[0], 0)]), "Z0", shots=20, generator=1)
    at = torch.full((4000, 1), 0.8, dtype=torch.float64, requires_grad=True)
    (slopes,) = torch.autograd.grad(layer(at).sum(), at)
    error = float(slopes.std()) / 4000**0.5
    assert float(slopes.mean()) == pytest.approx(-math.sin(0.8), abs=6 * error)
    assert 0.01 > error > 0


def test_sampled_probabilities():
    layer = QuantumLayer(CIRCUIT, Probabilities([1, 2]), shots=5000, generator=0)
    found, exact = layer(), CIRCUIT.probabilities(qubits=[1, 2])
    assert float(found.sum()) == pytest.approx(1)
    assert_plausible(found, exact, (exact * (1 - exact) / 5000).sqrt())


@pytest.mark.parametrize("shots", [0, -1, 1.5, True, "10", float("nan")])
def test_bad_shots(shots):
    for run in (
        lambda: CIRCUIT.expectation("Z0", shots=shots),
        lambda: CIRCUIT.sample(shots),
        lambda: QuantumLayer(CIRCUIT, shots=shots),
    ):
        with pytest.raises(InvalidArgumentError, match="shots"):
            run()
    with pytest.raises(InvalidArgumentError, match="shots"):
        CIRCUIT.sample(None)


@pytest.mark.parametrize("seed", [1.5, "a", True])
def test_bad_generators(seed):
    with pytest.raises(InvalidArgumentError, match="generator"):
        CIRCUIT.sample(3, generator=seed)


def test_the_smallest_random_number_draws_no_impossible_outcome(monkeypatch):
    """A draw of exactly 0 must skip leading outcomes of probability zero, and 1 - eps trailing."""
    probabilities = torch.tensor([[0.0], [0.5], [0.5], [0.0]], dtype=torch.float64)
    for number, outcome in ((0.0, 1), (1 - 2**-53, 2)):
        monkeypatch.setattr(
            torch, "rand", lambda *size, n=number, **_: torch.full(size, n, dtype=torch.float64)
        )
        assert sampling.draw(probabilities, 1, None).tolist() == [[outcome]]
