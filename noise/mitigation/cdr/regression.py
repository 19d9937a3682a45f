"""Fits of exact values against noisy ones, for many points and observables at once."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

_NO_SPREAD = 1e-12


@dataclass(frozen=True, slots=True)
class Fit:
    """Straight lines exact = slope * noisy + offset.

    Attributes:
        slope, offset: `(points, m)`.
        residual: Variance of the residuals, `(points, m)`.
        misfit: The part of it that is not shot noise of the training values, `(points, m)`.
        mean: Mean noisy training value, `(points, m)`.
        sum_of_squares: Of the noisy training values around their mean, `(points, m)`.
        degenerate: Whether the noisy training values say nothing about a slope, `(points, m)`.
        n_training: Number of training circuits.
    """

    slope: Tensor
    offset: Tensor
    residual: Tensor
    misfit: Tensor
    mean: Tensor
    sum_of_squares: Tensor
    degenerate: Tensor
    n_training: int

    def predict(self, noisy: Tensor) -> Tensor:
        """Mitigated values `(points, m)`; the graph of `noisy` passes."""
        return self.slope * noisy + self.offset

    def variance(self, noisy: Tensor, variances: Tensor | None) -> Tensor:
        """Squared standard error of a prediction.

        misfit + slope^2 Var(noisy) + residual (1/n + (noisy - mean)^2 / sum_of_squares): the
        circuit deviates from the line as the training circuits do, its value has shot noise, and
        the line is uncertain.
        """
        distance = (noisy.detach() - self.mean) ** 2
        safe = torch.where(self.degenerate, torch.ones_like(distance), self.sum_of_squares)
        line = 1 / self.n_training + torch.where(self.degenerate, distance * 0, distance / safe)
        total = self.misfit + self.residual * line
        return total if variances is None else total + self.slope**2 * variances


def fit(noisy: Tensor, exact: Tensor, variances: Tensor | None = None) -> Fit:
    """Least-squares lines through training values.

    Shot noise in the noisy values would flatten a line: the known variances are subtracted from
    the sum of squares. Where the noisy values do not vary (by more than 3 standard errors of their
    shot noise), no line is determined: of those through the means the one closest to leaving values
    as they are is taken (least change of slope and offset from 1 and 0).

    Args:
        noisy: Noisy training values `(n, points, m)`, n >= 3.
        exact: Exact training values of the same shape.
        variances: Squared standard errors of `noisy`, or `None` if it is exact.

    References:
        Czarnik, Arrasmith, Coles, Cincio, Quantum 5, 592 (2021), equation 4; for the subtraction
        Fuller, Measurement Error Models (1987), section 1.2.

    >>> noisy = torch.tensor([0.0, 0.4, 0.8])[:, None, None]
    >>> found = fit(noisy, noisy * 1.25 + 0.1)
    >>> float(found.slope), float(found.offset)
    (1.25, 0.1)
    """
    x, y = noisy.detach(), exact.detach()
    n = len(x)
    mean, target = x.mean(dim=0), y.mean(dim=0)
    total = ((x - mean) ** 2).sum(dim=0)
    shot_noise = torch.zeros_like(mean)
    if variances is not None:
        shot_noise = torch.nan_to_num(variances).mean(dim=0)
    significant = (n - 1) * shot_noise * (1 + 3 * (2 / (n - 1)) ** 0.5)
    degenerate = total <= torch.clamp(significant, min=_NO_SPREAD * n)
    spread = total - (n - 1) * shot_noise
    slope = ((x - mean) * (y - target)).sum(dim=0) / torch.where(
        degenerate, torch.ones_like(total), spread
    )
    change = (target - mean) / (1 + mean**2)
    slope = torch.where(degenerate, 1 + change * mean, slope)
    offset = torch.where(degenerate, change, target - slope * mean)
    residual = ((y - slope * x - offset) ** 2).sum(dim=0) / (n - 2)
    misfit = (residual - slope**2 * shot_noise).clamp(min=0)
    return Fit(slope, offset, residual, misfit, mean, total, degenerate, n)
