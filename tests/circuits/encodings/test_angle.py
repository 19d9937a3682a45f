from __future__ import annotations

import numpy as np
import pytest
import torch

from circuits import encodings, errors

X = torch.tensor([0.3, -1.2, 2.0], dtype=torch.float64)


def product_state(qubits: list[np.ndarray]) -> np.ndarray:
    """Little-endian product: qubit 0 varies fastest."""
    state = np.ones(1)
    for qubit in qubits:
        state = np.kron(qubit, state)
    return state


def test_ry_is_a_product_of_cosines_and_sines():
    expected = product_state([np.array([np.cos(v / 2), np.sin(v / 2)]) for v in X.numpy()])
    np.testing.assert_allclose(encodings.angle(3).statevector(X).numpy(), expected, atol=1e-14)


def test_scale_of_each_feature_and_idle_qubits():
    circuit = encodings.angle(2, rotation="rx", scale=[np.pi, 2.0], n_qubits=3)
    x = np.array([0.25, 0.4])
    half = x * [np.pi, 2.0] / 2
    qubits = [np.array([np.cos(h), -1j * np.sin(h)]) for h in half]
    expected = product_state([*qubits, np.array([1, 0])])
    np.testing.assert_allclose(circuit.statevector(torch.tensor(x)), expected, atol=1e-14)


def test_hadamards_make_phases_visible():
    circuit = encodings.angle(3, rotation="p", hadamard=True)
    expected = product_state([np.array([1, np.exp(1j * v)]) / np.sqrt(2) for v in X.numpy()])
    np.testing.assert_allclose(circuit.statevector(X).numpy(), expected, atol=1e-14)


@pytest.mark.parametrize("rotation", ["X", "Y", "Z"])
def test_agrees_with_pennylane(rotation):
    qp = pytest.importorskip("pennylane")

    def reference():
        qp.AngleEmbedding(X.numpy(), wires=[0, 1, 2], rotation=rotation)

    expected = qp.matrix(reference, wire_order=[2, 1, 0])()[:, 0]
    circuit = encodings.angle(3, rotation=f"r{rotation.lower()}")
    np.testing.assert_allclose(circuit.statevector(X).numpy(), expected, atol=1e-14)


def test_dense_angle_is_the_formula_of_larose_and_coyle():
    x = torch.tensor([0.3, 1.1, 0.7], dtype=torch.float64)
    c, s = torch.cos(x[::2] / 2).numpy(), torch.sin(x[::2] / 2).numpy()
    first = np.array([np.exp(-0.55j) * c[0], np.exp(0.55j) * s[0]])
    expected = product_state([first, np.array([c[1], s[1]])])
    circuit = encodings.dense_angle(3)
    assert circuit.n_qubits == 2
    np.testing.assert_allclose(circuit.statevector(x).numpy(), expected, atol=1e-14)


def test_dense_angle_split_is_the_compact_encoding_of_hur_et_al():
    circuit = encodings.dense_angle(16, rotations=("rx", "ry"), order="split")
    described = [(op.name, op.qubits[0], str(op.angles[0])) for op in circuit.ops]
    assert described == [("rx", q, f"x[{q}]") for q in range(8)] + [
        ("ry", q, f"x[{q + 8}]") for q in range(8)
    ]


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: encodings.angle(2, rotation="h"), "rotation"),
        (lambda: encodings.angle(2, scale=[1.0]), "2 numbers"),
        (lambda: encodings.angle(2, scale=float("nan")), "finite"),
        (lambda: encodings.angle(3, n_qubits=2), "dense_angle"),
        (lambda: encodings.dense_angle(4, rotations="ry"), "at least two"),
        (lambda: encodings.dense_angle(4, rotations=("ry", "ry")), "add their angles"),
        (lambda: encodings.dense_angle(4, order="alternate"), "order"),
        (lambda: encodings.dense_angle(5, n_qubits=2), "at least 3"),
    ],
)
def test_bad_arguments(build, message):
    with pytest.raises(errors.InvalidArgumentError, match=message):
        build()
