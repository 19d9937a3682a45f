"""`q_cluster`: counts with bit flips undone, by clustering."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from circuits.arguments import integer
from circuits.errors import InvalidArgumentError, ShapeError
from noise.mitigation.qcluster.growth import grow
from noise.mitigation.qcluster.mixture import SMALLEST, Mixture, MixtureModel
from noise.mitigation.readout.outcomes import Bits, Floats, Outcomes, as_mapping
from noise.mitigation.readout.subspace import check_confusions
from noise.mitigation.readout.transition import flip_confusions


@final
@dataclass(frozen=True, eq=False)
class Clusters:
    """What `q_cluster` found.

    Attributes:
        centroids: `(K, k)`, the likely true bitstrings, most frequent first.
        weights: `(K,)`, their probabilities.
        covariance: `(1 + K, 1 + K)`, of the background and the weights from the finite shots, if
            the centroids are right.
        background: Probability that no cluster explains; it stays on the measured bitstrings. If
            it is large the output has too much entropy for this method.
        bits: `(m, k)`, all bitstrings with probability: centroids and background.
        probabilities: `(m,)`, of `bits`; they sum to one.
        leftover: `(m,)`, how much of `probabilities` is background.
        shots: Measurements behind it.
    """

    centroids: Bits
    weights: Floats
    covariance: Floats
    background: float
    bits: Bits
    probabilities: Floats
    leftover: Floats
    shots: float

    @property
    def standard_errors(self) -> Floats:
        """Standard errors of the weights `(K,)`, if the centroids are right."""
        result: Floats = np.sqrt(np.diag(self.covariance)[1:])
        return result

    @property
    def distribution(self) -> dict[str, float]:
        """Bitstring to probability, largest first; column 0 is the rightmost character."""
        return as_mapping(self.bits, self.probabilities)

    @property
    def entropy(self) -> float:
        """Entropy of the probabilities in bits."""
        kept = self.probabilities[self.probabilities > 0]
        return float(-(kept * np.log2(kept)).sum())

    def means(self, observed: Callable[[Bits], Floats]) -> tuple[Floats, Floats]:
        """Means of functions of the outcome, and their variances from the finite shots.

        With f_k the value at a centroid and f_0 the mean over the background, the variance is
        f^T cov f of the weights, and what the background itself scatters.

        Args:
            observed: From bits `(m, k)` to values `(m, t)`.

        Returns:
            Means `(t,)` and variances `(t,)`.
        """
        values, at_centroids = observed(self.bits), observed(self.centroids)
        total = self.leftover.sum()
        inner = self.leftover @ values / total if total else np.zeros(values.shape[1])
        slope = np.concatenate([inner[None], at_centroids])
        spread = np.einsum("at,ab,bt->t", slope, self.covariance, slope)
        scatter = self.leftover @ (values - inner) ** 2 / self.shots
        return self.probabilities @ values, np.maximum(spread, 0) + scatter


def q_cluster(counts: Any, p: float | Floats, *, max_clusters: int = 256) -> Clusters:
    """Undo independent bit flips in counts of a few true bitstrings.

    Measured bitstrings are clustered by Hamming distance; a cluster's centroid is the qubit-wise
    majority of the counts it owns; counts are shared among centroids by Bayes' rule under the flip
    rates; clusters are added one by one, and given up where they do not pay. What is fitted is the
    mixture of `noise.mitigation.qcluster.mixture`. Growth stops by description length: another
    cluster must raise the log-likelihood by more than log C(2^k, K+1) - log C(2^k, K) +
    log(shots) / 2.

    For circuits with few likely outcomes. It does not help where the output has high entropy: what
    no cluster explains is returned as it was measured (`Clusters.background`), and outcomes that
    are neighbours of more likely ones may be taken for flips of those.

    Args:
        counts: Bitstring to count, or samples `(shots, k)`.
        p: Probability in [0, 0.5) that a bit flips: one number, or one per bit `(k,)`, or, where
            the directions differ, confusion matrices `(k, 2, 2)` (row true, column read). Bits in
            the order of columns.
        max_clusters: Growth ends here at the latest.

    Returns:
        The clusters and the mitigated distribution.

    Raises:
        InvalidArgumentError: If there are no shots or a flip rate is outside [0, 0.5).
        ShapeError: If `p` has another shape.

    References:
        Patil, Baron, Zhou, arXiv 2504.10801 (2025). The likelihood, the background and the
        stopping rule are ours.

    >>> counts = {"000": 730, "001": 80, "010": 82, "100": 79, "011": 9, "101": 10, "110": 9}
    >>> q_cluster(counts, 0.1).distribution
    {'000': 1.0}
    """
    outcomes = Outcomes.of(counts)
    confusions = flip_model(p, outcomes.n_bits)
    limit = integer(max_clusters, "max_clusters")
    if (confusions == np.eye(2)).all():
        return _as_measured(outcomes, limit)
    model = MixtureModel(outcomes, confusions)
    return _result(model, grow(model, limit))


def flip_model(p: Any, n_bits: int) -> Floats:
    """Confusion matrices `(k, 2, 2)` from one flip rate, k rates, or such matrices; checked."""
    try:
        given = np.asarray(p, dtype=np.float64)
    except (TypeError, ValueError):
        raise InvalidArgumentError(
            f"Argument `p` must be a number or {n_bits} numbers, got {p!r}."
        ) from None
    if given.shape not in ((), (n_bits,), (n_bits, 2, 2)):
        raise ShapeError(
            f"Argument `p` must be a number or have shape ({n_bits},), one flip rate for each "
            f"measured bit, or ({n_bits}, 2, 2); got shape {given.shape}."
        )
    if given.ndim == 3:
        confusions = check_confusions(given, n_bits)
        rates = confusions[:, [0, 1], [1, 0]]
    else:
        rates = np.broadcast_to(given, (n_bits,))
        confusions = flip_confusions(rates)
    if not ((rates >= 0) & (rates < 0.5)).all():
        raise InvalidArgumentError(
            f"Argument `p` must hold flip probabilities in [0, 0.5), got {rates}. At 0.5 nothing "
            "of the bit is left; above, the bit is inverted: invert it first."
        )
    return confusions


def _as_measured(outcomes: Outcomes, limit: int) -> Clusters:
    """Without flips every outcome is a centroid, as far as the limit goes."""
    order = np.argsort(-outcomes.counts, kind="stable")
    bits, found = outcomes.bits[order], outcomes.frequencies[order]
    background = float(found[limit:].sum())
    weights, leftover = np.append(background, found[:limit]), found.copy()
    leftover[:limit] = 0
    covariance = (np.diag(weights) - np.outer(weights, weights)) / outcomes.shots
    return Clusters(
        bits[:limit],
        found[:limit],
        covariance,
        background,
        bits,
        found,
        leftover,
        outcomes.shots,
    )


def _result(model: MixtureModel, mixture: Mixture) -> Clusters:
    outcomes = model.outcomes
    own = model.shares(mixture)[:, 0] / outcomes.shots
    bits, probabilities = outcomes.joined(mixture.centroids, mixture.weights[1:], own)
    _, leftover = outcomes.joined(mixture.centroids, np.zeros(len(mixture)), own)
    order = np.argsort(-mixture.weights[1:], kind="stable")
    everything = np.concatenate([[0], 1 + order])
    kept = probabilities > 0
    return Clusters(
        mixture.centroids[order],
        mixture.weights[1:][order],
        _covariance(model, mixture)[np.ix_(everything, everything)],
        float(mixture.weights[0]),
        bits[kept],
        probabilities[kept] / probabilities.sum(),
        leftover[kept] / probabilities.sum(),
        outcomes.shots,
    )


def _covariance(model: MixtureModel, mixture: Mixture) -> Floats:
    """From the Fisher information of the weights, which sum to one: `(1 + K, 1 + K)`."""
    components = model.components(mixture.centroids)
    total = np.maximum(components @ mixture.weights, SMALLEST)
    active = mixture.weights > 0
    scaled = components[:, active] * (np.sqrt(model.outcomes.counts) / total)[:, None]
    inverse = np.linalg.pinv(scaled.T @ scaled, hermitian=True)
    ones = inverse.sum(1)
    covariance = np.zeros((len(active), len(active)))
    covariance[np.ix_(active, active)] = inverse - np.outer(ones, ones) / ones.sum()
    return covariance
