"""Mitigated means from measured bitstrings: on all outcomes, or on the seen ones."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from circuits.execution import Result
from noise.mitigation.readout.confusion import inverse_confusion
from noise.mitigation.readout.groups import Group
from noise.mitigation.readout.outcomes import Floats, Outcomes, all_bits
from noise.mitigation.readout.subspace import SubspaceInverse


def dense_means(group: Group, result: Result, confusion: Floats) -> tuple[Tensor, Tensor | None]:
    """Means and variances by the inverse of a matrix over all 2^k outcomes.

    <f> = p . y with y = C^-1 f, so the mean of y over the shots.

    Args:
        group: What was measured.
        result: Samples, or probabilities `(points, 2**k)`, which keep their graph.
        confusion: `(2**k, 2**k)`, row prepared, column read.

    Returns:
        `(points, n_observables)` each; exact means have no variances. Those of probabilities that
        are estimates are the upper bound sd(<f>) <= sum_i |y_i| sd(p_i).
    """
    k = len(group.qubits)
    observed = group.signs(all_bits(k)) @ group.coefficients
    per_shot = torch.as_tensor(inverse_confusion(confusion) @ observed)
    if result.samples is None:
        assert result.values is not None
        per_shot = per_shot.to(result.values)
        spread = None if result.variances is None else result.variances.sqrt() @ per_shot.abs()
        return result.values @ per_shot, None if spread is None else spread**2
    index = (result.samples.long() << torch.arange(k, device=result.samples.device)).sum(-1)
    shots = index.shape[1]
    read = torch.stack([torch.bincount(row, minlength=2**k) for row in index]) / shots
    per_shot = per_shot.to(read.device)
    read = read.to(per_shot.dtype)
    means = read @ per_shot
    spread = (read @ per_shot**2 - means**2).clamp(min=0)
    return means, spread / (shots - 1) if shots > 1 else torch.full_like(means, torch.nan)


def subspace_means(group: Group, result: Result, confusions: Floats) -> tuple[Tensor, Tensor]:
    """Means and variances by the inverse on the seen bitstrings, point by point.

    Args:
        group: What was measured.
        result: Samples.
        confusions: `(k, 2, 2)`.
    """
    assert result.samples is not None
    found = []
    for samples in result.samples:
        outcomes = Outcomes.of(samples)
        observed = group.signs(outcomes.bits) @ group.coefficients
        found.append(SubspaceInverse(outcomes, confusions).means(observed))
    device, empty = result.samples.device, np.zeros((0, group.n_observables))
    means, variances = (np.stack(part) for part in zip(*found, strict=True)) if found else (
        empty, empty
    )  # fmt: skip
    return torch.as_tensor(means, device=device), torch.as_tensor(variances, device=device)
