"""Grouping into commuting sets, checked with dense matrices and on 127 qubits."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuits.errors import InvalidArgumentError
from circuits.pauli import PauliSum, X, Y, Z, group_masks
from circuits.pauli.packing import conflicts, pack
from circuits.pauli.terms import strings_commute, strings_commute_qubit_wise
from tests.circuits.pauli.reference import MATRICES, kron_matrix, label_pairs

KINDS = ("qubit-wise", "general")


def _commute(a, b):
    return np.allclose(a @ b, b @ a, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
@given(pairs=label_pairs(3, max_size=20))
def test_groups_partition_the_terms_and_commute(kind, pairs):
    observable = PauliSum(pairs)
    groups = observable.group_commuting(kind)
    assert sum((g.observable for g in groups), PauliSum({"III": 0.0})) == observable
    assert sorted(k for g in groups for k in g.indices) == list(range(len(observable)))
    for group in groups:
        assert [observable.terms[k] for k in group.indices] == list(group.observable.terms)
        for first, second in itertools.combinations(group.observable.labels(), 2):
            assert _commute(kron_matrix([(first, 1)]), kron_matrix([(second, 1)]))
            if kind == "qubit-wise":
                assert all(
                    _commute(MATRICES[a], MATRICES[b]) for a, b in zip(first, second, strict=True)
                )


@given(label_pairs(3, max_size=20))
def test_the_basis_of_a_group_holds_every_letter_of_its_strings(pairs):
    for group in PauliSum(pairs).group_commuting():
        letters = dict(group.basis)
        used = {
            (q, a)
            for text in group.observable.labels()
            for q, a in enumerate(reversed(text))
            if a != "I"
        }
        assert used == set(letters.items())


def test_general_groups_have_no_product_basis():
    bell = PauliSum({"XX": 1.0, "YY": 1.0, "ZZ": 1.0})
    assert len(bell.group_commuting("qubit-wise")) == 3
    (group,) = bell.group_commuting("general")
    assert group.basis is None
    assert group.indices == (0, 1, 2)


def test_known_groupings():
    ising = sum(Z(q) * Z(q + 1) for q in range(5)) + sum(X(q) for q in range(6))
    for kind in KINDS:
        assert [len(g.observable) for g in ising.group_commuting(kind)] == [5, 6]
    assert len((X(0) + Y(0) + Z(0)).group_commuting("general")) == 3


def test_larger_degree_is_coloured_first():
    # X0, Y0, X0 Z1, Z0, Z5 have degrees 2, 3, 2, 3, 0: Y0 opens the first colour, Z5 joins it
    masks = [(1, 0), (1, 1), (1, 2), (0, 1), (0, 32)]
    groups = group_masks([x for x, _ in masks], [z for _, z in masks], "qubit-wise")
    assert groups == [[0, 2], [1, 4], [3]]
    assert group_masks([], []) == []


@pytest.mark.parametrize("kind", KINDS)
@given(seed=st.integers(0, 2**32 - 1), n_bits=st.sampled_from([5, 64, 65, 127, 200]))
def test_packed_conflicts_agree_with_integer_masks(kind, seed, n_bits):
    rng = np.random.default_rng(seed)
    sparse_bits = rng.random((2, 12, n_bits)) < 3 / n_bits
    x, z = ([sum(1 << int(b) for b in np.flatnonzero(row)) for row in rows] for rows in sparse_bits)
    px, pz = pack(x, n_bits), pack(z, n_bits)
    test = strings_commute if kind == "general" else strings_commute_qubit_wise
    expected = [[not test(x[i], z[i], x[j], z[j]) for j in range(12)] for i in range(12)]
    np.testing.assert_array_equal(conflicts(px, pz, px, pz, kind), expected)


@pytest.mark.parametrize("kind", KINDS)
def test_thousands_of_terms_on_127_qubits(kind):
    rng = np.random.default_rng(1)
    labels = {}
    for _ in range(2500):
        qubits = rng.choice(127, size=3, replace=False)
        letters = rng.choice(list("XYZ"), size=3)
        labels[" ".join(f"{a}{q}" for a, q in zip(letters, qubits, strict=True))] = 1.0
    observable = PauliSum(labels, n_qubits=127)
    groups = observable.group_commuting(kind)
    assert observable.group_commuting(kind) == groups
    assert 2 < len(groups) < 40
    assert sum(len(g.indices) for g in groups) == len(observable)
    test = strings_commute if kind == "general" else strings_commute_qubit_wise
    largest = max(groups, key=lambda g: len(g.indices)).observable.terms[:150]
    assert all(test(*a[:2], *b[:2]) for a, b in itertools.combinations(largest, 2))


def test_bad_arguments_raise():
    with pytest.raises(InvalidArgumentError, match="'qubit-wise' or 'general', but got 'qwc'"):
        Z(0).group_commuting("qwc")
    with pytest.raises(InvalidArgumentError, match="equal lengths"):
        group_masks([1], [])
