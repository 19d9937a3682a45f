"""Arms and tree by hand-worked values; the search finds what it should."""

from __future__ import annotations

import math

import numpy as np
import pytest

from circuits.errors import InvalidArgumentError
from optim.problems import molecule
from optim.search import Task
from optim.search.candidate import Candidate
from optim.search.choices import Choices
from optim.search.evaluator import Evaluator
from optim.search.mcts import NestedMCTS
from optim.search.mcts.arms import Arms
from optim.search.mcts.tree import Tree
from optim.search.supernet import EMPTY, Supernet
from tests.optim.search.support import FIELD


def test_arms_judge_slots_one_by_one() -> None:
    arms = Arms(2, 3)
    for chosen, reward in (((0, 1), 1.0), ((0, 2), 3.0), ((1, 1), 5.0)):
        arms.add(chosen, reward)
    assert arms.counts.tolist() == [[2, 1, 0], [0, 2, 1]]
    scores = arms.scores(0, 0.5, 4.0)
    assert scores[0] == pytest.approx(2.0 + 0.5 * 4 * math.sqrt(math.log(3) / 2))
    assert scores[1] == pytest.approx(5.0 + 0.5 * 4 * math.sqrt(math.log(3)))
    assert scores[2] == math.inf
    assert arms.pruned(0, 0.4).tolist() == [0, 1, 2]  # one filling was never tried
    arms.add((2, 0), 4.0)
    assert arms.pruned(0, 0.67).tolist() == [1, 2]
    assert arms.pruned(1, 0.01).tolist() == [0]
    copy = Arms(2, 3)
    copy.load_state_dict(arms.state_dict())
    np.testing.assert_array_equal(copy.totals, arms.totals)


def test_tree_of_beginnings() -> None:
    tree = Tree(2)
    for chosen, reward in (((1, 2, 3), 1.0), ((1, 2, 4), 5.0), ((0, 0, 3), 2.0)):
        tree.add(chosen, reward)
    assert (tree.root.visits, tree.root.total) == (3, 8.0)
    assert tree.best(tree.root) == (1, 2)
    node = tree.at((1, 2))
    assert node is not None
    assert (node.visits, node.mean) == (2, 3.0)
    assert tree.best(node) == (4,)
    assert tree.at((1, 3)) is None
    # 3 + c sqrt(ln 3 / 2) against 2 + c sqrt(ln 3): equal at c = 1 / (sqrt(ln 3) (1 - 1/sqrt 2))
    limit = 1 / (math.sqrt(math.log(3)) * (1 - math.sqrt(0.5)))
    assert tree.select(tree.root, limit - 0.01, 1.0) == (1, 2)
    assert tree.select(tree.root, limit + 0.01, 1.0) == (0, 0)
    assert tree.select(tree.root, limit / 2 + 0.01, 2.0) == (0, 0)
    copy = Tree(2)
    copy.load_state_dict(tree.state_dict())
    assert copy.state_dict() == tree.state_dict()


def test_supernet_shares_angles_between_circuits() -> None:
    choices = Choices.of(FIELD)
    fillings = {(gate.name, gate.qubits): k + 1 for k, gate in enumerate(choices.gates)}
    seen = []
    task = Task(FIELD, Evaluator(FIELD), budget=9, seed=0, progress=lambda r: seen.append(r))
    net = Supernet(task, choices, 4, Candidate(3, [("ry", (2,), 0.3)]))
    assert net.fillings == 1 + 9 + 6
    ry, cx, rx = fillings["ry", (0,)], fillings["cx", (0, 1)], fillings["rx", (1,)]
    energy = net.energy([ry, EMPTY, cx, cx])  # the second CNOT would cancel the first
    best = task.best[0].candidate
    assert [gate.name for gate in best.gates] == ["ry", "ry", "cx"]
    assert energy == pytest.approx(Evaluator(FIELD).energy(best))
    assert net.angles[0, ry] == best.angles[1] != 0
    assert np.count_nonzero(net.angles) == 1
    task.evaluator.optimizer = "none"
    assert net.energy([ry, EMPTY, cx, EMPTY]) == pytest.approx(energy)  # starts where it ended
    net.energy([EMPTY, ry, cx, rx])  # another slot has angles of its own
    assert net.angles[1, ry] == 0


def test_it_solves_hydrogen() -> None:
    problem = molecule("H2_r0.70")
    result = NestedMCTS(16).run(problem, budget=300, seed=1)
    assert result.error < 1e-6
    assert result.cnots <= 8  # half of the slots


@pytest.mark.parametrize(
    "options",
    [{"slots": 0}, {"level": 0}, {"rounds": 0}, {"exploration": -1.0}, {"decay": 0.0},
     {"decay": 1.5}, {"keep": 0.0}, {"keep": 2.0}],
)  # fmt: skip
def test_settings_are_checked(options: dict[str, float]) -> None:
    with pytest.raises(InvalidArgumentError):
        NestedMCTS(**options)  # type: ignore[arg-type]
