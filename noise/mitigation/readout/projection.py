"""From quasi-probabilities to the nearest probability distribution."""

from __future__ import annotations

import numpy as np

from noise.mitigation.readout.outcomes import Floats


def nearest_distribution(quasi: Floats) -> Floats:
    """The probability distribution nearest to quasi-probabilities in Euclidean distance.

    p_i = max(q_i - t, 0) with t such that the sum is 1: negative values are cut and what they
    were is taken from the others in equal parts.

    Args:
        quasi: `(..., m)`, finite, of any sum.

    Returns:
        `(..., m)`, non-negative, with sum 1.

    References:
        Smolin, Gambetta, Smith, Phys. Rev. Lett. 108, 070502 (2012), for the maximum-likelihood
        state; the same algorithm on outcomes.

    >>> nearest_distribution(np.array([0.75, 0.5, -0.25])).tolist()
    [0.625, 0.375, 0.0]
    """
    falling = -np.sort(-quasi, axis=-1)
    numbers = np.arange(1, quasi.shape[-1] + 1)
    levels = (np.cumsum(falling, axis=-1) - 1) / numbers
    kept = np.sum(falling > levels, axis=-1, keepdims=True)
    level = np.take_along_axis(levels, kept - 1, axis=-1)
    return np.maximum(quasi - level, 0)
