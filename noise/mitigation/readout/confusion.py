"""Confusion matrices of one or more qubits: checks, and what they do to Pauli letters.

The row is the prepared state, the column what is read: C[s, t] = P(t | s), rows sum to one.
Probabilities are read as p_read = C^T p. Bit j of an index is the j-th qubit.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from circuits.errors import InvalidArgumentError, NonFiniteError, ShapeError
from noise.mitigation.readout.outcomes import Floats

_TOLERANCE = 1e-9
_LARGEST_CONDITION = 1e8


def check_confusion(matrix: Any, argument: str = "confusion", n_qubits: int = 1) -> Floats:
    """The matrix as float64 `(2**n, 2**n)`, if its rows are probability distributions.

    Raises:
        ShapeError: If the shape is another.
        NonFiniteError: If an entry is NaN or infinite.
        InvalidArgumentError: If an entry is outside [0, 1] or a row does not sum to one; the
            message says so where the transpose would pass.
    """
    try:
        found = np.array(matrix, dtype=np.float64)
    except (TypeError, ValueError):
        raise InvalidArgumentError(
            f"Argument `{argument}` must be an array of numbers, got {matrix!r}."
        ) from None
    size = 2**n_qubits
    if found.shape != (size, size):
        raise ShapeError(
            f"Argument `{argument}` must have shape ({size}, {size}) for {n_qubits} qubit(s), row "
            f"prepared and column read; got {found.shape}."
        )
    if not np.isfinite(found).all():
        raise NonFiniteError(f"Argument `{argument}` must be finite, got NaN or infinity.")
    if found.min() < -_TOLERANCE or found.max() > 1 + _TOLERANCE:
        raise InvalidArgumentError(
            f"Argument `{argument}` must hold probabilities in [0, 1], got {found.min():.6g} to "
            f"{found.max():.6g}."
        )
    off = np.abs(found.sum(1) - 1).max()
    if off > _TOLERANCE:
        turned = np.abs(found.sum(0) - 1).max() <= _TOLERANCE
        hint = " The columns do: pass the transpose." if turned else ""
        raise InvalidArgumentError(
            f"Rows of `{argument}` must sum to 1 (row: prepared, column: read), but one is off by "
            f"{off:.3g}.{hint}"
        )
    return np.asarray(np.clip(found, 0, 1), dtype=np.float64)


def inverse_confusion(matrix: Floats, argument: str = "confusion") -> Floats:
    """The inverse of a confusion matrix `(2**n, 2**n)`.

    Raises:
        InvalidArgumentError: If the matrix is singular, so that readings say nothing about some
            states (a bit that flips with probability 1/2, for example).
    """
    singular = np.linalg.svd(matrix, compute_uv=False)
    if singular[-1] * _LARGEST_CONDITION < singular[0]:
        raise InvalidArgumentError(
            f"Argument `{argument}` is singular (smallest singular value {singular[-1]:.3g}): what "
            "is read does not determine what was prepared. Leave that qubit out, or calibrate "
            "again."
        )
    return np.asarray(np.linalg.inv(matrix), dtype=np.float64)


def letter_reading(matrix: Floats) -> tuple[float, float]:
    """`(a, b)` such that a Pauli letter P of the qubit is read as a I + b P.

    a = P(0|1) - P(1|0), b = 1 - P(0|1) - P(1|0).

    >>> letter_reading(np.array([[0.75, 0.25], [0.5, 0.5]]))
    (0.25, 0.25)
    """
    to_one, to_zero = float(matrix[0, 1]), float(matrix[1, 0])
    return to_zero - to_one, 1 - to_zero - to_one
