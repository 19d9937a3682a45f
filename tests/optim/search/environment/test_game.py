"""Episodes: rewards, ends, encoding and masks as gates are appended."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuits import PauliSum
from circuits.errors import InvalidArgumentError
from optim.problems import Problem, molecule
from optim.search import Candidate, Evaluator
from optim.search.environment import CircuitGame, Curriculum, RandomHalting

NEVER = Curriculum.fixed(1e-9)


def game_of(problem: Problem, **options: object) -> CircuitGame:
    evaluator = Evaluator(problem)
    first = options.get("start") or Candidate(problem.n_qubits)
    return CircuitGame(problem, evaluator.optimize, evaluator.energy(first), **options)


def test_hand_worked_episode() -> None:
    # E = <Z0 + Z1 + Z2>: 3 without gates, 2 less for each qubit turned; the lower bound is -3.
    problem = Problem("sum", PauliSum({"IIZ": 1.0, "IZI": 1.0, "ZII": 1.0}))
    game = game_of(problem, max_gates=6, curriculum=Curriculum.fixed(0.1))
    assert (game.target, game.energy, game.threshold.value) == (-3.0, 3.0, 0.1)
    plays = [
        ("rz", 0, 0.0, 3.0, False),
        ("rx", 0, 2 / 6, 1.0, False),
        ("ry", 1, 2 / 4, -1.0, False),
        ("rx", 2, 5.0, -3.0, True),
    ]
    for axis, qubit, reward, energy, success in plays:
        found = game.step(game.actions.index(axis, (qubit,)))
        assert found == (pytest.approx(reward), pytest.approx(energy), success, False, False)
    assert game.over
    with pytest.raises(InvalidArgumentError, match="call reset"):
        game.step(0)


def test_the_last_gate_costs_five_and_halting_nothing() -> None:
    problem = Problem("sum", PauliSum({"IZ": 1.0, "ZI": 1.0}))
    game = game_of(problem, max_gates=2, curriculum=NEVER)
    game.step(game.actions.index("rz", (0,)))
    assert game.step(game.actions.index("rz", (1,))) == (
        -5.0,
        pytest.approx(2.0),
        False,
        True,
        False,
    )
    halted = game_of(problem, max_gates=9, curriculum=NEVER, halting=RandomHalting(2, 1.0, 2))
    halted.reset(np.random.default_rng(0))
    assert not halted.step(halted.actions.index("rz", (0,))).done
    end = halted.step(halted.actions.index("rz", (1,)))
    assert (end.reward, end.halted, end.last, end.done) == (0.0, True, False, True)
    halted.reset(np.random.default_rng(0), full=True)
    for _ in range(5):
        assert not halted.step(int(np.flatnonzero(halted.mask)[-1])).done


def test_illegal_actions_raise_and_change_nothing() -> None:
    game = game_of(Problem("z", PauliSum({"ZZ": 1.0})), target=-9.0, curriculum=NEVER)
    action = game.actions.index("rx", (0,))
    game.step(action)
    before = game.candidate
    for bad in (action, -1, len(game.actions)):
        with pytest.raises(InvalidArgumentError, match="illegal now"):
            game.step(bad)
    assert game.candidate is before
    assert not game.over


@given(st.integers(0, 2**32 - 1))
def test_observation_is_the_encoding_and_the_energy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    problem = Problem("zz", PauliSum({"ZZI": 1.0, "IXX": 0.5}))
    game = game_of(problem, max_gates=12, curriculum=NEVER)
    while not game.over:
        mask = game.mask
        np.testing.assert_array_equal(mask, game.actions.mask(game.actions.last(game.candidate)))
        game.step(int(rng.choice(np.flatnonzero(mask))))
        found = game.observation()
        assert found.shape == (12 * 6 * 3 + 1,)
        binary = game.encoding.encode(game.candidate)[:, :6]
        np.testing.assert_array_equal(found[:-1], binary.ravel())
        assert found[-1] == pytest.approx(game.energy)
        assert sorted(game.written) == np.flatnonzero(binary.ravel()).tolist()


def test_angles_are_warm_started() -> None:
    starts = []
    problem = molecule("H2_r0.7414")
    evaluator = Evaluator(problem)

    def optimize(candidate: Candidate) -> object:
        starts.append(candidate)
        return evaluator.optimize(candidate)

    game = CircuitGame(problem, optimize, 0.0, max_gates=5, curriculum=NEVER)  # type: ignore[arg-type]
    before = Candidate(4)
    for action in (12, 16, 0, 20):
        game.step(action)
        fresh = [0.0] if action >= 12 else []
        assert starts[-1].angles.tolist() == [*before.angles, *fresh]
        before = game.candidate


def test_start_gates_are_part_of_every_episode() -> None:
    problem = molecule("H2_r0.7414")
    start = Candidate(4, [("rx", (0,), np.pi), ("rx", (1,), np.pi)])
    game = game_of(problem, max_gates=4, curriculum=NEVER, start=start)
    assert game.energy == pytest.approx(problem.energy(start.to_circuit()))
    assert not game.mask[game.actions.index("rx", (0,))]
    game.step(game.actions.index("cx", (0, 2)))
    assert len(game.candidate) == 3
    game.step(game.actions.index("rx", (3,)))
    assert game.over
    game.reset(np.random.default_rng(0))
    assert game.candidate == start
    with pytest.raises(InvalidArgumentError, match="leaves no step"):
        game_of(problem, max_gates=2, start=start)


def test_state_within_an_episode_is_taken_over() -> None:
    problem = molecule("H2_r0.7414")
    options = {"max_gates": 9, "halting": RandomHalting(50, 0.5), "curriculum": Curriculum(1e-3)}
    one, two = (game_of(problem, **options) for _ in "ab")
    one.reset(np.random.default_rng(1))
    one.end_episode(success=True)
    for action in (12, 15, 1):
        one.step(action)
    two.load_state_dict(json.loads(json.dumps(one.state_dict())))
    np.testing.assert_array_equal(one.observation(), two.observation())
    np.testing.assert_array_equal(one.mask, two.mask)
    assert one.state_dict() == two.state_dict()
    first, second = one.step(18), two.step(18)
    assert first.energy == pytest.approx(second.energy, abs=1e-9)
    assert first[2:] == second[2:]
