"""Readout error: confusion matrices of single qubits, checked and applied.

A confusion matrix is [[P(0|0), P(1|0)], [P(0|1), P(1|1)]]: the row is the prepared state, the
column what is read, as in Aer.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from circuits.errors import InvalidArgumentError, NonFiniteError, ShapeError

TOLERANCE = 1e-9


def check_confusion(confusion: Any, argument: str = "confusion") -> np.ndarray:
    """A confusion matrix as a read-only float64 array `(2, 2)`.

    Raises:
        ShapeError: If it is not 2 x 2.
        InvalidArgumentError: If an entry is not in [0, 1] or a row does not sum to one.
    """
    value = confusion.detach().cpu().numpy() if hasattr(confusion, "detach") else confusion
    try:
        matrix = np.array(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise InvalidArgumentError(
            f"Argument `{argument}` must be a 2 x 2 array of numbers, got {confusion!r}."
        ) from None
    if matrix.shape != (2, 2):
        raise ShapeError(
            f"Argument `{argument}` must have shape (2, 2), [[P(0|0), P(1|0)], [P(0|1), P(1|1)]], "
            f"got shape {matrix.shape}."
        )
    if not np.all(np.isfinite(matrix)):
        raise NonFiniteError(f"Argument `{argument}` must be finite, got {matrix.tolist()}.")
    if matrix.min() < 0 or matrix.max() > 1:
        raise InvalidArgumentError(
            f"Argument `{argument}` must hold probabilities in [0, 1], got {matrix.tolist()}."
        )
    rows, columns = matrix.sum(1), matrix.sum(0)
    if np.abs(rows - 1).max() > TOLERANCE:
        text = (
            f"Rows of `{argument}` must sum to 1 (the row is the prepared state, the column what "
            f"is read), got row sums {rows.tolist()}."
        )
        if np.abs(columns - 1).max() <= TOLERANCE:
            text += " The columns do sum to 1: pass the transpose."
        raise InvalidArgumentError(text)
    matrix.setflags(write=False)
    return matrix


def read_probabilities(probabilities: Tensor, matrices: Tensor) -> Tensor:
    """Probabilities of what is read, from those of the state; differentiable.

    p_read = (A_{k-1}^T (x) ... (x) A_0^T) p.

    Args:
        probabilities: `(..., 2**k)`, bit i of the index belongs to the i-th qubit.
        matrices: Confusion matrices `(k, 2, 2)`, the i-th for the i-th qubit.

    Returns:
        `(..., 2**k)`.

    >>> flips = torch.tensor([[[0.9, 0.1], [0.2, 0.8]]])
    >>> read_probabilities(torch.tensor([1.0, 0.0]), flips)
    tensor([0.9000, 0.1000])
    """
    k, lead = len(matrices), probabilities.shape[:-1]
    result = probabilities
    for i in range(k):
        split = result.reshape(*lead, 2 ** (k - 1 - i), 2, 2**i)
        result = torch.einsum("...arb,rc->...acb", split, matrices[i]).reshape(*lead, 2**k)
    return result
