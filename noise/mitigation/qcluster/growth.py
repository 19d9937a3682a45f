"""Growing a mixture one cluster at a time, until another one does not pay for its description.

Stopping rule (ours; the paper's is not published): clusters are added while the description
length falls, that is while the log-likelihood rises by more than it costs to name one more
centroid and its weight (`MixtureModel.penalty`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import final

import numpy as np
from numpy.typing import NDArray

from noise.mitigation.qcluster.mixture import SMALLEST, Mixture, MixtureModel
from noise.mitigation.readout.outcomes import Bits, Floats

_CANDIDATES = 1024
_ENTRIES = 2**24
_RANKED, _TRIED = 24, 3


def grow(model: MixtureModel, max_clusters: int) -> Mixture:
    """The mixture of least description length that growing finds.

    Args:
        model: Data and flip rates.
        max_clusters: Most clusters; growth ends there at the latest.
    """
    nothing = np.zeros((0, model.outcomes.n_bits), dtype=np.uint8)
    best = model.fitted(Mixture(nothing, np.ones(1)))
    seeds = _Seeds(model)
    while len(best) < max_clusters:
        larger = _one_more(model, seeds, best)
        if larger is None:
            break
        best = model.fitted(_pruned(model, larger))
    return _without_background(model, model.fitted(best, steps=1000, tolerance=1e-6))


def _one_more(model: MixtureModel, seeds: _Seeds, mixture: Mixture) -> Mixture | None:
    """A mixture with one more cluster and a lower cost; `None` if none is found."""
    for seed, weight in seeds.best(mixture):
        added = Mixture(
            np.concatenate([mixture.centroids, seed[None]]),
            np.append(mixture.weights * (1 - weight), weight),
        )
        own = model.recentred(added, only=len(mixture))
        found = [model.fitted(start) for start in (added, own, model.recentred(own))]
        best = min(found, key=lambda option: option.cost)
        if best.cost < mixture.cost:
            return best
    return None


def _pruned(model: MixtureModel, mixture: Mixture) -> Mixture:
    """The mixture without clusters that no longer pay for their description."""
    while len(mixture) > 1:
        for k in np.argsort(mixture.weights[1:])[:_TRIED]:
            kept = np.delete(mixture.weights, 1 + k)
            smaller = Mixture(np.delete(mixture.centroids, k, axis=0), kept / kept.sum())
            smaller = model.fitted(smaller)
            if smaller.cost < mixture.cost:
                mixture = smaller
                break
        else:
            break
    return mixture


def _without_background(model: MixtureModel, mixture: Mixture) -> Mixture:
    """The mixture without background, if that explains the data as well."""
    if not len(mixture) or mixture.weights[0] > 0.5:
        return mixture
    weights = np.concatenate([[0.0], mixture.weights[1:] / mixture.weights[1:].sum()])
    bare = model.fitted(replace(mixture, weights=weights), steps=1000, tolerance=1e-6)
    gain = mixture.log_likelihood - bare.log_likelihood
    return bare if gain < np.log(model.outcomes.shots) / 2 else mixture


@final
class _Seeds:
    """Where a new cluster would explain most: observed bitstrings, ranked by likelihood gain."""

    def __init__(self, model: MixtureModel) -> None:
        self._model, outcomes = model, model.outcomes
        number = max(1, min(_CANDIDATES, _ENTRIES // len(outcomes.counts)))
        self._candidates = outcomes.bits[np.argsort(-outcomes.counts, kind="stable")[:number]]
        self._columns = model.columns(self._candidates)
        self._squares = self._columns**2
        self._counts = outcomes.counts

    def best(self, mixture: Mixture) -> list[tuple[Bits, float]]:
        """The few best candidates with the weight that each would take, best first."""
        total = np.maximum(self._model.components(mixture.centroids) @ mixture.weights, SMALLEST)
        ranked = self._ranked(total)
        columns, counts = self._columns[:, ranked], self._counts
        weight = np.full(len(ranked), 0.05)
        mixed = total[:, None] * (1 - weight) + columns * weight
        for _ in range(15):
            weight = weight * (counts @ (columns / mixed)) / counts.sum()
            mixed = total[:, None] * (1 - weight) + columns * weight
        gains = counts @ np.log(mixed / total[:, None])
        order = np.argsort(-gains, kind="stable")[:_TRIED]
        return [(self._candidates[ranked[i]], float(weight[i])) for i in order]

    def _ranked(self, total: Floats) -> NDArray[np.intp]:
        """Candidates by the gain of one Newton step in their weight, g^2 / 2h, best first.

        The slope g alone would prefer lone outliers: what they gain is at most one shot's worth.
        """
        ratio = self._counts / total
        slope = ratio @ self._columns - self._counts.sum()
        bend = (ratio / total) @ self._squares - 2 * slope - self._counts.sum()
        gain = np.where(slope > 0, slope**2 / np.maximum(bend, 1e-9), 0)
        order = np.argsort(-gain, kind="stable")[:_RANKED]
        return order[gain[order] > 0]
