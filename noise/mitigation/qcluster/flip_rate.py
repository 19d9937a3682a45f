"""The flip rate that explains counts with the shortest description."""

from __future__ import annotations

from typing import Any

import numpy as np

from noise.mitigation.qcluster.growth import grow
from noise.mitigation.qcluster.mixture import Mixture, MixtureModel
from noise.mitigation.readout.outcomes import Floats, Outcomes
from noise.mitigation.readout.transition import flip_confusions, hamming

_GRID = (0.01, 0.025, 0.05, 0.08, 0.12, 0.16, 0.2, 0.25, 0.3, 0.36, 0.42)
_COARSE_SHOTS = 1024
_FEW = 256  # bitstrings for which all shots are used
_MOST_CLUSTERS = 64
_ROUNDS = 2


def estimate_flip_rate(counts: Any) -> float:
    """The probability that a bit was flipped, from counts of a circuit with few true outcomes.

    Rates of a grid are refined by maximum likelihood and judged by the description length of the
    clusters that they lead to: too small a rate needs many clusters, too large a rate explains the
    scatter badly. No calibration is needed, but a uniform spread over the neighbours of a bitstring
    can be flips or a true outcome; the estimate prefers flips. On two or three bits, and where the
    output has high entropy, it cannot tell: calibrate instead.

    Args:
        counts: Bitstring to count, or samples `(shots, k)`.

    Returns:
        The rate, in [0, 0.5).

    >>> counts = {"000": 730, "001": 80, "010": 82, "100": 79, "011": 9, "101": 10, "110": 9}
    >>> round(estimate_flip_rate(counts), 2)
    0.1
    """
    outcomes = Outcomes.of(counts)
    if len(outcomes.counts) == 1:
        return 0.0
    few = _fewer(outcomes)
    _, rate = min(_improved(few, rate) for rate in _GRID)
    for _ in range(_ROUNDS):
        _, rate = _improved(outcomes, rate)
    return rate


def _improved(outcomes: Outcomes, rate: float) -> tuple[float, float]:
    """A round of expectation maximization: the description length with the next rate, and it."""
    model = MixtureModel(outcomes, _all(rate, outcomes))
    mixture = grow(model, _MOST_CLUSTERS)
    rate = _most_likely(model, mixture, rate)
    return MixtureModel(outcomes, _all(rate, outcomes)).fitted(mixture).cost, rate


def _all(rate: float, outcomes: Outcomes) -> Floats:
    return flip_confusions(np.full(outcomes.n_bits, rate))


def _fewer(outcomes: Outcomes) -> Outcomes:
    """Where there are many bitstrings, some of the shots, drawn with a seed of its own."""
    if len(outcomes.counts) <= _FEW:
        return outcomes
    generator = np.random.default_rng(0)
    drawn = generator.multinomial(_COARSE_SHOTS, outcomes.frequencies).astype(np.float64)
    return Outcomes(outcomes.bits[drawn > 0], drawn[drawn > 0])


def _most_likely(model: MixtureModel, mixture: Mixture, rate: float) -> float:
    """Flips per bit over what the clusters own: the next rate of expectation maximization."""
    owned = model.shares(mixture)[:, 1:]
    if owned.sum() == 0:
        return rate
    flips = (owned * hamming(model.outcomes.bits, mixture.centroids)).sum()
    found = float(flips / (owned.sum() * model.outcomes.n_bits))
    return min(max(found, 1e-4), 0.49)
