"""Candidates: gates, counts, slices, and the circuits that they are."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from circuits import Circuit, PauliSum
from circuits import gates as g
from circuits.errors import CheckpointError, InvalidArgumentError, KetworkError, ShapeError
from optim.problems import Problem
from optim.search import Candidate, Placed

GATES = [
    Placed("h", (2,)),
    Placed("rx", (0,), 0.1),
    Placed("cx", (0, 2)),
    Placed("rzz", (1, 2), -0.7),
    Placed("ccx", (2, 0, 1)),
    Placed("cx", (2, 1)),
    Placed("ry", (1,), 2.0),
]


def by_hand() -> Circuit:
    return Circuit(
        3,
        [
            g.h(2), g.rx(0.1, 0), g.cx(0, 2), g.rzz(-0.7, 1, 2), g.ccx(2, 0, 1), g.cx(2, 1),
            g.ry(2.0, 1),
        ],
    )  # fmt: skip


def test_gates_counts_and_depth() -> None:
    candidate = Candidate(3, GATES)
    assert candidate.gates == tuple(GATES) == tuple(candidate)
    assert (len(candidate), candidate.cnots, candidate.rotations) == (7, 2, 3)
    assert candidate.depth == by_hand().depth() == 6
    assert candidate.angles.tolist() == [0.1, -0.7, 2.0]
    assert (Candidate(2).depth, len(Candidate(2))) == (0, 0)


def test_circuit_is_the_one_of_these_gates() -> None:
    candidate = Candidate(3, GATES)
    torch.testing.assert_close(candidate.to_circuit().statevector(), by_hand().statevector())
    symbolic = candidate.to_circuit(symbols=True)
    bound = symbolic.statevector(w=torch.tensor(candidate.angles.copy()))
    torch.testing.assert_close(bound, by_hand().statevector())
    assert Candidate.from_circuit(candidate.to_circuit()) == candidate


def test_flat_circuit_begins_with_the_problems_gates() -> None:
    start = Circuit(3, [g.x(1), g.ry(0.4, 0)])
    problem = Problem("z", PauliSum({"ZZZ": 1.0}), initial=start)
    flat = Candidate(3, GATES).flat(problem)
    torch.testing.assert_close(flat.statevector(), (start + by_hand()).statevector())
    with pytest.raises(ShapeError, match="has 3 qubits, the candidate 2"):
        Candidate(2).flat(problem)


@given(st.integers(0, 7), st.integers(0, 7))
def test_slices_and_sums_are_those_of_the_gates(a: int, b: int) -> None:
    whole, first, last = Candidate(3, GATES), min(a, b), max(a, b)
    assert whole[first:last].gates == tuple(GATES[first:last])
    assert whole[::2].gates == tuple(GATES[::2])
    assert whole[:first] + whole[first:] == whole
    new = [Placed("rz", (0,), 0.5), Placed("cx", (1, 0))]
    replaced = [*GATES[:first], *new, *GATES[last:]]
    assert whole.replace(first, last, new).gates == tuple(replaced)


def test_appending_leaves_the_original_alone() -> None:
    one = Candidate(2, [("rx", (0,), 0.3)])
    two = one.append("cx", 1, 0).append("rz", 1)
    assert len(one) == 1
    assert two == Candidate(2, [("rx", (0,), 0.3), ("cx", (1, 0)), ("rz", (1,), 0.0)])
    assert two.append("rz", 1, angle=0.2).angles.tolist() == [0.3, 0.0, 0.2]


def test_angles_are_exchanged_and_cannot_be_written() -> None:
    candidate = Candidate(3, GATES)
    other = candidate.with_angles([1, 2, 3])
    assert other.angles.tolist() == [1, 2, 3]
    assert other.structure == candidate.structure
    assert other != candidate
    assert len({candidate, other, Candidate(3, GATES)}) == 2
    for array in (candidate.angles, candidate.codes, candidate.qubits):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    with pytest.raises(AttributeError, match="immutable"):
        candidate.n_qubits = 4
    with pytest.raises(ShapeError, match=r"\(3,\)"):
        candidate.with_angles([1.0])


def test_candidates_survive_pickle_json_and_arrays() -> None:
    candidate = Candidate(3, GATES).with_angles(np.array([0.1, 1 / 3, np.pi]))
    assert pickle.loads(pickle.dumps(candidate)) == candidate
    assert Candidate.from_json(candidate.to_json()) == candidate
    arrays = candidate.codes, candidate.qubits, candidate.angles
    assert Candidate.from_arrays(3, *arrays) == candidate


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"n_qubits": 2, "gates": [["cx", [0, 0], null]]}']
)
def test_other_texts_raise(text: str) -> None:
    with pytest.raises(CheckpointError, match="not the JSON text of a candidate"):
        Candidate.from_json(text)


@pytest.mark.parametrize(
    "gate", [("nix", (0,)), ("cx", (0,)), ("cx", (0, 0)), ("rx", (2,)), ("h", (0,), 0.1)]
)
def test_gates_that_do_not_fit_raise(gate: tuple[object, ...]) -> None:
    with pytest.raises(KetworkError):
        Candidate(2, [gate])
    with pytest.raises(KetworkError):
        Candidate(2).append(gate[0], *gate[1], angle=None if len(gate) < 3 else gate[2])  # type: ignore[misc]


def test_other_uses_raise() -> None:
    candidate = Candidate(3, GATES)
    with pytest.raises(InvalidArgumentError, match="slice"):
        candidate[0]
    with pytest.raises(InvalidArgumentError, match="0 <= start <= stop <= 7"):
        candidate.replace(3, 2, [])
    with pytest.raises(ShapeError, match="same number of qubits"):
        candidate + Candidate(2)
    with pytest.raises(InvalidArgumentError, match="symbols"):
        Candidate.from_circuit(candidate.to_circuit(symbols=True))
