"""Polynomial extrapolation: linear in the values, so biases and variances are known exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import final

import torch
from torch import Tensor

from circuits.errors import InvalidArgumentError
from noise.mitigation.extrapolation.base import Extrapolation, Extrapolator, fit_weights


@final
@dataclass(frozen=True)
class Polynomial(Extrapolator):
    """Least squares by v(f) = c_0 + c_1 f + ... + c_d f^d; the estimate is c_0.

    Weighted by 1 / variance where variances are known.

    Args:
        degree: d, at least 1; needs d + 1 factors.
    """

    degree: int
    minimum: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if isinstance(self.degree, bool) or not isinstance(self.degree, int) or self.degree < 1:
            raise InvalidArgumentError(
                f"Argument `degree` must be an integer of at least 1, got {self.degree!r}."
            )
        object.__setattr__(self, "minimum", self.degree + 1)

    def extrapolate(
        self, factors: Tensor, values: Tensor, variances: Tensor | None = None
    ) -> Extrapolation:
        weights = fit_weights(values, variances)
        return _linear_estimate(
            least_squares_rows(factors, weights, self.degree), values, variances
        )

    def shares(self, factors: Sequence[float]) -> list[float]:
        row = torch.tensor(factors, dtype=torch.float64)
        return _shares(least_squares_rows(row, torch.ones_like(row), self.degree))


@final
@dataclass(frozen=True)
class Linear(Extrapolator):
    """Least squares by a straight line; `Polynomial(1)`."""

    def extrapolate(
        self, factors: Tensor, values: Tensor, variances: Tensor | None = None
    ) -> Extrapolation:
        return Polynomial(1).extrapolate(factors, values, variances)

    def shares(self, factors: Sequence[float]) -> list[float]:
        return Polynomial(1).shares(factors)


@final
@dataclass(frozen=True)
class Richardson(Extrapolator):
    """The polynomial through all values: sum_j v_j prod_{i != j} f_i / (f_i - f_j).

    It removes the bias up to the order of the last factor and enlarges shot noise: at 1, 3, 5 the
    coefficients are 15/8, -10/8, 3/8. Shots go to the factors in proportion to the coefficients'
    sizes, which minimises the variance for equal variances per shot.

    References:
        Temme, Bravyi, Gambetta, PRL 119, 180509 (2017), equation 3.
    """

    def extrapolate(
        self, factors: Tensor, values: Tensor, variances: Tensor | None = None
    ) -> Extrapolation:
        row = richardson_coefficients(factors).to(values.dtype)
        rows = row.reshape(-1, *[1] * (values.dim() - 1)).expand_as(values)
        return _linear_estimate(rows, values, variances)

    def shares(self, factors: Sequence[float]) -> list[float]:
        return _shares(richardson_coefficients(torch.tensor(factors, dtype=torch.float64)))


def richardson_coefficients(factors: Tensor) -> Tensor:
    """Coefficients `(k,)` of Richardson extrapolation; they sum to 1.

    >>> richardson_coefficients(torch.tensor([1.0, 3.0, 5.0]))
    tensor([ 1.8750, -1.2500,  0.3750])
    """
    differences = factors[:, None] - factors[None, :]
    eye = torch.eye(len(factors), dtype=torch.bool, device=factors.device)
    ratios = factors[:, None] / torch.where(eye, torch.ones_like(differences), differences)
    return torch.where(eye, torch.ones_like(ratios), ratios).prod(0)


def least_squares_rows(factors: Tensor, weights: Tensor, degree: int) -> Tensor:
    """Coefficients `(k, ...)` with which values enter the constant term of a weighted fit.

    Args:
        factors: `(k,)`.
        weights: `(k, ...)`, positive: the fit minimises sum_k weight_k (v_k - p(f_k))^2.
        degree: Degree of p, below k.
    """
    scaled = factors.to(weights) / factors.max().to(weights)
    powers = scaled[:, None] ** torch.arange(degree + 1, device=weights.device)
    root = weights.movedim(0, -1).sqrt()
    design = root[..., None] * powers
    # c = R^-1 Q^T sqrt(W) v, of which the first row is wanted; QR keeps the condition number.
    q, r = torch.linalg.qr(design)
    unit = torch.zeros(degree + 1, 1, dtype=weights.dtype, device=weights.device)
    unit[0] = 1
    solved = torch.linalg.solve_triangular(
        r.transpose(-1, -2), unit.expand(*r.shape[:-2], -1, -1), upper=False
    )
    return ((q @ solved)[..., 0] * root).movedim(-1, 0)


def _linear_estimate(rows: Tensor, values: Tensor, variances: Tensor | None) -> Extrapolation:
    found = (rows * values).sum(0)
    spread = None if variances is None else (rows.detach() ** 2 * variances).sum(0)
    return Extrapolation(found, spread, torch.ones_like(found, dtype=torch.bool))


def _shares(row: Tensor) -> list[float]:
    sizes = row.abs()
    return [float(size) for size in sizes.clamp(min=0.02 * float(sizes.max()))]
