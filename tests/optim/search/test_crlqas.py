"""The agent: its targets worked out by hand, its memory, what it finds, and how it goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from circuits.errors import InvalidArgumentError
from optim.problems import molecule
from optim.search import Candidate, Evaluator, Task
from optim.search.crlqas import CRLQAS, Agent, AgentSettings, Replay, Transition, perceptron
from optim.search.environment import Curriculum, Encoding, RandomHalting
from qml import QKAN
from tests.optim.search.support import FIELD
from tests.optim.search.test_base import facts

H2 = molecule("H2_r0.7414")
SMALL: dict[str, Any] = {
    "max_gates": 8, "hidden": (16,), "batch_size": 8, "memory": 40, "learn_every": 1,
    "target_every": 5, "test_every": 3, "epsilon_decay": 0.98, "n_steps": 3,
}  # fmt: skip


def run_of(search: CRLQAS, seed: int = 0) -> Any:
    return search.start(Task(FIELD, Evaluator(FIELD), budget=10**6, seed=seed))


def test_paper_settings_are_the_published_ones() -> None:
    small, middle, large = (AgentSettings.paper(n) for n in (4, 6, 8))
    assert (small.gamma, middle.gamma, large.gamma) == (0.88, 0.93, 0.98)
    assert (small.n_steps, middle.n_steps, large.n_steps) == (1, 6, 6)
    assert (small.hidden, large.hidden) == ((1000,) * 5, (5000,) * 5)
    assert {s.bootstrap for s in (small, middle, large)} == {"gamma"}
    assert {s.batch_size for s in (small, middle, large)} == {1000}
    assert middle.halting == RandomHalting(70, 0.573, 25, 70)
    assert small.curriculum == Curriculum(1.0160872)
    assert CRLQAS("paper").settings(6) == middle
    assert CRLQAS("paper", max_gates=9).settings(6).max_gates == 9


@pytest.mark.parametrize("bootstrap", ["gamma^n", "gamma"])
def test_returns_of_n_steps(bootstrap: str) -> None:
    run = run_of(CRLQAS(**{**SMALL, "n_steps": 3, "discount": 0.5, "bootstrap": bootstrap,
                           "curriculum": Curriculum.fixed(1e-9), "learn_every": 1000}))  # fmt: skip
    rewards, lengths = [], []
    while not run.game.over:
        before = run.reward
        lengths.append(len(run.game.written))
        run.step()
        rewards.append(run.reward - before)
    memory = run.agent.replay
    assert memory.size == 8
    r = [*rewards, 0.0, 0.0]
    expected = [r[k] + r[k + 1] / 2 + r[k + 2] / 4 for k in range(8)]
    np.testing.assert_allclose(memory.rewards[:8], expected, atol=1e-6)
    factor = 0.125 if bootstrap == "gamma^n" else 0.5
    assert memory.factors[:8].tolist() == [factor] * 5 + [0.0] * 3
    assert memory.lengths[:8, 0].tolist() == lengths == list(range(8))
    assert memory.lengths[:8, 1].tolist() == [3, 4, 5, 6, 7, 8, 8, 8]


def test_memory_gives_the_observations_back() -> None:
    run = run_of(CRLQAS(**{**SMALL, "n_steps": 1, "curriculum": Curriculum.fixed(1e-9)}))
    seen = []
    while not run.game.over:
        observation = run.game.observation()
        observation[-1] = run._seen(run.game.energy)
        seen.append(observation)
        run.step()
    last = run.game.observation()
    last[-1] = run._seen(run.game.energy)
    memory, rows = run.agent.replay, torch.arange(8)
    width = run.game.width
    np.testing.assert_allclose(memory.states(rows, 0, width), np.array(seen), atol=1e-6)
    after = np.array([*seen[1:], last])
    np.testing.assert_allclose(memory.states(rows, 1, width), after, atol=1e-6)
    encoding = Encoding(3, 8).encode(run.game.candidate)[:, :6].ravel()
    np.testing.assert_array_equal(memory.states(rows, 1, width)[-1, :-1], encoding)


def transition(k: int) -> Transition:
    return Transition([k], 0, 0.0, float(k), k % 3, float(k), 0.5, np.ones(3, dtype=bool))


def test_memory_forgets_the_oldest_and_keeps_its_state() -> None:
    memory = Replay(4, 5, 3)
    for k in range(6):
        memory.add(transition(k))
    assert memory.rewards.tolist() == [4, 5, 2, 3]
    other = Replay(4, 5, 3)
    other.load_state_dict(memory.state_dict())
    memory.add(transition(6))
    other.add(transition(6))
    assert other.rewards.tolist() == memory.rewards.tolist() == [4, 5, 6, 3]
    torch.testing.assert_close(other.energies, memory.energies)


class Table(nn.Module):
    """Q-values that depend on the energy alone: those of row `energy`."""

    def __init__(self, rows: list[list[float]]) -> None:
        super().__init__()
        self.rows = nn.Parameter(torch.tensor(rows))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.rows[x[:, -1].long()]


def test_target_is_that_of_double_q_learning() -> None:
    policy, target = [[0.0, 0.0, 0.0], [5.0, 1.0, 3.0]], [[0.0, 0.0, 0.0], [7.0, 9.0, 2.0]]
    tables = iter([policy, target])
    settings = AgentSettings(max_gates=4, batch_size=2, memory=2, learning_rate=0.0)
    agent = Agent(settings, 6, 3, lambda *_: Table(policy), 0, torch.device("cpu"))
    for network in (agent.policy, agent.target):
        network.load_state_dict({"rows": torch.tensor(next(tables))})
    # Action 0 would be the best of the policy but is illegal: action 2 is chosen, worth 2.
    mask = np.array([False, True, True])
    agent.replay.add(Transition([1], 0, 0.0, 1.0, 1, 0.5, 0.25, mask))
    agent.replay.add(Transition([1], 0, 0.0, 1.0, 2, -5.0, 0.0, mask))
    losses = {agent.learn(np.random.default_rng(seed)) for seed in range(12)}
    ones, fives = 0.5 * (0.5 + 0.25 * 2) ** 2, 5 - 0.5  # smooth L1 of 1 and of -5
    allowed = {ones, fives, (ones + fives) / 2}
    assert {round(loss, 5) for loss in losses if loss is not None} == allowed
    assert agent.learned == 12
    assert agent.epsilon == pytest.approx(settings.epsilon_decay**12)


def test_actions_are_legal_and_greedy_ones_the_best() -> None:
    settings = AgentSettings(max_gates=4, epsilon_decay=1.0)
    agent = Agent(settings, 6, 3, lambda *_: Table([[3.0, 1.0, 2.0]]), 0, torch.device("cpu"))
    rng, mask, seen = np.random.default_rng(0), np.array([False, True, True]), np.zeros(6)
    assert {agent.choose(seen, mask, rng, greedy=True) for _ in range(9)} == {2}
    assert {agent.choose(seen, mask, rng, greedy=False) for _ in range(40)} == {1, 2}
    assert agent.choose(seen, ~mask, rng, greedy=True) == 0


def test_greedy_test_episodes_are_played_whole_and_not_learned_from() -> None:
    search = CRLQAS(
        **{**SMALL, "test_every": 2, "halting": RandomHalting(1, 1.0, 2),
           "curriculum": Curriculum.fixed(1e-9)}
    )  # fmt: skip
    result = search.run(FIELD, budget=60, seed=1, polish=False)
    tests, episodes = result.history["tests"], result.history["episodes"]
    assert {row["gates"] for row in tests} == {8}
    assert {row["gates"] for row in episodes} == {2}
    assert [row["episode"] for row in tests] == list(range(2, 2 * len(tests) + 1, 2))
    assert len(tests) >= 3


@pytest.mark.parametrize("problem", ["H2_r0.7414", "H2_r0.70"])
def test_hydrogen_is_solved(problem: str) -> None:
    result = CRLQAS().run(molecule(problem), budget=6000, seed=0, until=1e-6)
    assert result.error < 7.2e-8
    assert result.candidates < 6000
    assert len(result.candidate) <= 40


def test_it_learns_a_short_way() -> None:
    search = CRLQAS(
        max_gates=6, hidden=(32,), batch_size=32, learn_every=2, epsilon_decay=0.99, test_every=10,
        learning_rate=3e-3, target_every=50, target=FIELD.ground_energy,
        curriculum=Curriculum.fixed(0.1),
    )  # fmt: skip
    result = search.run(FIELD, budget=700, seed=2, polish=False)
    episodes, tests = result.history["episodes"], result.history["tests"]
    first, last = episodes[: len(episodes) // 4], episodes[-len(episodes) // 4 :]
    early, late = (sum(row["success"] for row in rows) / len(rows) for rows in (first, last))
    assert late > early + 0.15
    assert tests[-1]["success"]


@pytest.mark.parametrize("budget", [5, 41, 60])
def test_resumed_search_equals_an_uninterrupted_one(tmp_path: Path, budget: int) -> None:
    search = CRLQAS(**SMALL, halting=RandomHalting(6, 0.5, 2))
    whole = search.run(FIELD, budget=80, seed=4, polish=False)
    path = tmp_path / "agent.pt"
    search.run(FIELD, budget=budget, seed=4, polish=False, checkpoint=path)
    resumed = search.run(FIELD, budget=80, seed=4, polish=False, checkpoint=path)
    one, two = facts(whole), facts(resumed)
    assert [row["gates"] for row in one["history"]["episodes"]] == [
        row["gates"] for row in two["history"]["episodes"]
    ]
    assert one["candidate"].structure == two["candidate"].structure
    assert one["energy"] == pytest.approx(two["energy"], abs=1e-9)
    rewards = ([row["reward"] for row in found["history"]["episodes"]] for found in (one, two))
    np.testing.assert_allclose(*rewards, atol=1e-6)


def test_state_within_an_episode_holds_the_steps_that_wait_for_rewards() -> None:
    search = CRLQAS(**{**SMALL, "curriculum": Curriculum.fixed(1e-9)})
    one, two = run_of(search), run_of(search)
    for _ in range(5):
        one.step()
    two.load_state_dict(one.state_dict())
    two.task.rng.bit_generator.state = one.task.rng.bit_generator.state
    for run in (one, two):
        while not run.game.over:
            run.step()
    assert one.agent.replay.size == two.agent.replay.size == 8
    for name in ("written", "lengths", "actions", "rewards"):
        first, second = (getattr(run.agent.replay, name)[:8] for run in (one, two))
        torch.testing.assert_close(first, second)


def test_other_networks_are_passed_in() -> None:
    def network(width: int, n_actions: int) -> nn.Module:
        return QKAN([width, 2, n_actions], reps=1)

    search = CRLQAS(**{**SMALL, "max_gates": 4}, network=network)
    run = run_of(search)
    assert isinstance(run.agent.policy, QKAN)
    before = [parameter.clone() for parameter in run.agent.policy.parameters()]
    for _ in range(14):
        run.step()
    assert run.agent.learned > 3
    after = run.agent.policy.parameters()
    assert any(not torch.equal(a, b) for a, b in zip(before, after, strict=True))
    assert search.options()["network"].endswith("network")


def test_networks_depend_on_the_seed_alone() -> None:
    def weights(seed: int) -> torch.Tensor:
        return next(run_of(CRLQAS(**SMALL), seed).agent.policy.parameters())

    state = torch.random.get_rng_state()
    torch.testing.assert_close(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))
    assert torch.equal(torch.random.get_rng_state(), state)
    assert [type(layer) for layer in perceptron(3, 2, (4,))] == [nn.Linear, nn.LeakyReLU, nn.Linear]  # type: ignore[attr-defined]


def test_a_start_is_extended() -> None:
    start = Candidate(4, [("rx", (0,), np.pi), ("rx", (1,), np.pi)])
    result = CRLQAS(max_gates=6, start=start).run(H2, budget=20, seed=0, polish=False)
    assert result.energy <= H2.energy(start.to_circuit()) + 1e-9
    assert result.candidate[:2].structure == start.structure


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"preset": "big"}, "'default', 'paper'"),
        ({"hiden": (3,)}, "no settings"),
        ({"bootstrap": "n"}, "bootstrap"),
        ({"n_steps": 0}, "`n_steps` must be at least 1"),
        ({"memory": 10}, "hold a batch of 64"),
    ],
)
def test_bad_settings_raise(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        CRLQAS(**options)
