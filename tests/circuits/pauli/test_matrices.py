"""Matrices of Pauli sums, and molecules from files."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse.linalg import eigsh

from circuits.errors import (
    ArgumentTypeError,
    NonFiniteError,
    ObservableError,
    ResourceLimitError,
    ShapeError,
)
from circuits.pauli import PauliSum, X, Z
from tests.circuits.pauli.reference import kron_matrix, label_pairs


@given(label_pairs(4))
def test_sparse_and_dense_agree_with_kronecker_products(pairs):
    observable, expected = PauliSum(pairs), kron_matrix(pairs)
    sparse = observable.to_sparse()
    assert isinstance(sparse, scipy.sparse.csr_matrix)
    assert sparse.has_sorted_indices
    assert np.all(sparse.data != 0)
    np.testing.assert_allclose(sparse.toarray(), expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(observable.to_matrix(), expected, rtol=0, atol=1e-12)


def test_matrices_on_more_qubits_act_as_identity_there():
    np.testing.assert_array_equal(Z(1).to_matrix(3), kron_matrix([("IZI", 1)]))
    np.testing.assert_array_equal(X(0).to_sparse(2).toarray(), kron_matrix([("IX", 1)]))
    np.testing.assert_array_equal(PauliSum("").to_matrix(), [[1]])


@given(
    label_pairs(4).map(
        lambda pairs: [(p.translate(str.maketrans("XY", "IZ")), c.real) for p, c in pairs]
    )
)
def test_diagonal_of_diagonal_observables(pairs):
    values = PauliSum(pairs).diagonal()
    assert values.dtype == np.float64
    np.testing.assert_allclose(values, np.diag(kron_matrix(pairs)).real, rtol=0, atol=1e-12)


@given(label_pairs(3, max_size=10))
def test_from_matrix_inverts_to_matrix(pairs):
    assert PauliSum.from_matrix(kron_matrix(pairs)) == PauliSum(pairs)


@given(st.integers(0, 2**32 - 1), st.sampled_from([1e-6, 1.0, 1e6]))
def test_from_matrix_of_random_matrices(seed, scale):
    rng = np.random.default_rng(seed)
    matrix = scale * (rng.normal(size=(16, 16)) + 1j * rng.normal(size=(16, 16)))
    again = PauliSum.from_matrix(matrix).to_matrix()
    np.testing.assert_allclose(again, matrix, rtol=0, atol=1e-10 * scale)
    hermitian = PauliSum.from_matrix(matrix + matrix.conj().T)
    assert hermitian.is_hermitian
    coefficient = dict(zip(hermitian.labels(), hermitian.coefficients, strict=True))["XYZI"]
    trace = np.trace(kron_matrix([("XYZI", 1)]) @ (matrix + matrix.conj().T)) / 16
    assert coefficient == pytest.approx(trace.real, abs=1e-12 * scale)


def test_sparse_matrices_store_no_zeros():
    assert (1 + Z(0)).to_sparse(3).nnz == 4  # twice the projector on |0>
    assert (X(0) + 1j * PauliSum("Y0")).to_sparse().nnz == 1


def test_from_matrix_drops_rounding_relative_to_the_matrix():
    rng = np.random.default_rng(5)
    unitary = np.linalg.qr(rng.normal(size=(16, 16)) + 1j * rng.normal(size=(16, 16)))[0]
    rotated = unitary @ (1e6 * kron_matrix([("ZIXY", 1.0)])) @ unitary.conj().T
    noisy = unitary.conj().T @ rotated @ unitary
    assert len(PauliSum.from_matrix(noisy, tolerance=0)) > 1
    found = PauliSum.from_matrix(noisy)
    assert found.labels() == ("ZIXY",)
    assert found.is_hermitian


@pytest.mark.parametrize(
    ("action", "error", "text"),
    [
        (lambda: PauliSum.from_matrix(np.eye(3)), ShapeError, r"\(3, 3\)"),
        (lambda: PauliSum.from_matrix(np.ones((2, 4))), ShapeError, r"\(2, 4\)"),
        (lambda: PauliSum.from_matrix(np.ones(4)), ShapeError, r"\(4,\)"),
        (lambda: PauliSum.from_matrix(np.zeros((0, 0))), ShapeError, r"\(0, 0\)"),
        (lambda: PauliSum.from_matrix([[1, np.nan], [0, 1]]), NonFiniteError, "NaN"),
        (lambda: PauliSum.from_matrix([["a"]]), ArgumentTypeError, "dtype"),
        (lambda: PauliSum.from_matrix(scipy.sparse.eye(4)), ArgumentTypeError, "toarray"),
        (lambda: X(0).diagonal(), ObservableError, "I and Z"),
        (lambda: Z(60).to_sparse(), ResourceLimitError, "61 qubits"),
        (lambda: Z(40).to_matrix(), ResourceLimitError, "41 qubits"),
        (lambda: Z(30).diagonal(), ResourceLimitError, "31 qubits"),
        (lambda: Z(126).to_sparse(), ResourceLimitError, "127 qubits"),
        (lambda: Z(3).to_matrix(2), ObservableError, "acts on qubit 3"),
    ],
)
def test_bad_requests_raise(action, error, text):
    with pytest.raises(error, match=text):
        action()


def _molecule_file(name):
    folder = os.environ.get("KETWORK_DATA")
    path = Path(folder or ".") / "molecules" / name
    if folder is None or not path.is_file():
        pytest.skip(f"KETWORK_DATA/molecules/{name} is not there")
    return json.loads(path.read_text())


def test_hydrogen_ground_state_energy_inline():
    """H2 at 0.7414 angstrom in sto-3g, two qubits (symmetry-conserving Bravyi-Kitaev)."""
    hamiltonian = PauliSum.from_strings(
        [
            ("II", -0.33995361344149433),
            ("ZI", 0.3939836794385141),
            ("IZ", 0.3939836794385141),
            ("XX", 0.18128880821149584),
            ("ZZ", 0.011236585233182161),
        ],
        first_qubit="left",
    )
    energies = np.linalg.eigvalsh(hamiltonian.to_matrix())
    assert energies[0] == pytest.approx(-1.1372701746609026, abs=1e-12)


def test_hydrogen_from_the_data_folder():
    data = _molecule_file("H2_r0.7414.json")
    hamiltonian = PauliSum.from_strings(data["hamiltonian_jw"], first_qubit="left")
    assert hamiltonian.n_qubits == 4
    energy = eigsh(hamiltonian.to_sparse(), k=1, which="SA", v0=np.ones(16))[0][0]
    assert energy == pytest.approx(-1.137270175, abs=1e-9)
    # the Hartree-Fock state fills spin orbitals 0 and 1, which are qubits 0 and 1
    index = int(data["hf_bitstring_jw"][::-1], 2)
    assert hamiltonian.to_sparse()[index, index].real == pytest.approx(data["hf_energy"], abs=1e-9)


def test_water_on_ten_qubits_from_the_data_folder():
    data = _molecule_file("H2O_10q.json")
    hamiltonian = PauliSum.from_strings(data["hamiltonian_jw"], first_qubit="left")
    v0 = np.random.default_rng(0).normal(size=2**hamiltonian.n_qubits)
    energy = eigsh(hamiltonian.to_sparse(), k=1, which="SA", v0=v0)[0][0]
    assert energy == pytest.approx(data["jw_global_minimum"], abs=1e-8)
