"""Simultaneous perturbation: two evaluations per step, whatever the number of parameters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any, final

import numpy as np

from circuits.errors import InvalidArgumentError
from circuits.execution import Seed
from optim.optimizers.base import (
    Array,
    Steps,
    VectorOptimizer,
    check_not_negative,
    check_positive,
    drawn_seed,
    needed,
    signs,
)


@dataclass(frozen=True, slots=True)
class Gains:
    """Decaying step sizes: a_k = a / (k + 1 + stability)^alpha, c_k = c / (k + 1)^gamma."""

    a: float
    alpha: float
    c: float
    gamma: float
    stability: float = 0.0

    def __post_init__(self) -> None:
        check_positive(a=self.a, c=self.c)
        check_not_negative(alpha=self.alpha, gamma=self.gamma, stability=self.stability)

    def step(self, k: int) -> float:
        """a_k."""
        return self.a / (k + 1 + self.stability) ** self.alpha

    def radius(self, k: int) -> float:
        """c_k."""
        return self.c / (k + 1) ** self.gamma


@final
class SPSA(VectorOptimizer):
    """Simultaneous perturbation stochastic approximation.

    With random signs D the gradient is estimated by
    g = (f(x + c_k D) - f(x - c_k D)) / (2 c_k) D, and x moves by -a_k g.

    Args:
        params: Parameters in one group.
        a: First step size, > 0.
        c: First distance of the evaluations, radians, > 0; larger for noisy losses.
        alpha: Decay of the step size.
        gamma: Decay of the distance.
        stability: Keeps the first steps small, >= 0.
        samples: Gradient estimates averaged in each step, two evaluations each.
        generator: Source of the directions: a `torch.Generator` or an integer seed.

    References:
        Spall, IEEE Trans. Automatic Control 37, 332 (1992); IEEE Trans. Aerospace and Electronic
        Systems 34, 817 (1998) for the gains.
    """

    def __init__(
        self,
        params: Iterable[Any],
        *,
        a: float = 0.2,
        c: float = 0.1,
        alpha: float = 0.602,
        gamma: float = 0.101,
        stability: float = 0.0,
        samples: int = 1,
        generator: Seed = None,
    ) -> None:
        gains = Gains(a, alpha, c, gamma, stability)
        if not isinstance(samples, int) or samples < 1:
            raise InvalidArgumentError(f"Argument `samples` must be at least 1, got {samples!r}.")
        super().__init__(params, {**asdict(gains), "samples": samples})
        self.memory.update(k=0, seed=drawn_seed(generator))

    def step(self, closure: Any = None) -> Any:
        """One step; returns the loss at the first of its two points."""
        memory = self.memory
        options, samples = self.options, self.options["samples"]
        gains = Gains(*(options[f.name] for f in fields(Gains)))
        steps = spsa_step(self.vector(), memory["k"], gains, memory["seed"], samples)
        loss = self.drive(steps, needed(closure, "SPSA"))
        memory["k"] += 1
        return loss


def spsa_step(point: Array, k: int, gains: Gains, seed: int, samples: int) -> Steps:
    """Step k of SPSA from a point `(n,)`."""
    gradient = yield from estimate(point, k, gains.radius(k), seed, samples)
    return point - gains.step(k) * gradient


def estimate(point: Array, k: int, radius: float, seed: int, samples: int = 1) -> Steps:
    """The gradient `(n,)` estimated in step k from two values for each sample."""
    directions = signs(seed, k, (samples, len(point)))
    offsets = np.stack([directions, -directions], axis=1).reshape(-1, len(point))
    values = yield point + radius * offsets
    slopes = (values[0::2] - values[1::2]) / (2 * radius)
    gradient: Array = (slopes[:, None] * directions).mean(axis=0)
    return gradient
