"""Where the data qubits stand, and a basis in which the circuit's matrix is real.

The generators Y on every other qubit, X or Y on the rest, XX and ZZ on neighbours all change their
sign under an antiunitary map: complex conjugation, times Y on the rest. If the rest is even in
number its qubits can be joined in pairs, and with W = exp(-i pi/4 YY) on each pair the matrix
W U W^-1 is real: half the numbers, and a quarter of the work. If no data qubit belongs to a pair,
W acts on auxiliary qubits alone, whose states are all averaged over, and need not be undone.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

_PAULI = {
    "I": np.eye(2),
    "X": np.array([[0, 1], [1, 0]]),
    "Y": np.array([[0, -1j], [1j, 0]]),
    "Z": np.diag([1, -1]),
}
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Layout:
    """A line of qubits.

    Attributes:
        n_qubits: Number of qubits.
        data: The data qubits; the first holds the least significant bit of a token's index.
        pairs: Pairs of auxiliary qubits that are rotated together.
        is_real: Whether the matrix is real in the rotated basis; else `pairs` is empty.
    """

    n_qubits: int
    data: tuple[int, ...]
    pairs: tuple[tuple[int, int], ...]
    is_real: bool

    def closure(self, qubits: tuple[int, ...]) -> tuple[int, int]:
        """First and last qubit of the smallest stretch with these qubits and their partners."""
        partners = [q for pair in self.pairs if set(pair) & set(qubits) for q in pair]
        touched = [*qubits, *partners]
        return min(touched), max(touched)

    def rotation(self, low: int, high: int) -> np.ndarray:
        """W on the qubits low, ..., high, the first of them the least significant."""
        size = high - low + 1
        total = np.eye(2**size, dtype=complex)
        for pair in self.pairs:
            if low <= pair[0] and pair[1] <= high:
                yy = pauli("YY", (pair[0] - low, pair[1] - low), size)
                total = (np.eye(2**size) - 1j * yy) / np.sqrt(2) @ total
        return total

    def axis(self, axes: tuple[str, str], qubit: int) -> str:
        """The one of two axes that belongs to a qubit, see `Ansatz.axes`."""
        return axes[(qubit - self.data[0]) % 2]


def pauli(letters: str, qubits: tuple[int, ...], size: int) -> np.ndarray:
    """Matrix of a Pauli string on some of `size` qubits."""
    chosen = dict(zip(qubits, letters, strict=True))
    factors = [_PAULI[chosen.get(q, "I")] for q in reversed(range(size))]
    return functools.reduce(np.kron, factors)


def generator(
    layout: Layout, low: int, high: int, letters: str, qubits: tuple[int, ...]
) -> np.ndarray:
    """-i P in the layout's basis, on the qubits low, ..., high: a rotation is cos + sin * this."""
    local = tuple(q - low for q in qubits)
    turn = layout.rotation(low, high)
    matrix = turn @ (-1j * pauli(letters, local, high - low + 1)) @ turn.conj().T
    if not layout.is_real:
        return matrix
    assert np.abs(matrix.imag).max() < _ROUNDING
    real: np.ndarray = matrix.real
    return real


def layout_of(n_data: int, n_auxiliary: int, can_be_real: bool = True) -> Layout:
    """The layout with data qubits on every other qubit, if there are enough auxiliary ones.

    Args:
        n_data: Number of data qubits.
        n_auxiliary: Number of auxiliary qubits.
        can_be_real: Whether the generators are those named above; positions do not depend on it.
    """
    n = n_data + n_auxiliary
    spread = None
    for start in (1, 0):
        free, paired = range(start, n, 2), range(1 - start, n, 2)
        if len(free) >= n_data:
            spread = spread or tuple(free)[:n_data]
            if len(paired) % 2 == 0:
                pairs = tuple(zip(paired[::2], paired[1::2], strict=True))
                real = can_be_real
                return Layout(n, tuple(free)[:n_data], pairs if real else (), real)
    return Layout(n, spread or tuple(range(n_data)), (), False)
