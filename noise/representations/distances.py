"""How far a channel is from another one, or from doing nothing."""

from __future__ import annotations

import torch
from torch import Tensor

from circuits.errors import ChannelError, ShapeError
from noise.representations.convert import dimension, ptm_to_choi


def _target(ptm: Tensor, target: Tensor | None) -> Tensor:
    dimension(ptm, "ptm")
    if target is None:
        return torch.eye(ptm.shape[-1], dtype=ptm.dtype, device=ptm.device)
    if target.shape[-2:] != ptm.shape[-2:]:
        raise ShapeError(
            f"Argument `target` must be on as many qubits as the channel, {tuple(ptm.shape)}, got "
            f"shape {tuple(target.shape)}."
        )
    return target.to(ptm)


def process_fidelity(ptm: Tensor, target: Tensor | None = None) -> Tensor:
    """Overlap of the channel with a unitary, Tr(R_target^T R) / d^2.

    Args:
        ptm: Pauli transfer matrix `(..., d^2, d^2)`.
        target: That of a unitary; default the identity.

    Returns:
        `(...)`, in [0, 1], differentiable.

    Raises:
        ChannelError: If the target is not unitary.
    """
    wanted = _target(ptm, target)
    if target is not None:
        eye = torch.eye(wanted.shape[-1], dtype=wanted.dtype, device=wanted.device)
        deviation = float((wanted @ wanted.mT - eye).detach().abs().max())
        if deviation > 1e-5:
            raise ChannelError(
                "Argument `target` must be the transfer matrix of a unitary, thus orthogonal: "
                f"R R^T differs from the identity by {deviation:.3g}."
            )
    return (wanted * ptm).sum((-1, -2)) / ptm.shape[-1]


def average_gate_fidelity(ptm: Tensor, target: Tensor | None = None) -> Tensor:
    """Fidelity with U|psi> averaged over all pure states, (d F + 1) / (d + 1), F the process's.

    Args:
        ptm: Pauli transfer matrix `(..., d^2, d^2)`.
        target: That of the unitary U; default the identity.

    Returns:
        `(...)`, differentiable.

    References:
        Nielsen, Physics Letters A 303, 249 (2002), equation 3.

    >>> average_gate_fidelity(torch.diag(torch.tensor([1.0, 0.9, 0.9, 0.9])))
    tensor(0.9500)
    """
    d = dimension(ptm, "ptm")
    return (d * process_fidelity(ptm, target) + 1) / (d + 1)


def diamond_distance_bound(ptm: Tensor, target: Tensor | None = None) -> tuple[float, float]:
    """A lower and an upper bound of the diamond distance ||A - B||_diamond / 2, in [0, 1].

    With J the difference of the Choi matrices (trace d),

        ||J||_1 / d  <=  ||A - B||_diamond  <=  || Tr_out |J| ||_infinity.

    The lower bound is the maximally entangled input. The upper one holds since A - B is the
    difference of the completely positive maps of J's positive and negative part (and the distance
    of channels is at most 1). They agree, and the distance is exact, where Tr_out |J| is a
    multiple of the identity: among others for Pauli channels, at half the sum of |p_a - q_a|.

    Args:
        ptm: Pauli transfer matrix of A, `(d^2, d^2)`.
        target: That of B, any channel; default the identity.

    Returns:
        `(lower, upper)`.

    References:
        Watrous, The Theory of Quantum Information (2018), section 3.3; Nechita, Puchala, Pawela,
        Zyczkowski, J. Math. Phys. 59, 052201 (2018).

    >>> low, high = diamond_distance_bound(torch.diag(torch.tensor([1, 0.8, 0.8, 1.0]).double()))
    >>> round(low, 12), round(high, 12)  # a phase flip with probability 0.1
    (0.1, 0.1)
    """
    d = dimension(ptm, "ptm")
    if ptm.dim() != 2:
        raise ShapeError(f"Argument `ptm` must be one matrix, got shape {tuple(ptm.shape)}.")
    difference = ptm_to_choi((ptm - _target(ptm, target)).detach())
    values, vectors = torch.linalg.eigh((difference + difference.mH) / 2)
    absolute = (vectors * values.abs()) @ vectors.mH
    reduced = torch.einsum("iaja->ij", absolute.reshape(d, d, d, d))
    lower = float(values.abs().sum()) / d
    upper = float(torch.linalg.eigvalsh(reduced)[-1])
    return min(lower / 2, 1.0), min(max(lower, upper) / 2, 1.0)
