"""Construction from labels, masks and strings; what is rejected; text forms."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from circuits.errors import ArgumentTypeError, InvalidArgumentError, NonFiniteError, ObservableError
from circuits.pauli import PauliSum, Z, as_observable, as_observables
from tests.circuits.pauli.reference import assert_is, kron_matrix, label_pairs


def test_both_label_forms_mean_what_they_say():
    assert PauliSum("IZ").terms == ((0, 1, 1.0),)  # rightmost letter is qubit 0
    assert PauliSum("XI").terms == ((2, 0, 1.0),)
    assert PauliSum("Y1").terms == ((2, 2, 1.0),)
    assert PauliSum("X0 Z3").terms == PauliSum("Z3 X0").terms == PauliSum("X0Z3").terms
    assert PauliSum("X0 Z3").terms == PauliSum("ZIIX").terms
    assert PauliSum("Z10").terms == ((0, 1 << 10, 1.0),)
    assert PauliSum("").terms == PauliSum("III").terms == ((0, 0, 1.0),)
    assert_is(PauliSum({"IZ": 1.0}), np.diag([1, -1, 1, -1]))


def test_only_full_width_labels_fix_the_width():
    assert (PauliSum("Z0").width, PauliSum("Z0").n_qubits) == (None, 1)
    assert (PauliSum("X0 Z3").width, PauliSum("X0 Z3").n_qubits) == (None, 4)
    assert (PauliSum("IIZ").width, PauliSum("IIZ").num_qubits) == (3, 3)
    assert PauliSum({"ZZII": 0.5, "X0": 1.0}).width == 4
    assert PauliSum("Z0", n_qubits=5).n_qubits == 5
    assert PauliSum("").n_qubits == 0


def test_check_fits():
    PauliSum("X0 Z3").check_fits(4)
    PauliSum("X0 Z3").check_fits(9)
    PauliSum("ZZII").check_fits(4)
    for n_qubits in (3, 5):
        with pytest.raises(ObservableError, match="fixed width of 4"):
            PauliSum("ZZII").check_fits(n_qubits)
    with pytest.raises(ObservableError, match="acts on qubit 3"):
        PauliSum("X0 Z3").check_fits(3)
    with pytest.raises(ArgumentTypeError, match="integer"):
        PauliSum("Z0").check_fits(2.0)


@pytest.mark.parametrize(
    ("label", "remedy"),
    [
        ("z0", "upper-case"),
        ("ZzI", "upper-case"),
        ("-Z0", "coefficients"),
        ("+ZZ", "coefficients"),
        ("iX", "coefficients"),
        ("Z01", "leading zeros"),
        ("Z-1", "not negative"),
        ("ZZ X0", "mix"),
        ("0", "mix"),
        ("ZZ XX", "no blanks"),
        (" ", "no blanks"),
        ("Z 0", "mix"),
        ("X0 Z0", "more than once"),
        ("I0 Z0", "more than once"),
        ("X70000", "65535"),
        ("X999999999999999999999", "must be"),
        ("I" * 70000, "65536"),
        ("Q", "but got 'Q'"),
        ("Z0,Z1", "but got"),
        ("Z²", "but got"),
        ("Z\u0663", "but got"),
    ],
)
def test_malformed_labels_raise_with_the_remedy(label, remedy):
    with pytest.raises(ObservableError, match=remedy) as caught:
        PauliSum(label)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("source", "error", "text"),
    [
        ({}, ObservableError, "at least one"),
        ([], ObservableError, "at least one"),
        ({"ZZ": 1.0, "ZZZ": 1.0}, ObservableError, "'ZZZ' has 3 letters"),
        ({"ZZ": 1.0, "Z5": 1.0}, ObservableError, "acts on qubit 5"),
        ({"Z0": float("nan")}, NonFiniteError, "finite"),
        ({"Z0": np.inf}, NonFiniteError, "'Z0'"),
        ({"Z0": 10**400}, NonFiniteError, "finite"),
        ({"Z0": "1"}, ArgumentTypeError, "str"),
        ({"Z0": None}, ArgumentTypeError, "NoneType"),
        ({"Z0": True}, ArgumentTypeError, "bool"),
        ({"Z0": np.ones(2)}, ArgumentTypeError, "ndarray"),
        ({"Z0": torch.ones(2)}, ArgumentTypeError, r"shape \(2,\)"),
        ({"Z0": torch.nn.Parameter(torch.ones(()))}, ArgumentTypeError, "one observable per Pauli"),
        ({0: 1.0}, ArgumentTypeError, "int"),
        (["Z0", "Z1"], ArgumentTypeError, "pairs"),
        (3, ArgumentTypeError, "int"),
        (np.eye(2), ArgumentTypeError, "pairs"),
    ],
)
def test_bad_sources_raise(source, error, text):
    with pytest.raises(error, match=text):
        PauliSum(source)


def test_masks_and_their_errors():
    assert PauliSum.from_masks([(1, 1, 2), (1, 1, 3)]) == PauliSum({"Y0": 5.0})
    assert PauliSum.from_masks([(np.int64(1), 0, 1)], n_qubits=2) == PauliSum("IX")
    for masks, error in [
        ([(-1, 0, 1.0)], ObservableError),
        ([(1 << 70000, 0, 1.0)], ObservableError),
        ([(0.5, 0, 1.0)], ArgumentTypeError),
        ([(0, 1)], ArgumentTypeError),
        ([(0, 1, np.nan)], NonFiniteError),
    ]:
        with pytest.raises(error):
            PauliSum.from_masks(masks)


def test_from_strings_reads_in_either_direction():
    pairs = [("XZI", 0.5), ("IIY", 2.0)]
    assert PauliSum.from_strings(pairs, first_qubit="left") == PauliSum({"IZX": 0.5, "YII": 2.0})
    assert PauliSum.from_strings(pairs, first_qubit="right") == PauliSum(pairs)
    with pytest.raises(InvalidArgumentError, match="'left' or 'right'"):
        PauliSum.from_strings(pairs, first_qubit="first")
    for bad in ([("X0", 1.0)], [("", 1.0)], [("XX", 1.0), ("X", 1.0)], []):
        with pytest.raises(ObservableError):
            PauliSum.from_strings(bad, first_qubit="left")


def test_hermiticity():
    PauliSum({"Z0": 1 + 0j}).check_hermitian()
    with pytest.raises(ObservableError, match=r"`observables\[1\]` must be Hermitian.*'X0'"):
        PauliSum({"Z0": 1.0, "X0": 1j}).check_hermitian("observables[1]")


def test_attributes():
    observable = PauliSum({"ZI": 0.5, "IX": 1})
    assert observable.labels() == ("ZI", "IX")
    assert observable.indexed_labels() == ("Z1", "X0")
    assert Z(0).labels(3) == ("IIZ",)
    assert observable.coefficients.dtype == np.float64
    assert observable.coefficients.tolist() == [0.5, 1.0]
    assert (1j * observable).coefficients.dtype == np.complex128
    assert observable.qubits == (0, 1)
    assert PauliSum("Z3").qubits == (3,)
    assert PauliSum("").qubits == ()
    assert PauliSum("Z0 Z1").is_diagonal
    assert not observable.is_diagonal
    assert len(observable) == 2


@given(label_pairs(3), st.sampled_from([None, 3, 40]))
def test_repr_evaluates_back_and_copies_are_equal(pairs, width):
    observable = PauliSum(pairs).with_width(width)
    again = eval(repr(observable), {"PauliSum": PauliSum})
    assert again == observable
    assert hash(again) == hash(observable)
    assert pickle.loads(pickle.dumps(observable)) == observable
    assert copy.deepcopy(observable) == observable


def test_text_is_readable():
    assert str(PauliSum({"ZZII": 0.5, "IIXX": -1.0})) == "0.5 * ZZII - 1 * IIXX"
    assert str(PauliSum({"": 1.0, "Z0 X9": 2j})) == "1 * I + (0+2j) * Z0 X9"
    assert str(Z(0) - Z(0)) == "0"
    assert str(sum(Z(q) for q in range(50))).endswith("... (50 terms)")


def test_values_are_immutable_and_hashable():
    observable = PauliSum("Z0")
    for name in ("terms", "_terms", "other"):
        with pytest.raises(AttributeError):
            setattr(observable, name, ())
    with pytest.raises(AttributeError):
        del observable._terms
    assert {observable: 1}[PauliSum([("Z0", 1)])] == 1
    assert observable != "Z0"


def test_front_door_accepts_every_form():
    assert as_observable("Z0") == as_observable({"Z0": 1.0}) == as_observable(Z(0)) == Z(0)
    for one in ("Z0", Z(0), {"Z0": 1.0}):
        assert as_observables(one) == [Z(0)]
    assert as_observables(["Z0", Z(1), {"Z2": 1}]) == [Z(0), Z(1), Z(2)]
    assert as_observables(f"Z{q}" for q in range(2)) == [Z(0), Z(1)]


@pytest.mark.parametrize(
    ("obj", "error", "text"),
    [
        ([], ObservableError, "at least one"),
        (None, ArgumentTypeError, "NoneType"),
        (3.0, ArgumentTypeError, "float"),
        ({"Z0", "Z1"}, ArgumentTypeError, "set"),
        (["Z0", 3], ArgumentTypeError, r"`observables\[1\]`.*int"),
        ([("Z0", 0.5)], ArgumentTypeError, r"`observables\[0\]`.*tuple"),
        (np.eye(2), ArgumentTypeError, "ndarray"),
    ],
)
def test_front_door_names_what_it_got(obj, error, text):
    with pytest.raises(error, match=text):
        as_observables(obj)


@given(label_pairs(4))
def test_both_forms_of_the_same_strings_have_the_same_matrix(pairs):
    indexed = [
        (" ".join(f"{a}{q}" for q, a in enumerate(reversed(text)) if a != "I"), c)
        for text, c in pairs
    ]
    np.testing.assert_allclose(PauliSum(indexed).to_matrix(4), kron_matrix(pairs), atol=1e-12)
