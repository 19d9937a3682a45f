"""Moves put in only what a problem admits, and all of it."""

from __future__ import annotations

import numpy as np
import pytest

from circuits import Circuit, PauliSum
from circuits import gates as g
from circuits.errors import InvalidArgumentError, ShapeError
from optim.problems import Problem
from optim.search import Candidate, Placed
from optim.search.choices import Choices, coupling_of, idle_qubits
from optim.search.moves import MOVES, propose
from optim.search.starts import checked_start

LINE = Problem(
    "line",
    PauliSum({"ZIIII": 1.0, "IIXXI": 0.5}),
    initial=Circuit(5, [g.x(1), g.cx(1, 4)]),
    qubits=(3, 1, 2),
    coupling=((2, 1), (1, 0), (2, 3)),
)


def test_choices_of_a_problem() -> None:
    choices = Choices.of(LINE, ("ry", "rz"))
    assert choices.qubits == (1, 2, 3)
    assert choices.pairs == ((1, 2), (2, 1), (2, 3), (3, 2))
    assert coupling_of(LINE) == ((1, 2), (2, 3))
    assert idle_qubits(LINE) == (0, 2, 3)
    assert len(choices.gates) == 6 + 4
    assert all(choices.allows_gate(gate) for gate in choices.gates)
    for refused in (Placed("cx", (0, 1)), Placed("cx", (1, 3)), Placed("rx", (1,), 0.0),
                    Placed("ry", (0,), 0.0), Placed("h", (1,))):  # fmt: skip
        assert not choices.allows_gate(refused)
    free = Choices.of(Problem("free", PauliSum({"ZIII": 1.0})))
    assert len(free.pairs) == 4 * 3
    assert len(free.gates) == 4 * 3 + 4 * 3


@pytest.mark.parametrize("axes", ["p", ("rx", "p"), "cx", ()])
def test_other_axes_are_refused(axes: str | tuple[str, ...]) -> None:
    with pytest.raises(InvalidArgumentError):
        Choices.of(LINE, axes)


def test_moves_keep_to_the_choices_and_reach_all_of_them() -> None:
    choices, rng = Choices.of(LINE), np.random.default_rng(0)
    candidate, seen = Candidate(5), set()
    for _ in range(600):
        candidate = propose(candidate, choices, rng)
        assert choices.allows(candidate)
        seen |= {(gate.name, gate.qubits) for gate in candidate.gates}
        if len(candidate) > 20:
            candidate = candidate[:5]
    assert seen == {(gate.name, gate.qubits) for gate in choices.gates}


@pytest.mark.parametrize("name", list(MOVES))
def test_what_each_move_does(name: str) -> None:
    choices, rng = Choices.of(LINE), np.random.default_rng(2)
    start = Candidate(5, [("cx", (1, 2)), ("ry", (2,), 0.5), ("cx", (3, 2)), ("rz", (1,), 0.1)])
    lengths = set()
    for _ in range(30):
        moved = propose(start, choices, rng, {name: MOVES[name]})
        lengths.add(len(moved) - len(start))
        if name in ("replace", "swap"):
            kept = sorted(g.name for g in moved.gates)
            assert name == "replace" or kept == sorted(g.name for g in start.gates)
    assert lengths == {
        "insert_rotation": {1}, "insert_cnot": {2}, "insert_block": {3, 4}, "insert_gadget": {3, 5},
        "delete": {-1}, "replace": {0}, "swap": {0},
    }[name]  # fmt: skip


def test_impossible_moves_are_drawn_again() -> None:
    rng = np.random.default_rng(0)
    lone = Choices.of(Problem("lone", PauliSum({"Z": 1.0})))
    for _ in range(40):
        moved = propose(Candidate(1), lone, rng)
        assert (len(moved), moved.cnots) == (1, 0)


def test_starts() -> None:
    choices = Choices.of(LINE, "ry")
    assert checked_start(None, LINE, choices) == Candidate(5)
    start = Candidate(5, [("rz", (1,), 0.2), ("cx", (1, 2))])
    assert checked_start(start, LINE, choices) is start
    with pytest.raises(ShapeError, match="5 qubits"):
        checked_start(Candidate(4), LINE, choices)
    for gate in (("cx", (1, 3)), ("ry", (4,), 0.1), ("h", (1,))):
        with pytest.raises(InvalidArgumentError, match=gate[0]):
            checked_start(Candidate(5, [gate]), LINE, choices)
