"""CRLQAS whose episodes are played by the workers of an executor, while the learner learns."""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, final

from torch import Tensor

from circuits import Backend
from circuits.arguments import integer
from circuits.errors import ArgumentTypeError
from optim.executors import Call, Executor, call_seed
from optim.problems.problem import Problem
from optim.search.base import Search, Steps
from optim.search.candidate import Candidate
from optim.search.crlqas import CRLQAS, Episodes, Transition
from optim.search.evaluator import Evaluator
from optim.search.task import Task


class Counts(NamedTuple):
    """What an evaluator counted."""

    candidates: int
    evaluations: int
    gradients: int


@final
@dataclass(frozen=True)
class Order:
    """One episode to play: all that a worker needs to know.

    Attributes:
        search: Settings of the agent.
        problem: The problem.
        backend: What runs the circuits.
        evaluator: The other arguments of the evaluator.
        policy: Parameters of the network.
        epsilon: Probability of a random action.
        threshold: State of the moving threshold.
        seed: Seed of the episode.
        allowance: Candidates that it may try.
        testing: Whether it is a greedy test episode.
    """

    search: CRLQAS
    problem: Problem
    backend: Backend | None
    evaluator: dict[str, Any]
    policy: dict[str, Tensor]
    epsilon: float
    threshold: dict[str, Any]
    seed: int
    allowance: int
    testing: bool


_SENT = ("policy", "epsilon", "threshold", "seed", "allowance", "testing")


@final
@dataclass(frozen=True)
class Played:
    """An episode.

    Attributes:
        transitions: What the memory gets.
        best: The best candidates with their energies.
        counts: What it cost.
        row: What is logged about it; `None` if the allowance ended before the episode.
    """

    transitions: list[Transition]
    best: list[tuple[Candidate, float]]
    counts: Counts
    row: dict[str, Any] | None


class _Collected(list[Transition]):
    """A memory that keeps everything and never holds enough to learn from."""

    size = 0
    add = list.append


def play(order: Order) -> Played:
    """Plays one episode with the parameters that it is given."""
    evaluator = Evaluator(
        order.problem, backend=order.backend, generator=order.seed, **order.evaluator
    )
    task = Task(order.problem, evaluator, budget=order.allowance, seed=order.seed)
    episodes = order.search.start(task)
    transitions = _Collected()
    agent, game = episodes.agent, episodes.game
    agent.policy.load_state_dict(order.policy)
    agent.epsilon = order.epsilon
    agent.replay = transitions  # type: ignore[assignment]
    game.threshold.load_state_dict(order.threshold)
    if order.testing:
        episodes.testing = True
        game.reset(task.rng, full=True)
    while task.left and not game.over:
        episodes.step()
    rows = task.history.get("tests" if order.testing else "episodes", [])
    counts = Counts(evaluator.candidates, evaluator.evaluations, evaluator.gradients)
    best = [(kept.candidate, kept.energy) for kept in task.best]
    return Played(list(transitions), best, counts, rows[0] if rows else None)


@final
class ParallelCRLQAS(Search):
    """CRLQAS with episodes on the workers of an executor.

    `ahead` episodes are under way at any time, each with the network as it was when the episode
    was sent; the learner takes them in the order of sending and learns from each while the others
    are played. The lag is part of the method and not of the machine: the result depends on
    neither the number of workers nor on which is faster, and a resumed run equals an uninterrupted
    one. With `ahead=1` nothing lags.

    Args:
        search: The agent; a `network` must be a function of a module if workers are processes.
        executor: Where episodes are played; it stays open.
        ahead: Episodes under way, at least the number of workers to keep them busy.

    >>> from optim.executors import Serial
    >>> from optim.problems import molecule
    >>> with Serial() as executor:
    ...     search = ParallelCRLQAS(CRLQAS(max_gates=6), executor, ahead=2)
    ...     search.run(molecule("H2_r0.7414"), budget=20).candidates
    20
    """

    method: ClassVar[str] = "crlqas-parallel"

    def __init__(self, search: CRLQAS, executor: Executor, *, ahead: int = 4) -> None:
        for argument, value, kind in (("search", search, CRLQAS), ("executor", executor, Executor)):
            if not isinstance(value, kind):
                raise ArgumentTypeError(
                    f"Argument `{argument}` must be of the type {kind.__name__}, got "
                    f"{type(value).__name__}."
                )
        self.search = search
        self.executor = executor
        self.ahead = integer(ahead, "ahead")

    def options(self) -> dict[str, Any]:
        return {**self.search.options(), "ahead": self.ahead}

    def start(self, task: Task) -> Steps:
        return _Learner(self, task)


