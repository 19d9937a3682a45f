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
) -> tuple[Tensor, Tensor | None]:
    """Mitigated means and variances `(points, n_observables)` of values without shots.

    The means keep their graph. Balanced twirls of exact values leave no error, and then there are
    no variances; other twirls differ, and some backends estimate what they return.

    Args:
        groups: What was measured.
        data: For each group its results, one per twirl.
        reference: The strings of all groups, as Z strings.
        calibration: The results on |0...0>, one per twirl.
    """
    balanced = _is_balanced(reference, calibration)
    zeros = _unflipped(reference, calibration)
    factors = zeros.mean(0)[0]
    _check_factors(reference, factors, torch.full_like(factors, 1e-9))
    means, slopes, parts, variances = [], [], [], []
    for group, runs, part in zip(groups, data, _parts(groups, factors), strict=True):
        twirls = _unflipped(group, runs)
        strings = twirls.mean(0)
        coefficients = torch.as_tensor(group.coefficients).to(twirls)
        weights = coefficients / part[:, None]
        means.append((strings / part) @ coefficients)
        slopes.append((strings / part**2)[..., None] * coefficients)
        parts.append((twirls, weights))
        variances.append(_of_runs(runs, weights))
    parts.append((zeros, -torch.cat(slopes, dim=-2)))
    variances.append(_of_runs(calibration, parts[-1][1]))
    known = [variance for variance in variances if variance is not None]
    total = sum(means[1:], means[0])
    if not balanced:
        return total, _between(parts)
    return total, sum(known[1:], known[0]) if known else None


def sampled_means(
    groups: Sequence[Group], data: Sequence[Runs], reference: Group, calibration: Runs
) -> tuple[Tensor, Tensor]:
    """Mitigated means and variances `(points, n_observables)` of samples.

    With per-shot signs z_S, data means d_S and factors f_S, the variance of sum_S c_S d_S / f_S is
    to first order that of the data's sum_S (c_S / f_S) z_S over its shots, plus that of the
    calibration's sum_S (c_S d_S / f_S^2) z_S over its own.
    """
    balanced = _is_balanced(reference, calibration)
    zeros = _signs(reference, calibration)
    one = torch.eye(len(reference.members), dtype=torch.float64)
    factors = _string_means(zeros).mean(0)[0]
    spread = _with_twirls(_of_shots(zeros, one), [(_string_means(zeros), one)], balanced)[0]
    _check_factors(reference, factors, 3 * spread.sqrt())
    means, slopes, parts, variances = [], [], [], []
    for group, runs, part in zip(groups, data, _parts(groups, factors), strict=True):
        signs = _signs(group, runs)
        twirls = _string_means(signs)
        coefficients = torch.as_tensor(group.coefficients)
        weights = coefficients / part[:, None]
        means.append(twirls.mean(0) @ weights)
        slopes.append((twirls.mean(0) / part**2)[..., None] * coefficients)
        parts.append((twirls, weights))
        variances.append(_of_shots(signs, weights))
    parts.append((_string_means(zeros), -torch.cat(slopes, dim=-2)))
    variance = sum(variances, _of_shots(zeros, parts[-1][1]))
    return sum(means[1:], means[0]), _with_twirls(variance, parts, balanced)


def _unflipped(group: Group, runs: Runs) -> Tensor:
    """Values of each string under each twirl `(twirls, points, strings)`."""
    rows = []
    for run in runs:
        assert run.values is not None
        flips = np.array(run.metadata[FLIPS], dtype=np.uint8)[None]
        rows.append(run.values * torch.as_tensor(group.signs(flips)[0]).to(run.values))
    return torch.stack(rows)


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


def _string_means(twirls: Sequence[Tensor]) -> Tensor:
    """Means over the shots of each twirl `(twirls, points, strings)`."""
    return torch.stack([twirl.mean(-2) for twirl in twirls])


def _of_shots(twirls: Sequence[Tensor], weights: Tensor) -> Tensor:
    """Variance `(points, m)` that shots leave of the mean over twirls of weighted strings.

    Args:
        twirls: `(points, shots, strings)` each.
        weights: `(strings, m)` or `(points, strings, m)`.
    """
    shots = [twirl.shape[-2] for twirl in twirls]
    spread = torch.cat([twirl @ weights for twirl in twirls], dim=-2).var(-2, correction=1)
    return spread * sum(1 / number for number in shots) / len(shots) ** 2


@torch.no_grad()
def _of_runs(runs: Runs, weights: Tensor) -> Tensor | None:
    """The same for values that the backend estimated; `None` for exact ones.

    Strings of one run are correlated in a way that is not known, so this is the upper bound
    sd(sum_S w_S d_S) <= sum_S |w_S| sd(d_S), which is exact for one string.
    """
    if all(run.variances is None for run in runs):
        return None
    zero = next(torch.zeros_like(run.variances) for run in runs if run.variances is not None)
    each = torch.stack([zero if run.variances is None else run.variances for run in runs])
    deviation = each.sum(0).sqrt() / len(runs)
    return (deviation[..., None, :] @ weights.abs()).squeeze(-2) ** 2


@torch.no_grad()
def _between(parts: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
    """Variance `(points, m)` of a mean over twirls, from how its twirls differ.

    Data and calibration have the same twirls, so their differences are taken together.

    Args:
        parts: Strings `(twirls, points, strings)` and their weights, as in `_of_shots`.
    """
    rows = [(twirls[..., None, :] @ weights).squeeze(-2) for twirls, weights in parts]
    total = sum(rows[1:], rows[0])
    return total.var(0, correction=1) / len(total)


def _with_twirls(
    variance: Tensor, parts: Sequence[tuple[Tensor, Tensor]], balanced: bool
) -> Tensor:
    """What shots leave, and what twirls that are not balanced differ by beyond that."""
    return variance if balanced else torch.maximum(variance, _between(parts))


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
