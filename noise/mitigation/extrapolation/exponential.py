"""Exponential extrapolation: noise that shrinks a value towards an asymptote by a constant rate."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, field
from typing import final

import torch
from torch import Tensor

from circuits.errors import InvalidArgumentError, NonFiniteError
from noise.mitigation.extrapolation.base import (
    Extrapolation,
    Extrapolator,
    fit_weights,
    propagated,
)
from noise.mitigation.extrapolation.polynomial import Linear, least_squares_rows

AMPLIFICATION = 8.0
"""By how much an exponential may enlarge the first value; see `Exponential`."""


@final
@dataclass(frozen=True)
class Exponential(Extrapolator):
    """Fit v(f) = a + b exp(-c f); the estimate is a + b.

    With a known asymptote the logarithm of (v - a) is fitted by a line, weighted so that the
    errors of v itself count. With `asymptote=None` all three numbers are fitted (variable
    projection: b and a are linear, c is searched). It needs values that lie on one side of the
    asymptote or, with an unknown one, that level off, and at least 1 / `AMPLIFICATION` of the
    signal: where the estimate would lie further from the asymptote than that many times the first
    value (with an unknown asymptote: further from the last value than that many times the first),
    it would be noise made large. Elsewhere the estimate is that of a line, and `valid` is false.

    Args:
        asymptote: a, the value of the completely noisy state: 0 for Pauli observables under
            depolarizing noise; `None` fits it, which needs three factors.
    """

    asymptote: float | None = 0.0
    minimum: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        check_asymptote(self.asymptote)
        object.__setattr__(self, "minimum", 3 if self.asymptote is None else 2)

    def extrapolate(
        self, factors: Tensor, values: Tensor, variances: Tensor | None = None
    ) -> Extrapolation:
        weights = fit_weights(values, variances)
        if self.asymptote is None:
            estimate, valid = _free_asymptote(factors, values, weights)
            line = Linear().extrapolate(factors, values, variances)
            spread = propagated(
                lambda v: _free_asymptote(factors, v, weights)[0], values, variances
            )
            return chosen(Extrapolation(estimate, spread, valid), line)
        return log_polynomial(self.asymptote, 1, factors, values, variances)


@final
@dataclass(frozen=True)
class PolyExponential(Extrapolator):
    """Fit v(f) = a +- exp(c_0 + c_1 f + ... + c_d f^d); the estimate is a +- exp(c_0).

    Args:
        degree: d, at least 1; needs d + 1 factors.
        asymptote: a, the value of the completely noisy state.

    References:
        Giurgica-Tiron et al., IEEE QCE 2020, 306, section IV.
    """

    degree: int = 2
    asymptote: float = 0.0
    minimum: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if isinstance(self.degree, bool) or not isinstance(self.degree, int) or self.degree < 1:
            raise InvalidArgumentError(
                f"Argument `degree` must be an integer of at least 1, got {self.degree!r}."
            )
        if self.asymptote is None:
            raise InvalidArgumentError(
                "Argument `asymptote` of PolyExponential must be a number: together with a "
                "polynomial exponent the data do not determine it. Exponential(None) fits it."
            )
        check_asymptote(self.asymptote)
        object.__setattr__(self, "minimum", self.degree + 1)

    def extrapolate(
        self, factors: Tensor, values: Tensor, variances: Tensor | None = None
    ) -> Extrapolation:
        return log_polynomial(self.asymptote, self.degree, factors, values, variances)


def check_asymptote(asymptote: float | None) -> None:
    """Refuse an asymptote that is not a finite number."""
    if asymptote is None:
        return
    if isinstance(asymptote, bool) or not isinstance(asymptote, int | float):
        raise InvalidArgumentError(
            f"Argument `asymptote` must be a number or None, got {asymptote!r}."
        )
    if not math.isfinite(asymptote):
        raise NonFiniteError(f"Argument `asymptote` must be finite, got {asymptote}.")


def chosen(first: Extrapolation, second: Extrapolation) -> Extrapolation:
    """Where the first is valid its values, elsewhere those of the second."""
    spread = None
    if first.variances is not None and second.variances is not None:
        spread = torch.where(first.valid, first.variances, second.variances)
    return Extrapolation(torch.where(first.valid, first.values, second.values), spread, first.valid)


def log_polynomial(
    asymptote: float, degree: int, factors: Tensor, values: Tensor, variances: Tensor | None
) -> Extrapolation:
    """Fit log|v - a| by a polynomial and return a +- exp(c_0); see `PolyExponential`."""
    weights = fit_weights(values, variances)
    estimate = functools.partial(_log_estimate, asymptote, degree, factors, weights)
    found, valid = estimate(values)
    spread = propagated(lambda v: estimate(v)[0], values, variances)
    line = Linear().extrapolate(factors, values, variances)
    return chosen(Extrapolation(found, spread, valid), line)


def _log_estimate(
    asymptote: float, degree: int, factors: Tensor, weights: Tensor, values: Tensor
) -> tuple[Tensor, Tensor]:
    """The estimate, and where all values lie on one side of the asymptote.

    Where they do not, a harmless number is returned, so that no gradient becomes NaN.
    """
    distance = values - asymptote
    # Measurements may cross the asymptote by shot noise: the side is that of the first factor.
    sign = torch.sign(distance[factors.argmin()]).detach()
    size = distance * sign
    smallest = torch.finfo(values.dtype).eps ** 0.5 * size.detach().amax(0)
    valid = (size > smallest).all(0)
    safe = torch.where(valid, size, torch.ones_like(size))
    # The error of log(s) is that of s over s, so the weights of the logarithms carry s^2.
    rows = least_squares_rows(factors, weights * (safe / safe.amax(0)) ** 2, degree)
    exponent = (rows * safe.log()).sum(0)
    grown = exponent - safe[factors.argmin()].log()
    valid = valid & (grown < math.log(AMPLIFICATION))
    exponent = torch.where(valid, exponent, torch.zeros_like(exponent))
    return asymptote + sign * exponent.exp(), valid


def _free_asymptote(factors: Tensor, values: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """The estimate with all three numbers fitted, and where the best rate is inside its range.

    The rate minimises the residual of the best (a, b): a search over a grid, Newton steps, and a
    last Newton step that autograd sees, which has the derivative of the minimum itself (implicit
    function theorem).
    """
    factors = factors.to(values)
    span = factors.max() - factors.min()
    with torch.no_grad():
        size = values.std(0, keepdim=True)
        flat = size <= 1e-12 * values.abs().amax(0, keepdim=True) + torch.finfo(values.dtype).tiny
    scale = torch.where(flat, torch.ones_like(size), size)
    shifted = (values - values.mean(0, keepdim=True).detach()) / scale
    ladder = torch.logspace(-2, 1.3, 67, dtype=values.dtype, device=values.device)
    grid = (ladder / span).reshape(-1, *[1] * (values.dim() - 1))
    with torch.no_grad():
        costs = torch.stack([_residual(rate, factors, shifted, weights) for rate in grid])
        best = costs.argmin(0)
    valid = (best > 0) & (best < len(ladder) - 1) & ~flat[0]
    rate = (ladder[best] / span).log()
    with torch.enable_grad():
        for last in (*[False] * 8, True):
            point = rate.detach().requires_grad_()
            data = shifted if last else shifted.detach()
            cost = _residual(point.exp(), factors, data, weights)
            (slope,) = torch.autograd.grad(cost.sum(), point, create_graph=True)
            (bend,) = torch.autograd.grad(slope.sum(), point, retain_graph=last)
            usable = valid & (bend > 0)
            step = slope / torch.where(usable, bend, torch.ones_like(bend)).detach()
            limit = 3.3 * math.log(10) / (len(ladder) - 1)
            rate = point.detach() - torch.where(usable, step, torch.zeros_like(step)).clamp(
                -limit, limit
            )
    valid = valid & usable
    rate = rate if values.requires_grad else rate.detach()
    a, b = _best_pair(rate.exp(), factors, shifted, weights)
    with torch.no_grad():
        first, last_one = shifted[factors.argmin()], shifted[factors.argmax()]
        moderate = (a + b - last_one).abs() <= AMPLIFICATION * (first - last_one).abs()
    return (a + b) * scale[0] + values.mean(0).detach(), valid & moderate


def _best_pair(
    rate: Tensor, factors: Tensor, values: Tensor, weights: Tensor
) -> tuple[Tensor, Tensor]:
    """Weighted least squares for (a, b) in v = a + b exp(-rate f)."""
    shape = (-1, *[1] * (values.dim() - 1))
    basis = (-rate * factors.reshape(shape)).exp()
    whole = weights.sum(0)
    mean_basis, mean_value = (weights * basis).sum(0) / whole, (weights * values).sum(0) / whole
    centred = basis - mean_basis
    b = (weights * centred * values).sum(0) / (weights * centred**2).sum(0)
    return mean_value - b * mean_basis, b


def _residual(rate: Tensor, factors: Tensor, values: Tensor, weights: Tensor) -> Tensor:
    a, b = _best_pair(rate, factors, values, weights)
    shape = (-1, *[1] * (values.dim() - 1))
    fitted = a + b * (-rate * factors.reshape(shape)).exp()
    return (weights * (values - fitted) ** 2).sum(0)
