"""A list of extrapolators in order of preference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor

from circuits.errors import ArgumentTypeError
from noise.mitigation.extrapolation.base import Extrapolation, Extrapolator
from noise.mitigation.extrapolation.exponential import chosen


@final
class Fallback(Extrapolator):
    """For each value the first extrapolator of a list whose fit is valid there.

    An estimate is accepted if the fit was possible, if it is within `bound` of zero, and if its
    standard error is at most `error` (where variances are known). The last one takes what is left.

    Args:
        extrapolators: In order of preference, at least one.
        bound: Largest size of an estimate; 1 for Pauli strings. `None` accepts every size.
        error: Largest standard error; `None` accepts every error.
    """

    def __init__(
        self,
        extrapolators: Sequence[Extrapolator],
        *,
        bound: float | None = None,
        error: float | None = None,
    ) -> None:
        self.extrapolators = tuple(extrapolators)
        wrong = [e for e in self.extrapolators if not isinstance(e, Extrapolator)]
        if wrong or not self.extrapolators:
            raise ArgumentTypeError(
                "Argument `extrapolators` must be a list of at least one Extrapolator, got "
                f"{extrapolators!r}."
            )
        self.bound = bound
        self.error = error
        self.minimum = max(e.minimum for e in self.extrapolators)

    def __repr__(self) -> str:
        options = [f"{k}={v}" for k in ("bound", "error") if (v := getattr(self, k)) is not None]
        return f"Fallback({', '.join([repr(list(self.extrapolators)), *options])})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Fallback):
            return NotImplemented
        return vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((self.extrapolators, self.bound, self.error))

    def shares(self, factors: Sequence[float]) -> list[float]:
        return self.extrapolators[0].shares(factors)

    def extrapolate(
        self, factors: Tensor, values: Tensor, variances: Tensor | None = None
    ) -> Extrapolation:
        found = self.extrapolators[-1].extrapolate(factors, values, variances)
        for extrapolator in reversed(self.extrapolators[:-1]):
            fit = extrapolator.extrapolate(factors, values, variances)
            accepted = Extrapolation(fit.values, fit.variances, fit.valid & self._accepts(fit))
            both = chosen(accepted, found)
            found = Extrapolation(both.values, both.variances, accepted.valid | found.valid)
        return found

    def _accepts(self, fit: Extrapolation) -> Tensor:
        accepted = torch.ones_like(fit.valid)
        if self.bound is not None:
            accepted &= fit.values.detach().abs() <= self.bound
        if self.error is not None and fit.variances is not None:
            accepted &= fit.variances <= self.error**2
        return accepted
