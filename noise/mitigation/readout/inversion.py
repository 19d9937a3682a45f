"""Confusion matrices undone on whole distributions: full and tensored, batched, differentiable."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from circuits.errors import ShapeError
from noise.mitigation.readout.confusion import inverse_confusion
from noise.mitigation.readout.outcomes import Floats


def full_inverse(probabilities: Tensor, confusion: Floats) -> Tensor:
    """Quasi-probabilities q with C^T q = p for a joint confusion matrix.

    Args:
        probabilities: What was read `(..., 2**k)`, bit j of the index the j-th qubit.
        confusion: `(2**k, 2**k)`, row prepared, column read.

    Returns:
        `(..., 2**k)`, with the same sum; entries may be negative.

    Raises:
        InvalidArgumentError: If the matrix is singular.
        ShapeError: If the sizes differ.
    """
    _check_size(probabilities, len(confusion))
    return probabilities @ _like(inverse_confusion(confusion), probabilities)


def full_variances(probabilities: Tensor, confusion: Floats, shots: int) -> Tensor:
    """Squared standard errors of `full_inverse` of frequencies over `shots` shots.

    Var q_j = (sum_i M_ij^2 p_i - q_j^2) / shots with M = C^-1: shots are multinomial.

    Args:
        probabilities: What was read `(..., 2**k)`.
        confusion: `(2**k, 2**k)`.
        shots: Number of shots.
    """
    inverse = _like(inverse_confusion(confusion), probabilities)
    spread = probabilities @ inverse**2 - (probabilities @ inverse) ** 2
    return spread.clamp(min=0) / shots


def full_bounds(variances: Tensor, confusion: Floats) -> Tensor:
    """Upper bound of the variances of `full_inverse` from those of what was read.

    Entries of one estimate are correlated in a way that is not known, so deviations add up:
    sd(q_j) <= sum_i |M_ij| sd(p_i) with M = C^-1.

    Args:
        variances: Those of the probabilities `(..., 2**k)`.
        confusion: `(2**k, 2**k)`.
    """
    return (variances.sqrt() @ _like(abs(inverse_confusion(confusion)), variances)) ** 2


def tensored_inverse(probabilities: Tensor, confusions: Sequence[Floats]) -> Tensor:
    """`full_inverse` for qubits that are read independently: one factor after the other.

    Args:
        probabilities: What was read `(..., 2**k)`.
        confusions: k matrices `(2, 2)`, the j-th for bit j.
    """
    _check_size(probabilities, 2 ** len(confusions))
    inverses = [inverse_confusion(c, f"confusions[{j}]") for j, c in enumerate(confusions)]
    return _apply(probabilities, inverses)


def tensored_variances(probabilities: Tensor, confusions: Sequence[Floats], shots: int) -> Tensor:
    """`full_variances` for qubits that are read independently."""
    inverses = [inverse_confusion(c, f"confusions[{j}]") for j, c in enumerate(confusions)]
    spread = _apply(probabilities, [m**2 for m in inverses]) - _apply(probabilities, inverses) ** 2
    return spread.clamp(min=0) / shots


def tensored_bounds(variances: Tensor, confusions: Sequence[Floats]) -> Tensor:
    """`full_bounds` for qubits that are read independently."""
    inverses = [inverse_confusion(c, f"confusions[{j}]") for j, c in enumerate(confusions)]
    return _apply(variances.sqrt(), [abs(m) for m in inverses]) ** 2


def sampling_overhead(confusions: Sequence[Floats]) -> float:
    """Bound on the factor by which inversion multiplies the variance of any outcome's mean.

    prod_q ||C_q^-1||^2 in the norm of largest row sums: 1 without error. As many times more shots
    are needed for the same standard error, at most.

    >>> import numpy as np
    >>> round(sampling_overhead([np.array([[0.9, 0.1], [0.1, 0.9]])]), 4)
    1.5625
    """
    total = 1.0
    for confusion in confusions:
        total *= float(abs(inverse_confusion(confusion)).sum(1).max()) ** 2
    return total


def _apply(values: Tensor, matrices: Sequence[Floats]) -> Tensor:
    """Multiply rows by (M_{k-1} (x) ... (x) M_0), factor by factor."""
    lead, k = values.shape[:-1], len(matrices)
    for j, matrix in enumerate(matrices):
        split = values.reshape(*lead, 2 ** (k - 1 - j), 2, 2**j)
        values = torch.einsum("...asb,st->...atb", split, _like(matrix, values))
    return values.reshape(*lead, 2**k)


def _like(matrix: Floats, values: Tensor) -> Tensor:
    return torch.as_tensor(matrix, dtype=values.dtype, device=values.device)


def _check_size(probabilities: Tensor, size: int) -> None:
    if probabilities.dim() == 0 or probabilities.shape[-1] != size:
        raise ShapeError(
            f"Argument `probabilities` must have {size} entries on its last axis, one for each "
            f"outcome of the confusion matrix; got shape {tuple(probabilities.shape)}."
        )