@final
class _Learner(Steps):
    """Sends episodes ahead, and takes them in order."""

    def __init__(self, search: ParallelCRLQAS, task: Task) -> None:
        super().__init__(task)
        self.search = search
        self.episodes: Episodes = search.search.start(task)
        options = task.evaluator.options()
        self.evaluator = {name: options[name] for name in options if name != "backend"}
        self.sent = 0  # orders
        self.explored = 0  # of these, not tests
        self.tested = True  # whether the last order was a test; none comes first
        self.under_way: deque[tuple[Order, Call]] = deque()

    def step(self) -> None:
        while len(self.under_way) < self.search.ahead and self._allowance():
            self._send(self._next_order())
        if not self.under_way:
            return
        order, call = self.under_way.popleft()
        list(self.search.executor.as_completed([call]))
        self._take(call.result(), testing=order.testing)
        if self.task.done:
            for _, unwanted in self.under_way:
                self.search.executor.cancel(unwanted)
            self.under_way.clear()

    def _allowance(self) -> int:
        """Candidates that the next episode may try."""
        reserved = sum(order.allowance for order, _ in self.under_way)
        return max(0, min(self.episodes.game.max_gates, self.task.left - reserved))

    def _next_order(self) -> Order:
        every = self.episodes.settings.test_every
        testing = bool(every) and not self.tested and self.explored % every == 0
        self.tested = testing
        agent = self.episodes.agent
        order = self._order(
            policy={name: value.cpu().clone() for name, value in agent.policy.state_dict().items()},
            epsilon=agent.epsilon,
            threshold=copy.deepcopy(self.episodes.game.threshold.state_dict()),
            seed=call_seed(self.task.seed, self.sent),
            allowance=self._allowance(),
            testing=testing,
        )
        self.sent += 1
        self.explored += not testing
        return order

    def _order(self, **sent: Any) -> Order:
        task = self.task
        return Order(
            self.search.search, task.problem, task.evaluator.backend, self.evaluator, **sent
        )

    def _send(self, order: Order) -> None:
        self.under_way.append((order, self.search.executor.submit(play, order)))

    def _take(self, played: Played, *, testing: bool) -> None:
        episodes, task = self.episodes, self.task
        for transition in played.transitions:
            episodes.agent.replay.add(transition)
            episodes.total_steps += 1
            if episodes.total_steps % episodes.settings.learn_every == 0:
                episodes.agent.learn(task.rng)
        task.facts = {"episode": episodes.episode, "epsilon": episodes.agent.epsilon}
        task.absorb(played.best, *played.counts)
        if played.row is None:
            return
        row = {**played.row, "episode": episodes.episode}
        del row["candidates"]
        task.log("tests" if testing else "episodes", **row)
        if not testing:
            episodes.game.threshold.end_episode(row["lowest"], success=row["success"])
            episodes.episode += 1

    def state_dict(self) -> dict[str, Any]:
        orders = [{name: getattr(order, name) for name in _SENT} for order, _ in self.under_way]
        return {
            "episodes": self.episodes.state_dict(),
            "orders": orders,
            **{name: getattr(self, name) for name in _COUNTERS},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.episodes.load_state_dict(state["episodes"])
        for name in _COUNTERS:
            setattr(self, name, state[name])
        for order in state["orders"]:
            self._send(self._order(**order))


_COUNTERS = ("sent", "explored", "tested")
