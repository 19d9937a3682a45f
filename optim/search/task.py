"""`Task`: one run of a search as its steps see it: problem, budget, randomness, and the record."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, final

import numpy as np
from numpy.typing import ArrayLike

from optim.problems.problem import Problem
from optim.search.candidate import Candidate
from optim.search.evaluator import Evaluator, Optimized

_EQUAL = 1e-10  # costs that count as the same, so that fewer gates decide
_KEPT = 5


@final
@dataclass(frozen=True)
class Report:
    """How a search stands after a candidate.

    Attributes:
        candidates: Candidates so far.
        budget: Candidates at which the search ends.
        evaluations: Energies evaluated so far.
        seconds: Wall time so far.
        energy: Energy of this candidate.
        best_energy: Energy of the best candidate so far.
        best_error: That minus the exact ground energy.
        best: The best candidate so far.
        facts: What the method adds (episode, temperature, ...).
    """

    candidates: int
    budget: int
    evaluations: int
    seconds: float
    energy: float
    best_energy: float
    best_error: float
    best: Candidate
    facts: Mapping[str, Any] = field(default_factory=dict)


class Ranked(NamedTuple):
    """A candidate among the best."""

    candidate: Candidate
    energy: float
    cost: float


@final
class Task:
    """One run of a search.

    Steps call `optimize` for every candidate that they try; it counts, keeps the best, and reports.

    Args:
        problem: The problem.
        evaluator: What evaluates candidates.
        budget: Candidates at which the run ends.
        seed: Seed of `rng`.
        until: Error at which the run ends.
        progress: Called with a `Report` after each candidate.
        cost: From a candidate and its energy to what ranks it; default the energy.

    Attributes:
        rng: The run's randomness.
        best: The best candidates, best first, of different structures.
        history: Rows by kind.
        facts: What is added to reports.
    """

    def __init__(
        self,
        problem: Problem,
        evaluator: Evaluator,
        *,
        budget: int,
        seed: int,
        until: float | None = None,
        progress: Callable[[Report], None] | None = None,
        cost: Callable[[Candidate, float], float] | None = None,
    ) -> None:
        self.problem = problem
        self.evaluator = evaluator
        self.budget = budget
        self.seed = seed
        self.until = until
        self.rng = np.random.default_rng(seed)
        self.best: list[Ranked] = []
        self.history: dict[str, list[dict[str, Any]]] = {"best": []}
        self.facts: dict[str, Any] = {}
        self._progress = progress
        self._cost = _energy if cost is None else cost
        self._goal = None if until is None else problem.ground_energy + until
        self._ground = float(problem.ground_energy)
        self._earlier, self._began = 0.0, time.perf_counter()

    @property
    def seconds(self) -> float:
        """Wall time, with that of the runs that this one goes on from."""
        return self._earlier + time.perf_counter() - self._began

    @property
    def left(self) -> int:
        """Candidates that may still be tried."""
        return max(0, self.budget - self.evaluator.candidates)

    @property
    def done(self) -> bool:
        """Whether the budget is spent or the wanted error reached."""
        goal = self._goal
        reached = goal is not None and any(kept.energy <= goal for kept in self.best)
        return not self.left or reached

    def optimize(self, candidate: Candidate, start: ArrayLike | None = None) -> Optimized:
        """Optimise the angles of a candidate and take it into account.

        Args:
            candidate: The candidate.
            start: Where the optimiser starts; default its own angles.
        """
        found = self.evaluator.optimize(candidate, start)
        self._consider(found.candidate, found.energy)
        self._tell(found.energy)
        return found

    def absorb(
        self,
        found: Sequence[tuple[Candidate, float]],
        candidates: int,
        evaluations: int,
        gradients: int,
    ) -> None:
        """Take into account what was tried elsewhere.

        Args:
            found: The best of it with their energies.
            candidates: How many candidates were tried.
            evaluations: How many energies were evaluated.
            gradients: How many of these with gradients.
        """
        self.evaluator.candidates += candidates
        self.evaluator.evaluations += evaluations
        self.evaluator.gradients += gradients
        for candidate, energy in found:
            self._consider(candidate, energy)
        if found:
            self._tell(found[0][1])

    def _tell(self, energy: float) -> None:
        if self._progress is not None:
            best = self.best[0]
            report = Report(
                self.evaluator.candidates, self.budget, self.evaluator.evaluations, self.seconds,
                energy, best.energy, best.energy - self._ground, best.candidate, dict(self.facts),
            )  # fmt: skip
            self._progress(report)

    def log(self, kind: str, **row: Any) -> None:
        """Add a row to the history, with the number of candidates so far."""
        rows = self.history.setdefault(kind, [])
        rows.append({"candidates": self.evaluator.candidates, **row})

    def _consider(self, candidate: Candidate, energy: float) -> None:
        cost = self._cost(candidate, energy)
        if len(self.best) == _KEPT and cost > self.best[-1].cost + _EQUAL:
            return
        improved = not self.best or cost < self.best[0].cost - _EQUAL
        same = [
            k for k, kept in enumerate(self.best) if kept.candidate.structure == candidate.structure
        ]
        if same and self.best[same[0]].cost <= cost:
            return
        for k in same:
            del self.best[k]
        new = Ranked(candidate, energy, cost)
        self.best.insert(sum(_before(kept, new) for kept in self.best), new)
        del self.best[_KEPT:]
        if improved:
            self.log(
                "best",
                evaluations=self.evaluator.evaluations,
                seconds=self.seconds,
                energy=energy,
                error=energy - self._ground,
                gates=len(candidate),
                cnots=candidate.cnots,
            )

    def state_dict(self) -> dict[str, Any]:
        """Everything but the configuration."""
        return {
            "evaluator": self.evaluator.state_dict(),
            "rng": self.rng.bit_generator.state,
            "best": [(kept.candidate.to_json(), kept.energy, kept.cost) for kept in self.best],
            "history": {kind: [dict(row) for row in rows] for kind, rows in self.history.items()},
            "seconds": self.seconds,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        self.evaluator.load_state_dict(state["evaluator"])
        self.rng.bit_generator.state = state["rng"]
        self.best = [Ranked(Candidate.from_json(text), *rest) for text, *rest in state["best"]]
        self.history = {kind: [dict(r) for r in rows] for kind, rows in state["history"].items()}
        self._earlier, self._began = state["seconds"], time.perf_counter()


def _before(kept: Ranked, new: Ranked) -> bool:
    """Whether a kept candidate stays in front of a new one."""
    if abs(kept.cost - new.cost) > _EQUAL:
        return kept.cost < new.cost
    return len(kept.candidate) <= len(new.candidate)


def _energy(candidate: Candidate, energy: float) -> float:
    return energy
