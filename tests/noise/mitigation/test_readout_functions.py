"""Confusion matrices, inverses, subspaces, projections: against dense linear algebra."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from circuits import PauliSum
from circuits.errors import (
    ArgumentTypeError,
    InvalidArgumentError,
    NonFiniteError,
    ShapeError,
    SolverError,
)
from noise.mitigation.readout import (
    Outcomes,
    SubspaceInverse,
    corrected_observable,
    full_inverse,
    full_variances,
    nearest_distribution,
    sampling_overhead,
    tensored_inverse,
    tensored_variances,
)
from noise.mitigation.readout.confusion import check_confusion, inverse_confusion
from noise.mitigation.readout.outcomes import all_bits, to_samples
from noise.mitigation.readout.transition import transition_matrix

seeds = st.integers(0, 2**20)


def confusions(k: int, seed: int, largest: float = 0.25) -> np.ndarray:
    a, b = np.random.default_rng(seed).uniform(0, largest, (2, k))
    return np.stack([np.stack([1 - a, a], -1), np.stack([b, 1 - b], -1)], 1)


def dense(matrices: np.ndarray) -> np.ndarray:
    """C[s, t] entry by entry from its definition."""
    k = len(matrices)
    states = list(itertools.product((0, 1), repeat=k))  # bit j is entry j
    index = [sum(bit << j for j, bit in enumerate(state)) for state in states]
    result = np.zeros((2**k, 2**k))
    for s, prepared in zip(index, states, strict=True):
        for t, read in zip(index, states, strict=True):
            result[s, t] = np.prod([matrices[j][prepared[j], read[j]] for j in range(k)])
    return result


@settings(max_examples=20)
@given(st.integers(1, 4), seeds)
def test_tensored_and_full_inverses_undo_the_reading(k, seed):
    matrices = confusions(k, seed)
    truth = torch.as_tensor(np.random.default_rng(seed + 1).dirichlet(np.ones(2**k), size=3))
    read = truth @ torch.as_tensor(dense(matrices))
    for found in (tensored_inverse(read, list(matrices)), full_inverse(read, dense(matrices))):
        torch.testing.assert_close(found, truth, rtol=0, atol=1e-12)
    spread = (full_variances(read, dense(matrices), 50), tensored_variances(read, matrices, 50))
    torch.testing.assert_close(*spread, rtol=1e-9, atol=1e-12)


def test_variances_are_those_of_multinomial_shots():
    """4000 draws: sample variances within 6 sigma of chi^2."""
    matrices, shots = confusions(2, 5), 100
    read = np.array([0.5, 0.25, 0.15, 0.1])
    draws = np.random.default_rng(1).multinomial(shots, read, size=4000) / shots
    found = tensored_inverse(torch.as_tensor(draws), matrices).var(0)
    expected = tensored_variances(torch.as_tensor(read), matrices, shots)
    assert float((found / expected - 1).abs().max()) < 6 * (2 / 3999) ** 0.5


@settings(max_examples=20)
@given(st.integers(1, 5), seeds)
def test_transition_matrices(k, seed):
    matrices = confusions(k, seed)
    matrices[0] = np.eye(2)  # zeros too
    bits = all_bits(k)
    np.testing.assert_allclose(
        transition_matrix(bits, bits, matrices), dense(matrices).T, rtol=0, atol=1e-12
    )


@settings(max_examples=20)
@given(st.integers(1, 4), seeds)
def test_subspace_on_all_outcomes_is_the_full_inverse(k, seed):
    matrices = confusions(k, seed)
    numbers = np.random.default_rng(seed).integers(1, 50, 2**k).astype(float)
    outcomes = Outcomes(all_bits(k), numbers)
    expected = full_inverse(torch.as_tensor(outcomes.frequencies), dense(matrices)).numpy()
    for method in ("direct", "iterative"):
        found = SubspaceInverse(outcomes, matrices, method=method)
        np.testing.assert_allclose(found.quasi().values, expected, rtol=0, atol=1e-7)


def test_subspace_is_the_reduced_and_normalised_system():
    k, matrices = 6, confusions(6, 3)
    generator = np.random.default_rng(4)
    chosen = generator.choice(2**k, 12, replace=False)
    outcomes = Outcomes(all_bits(k)[chosen], generator.integers(1, 40, 12).astype(float))
    reduced = dense(matrices).T[np.ix_(chosen, chosen)]
    reduced /= reduced.sum(0)
    expected = np.linalg.solve(reduced, outcomes.frequencies)
    observed = generator.normal(size=(12, 2))
    per_shot = np.linalg.solve(reduced.T, observed)
    variance = outcomes.frequencies @ per_shot**2 - (outcomes.frequencies @ per_shot) ** 2
    for method in ("direct", "iterative"):
        system = SubspaceInverse(outcomes, matrices, method=method)
        np.testing.assert_allclose(system.quasi().values, expected, rtol=0, atol=1e-7)
        means, variances = system.means(observed)
        np.testing.assert_allclose(means, expected @ observed, rtol=0, atol=1e-7)
        np.testing.assert_allclose(variances, variance / (outcomes.shots - 1), rtol=1e-6)
    assert sum(system.quasi().distribution.values()) == pytest.approx(1)
    assert sum(system.quasi().nearest().values()) == pytest.approx(1)


def test_a_matrix_that_is_not_held_gives_the_same(monkeypatch):
    generator = np.random.default_rng(1)
    outcomes = Outcomes.of(generator.integers(0, 2, (300, 9)).astype(np.uint8))
    held = SubspaceInverse(outcomes, confusions(9, 2), method="iterative").quasi().values
    monkeypatch.setattr("noise.mitigation.readout.subspace._HELD", 0)
    monkeypatch.setattr("noise.mitigation.readout.subspace._BLOCK", 1000)
    found = SubspaceInverse(outcomes, confusions(9, 2), method="iterative").quasi().values
    np.testing.assert_allclose(found, held, rtol=0, atol=1e-9)


def test_distance_leaves_entries_out():
    """Of 000 and 011 at distance 2, a cut at 1 corrects nothing."""
    outcomes = Outcomes.of({"000": 60, "011": 40})
    cut = SubspaceInverse(outcomes, confusions(3, 1), distance=1).quasi()
    np.testing.assert_allclose(cut.values, outcomes.frequencies, rtol=0, atol=1e-12)
    whole = SubspaceInverse(outcomes, confusions(3, 1), distance=2).quasi()
    full = SubspaceInverse(outcomes, confusions(3, 1)).quasi()
    np.testing.assert_allclose(whole.values, full.values, rtol=0, atol=1e-12)
    assert float(np.abs(full.values - cut.values).max()) > 1e-3


def test_a_ghz_state_on_many_bits():
    """100 bits with 1 % error: most of what was seen goes back to the two outcomes."""
    generator = np.random.default_rng(3)
    true = np.repeat(generator.integers(0, 2, (2000, 1)), 100, axis=1)
    read = (true ^ (generator.random((2000, 100)) < 0.01)).astype(np.uint8)
    quasi = SubspaceInverse(read, [[[0.99, 0.01], [0.01, 0.99]]] * 100).quasi()
    nearest = quasi.nearest()
    before = Outcomes.of(read)
    kept = before.frequencies[np.isin(before.bits.sum(1), (0, 100))].sum()
    assert kept < 0.42
    assert nearest["0" * 100] + nearest["1" * 100] > 1.7 * kept


@settings(max_examples=30)
@given(st.integers(1, 4), seeds)
def test_corrected_observables_have_the_noiseless_mean(k, seed):
    matrices, generator = confusions(k, seed), np.random.default_rng(seed)
    truth = generator.dirichlet(np.ones(2**k))
    labels = [" ".join(f"Z{q}" for q in range(k) if s >> q & 1) for s in range(2**k)]
    observable = PauliSum({label: float(c) for label, c in zip(labels, truth - 0.3, strict=True)})
    corrected = corrected_observable(observable, dict(enumerate(matrices)))
    read = truth @ dense(matrices)
    found = read @ corrected.diagonal(k).real
    assert found == pytest.approx(truth @ observable.diagonal(k).real, abs=1e-10)


def test_symmetric_errors_add_no_strings():
    symmetric = np.array([[0.9, 0.1], [0.1, 0.9]])
    found = corrected_observable(PauliSum("X0 Y5"), {0: symmetric, 5: symmetric})
    assert found.indexed_labels() == ("X0 Y5",)
    assert found.coefficients[0] == pytest.approx(1 / 0.64)


@settings(max_examples=50)
@given(st.lists(st.floats(-2, 2), min_size=1, max_size=8))
def test_nearest_distributions_meet_the_optimality_conditions(values):
    """Each is max(q - t, 0) with sum 1: the Karush-Kuhn-Tucker conditions of the projection."""
    quasi = np.array(values)
    found = nearest_distribution(quasi)
    assert found.min() >= 0
    assert found.sum() == pytest.approx(1)
    level = (quasi - found)[found > 0]
    assert np.ptp(level) < 1e-9
    assert (quasi[found == 0] <= level[0] + 1e-9).all()


def test_overhead_bounds_the_variance():
    matrices = confusions(3, 8)
    bound = sampling_overhead(list(matrices))
    inverse = np.abs(np.linalg.inv(dense(matrices)))
    assert bound == pytest.approx(inverse.sum(1).max() ** 2)
    assert bound > 1


def test_outcomes():
    outcomes = Outcomes.of({"10": 3, "00": 1, "11": 0})
    assert outcomes.shots == 4
    assert dict(zip(outcomes.labels(), outcomes.counts, strict=True)) == {"00": 1, "10": 3}
    assert outcomes.dense().tolist() == [0.25, 0, 0.75, 0]
    samples = torch.tensor([[0, 1], [0, 1], [0, 0], [0, 1]], dtype=torch.uint8)
    again = Outcomes.of(samples)
    assert again.labels() == outcomes.labels()
    assert again.counts.tolist() == outcomes.counts.tolist()
    wide = np.random.default_rng(1).integers(0, 2, (50, 130)).astype(np.uint8)
    merged = Outcomes.of(np.concatenate([wide, wide[:7]]))
    assert merged.counts.sum() == 57
    assert len(merged.counts) == 50


@given(st.lists(st.floats(0.001, 1), min_size=1, max_size=8), st.integers(1, 300))
def test_samples_are_the_nearest_numbers(weights, shots):
    probabilities = np.array(weights) / np.sum(weights)
    rows = to_samples(all_bits(3)[: len(weights)], probabilities, shots)
    index = rows @ np.array([1, 2, 4])
    numbers = np.bincount(index, minlength=len(weights))
    assert numbers.sum() == shots
    assert float(np.abs(numbers - shots * probabilities).max()) < 1 + 1e-6


@pytest.mark.parametrize(
    ("source", "error", "text"),
    [
        ({}, InvalidArgumentError, "at least one shot"),
        ({"01": 0}, InvalidArgumentError, "at least one shot"),
        ({"01": -1, "00": 4}, InvalidArgumentError, "non-negative"),
        ({"01": 1, "011": 4}, ShapeError, "one positive length"),
        ({"0 1": 1}, InvalidArgumentError, "made of 0 and 1"),
        (np.zeros((0, 2), dtype=np.uint8), InvalidArgumentError, "no shot"),
        (np.full((3, 2), 2, dtype=np.uint8), InvalidArgumentError, "other than 0 and 1"),
        (np.zeros((2, 3, 4), dtype=np.uint8), ShapeError, "index the batch"),
        ("0101", ArgumentTypeError, "str"),
    ],
)
def test_bad_counts(source, error, text):
    with pytest.raises(error, match=text):
        Outcomes.of(source)


@pytest.mark.parametrize(
    ("matrix", "error", "text"),
    [
        ([[0.9, 0.2], [0.1, 0.8]], InvalidArgumentError, "pass the transpose"),
        ([[0.9, 0.2], [0.2, 0.8]], InvalidArgumentError, "sum to 1"),
        ([[1.1, -0.1], [0.1, 0.9]], InvalidArgumentError, r"\[0, 1\]"),
        ([[float("nan"), 1], [0, 1]], NonFiniteError, "finite"),
        ([0.9, 0.1], ShapeError, r"\(2, 2\)"),
        ("no", InvalidArgumentError, "array of numbers"),
    ],
)
def test_bad_matrices(matrix, error, text):
    with pytest.raises(error, match=text):
        check_confusion(matrix)


def test_singular_systems():
    with pytest.raises(InvalidArgumentError, match="singular"):
        inverse_confusion(np.full((2, 2), 0.5))
    with pytest.raises(InvalidArgumentError, match="qubit 3 is singular"):
        corrected_observable(PauliSum("Z3"), {3: np.array([[0.7, 0.3], [0.7, 0.3]])})
    with pytest.raises(ShapeError, match="each of 2 measured bits"):
        SubspaceInverse({"01": 3}, [[[1, 0], [0, 1]]])
    with pytest.raises(ShapeError, match="4 entries"):
        tensored_inverse(torch.ones(3, 8), [np.eye(2)] * 2)
    close = [[[0.8, 0.2], [0.2, 0.8]]] * 4
    states = {format(s, "04b"): 5 for s in range(16)}
    with pytest.raises(SolverError):
        SubspaceInverse(states, close, distance=1, method="direct").quasi()
