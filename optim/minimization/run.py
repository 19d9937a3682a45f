"""One minimization from one start point: what it asks for, what it has spent, what it has found."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from circuits.errors import NonFiniteError
from optim.minimization.objective import Objective

Array = NDArray[np.float64]
Callback = Callable[[int, float], None]


class Spent(Exception):
    """The evaluations are spent."""


class Ask(NamedTuple):
    """What a program wants to know: energies at points `(k, n)`, perhaps with gradients `(k, n)`.

    The answer is an array `(k,)`, or a pair of arrays where gradients are wanted.
    """

    points: Array
    gradients: bool = False
    shots: int | None = None


Program = Generator[Ask, Any, str]
"""A method as a generator of questions; it returns why it stopped."""


@dataclass
class Total:
    """What all runs of a minimization have spent and found together."""

    callback: Callback | None = None
    evaluations: int = 0
    gradients: int = 0

    def __post_init__(self) -> None:
        self.history: list[tuple[int, float]] = []

    def note(self, energy: float) -> None:
        """Take in the lowest of some new energies."""
        if not self.history or energy < self.history[-1][1]:
            self.history.append((self.evaluations, energy))
        if self.callback is not None:
            self.callback(self.evaluations, self.history[-1][1])


@final
class Run:
    """The books of one start point.

    Args:
        objective: What is minimized.
        start: `(n,)`.
        limit: Largest number of evaluations.
        total: Books of all start points.
    """

    def __init__(self, objective: Objective, start: Array, limit: int, total: Total) -> None:
        self.objective = objective
        self.start = start
        self.limit = limit
        self.total = total
        self.iterations = 0
        self.evaluations = 0
        self.best_energy = np.inf
        self.best_point = start
        #: Where the method is now; the best point where it does not say.
        self.current: Array | None = None
        self.message = ""
        self.converged = False

    def values(self, points: Array, shots: int | None = None) -> Array:
        """Energies `(k,)` at `(k, n)`.

        Raises:
            Spent: If fewer than k evaluations are left; nothing is evaluated then.
        """
        (values,) = answer([(self, Ask(points, shots=shots))])
        return np.asarray(values)

    def value(self, point: Array) -> float:
        """Energy at `(n,)`."""
        return float(self.values(np.array(point, dtype=np.float64)[None])[0])

    def value_and_gradient(self, point: Array) -> tuple[float, Array]:
        """Energy and gradient `(n,)` at `(n,)`."""
        ask = Ask(np.array(point, dtype=np.float64)[None], gradients=True)
        ((values, slopes),) = answer([(self, ask)])
        return float(values[0]), slopes[0]

    def follow(self, program: Program) -> None:
        """Run a program to its end."""
        follow([self], [program])

    def take(self, count: int) -> None:
        """Spend evaluations."""
        if self.evaluations + count > self.limit:
            raise Spent
        self.evaluations += count
        self.total.evaluations += count

    def note(self, points: Array, values: Array) -> None:
        """Remember the best point."""
        if not np.isfinite(values).all():
            raise NonFiniteError(f"An energy is not finite: {values}.")
        place = int(values.argmin())
        if values[place] < self.best_energy:
            self.best_energy, self.best_point = float(values[place]), points[place].copy()
        self.total.note(float(values[place]))


def answer(asked: Sequence[tuple[Run, Ask]]) -> list[Any]:
    """The answers to questions of one kind (gradients, shots), from one evaluation of a batch.

    Raises:
        Spent: If a run has too few evaluations left.
    """
    for run, ask in asked:
        run.take(len(ask.points))
    run, ask = asked[0]
    points = np.concatenate([ask.points for _, ask in asked])
    ends = np.cumsum([len(ask.points) for _, ask in asked])[:-1]
    answers: list[Any]
    if ask.gradients:
        values, slopes = run.objective.values_and_gradients(points)
        run.total.gradients += len(points)
        answers = list(zip(np.split(values, ends), np.split(slopes, ends), strict=True))
    else:
        values = run.objective.values(points, ask.shots)
        answers = list(np.split(values, ends))
    for (each, its), part in zip(asked, np.split(values, ends), strict=True):
        each.note(its.points, part)
    return answers


def follow(runs: Sequence[Run], programs: Sequence[Program]) -> None:
    """Run programs side by side: what they ask at the same time is one batch."""
    waiting: dict[int, Any] = dict.fromkeys(range(len(runs)))
    while waiting:
        questions: dict[tuple[bool, int | None], list[tuple[int, Ask]]] = {}
        for k, told in list(waiting.items()):
            try:
                ask = programs[k].send(told)
            except StopIteration as done:
                runs[k].message, runs[k].converged = done.value, True
                del waiting[k]
                continue
            if runs[k].evaluations + len(ask.points) > runs[k].limit:
                programs[k].close()
                del waiting[k]
            else:
                questions.setdefault((ask.gradients, ask.shots), []).append((k, ask))
        for group in questions.values():
            answers = answer([(runs[k], ask) for k, ask in group])
            waiting.update({k: told for (k, _), told in zip(group, answers, strict=True)})
