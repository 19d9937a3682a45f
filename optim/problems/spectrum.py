"""Lowest eigenvalue and eigenvector of an observable."""

from __future__ import annotations

import numpy as np
import scipy.sparse.linalg
from numpy.typing import NDArray

from circuits import PauliSum
from circuits.errors import ResourceLimitError, SolverError

DENSE_QUBITS = 6
"""Up to this size the whole matrix is diagonalized."""

MOST_QUBITS = 20
"""Largest observable whose lowest eigenvalue is looked for."""


def lowest_state(hamiltonian: PauliSum) -> tuple[float, NDArray[np.complex128]]:
    """Lowest eigenvalue and a normalized eigenvector.

    A diagonal observable is read off, a small one is diagonalized, and for the others Lanczos
    iterations run until the residual is rounding.

    Args:
        hamiltonian: Hermitian, of n qubits.

    Returns:
        The eigenvalue and the vector `(2**n,)`.

    Raises:
        ResourceLimitError: If there are more than 20 qubits.
        SolverError: If the iterations do not converge.
    """
    n_qubits = hamiltonian.n_qubits
    if n_qubits > MOST_QUBITS:
        raise ResourceLimitError(
            f"The exact ground energy is computed for up to {MOST_QUBITS} qubits, but the "
            f"Hamiltonian has {n_qubits}."
        )
    if hamiltonian.is_diagonal:
        values = hamiltonian.diagonal().real
        state = np.zeros(2**n_qubits, dtype=np.complex128)
        state[values.argmin()] = 1.0
        return float(values.min()), state
    if n_qubits <= DENSE_QUBITS:
        energies, states = np.linalg.eigh(hamiltonian.to_matrix())
        return float(energies[0]), np.ascontiguousarray(states[:, 0])
    return _lanczos(hamiltonian, n_qubits)


def _lanczos(hamiltonian: PauliSum, n_qubits: int) -> tuple[float, NDArray[np.complex128]]:
    matrix = hamiltonian.to_sparse()
    if abs(matrix.imag).max() == 0:
        matrix = matrix.real
    # A random start has a part along every eigenvector, a symmetric one may miss the lowest.
    start = np.random.default_rng(7).standard_normal(2**n_qubits)
    try:
        energies, states = scipy.sparse.linalg.eigsh(matrix, k=1, which="SA", v0=start, tol=0)
    except scipy.sparse.linalg.ArpackNoConvergence as error:
        raise SolverError(f"The ground energy of {n_qubits} qubits did not converge.") from error
    return float(energies[0]), states[:, 0].astype(np.complex128)
