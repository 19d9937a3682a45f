"""Conversions between the representations of a channel, on tensors with leading batch axes.

All of them are linear, but those to and from Kraus operators, and keep dtype, device and gradient.
Conventions are stated in `noise.representations`.
"""

from __future__ import annotations

import torch
from torch import Tensor

from circuits.errors import ChannelError, ShapeError
from circuits.gates.transfer import pauli_basis

_COMPLEX = {torch.float32: torch.complex64, torch.float64: torch.complex128}


def dimension(matrix: Tensor, name: str) -> int:
    """The dimension d = 2^k of the states on which a matrix `(..., d^2, d^2)` acts.

    Raises:
        ShapeError: If the matrix is not square of size 4, 16, 64, ...
    """
    size = matrix.shape[-1] if matrix.dim() >= 2 else 0
    if size < 4 or matrix.shape[-2] != size or size & (size - 1) or size.bit_length() % 2 == 0:
        raise ShapeError(
            f"Argument `{name}` must have shape (..., 4^k, 4^k) for k >= 1 qubits, got "
            f"{tuple(matrix.shape)}."
        )
    return 1 << (size.bit_length() // 2)


def _complex(matrix: Tensor) -> Tensor:
    return matrix.to(_COMPLEX.get(matrix.dtype, matrix.dtype))


def _basis(d: int, like: Tensor) -> Tensor:
    """Pauli strings as rows: entry [i, a * d + b] is P_i[a, b]."""
    flat = torch.as_tensor(pauli_basis(d.bit_length() - 1).reshape(d * d, d * d).copy())
    return flat.to(dtype=like.dtype, device=like.device)


def _regrouped(matrix: Tensor, d: int, order: tuple[int, int, int, int]) -> Tensor:
    """The matrix as a tensor (..., d, d, d, d) with its last four axes in another order."""
    batch = matrix.shape[:-2]
    axes = [*range(len(batch)), *(len(batch) + k for k in order)]
    return matrix.reshape(*batch, d, d, d, d).permute(axes).reshape(*batch, d * d, d * d)


def kraus_to_choi(operators: Tensor) -> Tensor:
    """The Choi matrix `(..., d^2, d^2)` of Kraus operators `(..., m, d, d)`."""
    if operators.dim() < 3 or operators.shape[-1] != operators.shape[-2]:
        raise ShapeError(
            f"Argument `operators` must have shape (..., m, d, d), got {tuple(operators.shape)}."
        )
    vectors = _complex(operators).transpose(-1, -2).flatten(-2)  # [m, i * d + a] = K_m[a, i]
    return vectors.transpose(-1, -2) @ vectors.conj()


def choi_to_kraus(choi: Tensor, tolerance: float = 1e-12) -> Tensor:
    """Kraus operators `(m, d, d)`, mutually orthogonal, the largest first.

    Args:
        choi: `(d^2, d^2)`.
        tolerance: Eigenvalues below `tolerance * d` are taken for zero; m is the number of others.

    Raises:
        ChannelError: If an eigenvalue is below `-1e-6`.
    """
    d = dimension(choi, "choi")
    if choi.dim() != 2:
        raise ShapeError(
            f"Argument `choi` must be one matrix, since the number of operators differs from "
            f"channel to channel, got shape {tuple(choi.shape)}."
        )
    values, vectors = torch.linalg.eigh((choi + choi.mH) / 2)
    if float(values[0]) < -1e-6:
        raise ChannelError(
            f"The map is not completely positive: the smallest eigenvalue of its Choi matrix is "
            f"{float(values[0]):.3g}, expected at least 0."
        )
    kept = values.flip(0) > tolerance * d
    scaled = (vectors * values.clamp(min=0).sqrt()).flip(1)[:, kept]
    return scaled.T.reshape(-1, d, d).transpose(1, 2)


def choi_to_superoperator(choi: Tensor) -> Tensor:
    """S[b d + a, j d + i] = C[i d + a, j d + b], columns stacked."""
    return _regrouped(choi, dimension(choi, "choi"), (3, 1, 2, 0))


def superoperator_to_choi(superoperator: Tensor) -> Tensor:
    """The inverse of `choi_to_superoperator`, which is the same exchange of indices."""
    return _regrouped(superoperator, dimension(superoperator, "superoperator"), (3, 1, 2, 0))


def ptm_to_superoperator(ptm: Tensor) -> Tensor:
    """S = B^T R B^* / d, where row i of B is the transposed P_i flattened."""
    d = dimension(ptm, "ptm")
    columns = _basis(d, _complex(ptm)).conj()  # P^T = P^*: rows of P^T are columns of P
    return columns.mT @ _complex(ptm) @ columns.conj() / d


def superoperator_to_ptm(superoperator: Tensor) -> Tensor:
    """R = B^* S B^T / d, real."""
    d = dimension(superoperator, "superoperator")
    columns = _basis(d, _complex(superoperator)).conj()
    return (columns.conj() @ _complex(superoperator) @ columns.mT).real / d


def choi_to_chi(choi: Tensor) -> Tensor:
    """chi[i, j] = <<P_i| C |P_j>> / d^2 with |P>> the stacked columns of P."""
    d = dimension(choi, "choi")
    columns = _basis(d, _complex(choi)).conj()
    return columns.conj() @ _complex(choi) @ columns.mT / d**2


def chi_to_choi(chi: Tensor) -> Tensor:
    """C = sum_ij chi[i, j] |P_i>> <<P_j|."""
    d = dimension(chi, "chi")
    columns = _basis(d, _complex(chi)).conj()
    return columns.mT @ _complex(chi) @ columns.conj()


def choi_to_ptm(choi: Tensor) -> Tensor:
    """The Pauli transfer matrix of a Choi matrix."""
    return superoperator_to_ptm(choi_to_superoperator(choi))


def ptm_to_choi(ptm: Tensor) -> Tensor:
    """The Choi matrix of a Pauli transfer matrix."""
    return superoperator_to_choi(ptm_to_superoperator(ptm))


def ptm_to_kraus(ptm: Tensor, tolerance: float = 1e-12) -> Tensor:
    """Kraus operators of a Pauli transfer matrix; see `choi_to_kraus`."""
    return choi_to_kraus(ptm_to_choi(ptm), tolerance)


def ptm_to_chi(ptm: Tensor) -> Tensor:
    """The chi matrix of a Pauli transfer matrix."""
    return choi_to_chi(ptm_to_choi(ptm))


def kraus_to_superoperator(operators: Tensor) -> Tensor:
    """sum_m K_m^* (x) K_m."""
    return choi_to_superoperator(kraus_to_choi(operators))


def kraus_to_ptm(operators: Tensor) -> Tensor:
    """The Pauli transfer matrix of Kraus operators."""
    return choi_to_ptm(kraus_to_choi(operators))
