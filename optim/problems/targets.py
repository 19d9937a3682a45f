"""States to prepare and unitaries to compile, as ground-state problems."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from circuits import Circuit, PauliSum
from circuits import gates as g
from circuits.errors import InvalidArgumentError, NotUnitaryError, ResourceLimitError, ShapeError
from optim.problems.problem import Problem

TARGET_ACCURACY = 1e-3
"""Infidelity at which a target counts as reached."""

MOST_QUBITS = 10
"""Largest target: its projector has up to 4**n Pauli strings."""

_NAMED = {
    "bell": lambda size: size == 2,
    "ghz": lambda size: size >= 2,
}
"""Named states, all (|0...0> + |1...1>) / sqrt(2), and the sizes that they have."""


def state_preparation(target: str | Any, n_qubits: int | None = None) -> Problem:
    """Prepare a state |t>: H = 1 - |t><t|, so the energy is the infidelity.

    Args:
        target: `"bell"`, (|00> + |11>) / sqrt(2); `"ghz"`, (|0...0> + |1...1>) / sqrt(2); or the
            amplitudes `(2**n,)`, qubit 0 least significant, of norm 1.
        n_qubits: Number of qubits of a GHZ state, default 3.

    Raises:
        InvalidArgumentError: If the name or the number of qubits does not exist, or the vector is
            not normalized.
        ShapeError: If the vector has another shape.
        ResourceLimitError: If there are more than 10 qubits.

    >>> state_preparation("bell").hamiltonian
    PauliSum({'II': 0.75, 'ZZ': -0.25, 'XX': -0.25, 'YY': 0.25})
    """
    if isinstance(target, str):
        size = n_qubits if n_qubits is not None else 2 if target == "bell" else 3
        if target not in _NAMED or not _NAMED[target](size):
            raise InvalidArgumentError(
                f"Argument `target` must be 'bell' (2 qubits), 'ghz' (2 or more) or a vector, got "
                f"{target!r} with n_qubits={n_qubits}."
            )
        _check_size(size)
        vector = np.zeros(2**size, dtype=np.complex128)
        vector[[0, -1]] = np.sqrt(0.5)
        name = f"{target}_{size}q"
    else:
        vector = _checked_vector(target)
        size = len(vector).bit_length() - 1
        if n_qubits not in (None, size):
            raise InvalidArgumentError(
                f"Argument `n_qubits` must be {size} for {2**size} amplitudes, got {n_qubits}."
            )
        name = f"state_{size}q"
    return Problem(
        name,
        _complement(vector, size),
        accuracy=TARGET_ACCURACY,
        provenance={"target": name, "energy": "infidelity 1 - |<t|psi>|^2"},
    )


def compile_unitary(matrix: Any) -> Problem:
    """Find a circuit V that equals a unitary U up to a phase.

    U acts on one half of n Bell pairs, so the energy 1 - |Tr(U^dagger V)|^2 / 4**n is zero only if
    V = U up to a phase. Gates are placed on qubits 0 to n - 1; the Bell pairs (q, n + q) are the
    initial gates.

    Args:
        matrix: U `(2**n, 2**n)`, qubit 0 least significant.

    Returns:
        A problem of 2 n qubits.

    Raises:
        NotUnitaryError: If the matrix is not unitary.
        ShapeError: If it has another shape.

    References:
        Khatri et al., Quantum 3, 140 (2019), section 3.1: the Hilbert-Schmidt test.

    >>> problem = compile_unitary(np.array([[0, 1], [1, 0]]))
    >>> problem.n_qubits, problem.qubits
    (2, (0,))
    """
    unitary = np.asarray(matrix, dtype=np.complex128)
    size = unitary.shape[0].bit_length() - 1 if unitary.ndim == 2 else -1
    if size < 1 or unitary.shape != (2**size, 2**size):
        raise ShapeError(f"Argument `matrix` must have shape (2**n, 2**n), got {unitary.shape}.")
    if not np.allclose(unitary.conj().T @ unitary, np.eye(2**size), atol=1e-8):
        raise NotUnitaryError("Argument `matrix` must be unitary, but U^dagger U is not 1.")
    _check_size(2 * size)
    # Amplitude (j, i) of (U x 1) sum_i |i>|i>: index i 2^n + j, the low bits those of U.
    vector = (unitary.T / np.sqrt(2**size)).ravel()
    pairs = [op for q in range(size) for op in (g.h(q), g.cx(q, size + q))]
    return Problem(
        f"unitary_{size}q",
        _complement(vector, 2 * size),
        initial=Circuit(2 * size, pairs),
        qubits=tuple(range(size)),
        accuracy=TARGET_ACCURACY,
        provenance={"energy": "1 - |Tr(U^dagger V)|^2 / 4^n", "n_qubits_of_unitary": size},
    )


def _complement(vector: NDArray[np.complex128], size: int) -> PauliSum:
    """1 - |v><v|."""
    projector = np.outer(vector, vector.conj())
    return PauliSum.from_matrix(np.eye(2**size) - projector).with_width(size)


def _checked_vector(target: Any) -> NDArray[np.complex128]:
    vector = np.asarray(target, dtype=np.complex128)
    size = vector.size.bit_length() - 1
    if vector.ndim != 1 or size < 1 or vector.size != 2**size:
        raise ShapeError(f"Argument `target` must have shape (2**n,), got {vector.shape}.")
    _check_size(size)
    norm = float(np.linalg.norm(vector))
    if not abs(norm - 1) < 1e-8:
        raise InvalidArgumentError(
            f"Argument `target` must have norm 1, got {norm}. Divide it by its norm."
        )
    return vector / norm


def _check_size(size: int) -> None:
    if size > MOST_QUBITS:
        raise ResourceLimitError(
            f"Targets have up to {MOST_QUBITS} qubits in their Hamiltonian, got {size}: the "
            "projector has up to 4**n Pauli strings."
        )
