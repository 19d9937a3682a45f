"""`Search`: what all search methods share: budget, record, checkpoints, polishing, the result."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar, final

from circuits.arguments import integer, number
from circuits.errors import InvalidArgumentError
from optim.problems.problem import Problem, check_problem
from optim.search.candidate import Candidate
from optim.search.checkpoint import Checkpoint
from optim.search.evaluator import Evaluator
from optim.search.interrupts import Interrupts
from optim.search.result import SearchResult
from optim.search.task import Report, Task


class Steps(ABC):
    """The moving part of one run of a search.

    Args:
        task: The run; candidates are tried through `task.optimize` only, randomness comes from
            `task.rng` or from generators whose states are in `state_dict`.
    """

    #: Whether the method has nothing more to try.
    finished: bool = False

    def __init__(self, task: Task) -> None:
        self.task = task

    @abstractmethod
    def step(self) -> None:
        """Go on a little: try about one candidate, and no more than `task.left`.

        Between two calls the run may be saved and go on in another process.
        """

    @abstractmethod
    def state_dict(self) -> dict[str, Any]:
        """All that changes, made of numbers, strings, tensors, lists, tuples and dicts."""

    @abstractmethod
    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned."""


class Search(ABC):
    """A search method: its settings. `run` does the search.

    Subclasses give `method`, `options` and `start`.
    """

    #: Name of the method in tables.
    method: ClassVar[str]

    @abstractmethod
    def options(self) -> dict[str, Any]:
        """The settings, as values that JSON can hold; part of the result and of checkpoints."""

    @abstractmethod
    def start(self, task: Task) -> Steps:
        """The steps of a new run."""

    def cost(self, problem: Problem, candidate: Candidate, energy: float) -> float:
        """What decides which candidate is the best: the energy, unless gates have a price.

        Args:
            problem: The problem.
            candidate: A candidate.
            energy: Its energy as evaluated.
        """
        return energy

    @final
    def run(
        self,
        problem: Problem,
        *,
        budget: int,
        seed: int = 0,
        evaluator: Evaluator | None = None,
        checkpoint: str | os.PathLike[str] | None = None,
        progress: Callable[[Report], None] | None = None,
        until: float | None = None,
        polish: bool = True,
        save_every: float = 5.0,
    ) -> SearchResult:
        """Search a circuit of low energy.

        Args:
            problem: The `Problem`.
            budget: Candidates whose angles may be optimised.
            seed: Seed of everything random in the method.
            evaluator: A new `Evaluator` of this problem; default exact energies and BFGS.
            checkpoint: File in which the run is kept every `save_every` seconds, on interrupt
                (Ctrl-C) and at its end. If it exists the run goes on from there, to the same
                result as without the break; with a larger budget also beyond its end.
            progress: Called with a `Report` after every candidate.
            until: Error in hartree (energy as evaluated minus exact ground energy) at which to
                stop.
            polish: Finally bring the angles of the best circuits to their minimum by gradient
                where the evaluator has gradients; counted in `polish_evaluations`.
            save_every: Seconds between checkpoints.

        Returns:
            The best circuit: lowest `cost` (the energy, by default) first, fewest gates second.

        Raises:
            CheckpointError: If the checkpoint is of another run or damaged.
            KetworkError: If an argument is not valid.
        """
        check_problem(problem)
        integer(budget, "budget")
        integer(seed, "seed", minimum=0)
        if until is not None:
            number(until, "until")
        found = evaluator if evaluator is not None else Evaluator(problem, generator=seed)
        if found.problem is not problem:
            raise InvalidArgumentError(
                f"Argument `evaluator` must be of the problem {problem.name!r}, got one of "
                f"{found.problem.name!r}."
            )
        if found.candidates:
            raise InvalidArgumentError(
                "Argument `evaluator` has evaluated candidates already, which would count in the "
                "budget: make a new one."
            )
        task = Task(
            problem,
            found,
            budget=budget,
            seed=seed,
            until=until,
            progress=progress,
            cost=partial(self.cost, problem),
        )
        steps = self.start(task)
        file = Checkpoint(checkpoint, self._facts(task), save_every)
        state = file.load()
        if state is not None:
            task.load_state_dict(state["task"])
            steps.load_state_dict(state["steps"])
        with Interrupts() as interrupts:
            while not (task.done or steps.finished or interrupts.pending):
                steps.step()
                if file.due:
                    file.save({"task": task.state_dict(), "steps": steps.state_dict()})
            file.save({"task": task.state_dict(), "steps": steps.state_dict()})
        return self._result(task, polish)

    def _facts(self, task: Task) -> dict[str, Any]:
        """What must agree for a checkpoint to be of the same run."""
        return {
            "method": self.method,
            "problem": task.problem.name,
            "seed": task.seed,
            "options": self.options(),
            "evaluator": task.evaluator.options(),
        }

    def _result(self, task: Task, polish: bool) -> SearchResult:
        if not task.best:
            raise InvalidArgumentError(f"The method {self.method!r} tried no candidate.")
        evaluator, problem = task.evaluator, task.problem
        searched = evaluator.evaluations
        candidate, measured, cost = task.best[0]
        if polish and evaluator.has_gradients:
            polished = [evaluator.polish(kept.candidate) for kept in task.best]
            costs = [self.cost(problem, found.candidate, found.energy) for found in polished]
            best = polished[costs.index(min(costs))]
            if min(costs) < cost:
                candidate, measured = best.candidate, best.energy
        used = evaluator.evaluations - searched
        evaluator.evaluations = searched
        energy = Evaluator(problem).energy(candidate)
        return SearchResult(
            problem=problem.name,
            method=self.method,
            candidate=candidate,
            energy=energy,
            measured=measured,
            error=energy - float(problem.ground_energy),
            depth=candidate.depth,
            cnots=candidate.cnots,
            rotations=candidate.rotations,
            parameters=candidate.rotations,
            candidates=evaluator.candidates,
            evaluations=searched,
            polish_evaluations=used,
            seconds=task.seconds,
            seed=task.seed,
            history=task.history,
            options={**self.options(), "evaluator": evaluator.options()},
            initial=evaluator.initial,
        )
