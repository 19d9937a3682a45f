"""Fermionic modes on qubits: linear encodings of the occupations, and tapering.

With the Jordan-Wigner mapping qubit j holds the occupation f_j of mode j. The parity and
Bravyi-Kitaev mappings store g = B f instead, for an invertible matrix B over the two-element
field. As operators they are the Jordan-Wigner ones conjugated by |f> -> |B f>, so

    X^x -> X^(B x),   Z^z -> Z^(B^-T z),

and one function maps a Hamiltonian from any of them to any other. Tapering is the same step: a
basis in which each conserved parity is one bit, which then is a number.

References:
    Seeley, Richard, Love, J. Chem. Phys. 137, 224109 (2012): B of the mappings.
    Bravyi, Gambetta, Mezzacapo, Temme, arXiv:1701.08213 (2017): tapering.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from circuits import PauliSum
from circuits.errors import InvalidArgumentError

Bits = NDArray[np.uint8]

MAPPINGS = ("jordan-wigner", "parity", "bravyi-kitaev")


def encoding(mapping: str, n_modes: int) -> Bits:
    """The matrix B `(n_modes, n_modes)` of a mapping: row i says what qubit i holds.

    Args:
        mapping: `"jordan-wigner"`: the occupation of mode i; `"parity"`: the parity of modes 0 to
            i; `"bravyi-kitaev"`: the parity of modes `i & (i + 1)` to i (a binary indexed tree).
        n_modes: Number of modes.

    >>> encoding("bravyi-kitaev", 4).tolist()
    [[1, 0, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [1, 1, 1, 1]]
    """
    firsts = {
        "jordan-wigner": lambda i: i,
        "parity": lambda i: 0,
        "bravyi-kitaev": lambda i: i & (i + 1),
    }
    if mapping not in firsts:
        raise InvalidArgumentError(
            f"Argument `mapping` must be one of {MAPPINGS}, got {mapping!r}."
        )
    matrix = np.zeros((n_modes, n_modes), dtype=np.uint8)
    for i in range(n_modes):
        matrix[i, firsts[mapping](i) : i + 1] = 1
    return matrix


def encode(hamiltonian: PauliSum, matrix: Bits) -> PauliSum:
    """The observable after the change of basis |f> -> |B f>.

    Args:
        hamiltonian: Of n qubits.
        matrix: Invertible B `(n, n)` over the two-element field.

    >>> encode(PauliSum({"XI": 1.0, "ZI": 0.5}), encoding("parity", 2)).labels()
    ('ZZ', 'XI')
    """
    n_qubits = hamiltonian.n_qubits
    forward, backward = matrix, inverse(matrix).T
    moved = []
    for x, z, coefficient in hamiltonian.terms:
        new_x, new_z = _applied(forward, x), _applied(backward, z)
        # A string with masks (x, z) is i^|x & z| X^x Z^z, and only the powers of X and Z move.
        turns = ((x & z).bit_count() - (new_x & new_z).bit_count()) % 4
        moved.append((new_x, new_z, coefficient if turns == 0 else -coefficient))
    return PauliSum.from_masks(moved, n_qubits=n_qubits)


def reorder_modes(hamiltonian: PauliSum, order: Sequence[int]) -> PauliSum:
    """The Jordan-Wigner Hamiltonian of the same modes in another order.

    Modes that change sides bring a sign where both are occupied, a CZ between their qubits.

    Args:
        hamiltonian: In the Jordan-Wigner mapping.
        order: Mode that comes to each place, a permutation of all modes.
    """
    n_modes = hamiltonian.n_qubits
    place = np.argsort(order)
    swapped = [(a, b) for a in range(n_modes) for b in range(a + 1, n_modes) if place[a] > place[b]]
    permutation = np.zeros((n_modes, n_modes), dtype=np.uint8)
    permutation[place, np.arange(n_modes)] = 1
    signed = []
    for x, z, coefficient in hamiltonian.terms:
        new_z, turns = z, (x & z).bit_count()
        for a, b in swapped:
            at_a, at_b = x >> a & 1, x >> b & 1
            new_z ^= at_a << b | at_b << a
            turns += 2 * (at_a & at_b)
        turns = (turns - (x & new_z).bit_count()) % 4
        signed.append((x, new_z, coefficient if turns == 0 else -coefficient))
    return encode(PauliSum.from_masks(signed, n_qubits=n_modes), permutation)


def blocked_order(n_modes: int) -> list[int]:
    """All modes of spin up, then all of spin down, from the interleaved order."""
    return [*range(0, n_modes, 2), *range(1, n_modes, 2)]


def z_symmetries(hamiltonian: PauliSum) -> list[int]:
    """Independent Z masks whose strings commute with every term of the observable."""
    rows = [x for x in {x for x, _, _ in hamiltonian.terms} if x]
    pivots = _echelon(rows)
    free = [q for q in range(hamiltonian.n_qubits) if q not in pivots]
    return [
        (1 << q) | sum(1 << pivot for pivot, row in pivots.items() if row >> q & 1) for q in free
    ]


def taper(hamiltonian: PauliSum, symmetries: Sequence[int], reference: int) -> tuple[PauliSum, int]:
    """Remove one qubit for each symmetry, in the sector of a basis state.

    Args:
        hamiltonian: Of n qubits.
        symmetries: Independent Z masks that commute with all of its terms.
        reference: Basis state, bit q for qubit q, whose parities choose the sector.

    Returns:
        The observable of n - len(symmetries) qubits, which keep their order, and the reference
        there. Its eigenvalues are those of the sector.

    Raises:
        InvalidArgumentError: If a mask does not commute with a term, or they depend on each other.
    """
    n_qubits = hamiltonian.n_qubits
    pivots = _echelon(symmetries)
    broken = any((x & s).bit_count() % 2 for x, _, _ in hamiltonian.terms for s in symmetries)
    if broken or len(pivots) < len(symmetries):
        raise InvalidArgumentError(
            "Argument `symmetries` must hold independent Z masks that commute with every term, "
            f"got {[f'{s:0{n_qubits}b}' for s in symmetries]}."
        )
    matrix = np.eye(n_qubits, dtype=np.uint8)
    for pivot, mask in pivots.items():
        matrix[pivot] = [mask >> q & 1 for q in range(n_qubits)]
    state = _applied(matrix, reference)
    kept = [q for q in range(n_qubits) if q not in pivots]
    removed = sum(1 << q for q in pivots)
    terms = []
    for x, z, coefficient in encode(hamiltonian, matrix).terms:
        sign = -1 if (z & removed & state).bit_count() % 2 else 1
        terms.append((_picked(x, kept), _picked(z, kept), sign * coefficient))
    return PauliSum.from_masks(terms, n_qubits=len(kept)), _picked(state, kept)


def inverse(matrix: Bits) -> Bits:
    """The inverse of a matrix over the two-element field.

    Raises:
        InvalidArgumentError: If it has none.
    """
    size = len(matrix)
    work = np.concatenate([matrix % 2, np.eye(size, dtype=np.uint8)], axis=1)
    for column in range(size):
        found = np.flatnonzero(work[column:, column])
        if not found.size:
            raise InvalidArgumentError("The matrix has no inverse over the two-element field.")
        pivot = column + int(found[0])
        work[[column, pivot]] = work[[pivot, column]]
        others = np.flatnonzero(work[:, column])
        others = others[others != column]
        work[others] ^= work[column]
    return work[:, size:]


def _applied(matrix: Bits, mask: int) -> int:
    """The mask of B f for the mask of f."""
    rows = [sum(1 << int(j) for j in np.flatnonzero(row)) for row in matrix]
    return sum(((row & mask).bit_count() & 1) << i for i, row in enumerate(rows))


def _picked(mask: int, kept: Sequence[int]) -> int:
    return sum((mask >> q & 1) << k for k, q in enumerate(kept))


def _echelon(rows: Sequence[int]) -> dict[int, int]:
    """Reduced rows of the same span, each by its highest bit, which no other row has."""
    pivots: dict[int, int] = {}
    for row in rows:
        for pivot in sorted(pivots, reverse=True):
            if row >> pivot & 1:
                row ^= pivots[pivot]
        if row:
            top = row.bit_length() - 1
            for pivot, other in pivots.items():
                if other >> top & 1:
                    pivots[pivot] = other ^ row
            pivots[top] = row
    return pivots
