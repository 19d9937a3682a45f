"""Bitstrings as a mixture: centroids whose bits are flipped, and a uniform background.

P(x) = w_0 2^-k + sum_c w_c prod_q C_q[c_q, x_q]

C_q holds the probabilities that bit q is read as x_q where c_q is true: 1 - p on the diagonal and
p beside it for flips of rate p.

The background takes what no centroid explains, so that a centroid is not dragged towards it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import final

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from noise.mitigation.readout.outcomes import Bits, Floats, Outcomes
from noise.mitigation.readout.transition import transition_matrix

SMALLEST = 1e-150  # probabilities of outcomes below it are taken for it


@final
@dataclass(frozen=True, eq=False)
class Mixture:
    """A mixture and how well it explains the data.

    Attributes:
        centroids: `(K, k)`, rows distinct.
        weights: `(1 + K,)`, the background first; they sum to one.
        log_likelihood: Of all shots, in nats.
        cost: Description length in nats: the penalty minus the log-likelihood.
    """

    centroids: Bits
    weights: Floats
    log_likelihood: float = -math.inf
    cost: float = math.inf

    def __len__(self) -> int:
        return len(self.centroids)


@final
class MixtureModel:
    """Fits of mixtures to one set of outcomes with given flip probabilities.

    Args:
        outcomes: What was measured.
        confusions: `(k, 2, 2)`, row true, column read.
    """

    def __init__(self, outcomes: Outcomes, confusions: Floats) -> None:
        self.outcomes = outcomes
        self._confusions = confusions
        self._bits = outcomes.bits.astype(np.float64)
        self._counts, self._shots = outcomes.counts, outcomes.shots

    def columns(self, centroids: Bits) -> Floats:
        """Probability of each outcome under each centroid `(m, K)`."""
        return transition_matrix(self.outcomes.bits, centroids, self._confusions)

    def components(self, centroids: Bits) -> Floats:
        """`columns` with the background before them `(m, 1 + K)`."""
        uniform = np.full((len(self._counts), 1), 2.0**-self.outcomes.n_bits)
        return np.hstack([uniform, self.columns(centroids)])

    def penalty(self, n_clusters: int) -> float:
        """Nats for naming K of 2^k centroids and their weights, log C(2^k, K) + K/2 log(shots)."""
        k = self.outcomes.n_bits
        choice = n_clusters * k * math.log(2) - gammaln(n_clusters + 1)
        if k <= 20:
            choice = gammaln(2**k + 1) - gammaln(n_clusters + 1) - gammaln(2**k - n_clusters + 1)
        return float(choice) + n_clusters / 2 * math.log(self._shots)

    def fitted(self, mixture: Mixture, steps: int = 60, tolerance: float = 1e-4) -> Mixture:
        """The mixture with weights improved by expectation maximization, and its scores."""
        components, weights = self.components(mixture.centroids), mixture.weights
        reached = -math.inf
        for _ in range(steps):
            total = np.maximum(components @ weights, SMALLEST)
            before, reached = reached, float(self._counts @ np.log(total))
            if reached - before < tolerance:
                break
            weights = weights * ((self._counts / total) @ components) / self._shots
        cost = self.penalty(len(mixture)) - reached
        return Mixture(mixture.centroids, weights / weights.sum(), reached, cost)

    def shares(self, mixture: Mixture) -> Floats:
        """By Bayes' rule, how many of each outcome's counts each component owns `(m, 1 + K)`."""
        joint = self.components(mixture.centroids) * mixture.weights
        result: Floats = joint * (self._counts / np.maximum(joint.sum(1), SMALLEST))[:, None]
        return result

    def recentred(self, mixture: Mixture, only: int | None = None, rounds: int = 10) -> Mixture:
        """Centroids moved to the count-weighted majority of what they own, until they rest.

        Args:
            mixture: Where to start.
            only: Move this centroid alone; `None` moves all.
            rounds: At most so many moves.
        """
        for _ in range(rounds):
            mixture = self.fitted(mixture, steps=10)
            owned = self.shares(mixture)[:, 1:]
            moved = (owned.T @ self._bits > 0.5 * owned.sum(0)[:, None]).astype(np.uint8)
            if only is not None:
                moved, new = mixture.centroids.copy(), moved[only]
                moved[only] = new
            if np.array_equal(moved, mixture.centroids):
                break
            mixture, sources = _distinct(replace(mixture, centroids=moved))
            only = None if only is None else int(sources[only])
        return mixture


def _distinct(mixture: Mixture) -> tuple[Mixture, NDArray[np.intp]]:
    """The mixture with equal centroids joined, and where each centroid went."""
    centroids, sources = np.unique(mixture.centroids, axis=0, return_inverse=True)
    weights = np.bincount(sources.ravel(), mixture.weights[1:], minlength=len(centroids))
    return Mixture(centroids, np.concatenate([mixture.weights[:1], weights])), sources.ravel()
