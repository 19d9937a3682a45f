"""Arithmetic of Pauli sums against dense matrices."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from circuits.errors import ArgumentTypeError, InvalidArgumentError, NonFiniteError, ObservableError
from circuits.pauli import I, PauliSum, X, Y, Z
from tests.circuits.pauli.reference import assert_is, kron_matrix, label_pairs

SCALAR = st.sampled_from([2, -0.5, 1j, 0, 3 - 2j, np.float64(0.25), np.complex64(1j)])


@given(label_pairs(3))
def test_construction_is_the_weighted_sum_of_kronecker_products(pairs):
    observable = PauliSum(pairs)
    assert_is(observable, kron_matrix(pairs))
    assert len({term[:2] for term in observable.terms}) == len(observable.terms)
    assert [t[:2] for t in observable.terms] == sorted(t[:2] for t in observable.terms)


@given(label_pairs(3), label_pairs(3), SCALAR)
def test_ring_operations_agree_with_matrices(left, right, scalar):
    a, b = PauliSum(left), PauliSum(right)
    ma, mb = kron_matrix(left), kron_matrix(right)
    eye = np.eye(8)
    assert_is(a + b, ma + mb)
    assert_is(a - b, ma - mb)
    assert_is(-a, -ma)
    assert_is(a * b, ma @ mb)
    assert_is(scalar * a, scalar * ma)
    assert_is(a * scalar, scalar * ma)
    assert_is(a + scalar, ma + scalar * eye)
    assert_is(scalar - a, scalar * eye - ma)
    assert_is(a.commutator(b), ma @ mb - mb @ ma)
    assert_is(a.adjoint(), ma.conj().T)
    assert_is(a**3, ma @ ma @ ma, atol=1e-9)
    assert_is(sum([a, b, a]), 2 * ma + mb)
    assert a.trace() == pytest.approx(np.trace(ma))


@given(label_pairs(2), label_pairs(3))
def test_tensor_puts_the_right_operand_on_the_low_qubits(left, right):
    product = PauliSum(left).tensor(PauliSum(right))
    assert product.width == 5
    assert_is(product, np.kron(kron_matrix(left), kron_matrix(right)))


@given(label_pairs(3), label_pairs(3))
def test_commutes_with_agrees_with_matrices(left, right):
    ma, mb = kron_matrix(left), kron_matrix(right)
    expected = np.allclose(ma @ mb, mb @ ma, rtol=0, atol=1e-9)
    assert PauliSum(left).commutes_with(PauliSum(right)) is expected


@given(label_pairs(3, max_size=1), label_pairs(3, max_size=1))
def test_qubit_wise_commutation_compares_letters(left, right):
    (first, a), (second, b) = left[0], right[0]
    letters = zip(first, second, strict=True)
    expected = a == 0 or b == 0 or all("I" in (p, q) or p == q for p, q in letters)
    assert PauliSum(left).qubit_wise_commutes_with(PauliSum(right)) is expected


@given(label_pairs(3), st.permutations(range(3)))
def test_map_qubits_moves_letters(pairs, order):
    moved = [("".join(text[2 - order.index(2 - k)] for k in range(3)), c) for text, c in pairs]
    observable = PauliSum(pairs)
    assert observable.map_qubits(order, n_qubits=3) == PauliSum(moved)
    assert observable.map_qubits(dict(enumerate(order)), n_qubits=3) == PauliSum(moved)


def test_pauli_letters_multiply_with_exact_phases():
    assert X(0) * Y(0) == 1j * Z(0)
    assert Y(0) * X(0) == -1j * Z(0)
    assert repr(X(0) * Y(0)) == "PauliSum({'Z0': 1j})"  # no negative zeros
    assert Z(2) * X(2) == 1j * Y(2)
    assert X(1) * X(1) == I() == I(5)
    assert (X(0) * Y(0) * Z(0)) == 1j * I()
    assert X(0) * Z(3) == PauliSum("X0 Z3")
    assert X(0).commutator(Z(0)) == -2j * Y(0)


def test_numpy_and_torch_scalars_multiply_from_both_sides():
    expected = PauliSum({"Z0": 2.0})
    for two in (np.float64(2), np.int64(2), np.array(2.0), torch.tensor(2.0), torch.tensor(2)):
        assert two * Z(0) == Z(0) * two == expected
    assert Z(0) / np.float64(0.5) == expected


def test_zero_is_a_value_that_fits_everywhere():
    zero = Z(0) - Z(0)
    assert zero.terms == ()
    assert zero == 0 * X(3) == PauliSum({"": 0.0}) == PauliSum.from_masks([])
    assert zero + X(0) == X(0)
    assert zero.is_hermitian
    assert zero.one_norm() == 0
    assert zero.trace(3) == 0
    assert not zero.to_matrix(2).any()
    assert zero.group_commuting() == ()


def test_simplify_drops_rounding_residues_of_both_parts():
    noisy = PauliSum({"Z0": 1 + 1e-16j, "X0": 1e-15, "Y0": 1e-17 + 2j})
    assert not noisy.is_hermitian
    assert noisy.simplify(1e-12) == PauliSum({"Z0": 1.0, "Y0": 2j})
    assert noisy.simplify(0) == noisy


def test_one_norm_bounds_the_spectrum():
    observable = PauliSum({"XX": 0.5, "ZZ": -0.25, "YI": 1.0})
    assert observable.one_norm() == 1.75
    assert np.abs(np.linalg.eigvalsh(observable.to_matrix())).max() <= 1.75


def test_widths_join_or_clash():
    assert (PauliSum("ZZ") + Z(0)).width == 2
    assert (Z(0) * PauliSum("ZZ")).width == 2
    assert (Z(0) + Z(1)).width is None
    with pytest.raises(ObservableError, match="one width, but got 2 and 3"):
        PauliSum("ZZ") + PauliSum("ZZZ")
    with pytest.raises(ObservableError, match="acts on qubit 5"):
        PauliSum("ZZ") + Z(5)
    with pytest.raises(ObservableError, match="acts on qubit 1"):
        PauliSum("ZZ").with_width(1)
    assert PauliSum("IZ").with_width(None) == Z(0)
    assert PauliSum("IZ") != Z(0)


@pytest.mark.parametrize(
    ("action", "error", "text"),
    [
        (lambda: Z(0) / 0, InvalidArgumentError, "divided by zero"),
        (lambda: Z(0) * float("nan"), NonFiniteError, "finite"),
        (lambda: Z(0) * 1e200 * 1e200, NonFiniteError, "finite"),
        (lambda: Z(0) ** -1, InvalidArgumentError, "0 or more"),
        (
            lambda: Z(0) * torch.ones((), requires_grad=True),
            ArgumentTypeError,
            "one observable per",
        ),
        (lambda: Z(0) * True, ArgumentTypeError, "bool"),
        (lambda: Z(0).commutator("X0"), ArgumentTypeError, "but got str"),
        (lambda: Z(0).tensor(2), ArgumentTypeError, "but got int"),
        (lambda: Z(0).simplify(-1), InvalidArgumentError, "tolerance"),
        (lambda: Z(0).trace(5000), InvalidArgumentError, "below 1024"),
        (lambda: Z(0).map_qubits({1: 0}), ObservableError, "no entry for qubit 0"),
        (lambda: (Z(0) * X(1)).map_qubits({0: 2, 1: 2}), ObservableError, "different qubits"),
        (lambda: Z(0).map_qubits([-1]), ObservableError, "to -1"),
        (lambda: Z(0).map_qubits(["a"]), ArgumentTypeError, "integer"),
        (lambda: X(-1), InvalidArgumentError, "-1"),
        (lambda: X(0.5), ArgumentTypeError, "float"),
    ],
)
def test_bad_operands_raise(action, error, text):
    with pytest.raises(error, match=text):
        action()


@pytest.mark.parametrize("other", ["X0", None, [1, 2], np.ones(2), torch.ones(2)])
def test_operators_with_other_types_are_type_errors(other):
    with pytest.raises(TypeError):
        Z(0) * other
    with pytest.raises(TypeError):
        other + Z(0)
