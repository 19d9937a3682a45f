"""Linear encodings and tapering against dense matrices."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuits import PauliSum
from circuits.errors import InvalidArgumentError
from optim.problems import chemistry
from optim.problems.encodings import (
    MAPPINGS,
    blocked_order,
    encode,
    encoding,
    inverse,
    reorder_modes,
    taper,
    z_symmetries,
)


def observable(seed: int, n_qubits: int, terms: int = 6) -> PauliSum:
    rng = np.random.default_rng(seed)
    masks = rng.integers(2**n_qubits, size=(terms, 2)).tolist()
    return PauliSum.from_masks(
        [(x, z, c) for (x, z), c in zip(masks, rng.normal(size=terms), strict=True)],
        n_qubits=n_qubits,
    )


def invertible(seed: int, size: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    while True:
        matrix = rng.integers(2, size=(size, size)).astype(np.uint8)
        if round(np.linalg.det(matrix)) % 2:
            return matrix


def basis_change(matrix: np.ndarray) -> np.ndarray:
    """The permutation |f> -> |B f> as a dense matrix."""
    size = len(matrix)
    bits = np.arange(2**size)[:, None] >> np.arange(size) & 1
    images = (bits @ matrix.T % 2) @ (1 << np.arange(size))
    dense = np.zeros((2**size, 2**size))
    dense[images, np.arange(2**size)] = 1
    return dense


@given(st.integers(0, 10**6), st.integers(1, 4))
def test_encode_is_conjugation_by_the_basis_change(seed, size):
    matrix = invertible(seed, size)
    before = observable(seed, size)
    change = basis_change(matrix)
    expected = change @ before.to_matrix() @ change.T
    np.testing.assert_allclose(encode(before, matrix).to_matrix(), expected, atol=1e-12)


@pytest.mark.parametrize("mapping", MAPPINGS)
@pytest.mark.parametrize("size", [1, 2, 5, 8])
def test_matrices_are_invertible(mapping, size):
    matrix = encoding(mapping, size)
    np.testing.assert_array_equal(inverse(matrix) @ matrix % 2, np.eye(size))


def test_bravyi_kitaev_of_eight_modes():
    """Seeley, Richard, Love (2012), equation 24, with qubit 0 first."""
    rows = ["10000000", "11000000", "00100000", "11110000"]
    rows += ["00001000", "00001100", "00000010", "11111111"]
    expected = [[int(c) for c in row] for row in rows]
    assert encoding("bravyi-kitaev", 8).tolist() == expected


def test_no_inverse():
    with pytest.raises(InvalidArgumentError, match="no inverse"):
        inverse(np.ones((2, 2), dtype=np.uint8))


@given(st.integers(0, 10**6))
def test_reordered_modes_are_the_hamiltonian_of_reordered_integrals(seed):
    """Orbitals in another order: permuted integrals, or permuted modes."""
    rng = np.random.default_rng(seed)
    one = rng.normal(size=(2, 2))
    one = one + one.T
    two = rng.normal(size=(2, 2, 2, 2))
    for axes in ((1, 0, 2, 3), (0, 1, 3, 2), (2, 3, 0, 1)):
        two = two + two.transpose(axes)
    before = chemistry.jordan_wigner(0.1, one, two)
    after = chemistry.jordan_wigner(0.1, one[::-1, ::-1], two[::-1, ::-1, ::-1, ::-1])
    assert not (reorder_modes(before, [2, 3, 0, 1]) - after).simplify(1e-10).terms


def test_blocked_order():
    assert blocked_order(6) == [0, 2, 4, 1, 3, 5]


def symmetric_observable(seed: int, size: int) -> PauliSum:
    """Strings with an even number of X or Y on the first two qubits, and on all others."""
    full = observable(seed, size, terms=40)
    kept = [t for t in full.terms if not (t[0] & 3).bit_count() % 2 and not t[0].bit_count() % 2]
    return PauliSum.from_masks(kept, n_qubits=size)


@given(st.integers(0, 10**6))
def test_tapered_spectra_make_up_the_whole(seed):
    before = symmetric_observable(seed, 4)
    sectors = []
    for reference in (0b0000, 0b0001, 0b0100, 0b0101):
        small, state = taper(before, [0b0011, 0b1111], reference)
        assert small.n_qubits == 2
        sectors.append(np.linalg.eigvalsh(small.to_matrix()))
        row = small.to_matrix()[state, state]
        assert row == pytest.approx(before.to_matrix()[reference, reference], abs=1e-10)
    found = np.sort(np.concatenate(sectors))
    np.testing.assert_allclose(found, np.linalg.eigvalsh(before.to_matrix()), atol=1e-9)


@given(st.integers(0, 10**6))
def test_symmetries_commute_and_are_independent(seed):
    hamiltonian = observable(seed, 5, terms=3)
    found = z_symmetries(hamiltonian)
    for mask in found:
        assert hamiltonian.commutes_with(PauliSum.from_masks([(0, mask, 1.0)], n_qubits=5))
    ranks = {0}
    for mask in found:  # the span doubles with every mask
        assert mask not in ranks
        ranks |= {mask ^ other for other in ranks}
    shifts = {x for x, _, _ in hamiltonian.terms}
    span = {0}
    for x in shifts:
        span |= {x ^ other for other in span}
    assert len(ranks) * len(span) == 2**5


@pytest.mark.parametrize("symmetries", [[0b01], [0b11, 0b11]])
def test_wrong_symmetries(symmetries):
    with pytest.raises(InvalidArgumentError, match="symmetries"):
        taper(PauliSum({"XX": 1.0, "ZI": 0.5}), symmetries, 0)


def test_unknown_mapping():
    with pytest.raises(InvalidArgumentError, match="mapping"):
        encoding("ternary", 2)
