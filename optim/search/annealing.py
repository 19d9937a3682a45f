"""Simulated annealing over sequences of gates."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, final

from circuits.arguments import integer, number
from circuits.errors import InvalidArgumentError
from optim.problems.problem import Problem
from optim.search.base import Search, Steps
from optim.search.candidate import Candidate
from optim.search.choices import Choices, idle_qubits
from optim.search.compaction import Compactor
from optim.search.moves import propose
from optim.search.prices import Prices
from optim.search.simplification import simplified
from optim.search.starts import as_option, checked_start
from optim.search.task import Task


@final
class SimulatedAnnealing(Search):
    """Random changes of one circuit, refused the more often the worse they are and the later.

    A step changes one circuit at random (`moves.MOVES`: insert, delete, replace, move gates),
    simplifies it exactly, optimises all its angles, and accepts it with probability
    exp(-(C' - C) / T), where C = energy + cnot_price * CNOTs + gate_price * gates. The temperature
    T falls geometrically from `hot` to `cold`. Near the end of the budget the best circuit by C
    loses every gate that is not worth its price (`compaction`).

    All of these are in units of the problem's accuracy (1.6 mHa for molecules).

    Args:
        hot: Temperature at the start.
        cold: Temperature at the end.
        cnot_price: What a CNOT may cost, besides `gate_price`.
        gate_price: What any gate may cost.
        max_gates: Most gates of a circuit; default no limit.
        max_cnots: Most CNOTs of a circuit; default no limit.
        compaction: Share of the budget kept for compaction, 0 to 1.
        axes: Rotations to use.
        initial: Circuit to begin with; default none.

    References:
        Kirkpatrick, Gelatt, Vecchi, Science 220, 671 (1983).
    """

    method: ClassVar[str] = "annealing"

    def __init__(
        self,
        *,
        hot: float = 0.2,
        cold: float = 0.002,
        cnot_price: float = Prices.cnot,
        gate_price: float = Prices.gate,
        max_gates: int | None = None,
        max_cnots: int | None = None,
        compaction: float = 0.1,
        axes: Sequence[str] | str = ("rx", "ry", "rz"),
        initial: Candidate | None = None,
    ) -> None:
        self.hot, self.cold = number(hot, "hot"), number(cold, "cold")
        if not 0 < self.cold <= self.hot:
            raise InvalidArgumentError(
                f"Arguments must satisfy 0 < cold <= hot, got cold={cold} and hot={hot}."
            )
        self.prices = Prices(cnot_price, gate_price)
        self.compaction = number(compaction, "compaction")
        if not 0 <= self.compaction < 1:
            raise InvalidArgumentError(
                f"Argument `compaction` must be at least 0 and below 1, got {compaction}."
            )
        self.max_gates = None if max_gates is None else integer(max_gates, "max_gates")
        self.max_cnots = None if max_cnots is None else integer(max_cnots, "max_cnots", 0)
        self.axes = tuple([axes] if isinstance(axes, str) else axes)
        self.initial = initial

    def options(self) -> dict[str, Any]:
        names = ("hot", "cold", "max_gates", "max_cnots", "compaction")
        return {
            **{name: getattr(self, name) for name in names},
            "cnot_price": self.prices.cnot,
            "gate_price": self.prices.gate,
            "axes": list(self.axes),
            "initial": as_option(self.initial),
        }

    def start(self, task: Task) -> Steps:
        return _AnnealingSteps(task, self)

    def cost(self, problem: Problem, candidate: Candidate, energy: float) -> float:
        return energy + self.prices.of(problem, candidate)


@final
class _AnnealingSteps(Steps):
    def __init__(self, task: Task, search: SimulatedAnnealing) -> None:
        super().__init__(task)
        self._search = search
        self._choices = Choices.of(task.problem, search.axes)
        self._idle = idle_qubits(task.problem)
        self._current = checked_start(search.initial, task.problem, self._choices)
        self._cost = math.inf  # of the current circuit; not yet evaluated
        self._best, self._best_energy, self._best_cost = self._current, math.inf, math.inf
        self._compactor: Compactor | None = None
        self._ends = math.ceil((1 - search.compaction) * task.budget)

    def step(self) -> None:
        if self._cost == math.inf:
            self._accept(self._current)
        elif self.task.evaluator.candidates < self._ends:
            self._move()
        else:
            self._compact()

    def _move(self) -> None:
        search, rng = self._search, self.task.rng
        trial = self._current
        while trial.structure == self._current.structure or not self._fits(trial):
            trial = simplified(propose(self._current, self._choices, rng), idle=self._idle)
        done = self.task.evaluator.candidates / self._ends
        temperature = search.hot * (search.cold / search.hot) ** done * self.task.problem.accuracy
        self.task.facts["temperature"] = temperature
        self._accept(trial, temperature)

    def _accept(self, trial: Candidate, temperature: float = math.inf) -> None:
        """Optimise a circuit and, by its cost, go on from it."""
        found = self.task.optimize(trial)
        candidate = simplified(found.candidate, idle=self._idle)
        cost = self._search.cost(self.task.problem, candidate, found.energy)
        worse = cost - self._cost
        if worse > 0 and self.task.rng.random() >= math.exp(-worse / temperature):
            return
        self._current, self._cost = candidate, cost
        if cost < self._best_cost:
            self._best, self._best_energy, self._best_cost = candidate, found.energy, cost

    def _fits(self, candidate: Candidate) -> bool:
        gates, cnots = self._search.max_gates, self._search.max_cnots
        return (gates is None or len(candidate) <= gates) and (
            cnots is None or candidate.cnots <= cnots
        )

    def _compact(self) -> None:
        """Leave out one gate of the best circuit, if that is worth it."""
        if self._compactor is None:
            self._compactor = self._new_compactor()
        trial = self._compactor.ask()
        if trial is None:
            self.finished = True
        else:
            self._compactor.tell(self.task.optimize(trial))

    def _new_compactor(self) -> Compactor:
        price = partial(self._search.prices.of, self.task.problem)
        return Compactor(self.task.evaluator, self._best, self._best_energy, price=price)

    def state_dict(self) -> dict[str, Any]:
        return {
            "current": self._current.to_json(),
            "cost": self._cost,
            "best": self._best.to_json(),
            "best_energy": self._best_energy,
            "best_cost": self._best_cost,
            "compactor": None if self._compactor is None else self._compactor.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._current, self._cost = Candidate.from_json(state["current"]), state["cost"]
        self._best = Candidate.from_json(state["best"])
        self._best_energy, self._best_cost = state["best_energy"], state["best_cost"]
        self._compactor = None
        if state["compactor"] is not None:
            self._compactor = self._new_compactor()
            self._compactor.load_state_dict(state["compactor"])
