"""Passes over batched Pauli vectors as pure tensor functions.

A Pauli vector holds Tr(P rho) for all Pauli strings P: a real tensor `(4**n, batch)`. The base-4
digits of an index are the Pauli operators (I, X, Y, Z) = (0, 1, 2, 3), the digit of qubit 0 least
significant, so a digit is two bits and the passes over state vectors apply to 2n bits. The product
of two Pauli strings has, up to a phase, the index `a ^ b`.
"""

from __future__ import annotations

import functools

import numpy as np
import torch
from torch import Tensor

from circuits.simulators.kernels import apply_matrix, split

_DIGITS = {(0, 0): 0, (1, 0): 1, (1, 1): 2, (0, 1): 3}


def zero_vector(n_qubits: int, batch: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """|0...0>: 1 for the strings of I and Z, 0 elsewhere; `(4**n, batch)`."""
    one = torch.tensor([1, 0, 0, 1], dtype=dtype, device=device)
    vector = torch.ones(1, dtype=dtype, device=device)
    for _ in range(n_qubits):
        vector = (one[:, None] * vector).reshape(-1)
    return vector[:, None].expand(-1, batch)


def bits(qubits: tuple[int, ...]) -> tuple[int, ...]:
    """The two bits of each qubit's digit."""
    return tuple(2 * q + k for q in qubits for k in (0, 1))


def apply_transfer(vector: Tensor, matrix: Tensor, qubits: tuple[int, ...], n: int) -> Tensor:
    """Apply Pauli transfer matrices `(4**k, 4**k, batch or 1)` to qubits of `(4**n, batch)`."""
    return apply_matrix(vector, matrix, bits(qubits), (), 2 * n)


def prepare_pure(amplitudes: Tensor, qubits: tuple[int, ...], n: int, vector: Tensor) -> Tensor:
    """Write pure states to qubits that are in |0>.

    Args:
        amplitudes: `(2**k, batch or 1)`, real or complex, normalised.
        qubits: The qubits, the first the least significant bit.
        n: Number of qubits of the vector.
        vector: `(4**n, batch)`.
    """
    from circuits.gates.transfer import pauli_basis

    basis = torch.as_tensor(pauli_basis(len(qubits)).copy(), device=amplitudes.device)
    psi = amplitudes.to(torch.complex64 if vector.dtype == torch.float32 else torch.complex128)
    values = torch.einsum("ib,pij,jb->pb", psi.conj(), basis.to(psi.dtype), psi).real
    places = bits(qubits)
    shape, axes = split(2 * n, places)
    view = vector.reshape(*shape, vector.shape[-1])
    for bit in places:
        view = view.narrow(axes[bit], 0, 1)
    k = len(places)
    order = sorted(range(k), key=lambda i: axes[places[i]])
    spread = [1] * (view.dim() - 1)
    for bit in places:
        spread[axes[bit]] = 2
    column = values.reshape([2] * k + [-1]).permute(*[k - 1 - i for i in order], k)
    return (column.reshape([*spread, -1]) * view).reshape(vector.shape[0], -1)


def index_of(x_mask: int, z_mask: int) -> int:
    """Index of the Pauli string with the given bit masks (Y where both are set)."""
    width = max(x_mask.bit_length(), z_mask.bit_length())
    return sum(_DIGITS[x_mask >> q & 1, z_mask >> q & 1] << 2 * q for q in range(width))


def index_of_label(label: str, qubits: tuple[int, ...]) -> int:
    """Index of the Pauli string whose character k acts on the k-th listed qubit."""
    return sum("IXYZ".index(c) << 2 * q for c, q in zip(label, qubits, strict=True))


@functools.lru_cache(maxsize=128)
def rotation_signs(pauli: int, n_qubits: int) -> np.ndarray:
    """For each string Q the real factor s with i P Q = s R, R the string of index P ^ Q.

    It is 0 where P and Q commute: there a rotation about P changes nothing.
    """
    index = np.arange(4**n_qubits)
    phase = np.zeros(len(index), dtype=np.int64)  # P Q = i^phase R
    for q in range(n_qubits):
        mine, other = pauli >> 2 * q & 3, index >> 2 * q & 3
        turn = np.where((other - mine) % 3 == 1, 1, 3)  # XY = iZ and so on in a cycle
        phase += np.where((mine == 0) | (other == 0) | (other == mine), 0, turn)
    signs = np.choose(phase % 4, [0, -1, 0, 1]).astype(np.float64)
    signs.setflags(write=False)
    return signs


def rotate(vector: Tensor, angle: Tensor, pauli: int, n_qubits: int) -> Tensor:
    """Apply exp(-i angle P / 2): Q -> cos(angle) Q + sin(angle) i P Q where P, Q anticommute.

    Args:
        vector: `(4**n, batch)`.
        angle: `(batch or 1,)`, radians.
        pauli: Index of P.
        n_qubits: Number of qubits.
    """
    table = rotation_signs(pauli, n_qubits).copy()
    signs = torch.as_tensor(table, dtype=vector.dtype, device=vector.device)[:, None]
    partner = torch.arange(4**n_qubits, device=vector.device) ^ pauli
    turned = signs * vector.index_select(0, partner)
    return (1 + signs.abs() * (torch.cos(angle) - 1)) * vector + torch.sin(angle) * turned


def sign_transform(entries: Tensor) -> Tensor:
    """Probabilities `(2**k, batch)` of joint outcomes of k commuting one-qubit Pauli operators.

    Args:
        entries: Expectation values of all their products `(2**k, batch)`; bit j of an index says
            whether the j-th operator is in the product, or whether its outcome is -1.
    """
    k, batch = entries.shape[0].bit_length() - 1, entries.shape[1]
    values = entries
    for bit in range(k):
        pairs = values.reshape(2 ** (k - 1 - bit), 2, 2**bit, batch)
        total, difference = pairs[:, 0] + pairs[:, 1], pairs[:, 0] - pairs[:, 1]
        values = torch.stack([total, difference], dim=1).reshape(2**k, batch)
    return values / 2**k


def basis_entries(letters: list[tuple[int, str]]) -> np.ndarray:
    """Indices `(2**k,)` of all products of single-qubit Pauli operators `(qubit, letter)`."""
    index = np.zeros(1, dtype=np.int64)
    for qubit, letter in letters:
        index = np.concatenate([index, index + ("IXYZ".index(letter) << 2 * qubit)])
    return index
