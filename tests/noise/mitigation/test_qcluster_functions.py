"""Clustering of bitstrings: pieces against their definitions, recovery, spread, bad input.

Sampled checks have fixed seeds; for a fresh seed a false alarm has a chance below 1e-6.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from circuits.errors import ArgumentTypeError, InvalidArgumentError, ShapeError
from noise.mitigation.qcluster import Clusters, estimate_flip_rate, q_cluster
from noise.mitigation.qcluster.mixture import Mixture, MixtureModel
from noise.mitigation.readout.outcomes import Outcomes, all_bits, labels
from noise.mitigation.readout.transition import flip_confusions

seeds = st.integers(0, 2**20)


def flipped(
    centroids: np.ndarray, weights: np.ndarray, rates: object, shots: int, seed: int
) -> np.ndarray:
    """Samples of a mixture, each bit flipped independently."""
    generator = np.random.default_rng(seed)
    true = centroids[generator.choice(len(centroids), shots, p=weights)]
    chance = generator.random(true.shape)
    return (true ^ (chance < np.asarray(rates))).astype(np.uint8)


def truth(k: int, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """`n` distinct bitstrings of `k` bits with weights of at least 1 / 2n."""
    generator = np.random.default_rng(seed)
    chosen = generator.choice(2**k, n, replace=False)
    bits = (chosen[:, None] >> np.arange(k) & 1).astype(np.uint8)
    return bits, (generator.dirichlet(np.ones(n)) + 1 / n) / 2


def fidelity(found: dict[str, float], bits: np.ndarray, weights: np.ndarray) -> float:
    """Hellinger fidelity (sum sqrt(p q))^2."""
    pairs = zip(labels(bits), weights, strict=True)
    return sum(math.sqrt(found.get(label, 0.0) * w) for label, w in pairs) ** 2


def chances(read: np.ndarray, centroids: np.ndarray, confusions: np.ndarray) -> np.ndarray:
    """Probability of each outcome under each centroid, entry by entry."""
    return np.array(
        [
            [math.prod(confusions[q][c[q], x[q]] for q in range(len(x))) for c in centroids]
            for x in read
        ]
    )


def example(seed: int) -> tuple[MixtureModel, Mixture, np.ndarray]:
    """A model of random data, a random mixture, and probabilities `(m, 1 + K)` by definition."""
    generator = np.random.default_rng(seed)
    outcomes = Outcomes.of(generator.integers(0, 2, (60, 5)).astype(np.uint8))
    a, b = generator.uniform(0.02, 0.3, (2, 5))
    confusions = np.stack([np.stack([1 - a, a], -1), np.stack([b, 1 - b], -1)], 1)
    bits, _ = truth(5, 3, seed)
    mixture = Mixture(bits, generator.dirichlet(np.ones(4)))
    uniform = np.full((len(outcomes.counts), 1), 1 / 32)
    table = np.hstack([uniform, chances(outcomes.bits, bits, confusions)])
    return MixtureModel(outcomes, confusions), mixture, table


@settings(max_examples=15)
@given(seeds)
def test_components_and_bayes_shares(seed):
    model, mixture, table = example(seed)
    np.testing.assert_allclose(model.components(mixture.centroids), table, rtol=1e-12)
    posterior = table * mixture.weights / (table @ mixture.weights)[:, None]
    expected = posterior * model.outcomes.counts[:, None]
    np.testing.assert_allclose(model.shares(mixture), expected, rtol=1e-10)


@settings(max_examples=15)
@given(seeds)
def test_fitted_weights_meet_the_optimality_conditions(seed):
    """The likelihood is concave: slopes equal the shots where a weight is used, else less."""
    model, mixture, table = example(seed)
    found = model.fitted(mixture, steps=20_000, tolerance=1e-10)
    total, counts = table @ found.weights, model.outcomes.counts
    slopes = (counts / total) @ table
    assert found.weights.sum() == pytest.approx(1)
    assert float(slopes.max()) < 60 * (1 + 1e-2)
    used = found.weights > 1e-2
    np.testing.assert_allclose(slopes[used], 60, rtol=1e-2)
    assert found.log_likelihood == pytest.approx(counts @ np.log(total), abs=1e-6)
    assert found.cost == pytest.approx(model.penalty(3) - found.log_likelihood)


@pytest.mark.parametrize(("k", "n"), [(3, 0), (3, 2), (5, 7), (20, 3)])
def test_penalties(k, n):
    outcomes = Outcomes.of(np.zeros((50, k), dtype=np.uint8))
    model = MixtureModel(outcomes, flip_confusions(np.full(k, 0.1)))
    expected = math.log(math.comb(2**k, n)) + n / 2 * math.log(50)
    assert model.penalty(n) == pytest.approx(expected, rel=1e-9)


def test_penalties_of_many_bits():
    """Beyond 20 bits C(N, n) is N^n / n! to a relative n^2 / N."""
    model = MixtureModel(
        Outcomes.of(np.zeros((50, 40), dtype=np.uint8)), flip_confusions(np.full(40, 0.1))
    )
    expected = math.log(math.comb(2**40, 5)) + 2.5 * math.log(50)
    assert model.penalty(5) == pytest.approx(expected, rel=1e-9)


def test_centroids_are_count_weighted_majorities():
    """One cluster: each bit by the vote of all counts."""
    counts = {"0111": 40, "0011": 30, "1010": 25, "0000": 3}
    outcomes = Outcomes.of(counts)
    model = MixtureModel(outcomes, flip_confusions(np.full(4, 0.3)))
    start = Mixture(np.array([[1, 1, 1, 0]], dtype=np.uint8), np.array([0.0, 1.0]))
    votes = [sum(n for b, n in counts.items() if b[3 - q] == "1") > 49 for q in range(4)]
    assert model.recentred(start).centroids.tolist() == [[int(v) for v in votes]]


def test_equal_centroids_are_joined():
    outcomes = Outcomes.of({"000": 90, "001": 10})
    model = MixtureModel(outcomes, flip_confusions(np.full(3, 0.1)))
    two = Mixture(np.array([[0, 0, 0], [0, 1, 0]], dtype=np.uint8), np.array([0.0, 0.9, 0.1]))
    found = model.recentred(two)
    assert found.centroids.tolist() == [[0, 0, 0]]
    assert found.weights.sum() == pytest.approx(1)


@settings(max_examples=25)
@given(st.integers(6, 10), st.integers(1, 4), st.floats(0.01, 0.15), seeds)
def test_mixtures_are_recovered(k, n, p, seed):
    bits, weights = truth(k, n, seed)
    samples = flipped(bits, weights, p, 4096, seed)
    found = q_cluster(samples, p)
    assert fidelity(found.distribution, bits, weights) > 0.97
    assert sum(found.distribution.values()) == pytest.approx(1)
    assert (np.diff(found.weights) <= 0).all()


@pytest.mark.parametrize("seed", range(4))
def test_forty_percent_of_flips(seed):
    """One true outcome of 10 bits; only 0.6 % of the shots show it."""
    bits, weights = truth(10, 1, seed)
    samples = flipped(bits, weights, 0.4, 4096, seed)
    assert float((samples == bits).all(1).mean()) < 0.02
    assert fidelity(q_cluster(samples, 0.4).distribution, bits, weights) > 0.99


def test_exact_frequencies_give_exact_weights():
    bits = np.array([[0, 0, 0, 0, 0], [1, 1, 0, 0, 1], [1, 1, 1, 1, 0]], dtype=np.uint8)
    weights, confusions = np.array([0.5, 0.3, 0.2]), flip_confusions(np.full(5, 0.1))
    read = chances(all_bits(5), bits, confusions) @ weights
    found = q_cluster(Outcomes(all_bits(5), 1e5 * read), 0.1)
    np.testing.assert_array_equal(found.centroids, bits)
    np.testing.assert_allclose(found.weights, weights, rtol=0, atol=1e-4)
    assert found.background == 0
    assert found.entropy == pytest.approx(-(weights * np.log2(weights)).sum(), abs=1e-3)


def test_rates_of_each_bit_and_direction():
    """A bad bit 0 that mostly falls to 0, the others good: the mean rate explains it wrongly."""
    confusions = np.array([[[0.98, 0.02], [0.45, 0.55]]] + [[[0.99, 0.01], [0.02, 0.98]]] * 4)
    bits = np.array([[1, 0, 1, 0, 1], [0, 1, 1, 0, 0]], dtype=np.uint8)
    weights = np.array([0.6, 0.4])
    read = chances(all_bits(5), bits, confusions) @ weights
    outcomes = Outcomes(all_bits(5), np.round(1e4 * read))
    right = q_cluster(outcomes, confusions)
    np.testing.assert_allclose(right.weights, weights, rtol=0, atol=5e-3)
    assert fidelity(right.distribution, bits, weights) > 0.999
    mean = float(confusions[:, [0, 1], [1, 0]].mean())
    assert fidelity(q_cluster(outcomes, mean).distribution, bits, weights) < 0.9
    rates = np.array([0.3, 0.01, 0.02, 0.01, 0.02])
    samples = flipped(bits, weights, rates, 4000, 1)
    assert fidelity(q_cluster(samples, rates).distribution, bits, weights) > 0.999


@pytest.mark.parametrize("seed", range(3))
def test_flipping_and_permuting_all_shots_does_the_same_to_the_result(seed):
    bits, weights = truth(7, 4, seed)
    samples, rates = flipped(bits, weights, 0.1, 2000, seed), np.linspace(0.05, 0.15, 7)
    plain = q_cluster(samples, rates)
    generator = np.random.default_rng(seed)
    mask, order = generator.integers(0, 2, 7).astype(np.uint8), generator.permutation(7)
    moved = q_cluster((samples ^ mask)[:, order], rates[order])
    expected = dict(zip(labels((plain.bits ^ mask)[:, order]), plain.probabilities, strict=True))
    assert moved.distribution.keys() == expected.keys()
    for label, value in moved.distribution.items():
        assert value == pytest.approx(expected[label], abs=1e-4)


def test_high_entropy_stays_as_measured():
    samples = np.random.default_rng(2).integers(0, 2, (2000, 9)).astype(np.uint8)
    found = q_cluster(samples, 0.2)
    assert found.background > 0.95
    raw = Outcomes.of(samples)
    measured = dict(zip(raw.labels(), raw.frequencies, strict=True))
    overlap = sum(math.sqrt(found.distribution.get(b, 0) * f) for b, f in measured.items())
    assert overlap > 0.99


def test_without_flips_nothing_changes():
    counts = {"00": 60, "01": 30, "11": 10}
    for limit, clusters in ((256, 3), (2, 2)):
        found = q_cluster(counts, 0.0, max_clusters=limit)
        assert found.distribution == pytest.approx({b: n / 100 for b, n in counts.items()})
        assert len(found.weights) == clusters
        assert found.background == pytest.approx(0.0 if clusters == 3 else 0.1)
        means, variances = found.means(lambda bits: bits.astype(float))
        ones = np.array([0.4, 0.1])
        np.testing.assert_allclose(means, ones, rtol=0, atol=1e-12)
        np.testing.assert_allclose(variances, ones * (1 - ones) / 100, rtol=1e-9)


def test_most_clusters():
    bits, weights = truth(8, 6, 3)
    samples = flipped(bits, weights, 0.05, 4000, 3)
    assert len(q_cluster(samples, 0.05).weights) == 6
    assert len(q_cluster(samples, 0.05, max_clusters=2).weights) == 2


def test_standard_errors_are_the_spread():
    """200 draws: variances of weights and of means within 6 sigma of chi^2."""
    bits, weights = np.array([[0] * 6, [1] * 6], dtype=np.uint8), np.array([0.7, 0.3])
    found = [q_cluster(flipped(bits, weights, 0.12, 400, seed), 0.12) for seed in range(200)]
    assert all(len(one.weights) == 2 for one in found)
    ones = [one.weights[one.centroids[:, 0] == 1][0] for one in found]
    pairs = [one.means(lambda bits: bits[:, :1].astype(float)) for one in found]
    for values, reported in (
        (ones, [one.standard_errors[1] ** 2 for one in found]),
        ([mean[0] for mean, _ in pairs], [variance[0] for _, variance in pairs]),
    ):
        assert abs(np.mean(values) - 0.3) < 6 * np.std(values) / 200**0.5
        assert abs(np.var(values, ddof=1) / np.mean(reported) - 1) < 6 * (2 / 199) ** 0.5


def test_standard_errors_of_outcomes_that_do_not_overlap():
    """Each shot has one owner: weights are multinomial."""
    counts = {"00000000": 600, "11111111": 300, "00001111": 100}
    found = q_cluster(counts, 0.01)
    expected = np.sqrt(found.weights * (1 - found.weights) / 1000)
    np.testing.assert_allclose(found.standard_errors, expected, rtol=1e-3)


def test_means_of_a_background_alone():
    """No cluster: the variance of a mean is that of the shots."""
    samples = np.random.default_rng(2).integers(0, 2, (1000, 12)).astype(np.uint8)
    found = q_cluster(samples, 0.3)
    assert len(found.weights) == 0
    means, variances = found.means(lambda bits: bits.astype(float))
    np.testing.assert_allclose(means, samples.mean(0), rtol=0, atol=1e-12)
    np.testing.assert_allclose(variances, samples.var(0) / 1000, rtol=1e-9)


@pytest.mark.parametrize("p", [0.02, 0.1, 0.25])
@pytest.mark.parametrize(("k", "n"), [(6, 1), (8, 3), (14, 6)])
def test_flip_rates_are_estimated(p, k, n):
    bits, weights = truth(k, n, 5)
    found = estimate_flip_rate(flipped(bits, weights, p, 4096, 6))
    assert abs(found - p) < 0.01 + 6 * (p * (1 - p) / (4096 * k)) ** 0.5


def test_flip_rate_of_a_single_bitstring():
    assert estimate_flip_rate({"0110": 500}) == 0.0


def test_clusters_of_many_bits_and_shots():
    """127 bits at 15 %: no bitstring is seen twice, and yet both outcomes are found."""
    bits, weights = np.array([[0] * 127, [1, 0] * 63 + [1]], dtype=np.uint8), np.array([0.6, 0.4])
    samples = flipped(bits, weights, 0.15, 400, 1)
    assert float(Outcomes.of(samples).counts.max()) == 1
    found = q_cluster(torch.as_tensor(samples), 0.15)
    assert isinstance(found, Clusters)
    assert fidelity(found.distribution, bits, weights) > 0.999
    assert abs(estimate_flip_rate(samples) - 0.15) < 6 * (0.15 * 0.85 / 50_800) ** 0.5 + 1e-3


def test_outcomes_that_no_cluster_can_explain():
    """127 bits, rates of 0.1 %, and one shot far from all others: probabilities underflow."""
    bits = np.zeros((500, 127), dtype=np.uint8)
    bits[-1, :110] = 1
    found = q_cluster(bits, 1e-4)
    assert found.distribution["0" * 127] == pytest.approx(499 / 500, abs=1e-3)
    assert sum(found.distribution.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("counts", "p", "error", "text"),
    [
        ({}, 0.1, InvalidArgumentError, "at least one shot"),
        ({"01": 4}, 0.5, InvalidArgumentError, r"\[0, 0.5\)"),
        ({"01": 4}, -0.1, InvalidArgumentError, r"\[0, 0.5\)"),
        ({"01": 4}, float("nan"), InvalidArgumentError, r"\[0, 0.5\)"),
        ({"01": 4}, [0.1, 0.6], InvalidArgumentError, r"\[0, 0.5\)"),
        ({"01": 4}, [0.1] * 3, ShapeError, r"\(2,\)"),
        ({"01": 4}, "some", InvalidArgumentError, "number or 2 numbers"),
        ({"01": 4}, [[[0.9, 0.2], [0.1, 0.8]]] * 2, InvalidArgumentError, "transpose"),
        (["01"], 0.1, ArgumentTypeError, "list"),
    ],
)
def test_bad_input(counts, p, error, text):
    with pytest.raises(error, match=text):
        q_cluster(counts, p)
    if error is ArgumentTypeError or not counts:
        with pytest.raises(error, match=text):
            estimate_flip_rate(counts)


def test_bad_limits():
    with pytest.raises(InvalidArgumentError, match="max_clusters"):
        q_cluster({"01": 4}, 0.1, max_clusters=0)
