"""The record of a problem: energies, completeness, checks."""

from __future__ import annotations

import copy
import dataclasses
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuits import Circuit, FlatCircuit, PauliSum, weights
from circuits import gates as g
from circuits.errors import (
    ArgumentTypeError,
    InvalidArgumentError,
    ObservableError,
    QubitError,
    ResourceLimitError,
    SymbolError,
)
from optim.problems import Problem, compile_unitary, molecule
from optim.problems.spectrum import lowest_state

HAMILTONIAN = PauliSum({"ZZ": 0.5, "XI": -0.25, "II": 1.5})


@pytest.mark.parametrize("n_qubits", [1, 3, 7, 8])
def test_lowest_state(n_qubits):
    rng = np.random.default_rng(n_qubits)
    masks = rng.integers(2**n_qubits, size=(9, 2)).tolist()
    terms = [(x, z, c) for (x, z), c in zip(masks, rng.normal(size=9), strict=True)]
    hamiltonian = PauliSum.from_masks(terms, n_qubits=n_qubits)
    matrix = hamiltonian.to_matrix()
    energy, state = lowest_state(hamiltonian)
    assert energy == pytest.approx(np.linalg.eigvalsh(matrix)[0], abs=1e-10)
    np.testing.assert_allclose(matrix @ state, energy * state, atol=1e-6)
    assert np.linalg.norm(state) == pytest.approx(1)


def test_lowest_state_of_a_diagonal():
    energy, state = lowest_state(PauliSum({"ZI": 1.0, "IZ": -2.0}))
    assert energy == -3.0
    assert state.argmax() == 0b10


def test_too_large():
    with pytest.raises(ResourceLimitError, match="20 qubits"):
        _ = Problem("large", PauliSum({"X" + "I" * 21: 1.0})).ground_energy


@given(st.lists(st.floats(-2, 2, allow_nan=False), min_size=4, max_size=4))
def test_lower_bound(numbers):
    labels = ["II", "ZI", "XX", "YZ"]
    problem = Problem("p", PauliSum(dict(zip(labels, numbers, strict=True))))
    assert problem.lower_bound <= problem.ground_energy + 1e-12
    assert problem.lower_bound == pytest.approx(numbers[0] - np.abs(numbers[1:]).sum())


def test_energy_of_both_kinds_of_circuits():
    problem = Problem("p", HAMILTONIAN)
    flat = FlatCircuit(2)
    flat.append("ry", 1, angle=0.4)
    flat.append("cx", 1, 0)
    expected = 1.5 + 0.5 * 1.0  # <XI> = 0 after the CX
    assert problem.energy(flat) == pytest.approx(expected)
    assert problem.energy(flat.to_circuit()) == pytest.approx(expected)
    assert problem.error(flat) == pytest.approx(expected - problem.ground_energy)


def test_circuits_start_with_the_initial_gates():
    problem = molecule("H2", hartree_fock=True)
    layer = Circuit(4, [g.ry(0.1, 2)])
    with pytest.raises(InvalidArgumentError, match="complete"):
        problem.energy(layer)
    whole = problem.complete(layer)
    assert whole.count_ops() == {"x": 2, "ry": 1}
    assert problem.energy(whole) > problem.ground_energy
    flat = FlatCircuit(4)
    with pytest.raises(InvalidArgumentError, match="complete"):
        problem.energy(flat)
    flat.append("x", 0)
    flat.append("x", 1)
    assert problem.energy(flat) == pytest.approx(problem.provenance["hartree_fock_energy"])
    free = dataclasses.replace(problem, initial=None)
    assert free.energy(layer) > problem.ground_energy


def test_small_circuits_go_to_the_free_qubits():
    problem = compile_unitary(np.array([[0, 1], [1, 0]]))
    whole = problem.complete(Circuit(1, [g.x(0)]))
    assert whole.n_qubits == 2
    assert problem.energy(whole) == pytest.approx(0, abs=1e-12)


def test_refused_circuits():
    problem = Problem("p", HAMILTONIAN)
    with pytest.raises(QubitError, match="2 qubits"):
        problem.energy(Circuit(3))
    with pytest.raises(SymbolError, match="bind"):
        problem.energy(Circuit(2, [g.rx(weights(1)[0], 0)]))
    with pytest.raises(ArgumentTypeError, match="FlatCircuit"):
        problem.energy("circuit")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"hamiltonian": "Z0"}, ArgumentTypeError, "PauliSum"),
        ({"hamiltonian": PauliSum("Z0")}, ObservableError, "fixed number"),
        ({"hamiltonian": PauliSum({"Z": 1j})}, ObservableError, "Hermitian"),
        ({"initial": Circuit(3)}, InvalidArgumentError, "initial"),
        ({"initial": Circuit(2, [g.rx(weights(1)[0], 0)])}, InvalidArgumentError, "symbols"),
        ({"qubits": (0, 5)}, QubitError, "5"),
        ({"qubits": (0, 0)}, QubitError, "qubits"),
        ({"coupling": ((0, 2),)}, QubitError, "2"),
        ({"coupling": ((1, 1),)}, QubitError, "coupling"),
        ({"accuracy": 0.0}, InvalidArgumentError, "accuracy"),
    ],
)
def test_refused(arguments, error, words):
    with pytest.raises(error, match=words):
        Problem(**{"name": "p", "hamiltonian": HAMILTONIAN, **arguments})


def test_copies_and_pickles():
    problem = molecule("LiH", 4, hartree_fock=True)
    for copied in (pickle.loads(pickle.dumps(problem)), copy.deepcopy(problem)):
        assert copied == problem
        assert copied.ground_energy == pytest.approx(problem.ground_energy, abs=1e-12)
    assert hash(problem) == hash(molecule("LiH", 4, hartree_fock=True))


def test_it_cannot_be_changed():
    problem = molecule("H2")
    with pytest.raises(dataclasses.FrozenInstanceError):
        problem.name = "other"  # type: ignore[misc]
    with pytest.raises(TypeError):
        problem.provenance["mapping"] = "other"  # type: ignore[index]
    problem.ground_state[:] = 0
    assert np.linalg.norm(problem.ground_state) == pytest.approx(1)
