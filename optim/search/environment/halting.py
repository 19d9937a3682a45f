"""Random halting: episodes of random length, so that short circuits are tried too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from circuits.errors import InvalidArgumentError


@final
@dataclass(frozen=True)
class RandomHalting:
    """The length of an episode is drawn from a negative binomial distribution and clipped.

    P(k) = C(k + successes - 1, k) p^successes (1 - p)^k, with mean successes (1 - p) / p.

    Args:
        successes: Number of successes of the distribution, positive.
        probability: Probability p of a success, in (0, 1].
        shortest: Shortest episode, at least 1.
        longest: Longest episode; default the environment's largest number of gates.

    References:
        Patel et al., arXiv:2402.03500: `RandomHalting(70, 0.573, 25, 70)` for LiH on 6 qubits,
        `RandomHalting(40, 0.6, longest=40)` under noise.

    >>> RandomHalting(70, 0.573, 25, 70).draw(np.random.default_rng(0), 70)
    34
    """

    successes: float
    probability: float
    shortest: int = 1
    longest: int | None = None

    def __post_init__(self) -> None:
        if not self.successes > 0 or not 0 < self.probability <= 1:
            raise InvalidArgumentError(
                "Argument `successes` must be positive and `probability` in (0, 1], got "
                f"{self.successes} and {self.probability}."
            )
        if self.shortest < 1 or (self.longest is not None and self.longest < self.shortest):
            raise InvalidArgumentError(
                f"Arguments must satisfy 1 <= shortest <= longest, got {self.shortest} and "
                f"{self.longest}."
            )

    def draw(self, rng: np.random.Generator, max_gates: int) -> int:
        """Length of an episode.

        Args:
            rng: Source of randomness.
            max_gates: The environment's largest number of gates.
        """
        longest = max_gates if self.longest is None else min(self.longest, max_gates)
        drawn = int(rng.negative_binomial(self.successes, self.probability))
        return min(max(drawn, self.shortest), longest)
