from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.linalg import expm

from circuits import PauliSum, encodings, errors

Z = np.diag([1.0, -1.0])
X = np.array([[0.0, 1], [1, 0]])
Y = np.array([[0, -1j], [1j, 0]])
I2 = np.eye(2)
GENERATORS = [{"ZZ": 1.0, "Y0": 0.3, "": 0.2}, PauliSum({"X0": 0.7, "X1": 0.5})]
# Qubit 0 is the right factor.
MATRICES = [np.kron(Z, Z) + 0.3 * np.kron(I2, Y) + 0.2 * np.eye(4),
            0.7 * np.kron(I2, X) + 0.5 * np.kron(X, I2)]  # fmt: skip
DATA = torch.tensor([0.8, -0.6], dtype=torch.float64)


def error(steps: int, order: str) -> float:
    circuit = encodings.hamiltonian(GENERATORS, 2, time=0.9, steps=steps, order=order)
    generator = sum(float(x) * h for x, h in zip(DATA, MATRICES, strict=True))
    exact = expm(-0.9j * generator)[:, 0]
    return float(np.linalg.norm(circuit.statevector(DATA).numpy() - exact))


@pytest.mark.parametrize(("order", "power"), [("first", 1), ("second", 2)])
def test_converges_to_the_exponential_at_the_stated_rate(order, power):
    errors_of = [error(steps, order) for steps in (4, 8, 16)]
    assert errors_of[0] < 0.2
    ratios = np.array(errors_of[:-1]) / errors_of[1:]
    np.testing.assert_allclose(ratios, 2**power, rtol=0.1)


def test_commuting_strings_are_exact_in_one_step_with_global_phase():
    circuit = encodings.hamiltonian([{"ZZ": 0.4, "": 1.5}, {"XX": -0.3}], 2, time=2.0)
    generator = 0.8 * (0.4 * np.kron(Z, Z) + 1.5 * np.eye(4)) + 0.6 * 0.3 * np.kron(X, X)
    expected = expm(-2j * generator)[:, 0]
    np.testing.assert_allclose(circuit.statevector(DATA).numpy(), expected, atol=1e-13)


def test_letters_go_to_the_qubits_of_the_label():
    (op,) = encodings.hamiltonian("X0 Y2 Z3", 5).ops
    assert (op.pauli, op.qubits) == ("XYZ", (0, 2, 3))
    assert str(op.angles[0]) == "2*x[0]"


@pytest.mark.parametrize(
    ("arguments", "options", "kind", "message"),
    [
        ((["Z2"], 2), {}, errors.ObservableError, "does not fit"),
        ((["ZZZ"], 2), {}, errors.ObservableError, "does not fit"),
        (([{"Z0": 1j}], 2), {}, errors.ObservableError, "Hermitian"),
        ((["Z0", {"X0": 0.0}], 2), {}, errors.ObservableError, r"generators\[1\]"),
        (([], 2), {}, errors.ObservableError, "generators"),
        ((["Z0"], 1), {"steps": 0}, errors.InvalidArgumentError, "steps"),
        ((["Z0"], 1), {"order": 2}, errors.InvalidArgumentError, "order"),
        ((["Z0"], 1), {"time": float("nan")}, errors.NonFiniteError, "time"),
    ],
)
def test_bad_arguments(arguments, options, kind, message):
    with pytest.raises(kind, match=message):
        encodings.hamiltonian(*arguments, **options)
