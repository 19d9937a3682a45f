"""Clifford operations: how they conjugate Paulis, and where rotations become Clifford.

Paulis on k qubits are numbered in base 4, digit 0, 1, 2, 3 for I, X, Y, Z, the digit of the first
listed qubit least significant.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from circuits.gates.record import controlled_matrix
from circuits.gates.transfer import of_unitary
from circuits.ops import Op

_TOLERANCE = 1e-9
#: Operations that are no unitary matrix of the register: they have no conjugation table.
_WITHOUT_MATRIX = ("kraus", "state_preparation", "delay", "barrier", "transfer_matrix")


@dataclass(frozen=True, slots=True)
class Conjugation:
    """What a Clifford gate U does to Paulis: U P_i U^dagger = signs[i] P_images[i].

    Attributes:
        images: Number of the Pauli that each Pauli becomes, `4**k` entries.
        signs: +1 or -1 for each.
    """

    images: tuple[int, ...]
    signs: tuple[int, ...]


def conjugation(matrix: NDArray[np.complex128]) -> Conjugation | None:
    """The conjugation table of a unitary matrix; `None` if it is not Clifford.

    Args:
        matrix: Unitary `(2**k, 2**k)`, the first qubit the least significant bit.

    >>> conjugation(np.array([[1, 1], [1, -1]]) / 2**0.5)  # Hadamard: X and Z change places
    Conjugation(images=(0, 3, 2, 1), signs=(1, 1, -1, 1))
    """
    overlap = of_unitary(torch.as_tensor(matrix, dtype=torch.complex128)).numpy()
    images = np.abs(overlap).argmax(axis=0)
    signs = overlap[images, np.arange(len(images))]
    if np.abs(np.abs(signs) - 1).max() > _TOLERANCE:
        return None
    return Conjugation(tuple(int(i) for i in images), tuple(round(float(s)) for s in signs))


def conjugation_of(op: Op) -> Conjugation | None:
    """The conjugation table of an op; `None` if it depends on symbols or is not Clifford."""
    if not is_fixed_unitary(op):
        return None
    data = b"" if op.data is None else op.data.tobytes()
    angles = tuple(angle.constant for angle in op.angles)
    return _cached(_Key(op, (op.name, op.pauli, len(op.qubits), angles, data)))


def is_fixed_unitary(op: Op) -> bool:
    """Whether the op is a unitary gate whose angles are numbers."""
    if op.kind in _WITHOUT_MATRIX or op.is_channel or not op.qubits:
        return False
    return all(angle.is_constant for angle in op.angles)


def matrix_of(op: Op) -> NDArray[np.complex128]:
    """Matrix of an op whose angles are numbers, `(2**k, 2**k)`."""
    angles = torch.tensor([angle.constant for angle in op.angles], dtype=torch.float64)
    matrix: NDArray[np.complex128] = controlled_matrix(op.block(angles), op.n_controls).numpy()
    return matrix


def clifford_step(op: Op) -> float | None:
    """Spacing of the angles at which a rotation gate is Clifford.

    Args:
        op: Any op.

    Returns:
        pi/2 for rotations about Paulis and `u` gates, pi for those with one control; `None` for
        ops without angles, with more controls, or whose numbers are not angles.

    >>> from circuits import gates as g
    >>> clifford_step(g.rz(0.3, 0)) == np.pi / 2, clifford_step(g.h(0))
    (True, None)
    """
    if not op.angles or op.kind in (*_WITHOUT_MATRIX, "global_phase"):
        return None
    if op.is_channel:
        return None
    return {0: math.pi / 2, 1: math.pi}.get(op.n_controls)


class _Key:
    """An op that compares by what determines its matrix."""

    __slots__ = ("content", "op")

    def __init__(self, op: Op, content: tuple[object, ...]) -> None:
        self.op = op
        self.content = content

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self.content == other.content

    def __hash__(self) -> int:
        return hash(self.content)


@functools.lru_cache(maxsize=1024)
def _cached(key: _Key) -> Conjugation | None:
    return conjugation(matrix_of(key.op))
