"""Conversion to and from Qiskit, with Qiskit's own operators as the reference."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuits.errors import ArgumentTypeError, ConversionError, MissingDependencyError
from circuits.pauli import PauliSum, X, Z, as_observable, as_observables
from tests.circuits.pauli.reference import label_pairs

quantum_info = pytest.importorskip("qiskit.quantum_info")
Pauli, SparsePauliOp = quantum_info.Pauli, quantum_info.SparsePauliOp


def _assert_equivalent(observable, operator):
    assert observable.width == operator.num_qubits
    assert (observable.to_qiskit() - operator).simplify(1e-12).coeffs == pytest.approx([0])
    np.testing.assert_allclose(observable.to_matrix(), operator.to_matrix(), rtol=0, atol=1e-12)


@given(label_pairs(4))
def test_round_trip(pairs):
    operator = SparsePauliOp.from_list(pairs)
    observable = PauliSum.from_qiskit(operator)
    assert observable == PauliSum(pairs)
    _assert_equivalent(observable, operator)
    assert PauliSum.from_qiskit(observable.to_qiskit()) == observable


@given(label_pairs(3), label_pairs(3))
def test_arithmetic_agrees_with_qiskit(left, right):
    a, b = PauliSum(left), PauliSum(right)
    qa, qb = SparsePauliOp.from_list(left), SparsePauliOp.from_list(right)
    _assert_equivalent(a + b, qa + qb)
    _assert_equivalent(a * b, qa @ qb)
    _assert_equivalent(a.tensor(b), qa.tensor(qb))
    _assert_equivalent(a.adjoint(), qa.adjoint())


@given(st.text("IXYZ", min_size=1, max_size=5), st.sampled_from(["", "-", "i", "-i"]))
def test_single_paulis_keep_their_phase(label, phase):
    pauli = Pauli(phase + label)
    _assert_equivalent(PauliSum.from_qiskit(pauli), SparsePauliOp(pauli))
    np.testing.assert_allclose(as_observable(pauli).to_matrix(), pauli.to_matrix())


def test_products_on_127_qubits_agree_with_qiskit():
    rng = np.random.default_rng(3)
    texts = ["".join(rng.choice(list("IXYZ"), size=127)) for _ in range(8)]
    left = [(text, float(k + 1)) for k, text in enumerate(texts[:4])]
    right = [(text, 0.5) for text in texts[4:]]
    product = PauliSum(left) * PauliSum(right)
    expected = SparsePauliOp.from_list(left) @ SparsePauliOp.from_list(right)
    assert product == PauliSum(list(zip(expected.paulis.to_labels(), expected.coeffs, strict=True)))
    assert PauliSum.from_qiskit(product.to_qiskit()) == product
    assert product.n_qubits == 127


def test_width_of_the_result():
    assert Z(1).to_qiskit().paulis.to_labels() == ["ZI"]
    assert Z(1).to_qiskit(4).paulis.to_labels() == ["IIZI"]
    assert (Z(0) - Z(0)).to_qiskit(2) == SparsePauliOp(["II"], [0])
    with pytest.raises(ConversionError, match="n_qubits"):
        PauliSum("").to_qiskit()


def test_front_door_takes_qiskit_operators():
    assert as_observable(SparsePauliOp(["IX"], [2.0])) == PauliSum({"IX": 2.0})
    assert as_observables(SparsePauliOp(["IX", "ZZ"])) == [PauliSum({"IX": 1, "ZZ": 1})]
    assert as_observables([Pauli("X"), "Z0"]) == [PauliSum("X"), Z(0)]


def test_operators_that_are_not_sums_of_numbers_raise():
    from qiskit.circuit import Parameter

    symbolic = SparsePauliOp(["Z", "X"], np.array([Parameter("a"), 1.0], dtype=object))
    with pytest.raises(ArgumentTypeError, match="assign_parameters"):
        PauliSum.from_qiskit(symbolic)
    bound = symbolic.assign_parameters([0.5])
    assert PauliSum.from_qiskit(bound) == PauliSum({"Z": 0.5, "X": 1.0})
    with pytest.raises(ArgumentTypeError, match="Operator"):
        PauliSum.from_qiskit(quantum_info.Operator(np.eye(2)))
    with pytest.raises(ArgumentTypeError, match="PauliSum"):
        PauliSum.from_qiskit(X(0))
    with pytest.raises(ArgumentTypeError, match="Operator"):
        as_observable(quantum_info.Operator(np.eye(2)))


def test_missing_qiskit_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "qiskit.quantum_info", None)
    with pytest.raises(MissingDependencyError, match=r"ketwork\[qiskit\]"):
        Z(0).to_qiskit()


def test_observables_do_not_import_qiskit():
    code = (
        "import sys, circuits.pauli as p; p.as_observables(['Z0', {'XX': 1.0}]);"
        "sys.exit('qiskit' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
