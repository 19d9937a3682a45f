"""`Extrapolator`: from values at several noise factors to the value without noise."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from circuits.errors import ArgumentTypeError, InvalidArgumentError, NonFiniteError


@dataclass(frozen=True, slots=True)
class Extrapolation:
    """Extrapolated values.

    Attributes:
        values: `(...)`, finite wherever the measured values are.
        variances: `(...)`, squared standard errors to first order; `None` for exact values.
        valid: `(...)` bool, where the method's own fit was possible. Elsewhere the values are
            those of a straight line.
    """

    values: Tensor
    variances: Tensor | None
    valid: Tensor


class Extrapolator(ABC):
    """A way to extrapolate. Implementations are immutable values; equal settings are equal.

    Attributes:
        minimum: Smallest number of different factors.
    """

    minimum: int = 2

    @abstractmethod
    def extrapolate(
        self, factors: Tensor, values: Tensor, variances: Tensor | None = None
    ) -> Extrapolation:
        """Values at factor 0.

        Args:
            factors: `(k,)`, different, at least 1.
            values: `(k, ...)`, measured at the factors; every element is fitted on its own.
            variances: `(k, ...)`, squared standard errors of the values, or `None` if exact.
                They weight the fit and are constants to autograd.

        Returns:
            Values, variances and validity `(...)`, in the dtype of `values`.
        """

    def shares(self, factors: Sequence[float]) -> list[float]:
        """In which proportion shots should go to the factors; equal by default."""
        return [1.0] * len(factors)

    def next_factor(
        self, factors: Tensor, values: Tensor, variances: Tensor | None
    ) -> float | None:
        """A further factor to measure, or `None` when there is enough (the default)."""
        return None

    @property
    def rounds(self) -> int:
        """How many further factors `next_factor` will ask for at most."""
        return 0


def check_factors(factors: Sequence[float], minimum: int, name: str) -> tuple[float, ...]:
    """Noise factors as floats.

    Raises:
        NonFiniteError: If one is NaN or infinite.
        InvalidArgumentError: If one is below 1, two are equal, or there are too few.
    """
    try:
        numbers = tuple(float(factor) for factor in factors)
    except (TypeError, ValueError):
        raise ArgumentTypeError(
            f"Argument `factors` must be a sequence of numbers such as (1, 3, 5), got {factors!r}."
        ) from None
    if not all(map(math.isfinite, numbers)):
        raise NonFiniteError(f"Argument `factors` must be finite, got {numbers}.")
    if any(number < 1 for number in numbers):
        raise InvalidArgumentError(
            f"Argument `factors` must be at least 1, the noise of the circuit itself; got "
            f"{numbers}."
        )
    if len(set(numbers)) < len(numbers):
        raise InvalidArgumentError(
            f"Argument `factors` must not repeat a factor, got {numbers}: equal factors tell the "
            "fit nothing new. Give more shots instead."
        )
    if len(numbers) < minimum:
        raise InvalidArgumentError(
            f"The extrapolator {name} needs at least {minimum} different factors, got "
            f"{len(numbers)}: {numbers}. Add factors or take a simpler extrapolator."
        )
    return numbers


def fit_weights(values: Tensor, variances: Tensor | None) -> Tensor:
    """Weights `(k, ...)` of least squares: 1 / variance, or 1 for exact values.

    A variance that is estimated as 0, as when all shots agree, does not mean certainty: variances
    are taken to be at least a tenth of the mean over the factors. NaN (a single shot) counts as
    that mean or, where all are NaN or 0, as 1.
    """
    if variances is None:
        return torch.ones_like(values)
    spread = variances.detach()
    known = torch.where(spread.isnan(), torch.zeros_like(spread), spread)
    number = (~spread.isnan()).sum(0).clamp(min=1)
    mean = known.sum(0) / number
    mean = torch.where(mean > 0, mean, torch.ones_like(mean))
    spread = torch.where(spread.isnan(), mean, torch.maximum(spread, 0.1 * mean))
    return mean / spread


def propagated(
    function: Callable[[Tensor], Tensor], values: Tensor, variances: Tensor | None
) -> Tensor | None:
    """Variances of `function(values)` to first order: sum_k (df/dv_k)^2 variance_k.

    Args:
        function: Maps `(k, ...)` to `(...)`, element by element.
        values: `(k, ...)`.
        variances: `(k, ...)` or `None`.
    """
    if variances is None:
        return None
    with torch.enable_grad():
        point = values.detach().requires_grad_()
        (slope,) = torch.autograd.grad(function(point).sum(), point)
    return (slope**2 * variances.detach()).sum(0)
