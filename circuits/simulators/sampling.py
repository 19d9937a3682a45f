"""Finite shots: measurement outcomes drawn from final states, and estimates made from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from circuits.pauli import PauliSum, group_masks
from circuits.simulators.measurement import marginal

_LARGEST_DRAW = 2**24  # outcomes held at once

Rotate = Callable[[dict[int, str]], Tensor]


@dataclass(frozen=True, slots=True)
class Group:
    """Pauli strings measured together: the basis, and (observable, mask, coefficient) terms."""

    basis: dict[int, str]
    terms: tuple[tuple[int, int, float], ...]


def draw(probabilities: Tensor, shots: int, generator: torch.Generator | None) -> Tensor:
    """Basis indices `(batch, shots)` drawn from `probabilities (2**n, batch)`."""
    cumulative = probabilities.detach().to(torch.float64).cumsum(0).T.contiguous()
    cumulative = cumulative / cumulative[:, -1:]
    device = probabilities.device if generator is None else generator.device
    points = torch.rand(
        cumulative.shape[0], shots, dtype=torch.float64, generator=generator, device=device
    )
    found = torch.searchsorted(cumulative, points.to(cumulative.device), right=True)
    return found.clamp_(max=cumulative.shape[1] - 1)


def sample_bits(
    probabilities: Tensor,
    qubits: tuple[int, ...],
    n_qubits: int,
    shots: int,
    generator: torch.Generator | None,
) -> Tensor:
    """uint8 `(batch, shots, k)`: outcomes of the listed qubits."""
    indices = draw(marginal(probabilities, qubits, n_qubits), shots, generator)
    bits = [(indices >> k & 1).to(torch.uint8) for k in range(len(qubits))]
    return torch.stack(bits, dim=-1)


def measurement_groups(observables: Sequence[PauliSum]) -> tuple[list[Group], list[float]]:
    """Qubit-wise commuting groups over all observables, and each observable's constant part."""
    constants = [0.0] * len(observables)
    strings: dict[tuple[int, int], list[tuple[int, float]]] = {}
    for k, observable in enumerate(observables):
        for x_mask, z_mask, coefficient in observable.terms:
            if x_mask == z_mask == 0:
                constants[k] += float(np.real(coefficient))
            else:
                entry = strings.setdefault((x_mask, z_mask), [])
                entry.append((k, float(np.real(coefficient))))
    masks = list(strings)
    groups = []
    for members in group_masks([x for x, _ in masks], [z for _, z in masks]):
        basis: dict[int, str] = {}
        terms: list[tuple[int, int, float]] = []
        for member in members:
            x_mask, z_mask = masks[member]
            for q in range((x_mask | z_mask).bit_length()):
                letter = "IXZY"[(x_mask >> q & 1) + 2 * (z_mask >> q & 1)]
                if letter != "I":
                    basis[q] = letter
            terms += [(k, x_mask | z_mask, c) for k, c in strings[masks[member]]]
        groups.append(Group(basis, tuple(terms)))
    return groups, constants


def estimate(
    rotated_probabilities: Rotate,
    observables: Sequence[PauliSum],
    shots: int,
    generator: torch.Generator | None,
) -> tuple[Tensor, Tensor]:
    """Means and their variances `(batch, m)` from `shots` measurements per commuting group.

    The variance of an estimate is the unbiased sample variance of the observable's group values
    divided by `shots`, summed over groups, so covariances of terms measured together count.

    Args:
        rotated_probabilities: From a measurement basis to probabilities `(2**n, batch)`.
        observables: Hermitian Pauli sums.
        shots: Measurements per group.
        generator: Source of randomness.
    """
    groups, constants = measurement_groups(observables)
    first = rotated_probabilities(groups[0].basis if groups else {})
    means = first.new_tensor(constants).repeat(first.shape[1], 1)
    variances = torch.zeros_like(means)
    for g, group in enumerate(groups):
        probabilities = first if g == 0 else rotated_probabilities(group.basis)
        columns = max(1, _LARGEST_DRAW // shots)
        for start in range(0, probabilities.shape[1], columns):
            rows = slice(start, start + columns)
            outcomes = draw(probabilities[:, rows], shots, generator)
            accumulate(group, outcomes, means[rows], variances[rows])
    return means, variances


def accumulate(group: Group, outcomes: Tensor, means: Tensor, variances: Tensor) -> None:
    """Add to means and variances `(batch, m)` what a group's outcomes say.

    Args:
        group: Strings that were measured together.
        outcomes: Basis indices `(batch, shots)`, of which the bits in the group's masks are read.
        means: Estimates so far, changed in place.
        variances: Their variances so far, changed in place; NaN for a single shot.
    """
    shots = outcomes.shape[1]
    per_observable: dict[int, Tensor] = {}
    for k, mask, coefficient in group.terms:
        sign = (1 - 2 * _parity(outcomes & mask)).to(torch.float64) * coefficient
        per_observable[k] = per_observable[k] + sign if k in per_observable else sign
    for k, values in per_observable.items():
        means[:, k] += values.mean(1).to(means.dtype)
        spread = values.var(1, correction=1) if shots > 1 else torch.full_like(values[:, 0], np.nan)
        variances[:, k] += (spread / shots).to(variances.dtype)


def _parity(indices: Tensor) -> Tensor:
    for shift in (32, 16, 8, 4, 2, 1):
        indices = indices ^ (indices >> shift)
    return indices & 1


_HALF = 1 / np.sqrt(2)
BASIS_CHANGE = {
    "X": np.array([[_HALF, _HALF], [_HALF, -_HALF]], dtype=np.complex128),
    "Y": np.array([[_HALF, -1j * _HALF], [_HALF, 1j * _HALF]], dtype=np.complex128),
}
"""Matrices that turn the eigenvectors of a letter into basis states."""
