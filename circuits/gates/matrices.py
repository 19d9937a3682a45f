"""Matrices of gates as pure, batched, differentiable functions of their angles.

Each function maps a real tensor of angles `(..., n_angles)` to a complex tensor `(..., d, d)`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from circuits.gates.record import pauli_matrix

MatrixFunction = Callable[[Tensor], Tensor]

_COMPLEX = {torch.float32: torch.complex64, torch.float64: torch.complex128}


def complex_dtype(dtype: torch.dtype) -> torch.dtype:
    """The complex dtype whose parts have the given real dtype."""
    return _COMPLEX[dtype]


def constant(matrix: np.ndarray) -> MatrixFunction:
    """Matrix function of a gate without angles."""
    held = np.ascontiguousarray(matrix, dtype=np.complex128)
    held.setflags(write=False)

    def function(angles: Tensor) -> Tensor:
        value = torch.as_tensor(held.copy(), dtype=complex_dtype(angles.dtype))
        return value.to(angles.device).expand(*angles.shape[:-1], *held.shape)

    return function


def pauli_rotation(label: str) -> MatrixFunction:
    """exp(-i theta P / 2) = cos(theta/2) I - i sin(theta/2) P; character k acts on qubit k."""
    pauli = pauli_matrix(label)
    identity, turned = np.eye(len(pauli), dtype=np.complex128), -1j * pauli

    def function(angles: Tensor) -> Tensor:
        half = angles[..., 0, None, None] / 2
        dtype = complex_dtype(angles.dtype)
        eye = torch.as_tensor(identity, dtype=dtype, device=angles.device)
        flip = torch.as_tensor(turned, dtype=dtype, device=angles.device)
        return torch.cos(half) * eye + torch.sin(half) * flip

    return function


def _assemble(rows: list[list[Tensor]]) -> Tensor:
    return torch.stack([torch.stack(row, dim=-1) for row in rows], dim=-2)


def _phase(angle: Tensor) -> Tensor:
    return torch.complex(torch.cos(angle), torch.sin(angle))


def phase(angles: Tensor) -> Tensor:
    """diag(1, e^{i lambda})."""
    e = _phase(angles[..., 0])
    one, zero = torch.ones_like(e), torch.zeros_like(e)
    return _assemble([[one, zero], [zero, e]])


def u(angles: Tensor) -> Tensor:
    """P(phi) RY(theta) P(lambda): [[c, -e^{i lam} s], [e^{i phi} s, e^{i(phi+lam)} c]]."""
    theta, phi, lam = angles.unbind(-1)
    c, s = torch.cos(theta / 2), torch.sin(theta / 2)
    return _assemble(
        [
            [torch.complex(c, torch.zeros_like(c)), -_phase(lam) * s],
            [_phase(phi) * s, _phase(phi + lam) * c],
        ]
    )


def u2(angles: Tensor) -> Tensor:
    """u(pi/2, phi, lambda)."""
    theta = torch.full_like(angles[..., :1], np.pi / 2)
    return u(torch.cat([theta, angles], dim=-1))


def u_with_phase(angles: Tensor) -> Tensor:
    """e^{i gamma} u(theta, phi, lambda), the block of `cu`."""
    return _phase(angles[..., 3])[..., None, None] * u(angles[..., :3])


def global_phase(angles: Tensor) -> Tensor:
    """The number e^{i gamma} as a 1 x 1 matrix."""
    return _phase(angles)[..., None]


def identity(n_qubits: int) -> MatrixFunction:
    """The identity, whatever the angles."""
    return constant(np.eye(2**n_qubits))
