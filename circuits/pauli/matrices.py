"""Pauli sums as matrices and back, little-endian (qubit 0 is the least significant index bit).

All strings with the same X mask fill the same entries (c ^ x, c), and their values there are a
Walsh-Hadamard transform of their coefficients over the Z masks:

    <c ^ x| sum_z a(x, z) W(x, z) |c> = sum_z (-1)^|z & c| i^|x & z| a(x, z).
"""

from __future__ import annotations

from itertools import groupby
from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from circuits.errors import ArgumentTypeError, NonFiniteError, ResourceLimitError, ShapeError
from circuits.pauli.terms import Terms, turn

ComplexArray = NDArray[np.complex128]

MAX_ENTRIES = 2**28
"""Largest number of matrix entries that is stored (4 GiB of complex128 values)."""


def walsh_hadamard(values: ComplexArray) -> ComplexArray:
    """Unnormalised transform f(c) = sum_z (-1)^|z & c| a(z) along the last axis.

    Args:
        values: Array (..., 2**n).

    Returns:
        New array (..., 2**n); applying the transform twice multiplies by 2**n.
    """
    values = values.copy()
    size, half = values.shape[-1], 1
    while half < size:
        pairs = values.reshape(*values.shape[:-1], size // (2 * half), 2, half)
        low, high = pairs[..., 0, :], pairs[..., 1, :]
        pairs[..., 0, :], pairs[..., 1, :] = low + high, low - high
        half *= 2
    return values


def sparse_matrix(terms: Terms, n_qubits: int) -> scipy.sparse.csr_matrix:
    """Matrix (2**n, 2**n) in compressed rows, complex128, exact zeros removed."""
    x_masks = sorted({x for x, _, _ in terms})
    _check_entries(max(1, len(x_masks)), n_qubits)
    size = 2**n_qubits
    data = np.empty((size, len(x_masks)), dtype=np.complex128)
    columns = np.arange(size, dtype=np.int64)[:, None] ^ np.array(x_masks, dtype=np.int64)
    for k, (_, values) in enumerate(_bands(terms, size)):
        data[:, k] = values[columns[:, k]]
    starts = np.arange(size + 1, dtype=np.int64) * len(x_masks)
    matrix = scipy.sparse.csr_matrix((data.ravel(), columns.ravel(), starts), shape=(size, size))
    matrix.sort_indices()
    matrix.eliminate_zeros()
    return matrix


def dense_matrix(terms: Terms, n_qubits: int) -> ComplexArray:
    """Matrix (2**n, 2**n), complex128."""
    _check_entries(2**n_qubits if n_qubits < 64 else MAX_ENTRIES, n_qubits)
    size = 2**n_qubits
    matrix = np.zeros((size, size), dtype=np.complex128)
    columns = np.arange(size)
    for x_mask, values in _bands(terms, size):
        matrix[columns ^ x_mask, columns] = values
    return matrix


def diagonal(terms: Terms, n_qubits: int) -> ComplexArray:
    """Diagonal (2**n,) of a sum whose X masks are all zero, complex128."""
    _check_entries(1, n_qubits)
    for _, values in _bands(terms, 2**n_qubits):
        return values
    return np.zeros(2**n_qubits, dtype=np.complex128)


def decompose(matrix: Any, tolerance: float) -> tuple[list[tuple[int, int, complex]], int]:
    """Coefficients a(x, z) = Tr(W(x, z) M) / 2**n of a dense matrix M.

    Args:
        matrix: Array (2**n, 2**n), real or complex.
        tolerance: Real and imaginary parts of coefficients up to this multiple of the largest
            magnitude in the matrix become zero.

    Returns:
        Triples (x_mask, z_mask, coefficient) of the coefficients that are not zero, and n.

    Raises:
        ArgumentTypeError: If the matrix is not numeric.
        ShapeError: If it is not square with a power of two as its size.
        NonFiniteError: If it holds NaN or infinite entries.
    """
    array = _checked_matrix(matrix)
    size = len(array)
    index = np.arange(size)
    bands = array[index[:, None] ^ index[None, :], index[None, :]]  # row x: entries (c ^ x, c)
    values = walsh_hadamard(bands) / size
    y_counts = np.bitwise_count(index[:, None] & index[None, :]) % 4
    values *= np.array([1, -1j, -1, 1j])[y_counts]
    threshold = tolerance * np.abs(array).max()
    values.real[np.abs(values.real) <= threshold] = 0.0
    values.imag[np.abs(values.imag) <= threshold] = 0.0
    found = [(int(x), int(z), complex(values[x, z])) for x, z in np.argwhere(values)]
    return found, size.bit_length() - 1


def _bands(terms: Terms, size: int) -> list[tuple[int, ComplexArray]]:
    """For each X mask x, rising: the entries (c ^ x, c) for every column c, shape (size,)."""
    bands = []
    for x_mask, group in groupby(terms, key=lambda term: term.x_mask):
        spectrum = np.zeros(size, dtype=np.complex128)
        for _, z_mask, coefficient in group:
            spectrum[z_mask] = turn(coefficient, (x_mask & z_mask).bit_count() % 4)
        bands.append((x_mask, walsh_hadamard(spectrum)))
    return bands


def _check_entries(per_row: int, n_qubits: int) -> None:
    if n_qubits >= 64 or per_row * 2**n_qubits > MAX_ENTRIES:
        raise ResourceLimitError(
            f"The matrix of this observable on {n_qubits} qubits would hold {per_row} * "
            f"2**{n_qubits} entries or more; at most {MAX_ENTRIES} are stored. Use the terms "
            "of the observable instead of a matrix, or fewer qubits."
        )


def _checked_matrix(matrix: Any) -> ComplexArray:
    array = np.asarray(matrix)
    if array.dtype.kind not in "iufc":
        raise ArgumentTypeError(
            "The argument `matrix` must be an array of real or complex numbers, but got dtype "
            f"{array.dtype} ({type(matrix).__name__}). Convert sparse matrices with `.toarray()`."
        )
    size = array.shape[0] if array.ndim == 2 else 0
    if array.ndim != 2 or array.shape != (size, size) or size == 0 or size & (size - 1):
        raise ShapeError(
            f"The argument `matrix` must have shape (2**n, 2**n), but got shape {array.shape}."
        )
    if not np.all(np.isfinite(array)):
        raise NonFiniteError("The argument `matrix` must be finite, but holds NaN or infinity.")
    return array.astype(np.complex128)
