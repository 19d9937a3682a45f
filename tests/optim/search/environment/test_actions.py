"""Actions and masks: the paper's numbering, and legality against the definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuits import PauliSum
from circuits.errors import InvalidArgumentError
from optim.problems import Problem
from optim.search import Candidate
from optim.search.environment import AXES, Actions


def is_illegal(
    sequence: list[tuple[str, tuple[int, ...]]], gate: tuple[str, tuple[int, ...]]
) -> bool:
    """From the definition: the last gate on each of its qubits is one and the same, and equal."""
    last = []
    for qubit in gate[1]:
        touching = [k for k, (_, qubits) in enumerate(sequence) if qubit in qubits]
        last.append(touching[-1] if touching else None)
    return last[0] is not None and len(set(last)) == 1 and sequence[last[0]] == gate


def test_numbering_of_three_qubits_is_the_papers() -> None:
    actions = Actions(3)
    assert len(actions) == 15
    assert actions.quadruples.tolist() == [
        *([c, offset, 3, 0] for c in range(3) for offset in (1, 2)),
        *([3, 0, q, axis] for q in range(3) for axis in (1, 2, 3)),
    ]
    assert actions.gates[3] == ("cx", (1, 0))
    assert actions.gates[6:9] == (("rx", (0,)), ("ry", (0,)), ("rz", (0,)))


@pytest.mark.parametrize("n", [1, 2, 4, 8])
def test_every_gate_has_one_number(n: int) -> None:
    actions = Actions(n)
    assert len(set(actions.gates)) == len(actions) == n * (n + 2)
    assert [actions.index(*gate) for gate in actions.gates] == list(range(len(actions)))


@given(st.data())
def test_masks_forbid_what_is_illegal_and_nothing_else(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 4))
    pairs = [(a, b) for a in range(n) for b in range(a)]
    coupling = data.draw(st.none() | st.lists(st.sampled_from(pairs))) if pairs else None
    qubits = data.draw(st.none() | st.sets(st.integers(0, n - 1), min_size=1))
    actions = Actions(n, None if qubits is None else tuple(qubits), coupling)
    last, sequence, candidate = [-1] * n, [], Candidate(n)
    for _ in range(data.draw(st.integers(0, 12))):
        mask = actions.mask(last)
        for action, gate in enumerate(actions.gates):
            inside = qubits is None or set(gate[1]) <= qubits
            joined = len(gate[1]) == 1 or coupling is None or any(
                set(pair) == set(gate[1]) for pair in coupling
            )  # fmt: skip
            assert mask[action] == (inside and joined and not is_illegal(sequence, gate))
        action = data.draw(st.sampled_from(np.flatnonzero(mask).tolist()))
        actions.touch(last, action)
        sequence.append(actions.gates[action])
        candidate = actions.append(candidate, action)
        assert actions.last(candidate) == last


def test_a_gate_on_one_of_its_qubits_makes_a_cnot_legal_again() -> None:
    actions = Actions(2)
    once = Candidate(2, [("cx", (0, 1))])
    repeated = actions.index("cx", (0, 1))
    assert not actions.mask(actions.last(once))[repeated]
    assert actions.mask(actions.last(once))[actions.index("cx", (1, 0))]
    assert actions.mask(actions.last(once.append("rz", 0)))[repeated]


def test_the_problem_says_which_qubits_and_couplings() -> None:
    problem = Problem(
        "line", PauliSum({"ZZZZ": 1.0}), qubits=(0, 1, 2), coupling=((0, 1), (1, 2), (2, 3))
    )
    allowed = Actions.of(problem).allowed
    gates = [gate for gate, free in zip(Actions(4).gates, allowed, strict=True) if free]
    assert gates == [
        *(("cx", pair) for pair in [(0, 1), (1, 2), (1, 0), (2, 1)]),
        *((axis, (q,)) for q in range(3) for axis in AXES),
    ]


def test_what_cannot_be_raises() -> None:
    with pytest.raises(InvalidArgumentError, match="leave no action"):
        Actions(2, qubits=())
    with pytest.raises(InvalidArgumentError, match="No action appends `h`"):
        Actions(2).last(Candidate(2, [("h", (0,))]))
