"""Matrix product starts: exact where the bond suffices, and compiled to the same state."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circuits import Circuit, PauliSum
from circuits import gates as g
from circuits.errors import InvalidArgumentError
from optim.problems import Problem, molecule
from optim.search import Candidate, Evaluator
from optim.search.annealing import SimulatedAnnealing
from optim.search.choices import Choices
from optim.search.mps import mps_start, with_start
from optim.search.mps.blocks import fitted, sequential_gates
from optim.search.mps.sweeps import lowest_mps, vector
from tests.optim.search.support import FIELD

BONDS = ("ZZIII", "IZZII", "IIZZI", "IIIZZ")
FIELDS = ("XIIII", "IXIII", "IIXII", "IIIXI", "IIIIX")
ISING = PauliSum({**dict.fromkeys(BONDS, -1.0), **dict.fromkeys(FIELDS, -0.9)})


def problem_of(seed: int, n_qubits: int, real: bool) -> Problem:
    rng = np.random.default_rng(seed)
    terms = {}
    for _ in range(8):
        label = "".join(rng.choice(list("IXYZ"), n_qubits))
        if not real or label.count("Y") % 2 == 0:
            terms[label] = float(rng.normal())
    return Problem("random", PauliSum({"Z" * n_qubits: 0.1, **terms}))


@given(st.integers(0, 10**6), st.integers(2, 3), st.booleans())
@settings(max_examples=15)
def test_up_to_three_qubits_it_is_the_ground_state(seed: int, n_qubits: int, real: bool) -> None:
    problem = problem_of(seed, n_qubits, real)
    start = mps_start(problem)
    assert start.energy == pytest.approx(problem.ground_energy, abs=1e-7)
    assert start.candidate.cnots <= (1 if n_qubits == 2 else 3)
    if real:
        assert {gate.name for gate in start.candidate.gates} <= {"ry", "cx"}


@pytest.mark.parametrize("bond", [1, 2, 3, 4])
def test_energy_falls_with_the_bond_and_is_that_of_the_vector(bond: int) -> None:
    matrix = ISING.to_sparse()
    exact = Problem("ising", ISING).ground_energy
    found = [lowest_mps(matrix, 5, b, np.random.default_rng(0)) for b in (bond, bond + 1)]
    tensors, energy = found[0]
    state = vector(tensors)
    assert np.linalg.norm(state) == pytest.approx(1)
    assert (state.conj() @ (matrix @ state)).real == pytest.approx(energy, abs=1e-10)
    assert max(max(t.shape[0], t.shape[2]) for t in tensors) <= bond
    for tensor in tensors[1:]:
        low = tensor.reshape(tensor.shape[0], -1)
        np.testing.assert_allclose(low @ low.conj().T, np.eye(len(low)), atol=1e-10)
    assert found[1][1] < energy + 1e-10
    assert exact - 1e-10 <= energy
    if bond == 4:
        assert energy == pytest.approx(exact, abs=1e-9)  # the largest bond of five qubits


def test_bond_one_is_the_best_product_state() -> None:
    problem = Problem("ising", ISING)
    best = min(
        Evaluator(problem)
        .optimize(Candidate(5, [("ry", (q,), float(angle)) for q, angle in enumerate(row)]))
        .energy
        for row in np.random.default_rng(1).uniform(-3, 3, (20, 5))
    )
    start = mps_start(problem, bond=1)
    assert start.energy == pytest.approx(best, abs=1e-9)
    assert start.candidate.cnots == 0


@pytest.mark.parametrize("real", [True, False])
def test_blocks_prepare_the_state(real: bool) -> None:
    rng = np.random.default_rng(4)
    matrix = problem_of(3, 4, real).hamiltonian.to_sparse()
    tensors, _ = lowest_mps(matrix, 4, 2, rng)
    order = (2, 0, 3, 1)
    candidate = Candidate(4, sequential_gates(tensors, order))
    state = candidate.to_circuit().statevector().numpy().reshape([2] * 4).transpose()
    wanted = vector(tensors).reshape([2] * 4).transpose()  # axis k is site k
    overlap = np.vdot(wanted, state.transpose(order))
    assert abs(overlap) == pytest.approx(1, abs=1e-9)
    assert candidate.cnots == 5


@pytest.mark.parametrize("shape", [(2, 1), (4, 1), (4, 2)])
@pytest.mark.parametrize("real", [True, False])
def test_fitted_isometries(shape: tuple[int, int], real: bool) -> None:
    rng = np.random.default_rng(7)
    for _ in range(4):
        raw = rng.normal(size=shape) + (0 if real else 1j * rng.normal(size=shape))
        isometry = np.linalg.qr(raw)[0]
        n_qubits = 1 if shape[0] == 2 else 2
        gates = fitted(isometry, list(range(n_qubits)))
        circuit = Candidate(n_qubits, gates).to_circuit()
        found = []
        for column in range(shape[1]):
            before = Circuit(n_qubits, [g.x(0)] * column)
            found.append((before + circuit).statevector().numpy())
        overlaps = np.conj(isometry.T) @ np.stack(found, 1)
        phase = overlaps[0, 0]
        assert abs(phase) == pytest.approx(1, abs=1e-8)
        np.testing.assert_allclose(overlaps, phase * np.eye(shape[1]), atol=1e-8)
        assert sum(gate.name == "cx" for gate in gates) == {(2, 1): 0, (4, 1): 1, (4, 2): 2}[shape]


def test_molecules() -> None:
    for name, best in (("H2_r0.70", 1e-9), ("BeH2_r1.33_orb1-2-6", 1.3e-3)):
        problem = molecule(name)
        start = mps_start(problem)
        assert problem.error(start.candidate.to_circuit()) < best
        assert start.energy == pytest.approx(problem.energy(start.candidate.to_circuit()))
        assert start.candidate.cnots <= 2 * problem.n_qubits - 3


def test_it_keeps_to_the_coupling_and_the_free_qubits() -> None:
    terms = {"XIXIX": 0.7, "ZIZII": 0.4, "IIZIZ": -0.5, "ZIIII": 0.3}
    problem = Problem(
        "star", PauliSum(terms), qubits=(0, 2, 4), coupling=((4, 0), (0, 2), (1, 2), (3, 4))
    )
    start = mps_start(problem)
    assert start.order == (2, 0, 4)
    assert Choices.of(problem).allows(start.candidate)
    three = PauliSum({"XXX": 0.7, "ZZI": 0.4, "IZZ": -0.5, "ZII": 0.3})
    assert start.energy == pytest.approx(Problem("three", three).ground_energy)


@pytest.mark.parametrize(
    ("options", "changes", "said"),
    [
        ({"bond": 3}, {}, "bond"),
        ({"bond": 0}, {}, "bond"),
        ({"attempts": 0}, {}, "attempts"),
        ({}, {"initial": Circuit(3, [g.x(0)])}, "initial gates"),
        ({}, {"coupling": ((0, 1),)}, "path"),
    ],
)
def test_what_it_refuses(options: dict[str, int], changes: dict[str, object], said: str) -> None:
    problem = Problem("field", FIELD.hamiltonian, **changes)  # type: ignore[arg-type]
    with pytest.raises(InvalidArgumentError, match=said):
        mps_start(problem, **options)


def test_fixed_and_trainable_starts() -> None:
    problem = molecule("LiH_r2.2_orb1-2-5")
    start = mps_start(problem)
    search = SimulatedAnnealing(initial=start.candidate)
    trained = search.run(problem, budget=3)
    assert trained.energy <= start.energy + 1e-9
    assert trained.initial is None or not len(trained.initial)
    fixed = with_start(problem, start.candidate)
    assert fixed.ground_energy == pytest.approx(problem.ground_energy)
    added = SimulatedAnnealing().run(fixed, budget=3)
    gates = added.circuit.count_ops()
    assert gates["cx"] == start.candidate.cnots + added.cnots
    assert added.energy == pytest.approx(problem.energy(added.circuit))
    again = with_start(fixed, Candidate(6, [("cx", (0, 1))]))
    assert again.initial is not None
    assert len(again.initial) == len(start.candidate) + 1
