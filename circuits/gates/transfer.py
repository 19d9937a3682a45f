"""Pauli transfer matrices of unitaries and Kraus operators, as pure functions.

R[i, j] = Tr(P_i E(P_j)) / 2**k; the base-4 digits of an index are the Pauli operators (I, X, Y, Z)
= (0, 1, 2, 3), the digit of the first listed qubit least significant.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from circuits.errors import ResourceLimitError
from circuits.gates.record import PAULI_MATRICES

MAX_QUBITS = 6


def check_size(n_qubits: int, name: str) -> None:
    """Refuse operations whose transfer matrix would not fit in memory.

    Raises:
        ResourceLimitError: Above `MAX_QUBITS` qubits.
    """
    if n_qubits > MAX_QUBITS:
        raise ResourceLimitError(
            f"The Pauli transfer matrix of `{name}` on {n_qubits} qubits would have "
            f"4^{2 * n_qubits} entries; at most {MAX_QUBITS} qubits are supported."
        )


@functools.lru_cache(maxsize=MAX_QUBITS + 1)
def pauli_basis(n_qubits: int) -> np.ndarray:
    """All Pauli strings on k qubits as matrices `(4**k, 2**k, 2**k)`, in the order of the index.

    >>> pauli_basis(2)[1].real  # X on the first qubit
    array([[0., 1., 0., 0.],
           [1., 0., 0., 0.],
           [0., 0., 0., 1.],
           [0., 0., 1., 0.]])
    """
    one = np.stack([PAULI_MATRICES[label] for label in "IXYZ"])
    basis = np.ones((1, 1, 1), dtype=np.complex128)
    for _ in range(n_qubits):
        basis = np.einsum("aij,bkl->abikjl", one, basis).reshape(
            4 * len(basis), 2 * basis.shape[1], 2 * basis.shape[2]
        )
    basis.setflags(write=False)
    return basis


def of_unitary(matrix: Tensor) -> Tensor:
    """R[i, j] = Tr(P_i U P_j U^dagger) / d for matrices `(..., d, d)`; real, differentiable."""
    d = matrix.shape[-1]
    basis = torch.as_tensor(pauli_basis(d.bit_length() - 1).copy(), dtype=matrix.dtype)
    basis = basis.to(matrix.device)
    image = matrix[..., None, :, :] @ basis @ matrix.mH[..., None, :, :]  # U P_j U^dagger
    rows = basis.transpose(-1, -2).reshape(d * d, d * d)  # row i holds P_i^T
    return (rows @ image.flatten(-2).transpose(-1, -2)).real / d


def of_kraus(operators: np.ndarray) -> np.ndarray:
    """R[i, j] = sum_m Tr(P_i K_m P_j K_m^dagger) / d for operators `(m, d, d)`."""
    d = operators.shape[-1]
    basis = pauli_basis(d.bit_length() - 1)
    image = sum(k @ basis @ k.conj().T for k in np.asarray(operators))
    rows = basis.transpose(0, 2, 1).reshape(d * d, d * d)
    return np.ascontiguousarray((rows @ np.asarray(image).reshape(d * d, d * d).T).real / d)


def superoperator(transfer: Tensor) -> Tensor:
    """The matrix that acts on density matrices flattened row by row: `(..., d^2, d^2)`, complex."""
    size = transfer.shape[-1]
    d = 1 << ((size.bit_length() - 1) // 2)
    dtype = torch.complex64 if transfer.dtype == torch.float32 else torch.complex128
    flat = torch.as_tensor(pauli_basis(d.bit_length() - 1).reshape(size, size).copy(), dtype=dtype)
    flat = flat.to(transfer.device)
    return flat.T @ transfer.to(dtype) @ flat.conj() / d


def constant(matrix: np.ndarray) -> Callable[[Tensor], Tensor]:
    """The function of angles `(..., n)` that is a constant real matrix `(..., d^2, d^2)`."""

    def function(angles: Tensor) -> Tensor:
        value = torch.tensor(matrix, dtype=angles.dtype, device=angles.device)
        return value.expand(*angles.shape[:-1], *matrix.shape)

    return function


def choi_of_transfer(matrix: np.ndarray) -> np.ndarray:
    """The Choi matrix sum_ij |i><j| (x) E(|i><j|) of a transfer matrix `(d^2, d^2)`.

    The input is the more significant factor; the trace is d. C = sum_ij R[i, j] P_j^T (x) P_i / d.
    """
    size = len(matrix)
    d = 1 << ((size.bit_length() - 1) // 2)
    flat = pauli_basis(d.bit_length() - 1)
    images = np.einsum("ij,iab->jab", matrix, flat)
    choi = np.einsum("jdc,jab->cadb", flat, images) / d
    return choi.reshape(size, size)


def kraus_of_transfer(matrix: np.ndarray) -> np.ndarray:
    """Kraus operators `(m, d, d)` of the transfer matrix of a channel, the largest first.

    Eigenvalues of the Choi matrix below 1e-12 d are left out.
    """
    d = 1 << ((len(matrix).bit_length() - 1) // 2)
    values, vectors = np.linalg.eigh(choi_of_transfer(matrix))
    kept = [k for k in reversed(range(len(values))) if values[k] > 1e-12 * d]
    return np.stack([np.sqrt(values[k]) * vectors[:, k].reshape(d, d).T for k in kept])
