"""Adaptive exponential extrapolation: the results so far decide the next noise factor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from circuits.errors import InvalidArgumentError
from noise.mitigation.extrapolation.base import Extrapolation, Extrapolator
from noise.mitigation.extrapolation.exponential import Exponential, check_asymptote

BEST_STEP = 1.27846
"""x > 0 with e^x (x - 1) = 1: where a second point determines an exponential best."""


@final
@dataclass(frozen=True)
class AdaptiveExponential(Extrapolator):
    """`Exponential(asymptote)` whose further factors are chosen by the decay that is seen.

    For v(f) = a + b exp(-c f) with a known and two factors between which the shots are divided
    best, the variance of the estimate is smallest with the second factor 1.278 / c above the
    first. Each step fits all values so far, takes the median c over points and observables (one
    circuit serves them all) and asks for that factor, or for the nearest not yet used; it ends
    early, and leaves shots unspent, where no decay is seen. Cost: `steps` further circuits, **one
    more job each**, with an equal share of the shots.

    Args:
        steps: Number of further factors, at least 1.
        asymptote: a.
        largest: No factor above this is asked for.

    References:
        Giurgica-Tiron et al., IEEE QCE 2020, 306, section V.
    """

    steps: int = 2
    asymptote: float = 0.0
    largest: float = 15.0

    def __post_init__(self) -> None:
        if isinstance(self.steps, bool) or not isinstance(self.steps, int) or self.steps < 1:
            raise InvalidArgumentError(
                f"Argument `steps` must be an integer of at least 1, got {self.steps!r}."
            )
        if self.asymptote is None:
            raise InvalidArgumentError(
                "Argument `asymptote` of AdaptiveExponential must be a number: the rule for the "
                "next factor needs it."
            )
        check_asymptote(self.asymptote)
        if not self.largest > 1 or self.largest == float("inf"):
            raise InvalidArgumentError(
                f"Argument `largest` must be a finite number above 1, got {self.largest!r}."
            )

    @property
    def rounds(self) -> int:
        return self.steps

    def extrapolate(
        self, factors: Tensor, values: Tensor, variances: Tensor | None = None
    ) -> Extrapolation:
        return Exponential(self.asymptote).extrapolate(factors, values, variances)

    def next_factor(
        self, factors: Tensor, values: Tensor, variances: Tensor | None
    ) -> float | None:
        with torch.no_grad():
            first = factors.argmin()
            fit = self.extrapolate(factors, values, variances)
            start, seen = fit.values - self.asymptote, values[first] - self.asymptote
            rates = ((start / seen).log() / factors[first])[fit.valid]
            rates = rates[rates.isfinite() & (rates > torch.finfo(rates.dtype).eps ** 0.5)]
        if not len(rates):
            return None
        wanted = float(factors[first]) + BEST_STEP / float(rates.median())
        wanted = min(wanted, self.largest)
        step = 2.0
        taken = [float(factor) for factor in factors]
        while any(abs(wanted - factor) < step / 2 for factor in taken):
            wanted += step
            if wanted > self.largest:
                return None
        return wanted
