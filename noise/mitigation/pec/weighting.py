"""Which samples are run, and how their values count."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from circuits.errors import InvalidArgumentError
from noise.mitigation.base import split_shots
from noise.mitigation.pec.quasi import QuasiProbabilities


@dataclass(frozen=True, slots=True)
class Draw:
    """The distinct circuits of one mitigated value.

    Attributes:
        choices: For each circuit and site which of the site's operations is inserted.
        weights: Coefficient of each circuit's value.
        counts: How often it was drawn; 0 for circuits that have their exact coefficient.
    """

    choices: list[list[int]]
    weights: list[float]
    counts: list[int]


def draw(
    sites: Sequence[QuasiProbabilities], n_samples: int, generator: torch.Generator | None
) -> Draw:
    """The likeliest circuit with its exact coefficient, and samples of all the others.

    With p_g the probability of the likeliest operation of site g, the first site that deviates is
    g with probability p_1 ... p_{g-1} (1 - p_g), normalised; sites before it do not deviate, sites
    behind it are drawn freely. Taking the likeliest circuit out of the sampling leaves the average
    as it is and its variance much smaller.

    Args:
        sites: Quasi-probabilities of each site.
        n_samples: Number of samples.
        generator: Source of randomness.
    """
    main = [_likeliest(site) for site in sites]
    weight = math.prod(s.coefficients[k] for s, k in zip(sites, main, strict=True))
    others = math.prod(s.gamma for s in sites) - abs(weight)
    if others <= 1e-15:
        return Draw([main], [weight], [0])
    rows, signs = _deviating(sites, main, n_samples, generator)
    distinct, where, counts = torch.unique(rows, dim=0, return_inverse=True, return_counts=True)
    sign = torch.empty(len(distinct), dtype=torch.float64).index_put_((where,), signs)
    weights = others * sign * counts / n_samples
    return Draw([main, *distinct.tolist()], [weight, *weights.tolist()], [0, *counts.tolist()])


def _likeliest(site: QuasiProbabilities) -> int:
    return max(range(len(site.coefficients)), key=lambda k: abs(site.coefficients[k]))


def _deviating(
    sites: Sequence[QuasiProbabilities],
    main: Sequence[int],
    n_samples: int,
    generator: torch.Generator | None,
) -> tuple[Tensor, Tensor]:
    """Choices `(n_samples, n_sites)` that are not all `main`, and the signs `(n_samples,)`."""
    tables = [torch.tensor(site.coefficients, dtype=torch.float64) for site in sites]
    kept = torch.stack([t[k].abs() / t.abs().sum() for t, k in zip(tables, main, strict=True)])
    before = torch.cat([torch.ones_like(kept[:1]), kept[:-1]]).cumprod(0)
    first = torch.multinomial(before * (1 - kept), n_samples, replacement=True, generator=generator)
    columns, signs = [], torch.ones(n_samples, dtype=torch.float64)
    for g, (table, likeliest) in enumerate(zip(tables, main, strict=True)):
        free = torch.multinomial(table.abs(), n_samples, replacement=True, generator=generator)
        chosen = torch.where(first < g, free, torch.full_like(free, likeliest))
        rest = table.abs().clone()
        rest[likeliest] = 0
        if float(rest.sum()) > 0:
            other = torch.multinomial(rest, n_samples, replacement=True, generator=generator)
            chosen = torch.where(first == g, other, chosen)
        columns.append(chosen)
        signs *= table.sign()[chosen]
    return torch.stack(columns, dim=1), signs


def enumerate_all(sites: Sequence[QuasiProbabilities], most: int) -> Draw:
    """Every circuit with its exact coefficient.

    Raises:
        InvalidArgumentError: If there are more than `most`.
    """
    total = math.prod(len(site.coefficients) for site in sites)
    if total > most:
        raise InvalidArgumentError(
            f"n_samples='all' would run {total} circuits; at most {most} are run. Give a number of "
            "samples."
        )
    choices = [list(row) for row in itertools.product(*(range(len(s.coefficients)) for s in sites))]
    weights = [
        math.prod(site.coefficients[k] for site, k in zip(sites, row, strict=True))
        for row in choices
    ]
    return Draw(choices, weights, [0] * total)


def shots_for(weights: Sequence[float], shots: int | None) -> list[int | None]:
    """Shots in proportion to the absolute weights, at least 2 each so that spreads are known.

    Raises:
        InvalidArgumentError: If there are not enough.
    """
    if shots is None:
        return [None] * len(weights)
    if shots < 2 * len(weights):
        raise InvalidArgumentError(
            f"Argument `shots` is the total over {len(weights)} sampled circuits, at least 2 each; "
            f"got {shots}. Use more shots or fewer samples (`n_samples`)."
        )
    parts = split_shots(shots - len(weights), [abs(w) for w in weights], name="samples")
    return [1 + (part or 0) for part in parts]


def spread_of(
    values: Tensor, variances: Tensor | None, weights: Tensor, counts: Tensor
) -> Tensor | None:
    """Squared standard error of the weighted sum.

    With n samples, c_u of them equal to the u-th distinct one, and y_u = n w_u v_u / c_u the value
    of one sample times the weight of them all:

        sum_u c_u (y_u - mean)^2 / (n (n - 1)) + sum_u w_u^2 Var(v_u),

    the first sum over sampled circuits only. It is slightly too large with shots, since the first
    sum sees part of their noise as well.

    Args:
        values: `(k, points, m)` of the distinct circuits.
        variances: Their squared standard errors from shots, or `None`.
        weights: `(k, 1, 1)`.
        counts: `(k, 1, 1)`, 0 where the weight is exact.
    """
    shot_noise = None if variances is None else (weights**2 * variances).sum(dim=0)
    n = counts.sum()
    if float(n) == 0:
        return shot_noise
    single = values.detach() * weights * n / counts.clamp(min=1)
    mean = (counts * single).sum(dim=0) / n
    between = (counts * (single - mean) ** 2).sum(dim=0) / (n * (n - 1))
    return between if shot_noise is None else between + shot_noise
