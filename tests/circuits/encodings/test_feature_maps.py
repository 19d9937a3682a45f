from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.linalg import expm

from circuits import encodings, errors

X = torch.tensor([0.3, -1.2, 2.0, 0.9], dtype=torch.float64)
QISKIT_ENTANGLEMENT = {"full": "full", "linear": "linear", "circular": "circular"}


def qiskit_state(reference, x):
    from qiskit.quantum_info import Statevector

    return Statevector(reference.assign_parameters(x.tolist())).data


@pytest.mark.parametrize("d", [1, 2, 3, 4])
@pytest.mark.parametrize("repetitions", [1, 2])
@pytest.mark.parametrize("entangler", QISKIT_ENTANGLEMENT)
def test_zz_feature_map_is_qiskits(d, repetitions, entangler):
    library = pytest.importorskip("qiskit.circuit.library")
    x = X[:d]
    circuit = encodings.zz_feature_map(d, repetitions, entangler=entangler)
    options = {} if d == 1 else {"entanglement": QISKIT_ENTANGLEMENT[entangler]}
    feature_map = library.zz_feature_map if d > 1 else library.z_feature_map
    reference = feature_map(d, reps=repetitions, **options)
    np.testing.assert_allclose(circuit.statevector(x), qiskit_state(reference, x), atol=1e-12)
    assert circuit.count_ops() == dict(reference.count_ops())


@pytest.mark.parametrize("paulis", [["Z"], ["Y", "ZZ"], ["X", "YX"], ["ZY", "XX", "YZ"]])
def test_pauli_feature_map_is_qiskits_read_from_right_to_left(paulis):
    library = pytest.importorskip("qiskit.circuit.library")
    circuit = encodings.pauli_feature_map(3, paulis=paulis, scale=1.3)
    reference = library.pauli_feature_map(3, alpha=1.3, paulis=[p[::-1] for p in paulis])
    np.testing.assert_allclose(
        circuit.statevector(X[:3]), qiskit_state(reference, X[:3]), atol=1e-12
    )


def test_zz_feature_map_is_the_formula_of_havlicek_et_al_up_to_sign_and_phase():
    """U = exp(-i (x0 Z0 + x1 Z1 + (pi - x0)(pi - x1) Z0 Z1)), twice after Hadamard gates."""
    a, b = X[:2].tolist()
    z0, z1 = np.array([1, -1, 1, -1]), np.array([1, 1, -1, -1])
    diagonal = np.exp(-1j * (a * z0 + b * z1 + (np.pi - a) * (np.pi - b) * z0 * z1))
    hadamard = np.kron([[1, 1], [1, -1]], [[1, 1], [1, -1]]) / 2
    expected = diagonal * (hadamard @ (diagonal * hadamard[:, 0]))
    state = encodings.zz_feature_map(2).statevector(X[:2]).numpy()
    np.testing.assert_allclose(abs(np.vdot(expected, state)), 1, atol=1e-12)


@pytest.mark.parametrize("repetitions", [1, 3])
def test_iqp_agrees_with_pennylane(repetitions):
    qp = pytest.importorskip("pennylane")

    def reference():
        qp.IQPEmbedding(X.numpy(), wires=range(4), n_repeats=repetitions)

    expected = qp.matrix(reference, wire_order=[3, 2, 1, 0])()[:, 0]
    state = encodings.iqp(4, repetitions).statevector(X)
    np.testing.assert_allclose(state.numpy(), expected, atol=1e-12)


def test_iqp_closed_form():
    z0, z1 = np.diag([1, -1, 1, -1]), np.diag([1, 1, -1, -1])
    a, b = X[:2].tolist()
    expected = expm(-0.5j * (a * z0 + b * z1 + a * b * z0 @ z1)) @ np.full(4, 0.5)
    np.testing.assert_allclose(encodings.iqp(2).statevector(X[:2]).numpy(), expected, atol=1e-14)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: encodings.iqp(2, 0), "repetitions"),
        (lambda: encodings.zz_feature_map(3, entangler="star"), "star"),
        (lambda: encodings.pauli_feature_map(3, paulis=["ZZZ"]), "one or two letters"),
        (lambda: encodings.pauli_feature_map(3, paulis=["I"]), "one or two letters"),
        (lambda: encodings.pauli_feature_map(3, paulis=[]), "at least one"),
        (lambda: encodings.pauli_feature_map(3, scale=float("inf")), "finite"),
    ],
)
def test_bad_arguments(build, message):
    with pytest.raises(errors.InvalidArgumentError, match=message):
        build()
