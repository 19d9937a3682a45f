"""CRLQAS: a double DQN agent that builds circuits gate by gate under a curriculum.

The whole agent is in this file: settings, network, replay memory, and the steps of a run. The
environment (actions, masks, encoding, reward, moving threshold, halting) is `CircuitGame`.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, ClassVar, NamedTuple, final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from circuits.arguments import one_of
from circuits.errors import InvalidArgumentError
from optim.problems.problem import Problem
from optim.search.base import Search, Steps
from optim.search.candidate import Candidate
from optim.search.environment import CircuitGame, Curriculum, RandomHalting
from optim.search.task import Task

Factory = Callable[[int, int], nn.Module]
"""From the widths of observation and actions to the network `(..., width) -> (..., actions)`."""

BOOTSTRAPS = ("gamma^n", "gamma")


@final
@dataclass(frozen=True)
class AgentSettings:
    """Settings of the agent. The defaults learn within minutes; `paper` holds the published ones.

    Attributes:
        max_gates: Largest number of gates of a circuit, L.
        hidden: Widths of the hidden layers, each followed by LeakyReLU.
        learning_rate: Step size of Adam.
        batch_size: Transitions per learning step.
        memory: Transitions that are kept for replay.
        n_steps: Rewards that are summed before the network's estimate takes over, n.
        bootstrap: Factor of that estimate: `"gamma^n"`, the n-step return of the textbook, or
            `"gamma"`, as in the authors' code. They agree for n = 1.
        discount: gamma; default 0.005^(1/L), rounded to two digits.
        target_every: Learning steps between copies of the network to the target network.
        learn_every: Environment steps per learning step.
        epsilon_end: Lowest probability of a random action; it starts at 1.
        epsilon_decay: Its factor per learning step.
        test_every: Training episodes between greedy test episodes; 0 for none.
        scaled_energy: Whether the energy in the observation is (E - target) / (E_empty - target)
            instead of E itself.
        curriculum: How the threshold of success moves.
        halting: Random lengths of episodes.
    """

    max_gates: int = 40
    hidden: tuple[int, ...] = (64, 64)
    learning_rate: float = 5e-4
    batch_size: int = 64
    memory: int = 20_000
    n_steps: int = 5
    bootstrap: str = "gamma^n"
    discount: float | None = None
    target_every: int = 250
    learn_every: int = 4
    epsilon_end: float = 0.05
    epsilon_decay: float = 0.999
    test_every: int = 25
    scaled_energy: bool = True
    curriculum: Curriculum = field(
        default_factory=lambda: Curriculum(shift_every=50, successes=1, patience=200)
    )
    halting: RandomHalting | None = None

    def __post_init__(self) -> None:
        one_of(self.bootstrap, BOOTSTRAPS, "bootstrap")
        positive = ("max_gates", "batch_size", "memory", "n_steps", "target_every", "learn_every")
        for name in positive:
            if getattr(self, name) < 1:
                raise InvalidArgumentError(
                    f"Argument `{name}` must be at least 1, got {getattr(self, name)}."
                )
        if self.memory < self.batch_size:
            raise InvalidArgumentError(
                f"Argument `memory` must hold a batch of {self.batch_size}, got {self.memory}."
            )

    @property
    def gamma(self) -> float:
        """The discount factor."""
        return round(0.005 ** (1 / self.max_gates), 2) if self.discount is None else self.discount

    @classmethod
    def paper(cls, n_qubits: int) -> AgentSettings:
        """The published network and budgets; on two cores they take days.

        Args:
            n_qubits: Number of qubits; the authors give settings for 2 to 4, 6 and 8.
        """
        common: dict[str, Any] = {
            "batch_size": 1000, "bootstrap": "gamma", "target_every": 500, "learn_every": 1,
            "epsilon_decay": 0.99995, "test_every": 100, "scaled_energy": False,
            "learning_rate": 1e-4,
        }  # fmt: skip
        if n_qubits <= 4:
            first = 1.0160872 if n_qubits == 4 else None
            return cls(
                max_gates=40, hidden=(1000,) * 5, n_steps=1, curriculum=Curriculum(first), **common
            )
        large = n_qubits > 6
        return cls(
            max_gates=250 if large else 70,
            hidden=(5000 if large else 2000,) * 5,
            n_steps=6,
            curriculum=Curriculum(
                5.0 if large else 2.9, delta=1e-3, shift_every=2000, successes=50
            ),
            halting=None if large else RandomHalting(70, 0.573, 25, 70),
            **common,
        )


PRESETS: dict[str, Callable[[int], AgentSettings]] = {
    "default": lambda n_qubits: AgentSettings(
        max_gates={2: 12, 3: 20}.get(n_qubits, 10 * n_qubits)
    ),
    "paper": AgentSettings.paper,
}
"""Settings by name, for a number of qubits."""


@final
class CRLQAS(Search):
    """Curriculum reinforcement learning for quantum architecture search.

    A double DQN with n-step returns, experience replay and a target network learns which gate to
    append next; illegal actions are masked wherever an action is chosen, also in the estimate of
    the next state. Each environment step is one candidate of the budget, in training and in the
    greedy test episodes alike. An episode that random halting ends is over, as in the authors'
    code, and not estimated further.

    Args:
        preset: `"default"`, which learns within minutes, or `"paper"`.
        network: Makes the network from the widths of observation and actions, for example
            `lambda i, o: qml.QKAN([i, 10, o])`; default a multilayer perceptron of
            `AgentSettings.hidden`.
        start: Gates that every circuit begins with.
        target: Energy that rewards refer to; default the problem's lower bound.
        device: Where the network lives and learns.
        settings: Fields of `AgentSettings` in place of the preset's.

    References:
        Patel et al., Curriculum reinforcement learning for quantum architecture search under
        hardware errors, ICLR 2024, arXiv:2402.03500; van Hasselt et al., arXiv:1509.06461.

    >>> from optim.problems import molecule
    >>> result = CRLQAS(max_gates=8).run(molecule("H2_r0.7414"), budget=30, seed=1)
    >>> result.candidates, result.method
    (30, 'crlqas')
    """

    method: ClassVar[str] = "crlqas"

    def __init__(
        self,
        preset: str = "default",
        *,
        network: Factory | None = None,
        start: Candidate | None = None,
        target: float | None = None,
        device: torch.device | str = "cpu",
        **settings: Any,
    ) -> None:
        self.preset = one_of(preset, tuple(PRESETS), "preset")
        known = {entry.name for entry in fields(AgentSettings)}
        if set(settings) - known:
            raise InvalidArgumentError(
                f"CRLQAS has no settings {sorted(set(settings) - known)}; it has {sorted(known)}."
            )
        self.network = network
        self.begin_with = start
        self.target = target
        self.device = torch.device(device)
        self.changes = settings
        self.settings(4)  # which checks them

    def settings(self, n_qubits: int) -> AgentSettings:
        """The settings for a number of qubits."""
        return replace(PRESETS[self.preset](n_qubits), **self.changes)

    def options(self) -> dict[str, Any]:
        name = None if self.network is None else getattr(self.network, "__qualname__", "factory")
        changes = {
            key: asdict(value) if isinstance(value, Curriculum | RandomHalting) else value
            for key, value in self.changes.items()
        }
        start = None if self.begin_with is None else self.begin_with.to_json()
        return {
            "preset": self.preset, **changes, "network": name, "start": start,
            "target": self.target,
        }  # fmt: skip

    def start(self, task: Task) -> Episodes:
        return Episodes(self, task)


class Transition(NamedTuple):
    """n steps as the replay memory keeps them.

    A state is the set of places of its gates in the encoding, and gates are only appended: the
    first `n_state` of the places of the next state are those of the state.
    """

    written: list[int]
    n_state: int
    energy: float
    next_energy: float
    action: int
    reward: float
    factor: float  # of the estimate of the next state; 0 if the episode ended there
    next_mask: np.ndarray


@final
class Replay:
    """The last transitions, in tensors.

    Args:
        capacity: Transitions that are kept.
        longest: Largest number of gates.
        n_actions: Number of actions.
    """

    def __init__(self, capacity: int, longest: int, n_actions: int) -> None:
        self.capacity = capacity
        self.size = self.next = 0
        self.written = torch.zeros(capacity, longest, dtype=torch.int32)
        self.lengths = torch.zeros(capacity, 2, dtype=torch.int32)
        self.energies = torch.zeros(capacity, 2)
        self.actions = torch.zeros(capacity, dtype=torch.int64)
        self.rewards = torch.zeros(capacity)
        self.factors = torch.zeros(capacity)
        self.masks = torch.zeros(capacity, n_actions, dtype=torch.bool)

    def add(self, new: Transition) -> None:
        """Keep a transition; the oldest one goes if there is no room."""
        k, last = self.next, len(new.written)
        self.written[k, :last] = torch.tensor(new.written, dtype=torch.int32)
        self.lengths[k] = torch.tensor([new.n_state, last])
        self.energies[k] = torch.tensor([new.energy, new.next_energy])
        self.actions[k] = new.action
        self.rewards[k] = new.reward
        self.factors[k] = new.factor
        self.masks[k] = torch.from_numpy(new.next_mask)
        self.next = (k + 1) % self.capacity
        self.size = min(self.size + 1, self.capacity)

    def states(self, rows: Tensor, which: int, width: int) -> Tensor:
        """Observations `(len(rows), width)` before (0) or after (1) the transitions `rows`."""
        found = torch.zeros(len(rows), width)
        written, count = self.written[rows].long(), self.lengths[rows, which]
        used = torch.arange(written.shape[1]) < count[:, None]
        places = torch.where(used, written, width - 1)  # the last column is set below
        found.scatter_(1, places, 1.0)
        found[:, -1] = self.energies[rows, which]
        return found

    def state_dict(self) -> dict[str, Any]:
        """All that was added, cut to what is used."""
        used = {name: getattr(self, name)[: self.size].clone() for name in _TENSORS}
        return {"size": self.size, "next": self.next, **used}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        self.size, self.next = state["size"], state["next"]
        for name in _TENSORS:
            getattr(self, name)[: self.size] = state[name]


_TENSORS = ("written", "lengths", "energies", "actions", "rewards", "factors", "masks")


def perceptron(width: int, n_actions: int, hidden: tuple[int, ...]) -> nn.Module:
    """Linear layers with LeakyReLU between them."""
    widths, layers = (width, *hidden), list[nn.Module]()
    for before, after in itertools.pairwise(widths):
        layers += [nn.Linear(before, after), nn.LeakyReLU()]
    return nn.Sequential(*layers, nn.Linear(widths[-1], n_actions))


@final
class Agent:
    """Double DQN: chooses actions and learns from replayed transitions.

    Args:
        settings: The settings.
        width: Width of observations.
        n_actions: Number of actions.
        factory: Makes the networks.
        seed: Seed of their first parameters.
        device: Where they live.
    """

    def __init__(
        self,
        settings: AgentSettings,
        width: int,
        n_actions: int,
        factory: Factory,
        seed: int,
        device: torch.device,
    ) -> None:
        self.settings, self.width, self.device = settings, width, device
        with torch.random.fork_rng(devices=[]):  # layers draw from the default generator
            torch.manual_seed(seed)
            self.policy = factory(width, n_actions).to(device)
            self.target = factory(width, n_actions).to(device)
        self.target.load_state_dict(self.policy.state_dict())
        self.adam = torch.optim.Adam(
            self.policy.parameters(), lr=settings.learning_rate, fused=True
        )
        self.replay = Replay(settings.memory, settings.max_gates, n_actions)
        self.epsilon, self.learned = 1.0, 0

    def choose(
        self, observation: np.ndarray, mask: np.ndarray, rng: np.random.Generator, *, greedy: bool
    ) -> int:
        """A legal action: random with probability epsilon unless greedy, else the best."""
        if not greedy and rng.random() < self.epsilon:
            return int(rng.choice(np.flatnonzero(mask)))
        with torch.no_grad():
            values = self.policy(torch.tensor(observation, device=self.device)[None])[0].cpu()
        return int(values.masked_fill(~torch.tensor(mask), -torch.inf).argmax())

    def learn(self, rng: np.random.Generator) -> float | None:
        """One gradient step, `None` while the memory holds less than a batch.

        The target of Q(s, a) is R + factor * Q_target(s', argmax over legal a' of Q(s', a')), with
        R the discounted sum of n rewards.

        Returns:
            The loss.
        """
        settings, replay = self.settings, self.replay
        if replay.size < settings.batch_size:
            return None
        rows = torch.tensor(rng.integers(replay.size, size=settings.batch_size))
        states = replay.states(rows, 0, self.width).to(self.device)
        following = replay.states(rows, 1, self.width).to(self.device)
        actions = replay.actions[rows].to(self.device)[:, None]
        masks = replay.masks[rows].to(self.device)
        with torch.no_grad():
            legal = self.policy(following).masked_fill(~masks, -torch.inf)
            estimate = self.target(following).gather(1, legal.argmax(1, keepdim=True))[:, 0]
        wanted = replay.rewards[rows].to(self.device)
        wanted = wanted + replay.factors[rows].to(self.device) * estimate
        loss = functional.smooth_l1_loss(self.policy(states).gather(1, actions)[:, 0], wanted)
        self.adam.zero_grad()
        loss.backward()
        self.adam.step()
        self.learned += 1
        self.epsilon = max(settings.epsilon_end, self.epsilon * settings.epsilon_decay)
        if self.learned % settings.target_every == 0:
            self.target.load_state_dict(self.policy.state_dict())
        return float(loss.detach())

    def state_dict(self) -> dict[str, Any]:
        """Networks, optimiser, memory and counters."""
        return {
            "policy": self.policy.state_dict(),
            "target": self.target.state_dict(),
            "adam": self.adam.state_dict(),
            "replay": self.replay.state_dict(),
            "epsilon": self.epsilon,
            "learned": self.learned,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        for name in ("policy", "target", "adam", "replay"):
            getattr(self, name).load_state_dict(state[name])
        self.epsilon, self.learned = state["epsilon"], state["learned"]


class Visit(NamedTuple):
    """A step that waits for the rewards after it."""

    n_state: int
    energy: float
    action: int
    reward: float


@final
class Episodes(Steps):
    """Episodes of the agent in the game; one environment step at a time."""

    def __init__(self, search: CRLQAS, task: Task) -> None:
        super().__init__(task)
        problem: Problem = task.problem
        settings = self.settings = search.settings(problem.n_qubits)
        first = search.begin_with or Candidate(problem.n_qubits)
        self.game = CircuitGame(
            problem, task.optimize, task.evaluator.energy(first), max_gates=settings.max_gates,
            target=search.target, curriculum=settings.curriculum, halting=settings.halting,
            start=search.begin_with,
        )  # fmt: skip
        factory = search.network or (lambda i, o: perceptron(i, o, settings.hidden))
        width, n_actions = self.game.width, len(self.game.actions)
        self.agent = Agent(settings, width, n_actions, factory, task.seed, search.device)
        self.waiting: deque[Visit] = deque()
        self.episode = self.total_steps = 0
        self.reward = 0.0
        self.testing = False
        self._zero = self.game.target if settings.scaled_energy else 0.0
        self._unit = (self.game.energy - self._zero) if settings.scaled_energy else 1.0
        self.game.reset(task.rng)

    def step(self) -> None:
        game, agent, rng = self.game, self.agent, self.task.rng
        if game.over:
            self._begin_episode()
        before, n_state = self._seen(game.energy), len(game.written)
        observation = game.observation()
        observation[-1] = before
        action = agent.choose(observation, game.mask, rng, greedy=self.testing)
        self.task.facts = {"episode": self.episode, "epsilon": agent.epsilon}
        outcome = game.step(action)
        self.reward += outcome.reward
        if not self.testing:
            self.waiting.append(Visit(n_state, before, action, outcome.reward))
            self._remember(done=outcome.done)
            self.total_steps += 1
            if self.total_steps % self.settings.learn_every == 0:
                agent.learn(rng)
        if outcome.done:
            self._end_episode(success=outcome.success)

    def _seen(self, energy: float) -> float:
        """The energy as the network sees it."""
        return (energy - self._zero) / self._unit

    def _remember(self, *, done: bool) -> None:
        """Move visits whose n rewards are known to the memory; at the end of an episode, all."""
        settings, gamma = self.settings, self.settings.gamma
        while self.waiting and (done or len(self.waiting) >= settings.n_steps):
            first, steps = self.waiting[0], len(self.waiting)
            total = sum(gamma**k * visit.reward for k, visit in enumerate(self.waiting))
            factor = gamma if settings.bootstrap == "gamma" else gamma**steps
            self.agent.replay.add(
                Transition(
                    list(self.game.written), first.n_state, first.energy,
                    self._seen(self.game.energy), first.action, total,
                    0.0 if done else factor, self.game.mask,
                )
            )  # fmt: skip
            self.waiting.popleft()

    def _begin_episode(self) -> None:
        every = self.settings.test_every
        self.testing = bool(every) and not self.testing and self.episode % every == 0
        self.game.reset(self.task.rng, full=self.testing)
        self.reward = 0.0

    def _end_episode(self, *, success: bool) -> None:
        game = self.game
        self.task.log(
            "tests" if self.testing else "episodes", episode=self.episode, reward=self.reward,
            energy=game.energy, lowest=game.lowest, gates=len(game.candidate),
            threshold=game.threshold.value, epsilon=self.agent.epsilon, success=success,
        )  # fmt: skip
        if not self.testing:
            game.end_episode(success=success)
            self.episode += 1

    def state_dict(self) -> dict[str, Any]:
        return {
            "game": self.game.state_dict(),
            "agent": self.agent.state_dict(),
            "waiting": [tuple(visit) for visit in self.waiting],
            **{name: getattr(self, name) for name in _COUNTERS},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.game.load_state_dict(state["game"])
        self.agent.load_state_dict(state["agent"])
        self.waiting = deque(Visit(*visit) for visit in state["waiting"])
        for name in _COUNTERS:
            setattr(self, name, state[name])


_COUNTERS = ("episode", "total_steps", "reward", "testing")
