"""Independent reference: Pauli sums as explicit Kronecker products, written without our code."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

import numpy as np
from hypothesis import strategies as st

MATRICES = {
    "I": np.eye(2, dtype=complex),
    "X": np.array([[0, 1], [1, 0]], dtype=complex),
    "Y": np.array([[0, -1j], [1j, 0]], dtype=complex),
    "Z": np.array([[1, 0], [0, -1]], dtype=complex),
}


def kron_matrix(pairs: Iterable[tuple[str, complex]]) -> np.ndarray:
    """Matrix of full-width labels; the leftmost letter is the most significant factor."""
    return sum(c * reduce(np.kron, [MATRICES[letter] for letter in label]) for label, c in pairs)


def assert_is(observable, matrix, atol=1e-12):
    """Assert that an observable has this matrix on its qubits."""
    np.testing.assert_allclose(observable.to_matrix(), matrix, rtol=0, atol=atol)


def label_pairs(n_qubits: int, *, is_real: bool = False, max_size: int = 6):
    """Strategy: lists of (full-width label, coefficient), duplicates allowed."""
    # quarters are exact in binary, so that cancellation and equality are exact too
    quarters = st.integers(-8, 8).map(lambda k: k / 4)
    numbers = quarters if is_real else st.builds(complex, quarters, quarters)
    label = st.text("IXYZ", min_size=n_qubits, max_size=n_qubits)
    return st.lists(st.tuples(label, numbers), min_size=1, max_size=max_size)
