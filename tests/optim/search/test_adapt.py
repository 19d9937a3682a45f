"""Pools are made of identities with the right generators; ADAPT grows along the gradient."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st

from circuits import PauliSum
from circuits.errors import InvalidArgumentError
from optim.problems import Problem, molecule
from optim.search import Candidate, Evaluator
from optim.search.adapt import AdaptVQE
from optim.search.choices import Choices
from optim.search.gadgets import is_connected, pauli_gadget
from optim.search.pools import POOLS, all_elements, pool

N = 4
ALL = [(a, b) for a in range(N) for b in range(a + 1, N)]
STAR = [(2, 0), (2, 1), (3, 2)]
LINE = [(k, k + 1) for k in range(N - 1)]


def unitary(candidate: Candidate) -> np.ndarray:
    columns = []
    for basis in range(2**candidate.n_qubits):
        flips = [("x", (q,)) for q in range(candidate.n_qubits) if basis >> q & 1]
        prepared = Candidate(candidate.n_qubits, flips) + candidate
        columns.append(prepared.to_circuit().statevector().numpy())
    return np.stack(columns, 1)


@given(st.data(), st.sampled_from([ALL, STAR, LINE]))
@settings(max_examples=25)
def test_gadgets_are_exponentials(data: st.DataObject, pairs: list[tuple[int, int]]) -> None:
    size = data.draw(st.integers(1, 4))
    groups = [[q] for q in range(N)]
    for _ in range(size - 1):
        groups = [[*g, q] for g in groups for q in range(N) if q not in g]
    groups = [group for group in groups if is_connected(group, pairs)]
    qubits = data.draw(st.sampled_from(groups))
    letters = data.draw(st.lists(st.sampled_from("XYZ"), min_size=size, max_size=size))
    angle = data.draw(st.floats(-3, 3))
    gates = pauli_gadget(letters, qubits, pairs, angle)
    label = " ".join(f"{p}{q}" for p, q in zip(letters, qubits, strict=True))
    matrix = PauliSum({label: 1.0}).to_matrix(N)
    wanted = scipy.linalg.expm(-0.5j * angle * matrix)
    np.testing.assert_allclose(unitary(Candidate(N, gates)), wanted, atol=1e-10)
    cnots = [gate.qubits for gate in gates if gate.name == "cx"]
    assert len(cnots) == 2 * (size - 1)
    assert all((a, b) in pairs or (b, a) in pairs for a, b in cnots)
    if sorted(letters) == ["X"] * (size - 1) + ["Y"]:
        assert len(gates) == 2 * size - 1


def test_one_y_among_x_needs_no_other_rotation() -> None:
    """On a line the CNOTs form a chain, whose order matters."""
    for place, root in enumerate((1, 0, 3)):
        qubits, letters = (1, 0, 3, 2), ["X"] * 4
        letters[place] = "Y"
        gates = pauli_gadget(letters, qubits, LINE, 0.7)
        label = " ".join(f"{p}{q}" for p, q in zip(letters, qubits, strict=True))
        wanted = scipy.linalg.expm(-0.35j * PauliSum({label: 1.0}).to_matrix(N))
        np.testing.assert_allclose(unitary(Candidate(N, gates)), wanted, atol=1e-10)
        assert [gate.qubits for gate in gates if gate.name == "ry"] == [(root,)]
        assert len(gates) == 7


@pytest.mark.parametrize("name", list(POOLS))
@pytest.mark.parametrize("coupling", [None, LINE], ids=["free", "line"])
def test_elements_are_identities_along_the_coupling(
    name: str, coupling: list[tuple[int, int]] | None
) -> None:
    terms = PauliSum({"Z" * N: 1.0})
    problem = Problem("any", terms, coupling=None if coupling is None else tuple(coupling))
    choices = Choices.of(problem)
    elements = pool(name, choices)
    assert len({element.name for element in elements}) == len(elements)
    for element in elements:
        candidate = Candidate(N, element.gates)
        assert choices.allows(candidate)
        overlap = np.trace(unitary(candidate)) / 2**N
        assert overlap == pytest.approx(1, abs=1e-10)
    whole, spans = all_elements(elements, N)
    assert [span.stop for span in spans][-1] == whole.rotations
    assert all(a.stop == b.start for a, b in pairwise(spans))


def test_counts_of_the_pools() -> None:
    choices = Choices.of(molecule("LiH_r2.2_orb1-2-5"))
    counts = {name: len(pool(name, choices)) for name in POOLS}
    assert counts == {"qubit": 15 * 2 + 15 * 4, "qubit-excitation": 15 + 15 * 3, "fermionic": 30}
    cnots = {}
    for name in POOLS:
        for element in pool(name, choices):
            count = Candidate(6, element.gates).cnots
            cnots.setdefault(name, set()).add(count)
    assert cnots["qubit"] == {2, 6}
    assert cnots["qubit-excitation"] == {2, 14}
    assert min(cnots["fermionic"]) == 4  # two strings on neighbours


def excitation(
    occupied: tuple[int, ...], empty: tuple[int, ...], n: int, signs: bool
) -> np.ndarray:
    """Generator |empty><occupied| - h.c. on these qubits; with the Jordan-Wigner signs or not."""
    size = 2**n
    matrix = np.zeros((size, size))
    lowered = sum(1 << q for q in occupied)
    raised = sum(1 << q for q in empty)
    for basis in range(size):
        if basis & lowered == lowered and not basis & raised:
            other = basis ^ lowered ^ raised
            sign, state = 1, basis
            for q in (*occupied, *reversed(empty)):
                if signs:
                    sign *= (-1) ** (state & ((1 << q) - 1)).bit_count()
                state ^= 1 << q
            matrix[other, basis] += sign
            matrix[basis, other] -= sign
    return matrix


@pytest.mark.parametrize("name", ["qubit-excitation", "fermionic"])
@pytest.mark.parametrize(("occupied", "empty"), [((0,), (3,)), ((0, 1), (2, 3)), ((1, 2), (0, 3))])
def test_excitations_are_among_the_elements(
    name: str, occupied: tuple[int, ...], empty: tuple[int, ...]
) -> None:
    """Some angles of the element of these qubits give the excitation proper, by its gradient.

    The tangent at the identity spans the generator: its part along the element's generators has
    the generator's full norm.
    """
    choices = Choices.of(Problem("any", PauliSum({"Z" * N: 1.0})))
    target = excitation(occupied, empty, N, signs=name == "fermionic")
    best = 0.0
    for element in pool(name, choices):
        candidate = Candidate(N, element.gates)
        free = np.flatnonzero(candidate.angles == 0)
        step, tangents = 1e-6, []
        if sorted(int(t) for t in element.name.split()[1:]) != sorted(occupied + empty):
            continue
        for k in free:
            angles = candidate.angles.copy()
            angles[k] = step
            tangents.append(
                (unitary(candidate.with_angles(angles)).real - np.eye(2**N)).ravel() / step
            )
        basis = np.linalg.qr(np.stack(tangents, 1))[0]
        part = np.linalg.norm(basis.T @ target.ravel()) / np.linalg.norm(target)
        best = max(best, float(part))
    assert best == pytest.approx(1, abs=1e-4)


def test_the_steepest_operator_is_appended() -> None:
    """Against energies by finite differences of each operator appended by itself."""
    problem = molecule("LiH_r2.2_orb1-2-5")
    result = AdaptVQE(max_operators=2, compaction=False).run(problem, budget=20)
    first = result.history["operators"][0]
    choices, evaluator = Choices.of(problem), Evaluator(problem)
    start = evaluator.optimize(Candidate(6, [("ry", (q,), 0.0) for q in range(6)])).candidate
    slopes = {}
    for element in pool("qubit", choices):
        ends = []
        for step in (1e-4, -1e-4):
            gates = [g._replace(angle=step) if g.angle == 0 else g for g in element.gates]
            ends.append(evaluator.energy(start + Candidate(6, gates)))
        slopes[element.name] = abs(ends[0] - ends[1]) / 2e-4
    assert first["gradient"] == pytest.approx(max(slopes.values()), abs=1e-6)
    assert slopes[first["name"]] == pytest.approx(first["gradient"], abs=1e-6)
    assert len(result.history["operators"]) == 2
    assert result.candidates == 3


def test_figures_of_molecules() -> None:
    """Hydrogen exactly; water beyond the published 1.8e-4 Ha with 105 CNOTs."""
    assert AdaptVQE().run(molecule("H2_r0.70"), budget=50).error < 1e-9
    water = AdaptVQE().run(molecule("H2O_eq_cas4_4"), budget=200)
    assert water.error < 1.3e-4
    assert water.cnots <= 40
    assert water.depth <= 75


def test_prices_buy_smaller_circuits() -> None:
    problem = molecule("LiH_r2.2_orb1-2-5")
    cheap, dear = (
        AdaptVQE(cnot_price=price, gate_price=price).run(problem, budget=150)
        for price in (1e-4, 0.1)
    )
    assert dear.cnots < cheap.cnots
    assert dear.error > cheap.error


@pytest.mark.parametrize(
    "options",
    [{"pool": "none"}, {"max_operators": 0}, {"gradient_tolerance": -1.0}, {"cnot_price": -1.0}],
)
def test_settings_are_checked(options: dict[str, object]) -> None:
    with pytest.raises(InvalidArgumentError):
        AdaptVQE(**options)  # type: ignore[arg-type]


def test_a_problem_without_pairs_has_no_pool() -> None:
    lone = Problem("lone", PauliSum({"ZZ": 1.0}), qubits=(0,))
    with pytest.raises(InvalidArgumentError, match="coupled"):
        AdaptVQE().run(lone, budget=2)
