"""Means of twirled readout: data and calibration, unflipped, averaged and divided."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from circuits.errors import InvalidArgumentError
from circuits.execution import Result
from noise.mitigation.readout.groups import Group

FLIPS, STRENGTH = "readout_flips", "readout_twirl_strength"

Runs = Sequence[Result]


def reference_group(groups: Sequence[Group]) -> Group:
    """Z on the qubits of every string of the groups, which one calibration measures."""
    qubits = sorted({q for group in groups for q in group.qubits})
    members: list[tuple[int, tuple[int, ...], float]] = []
    for group in groups:
        for _, where, _ in group.members:
            members.append((0, tuple(qubits.index(group.qubits[j]) for j in where), 1.0))
    return Group(tuple(qubits), "Z" * len(qubits), tuple(members), 1)


def exact_means(
    groups: Sequence[Group], data: Sequence[Runs], reference: Group, calibration: Runs
) -> tuple[Tensor, None]:
    """Mitigated means `(points, n_observables)` of exact values; they keep their graph.

    Args:
        groups: What was measured.
        data: For each group its results, one per twirl.
        reference: The strings of all groups, as Z strings.
        calibration: The results on |0...0>, one per twirl.
    """
    factors = _unflipped(reference, calibration)[0]
    _check_factors(reference, factors, torch.full_like(factors, 1e-9))
    total: Tensor | None = None
    for group, runs, part in zip(groups, data, _parts(groups, factors), strict=True):
        twirled = _unflipped(group, runs)
        value = (twirled / part) @ torch.as_tensor(group.coefficients).to(twirled)
        total = value if total is None else total + value
    assert total is not None
    return total, None


def sampled_means(
    groups: Sequence[Group], data: Sequence[Runs], reference: Group, calibration: Runs
) -> tuple[Tensor, Tensor]:
    """Mitigated means and variances `(points, n_observables)` of samples.

    With per-shot signs z_S, data means d_S and factors f_S, the variance of sum_S c_S d_S / f_S is
    to first order that of the data's sum_S (c_S / f_S) z_S over its shots, plus that of the
    calibration's sum_S (c_S d_S / f_S^2) z_S over its own.
    """
    reference_signs = _signs(reference, calibration)
    balanced = _is_balanced(reference, calibration)
    one = torch.eye(len(reference.members), dtype=torch.float64)
    factors, spread = _mean_and_variance([z[0] @ one for z in reference_signs], balanced)
    _check_factors(reference, factors, 3 * spread.sqrt())
    means, variances, slopes = [], [], []
    for group, runs, part in zip(groups, data, _parts(groups, factors), strict=True):
        signs = _signs(group, runs)
        coefficients = torch.as_tensor(group.coefficients)
        weights = coefficients / part[:, None]
        mean, variance = _mean_and_variance([z @ weights for z in signs], balanced)
        strings = torch.stack([z.mean(-2) for z in signs]).mean(0)
        slopes.append((strings / part**2)[..., None] * coefficients)
        means.append(mean)
        variances.append(variance)
    slope = torch.cat(slopes, dim=-2)
    _, extra = _mean_and_variance([z @ slope for z in reference_signs], balanced)
    return sum(means[1:], means[0]), sum(variances, extra)


def _unflipped(group: Group, runs: Runs) -> Tensor:
    """Exact twirl average of each string `(points, strings)`."""
    rows = []
    for run in runs:
        assert run.values is not None
        flips = np.array(run.metadata[FLIPS], dtype=np.uint8)[None]
        rows.append(run.values * torch.as_tensor(group.signs(flips)[0]).to(run.values))
    return torch.stack(rows).mean(0)


def _signs(group: Group, runs: Runs) -> list[Tensor]:
    """Unflipped values +-1 of each string at each shot `(points, shots, strings)`, by twirl."""
    found = []
    for run in runs:
        assert run.samples is not None
        flips = torch.tensor(run.metadata[FLIPS], dtype=torch.uint8)
        bits = (run.samples.cpu() ^ flips).to(torch.float64)
        where = torch.zeros(len(group.qubits), len(group.members), dtype=torch.float64)
        for column, (_, qubits, _) in enumerate(group.members):
            where[list(qubits), column] = 1
        found.append(1 - 2 * ((bits @ where) % 2))
    return found


def _mean_and_variance(twirls: Sequence[Tensor], balanced: bool) -> tuple[Tensor, Tensor]:
    """Mean over twirls of `(..., shots, m)` each, and its variance `(..., m)`.

    Balanced twirls leave shot noise alone. Others also differ in their means: what the means vary
    beyond shot noise is added.
    """
    means = torch.stack([twirl.mean(-2) for twirl in twirls])
    shots = [twirl.shape[-2] for twirl in twirls]
    pooled = torch.cat(list(twirls), dim=-2)
    spread = pooled.var(-2, correction=1)
    variance = spread * sum(1 / number for number in shots) / len(shots) ** 2
    if not balanced:
        excess = means.var(0, correction=1) / len(shots) - variance
        variance = variance + excess.clamp(min=0)
    return means.mean(0), variance


def _is_balanced(reference: Group, runs: Runs) -> bool:
    heaviest = max(len(where) for _, where, _ in reference.members)
    return int(runs[0].metadata[STRENGTH]) >= heaviest


def _parts(groups: Sequence[Group], factors: Tensor) -> list[Tensor]:
    return list(factors.split([len(group.members) for group in groups]))


def _check_factors(reference: Group, factors: Tensor, least: Tensor) -> None:
    for k, (_, where, _) in enumerate(reference.members):
        if not bool(factors[k] > least[k]):
            qubits = [reference.qubits[j] for j in where]
            raise InvalidArgumentError(
                f"The readout of qubits {qubits} together keeps a factor of only "
                f"{float(factors[k]):.3g} of the signal, not more than its error "
                f"{float(least[k]):.2g}: dividing by it would give noise. Use more shots, a larger "
                "`calibration_share`, or observables of fewer letters."
            )
