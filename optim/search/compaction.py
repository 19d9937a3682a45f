"""Making a circuit smaller at the same energy: gates are left out, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, final

from circuits.arguments import number
from optim.search.candidate import Candidate, Placed
from optim.search.choices import idle_qubits
from optim.search.evaluator import Evaluator, Optimized
from optim.search.simplification import simplified


@final
@dataclass(frozen=True)
class Compacted:
    """What `compact` made of a candidate.

    Attributes:
        candidate: The smaller candidate.
        energy: Its energy.
        removed: Number of gates that are gone.
        candidates: Candidates whose angles were optimised on the way.
    """

    candidate: Candidate
    energy: float
    removed: int
    candidates: int


def compact(
    candidate: Candidate,
    evaluator: Evaluator,
    *,
    tolerance: float | None = None,
    max_candidates: int | None = None,
) -> Compacted:
    """Leave out every gate that the energy does not need.

    First gates are merged and cancelled exactly (`simplified`). Then single gates, and pairs of
    equal CNOTs, are left out on trial, those first that cost least before the angles are
    re-optimised; what stays within the tolerance afterwards stays out. It ends when no gate can
    be left out any more.

    Args:
        candidate: The gates.
        evaluator: What evaluates them; its counters go on.
        tolerance: What all of it together may cost, in units of the energy; default a hundredth
            of the problem's accuracy.
        max_candidates: Where to stop; default only when nothing more can go.

    Returns:
        A candidate whose energy is at most that of `candidate` plus `tolerance`.
    """
    before = evaluator.candidates
    energy = evaluator.energy(candidate)
    allowed = evaluator.problem.accuracy / 100 if tolerance is None else tolerance
    compactor = Compactor(evaluator, candidate, energy, number(allowed, "tolerance"))
    while max_candidates is None or evaluator.candidates - before < max_candidates:
        trial = compactor.ask()
        if trial is None:
            break
        compactor.tell(evaluator.optimize(trial))
    return Compacted(
        compactor.candidate,
        compactor.energy,
        len(candidate) - len(compactor.candidate),
        evaluator.candidates - before,
    )


@final
class Compactor:
    """The steps of `compact`: `ask` for the next trial, optimise its angles, `tell` the outcome.

    Args:
        evaluator: What evaluates candidates (used for single energies only).
        candidate: The candidate to make smaller.
        energy: Its energy.
        tolerance: What all of it together may cost.
        price: What the gates of a candidate may cost in energy; default nothing.

    Attributes:
        candidate: The smallest candidate so far.
        energy: Its energy.
    """

    def __init__(
        self,
        evaluator: Evaluator,
        candidate: Candidate,
        energy: float,
        tolerance: float = 0.0,
        price: Callable[[Candidate], float] | None = None,
    ) -> None:
        self._evaluator = evaluator
        self._idle = idle_qubits(evaluator.problem)
        self._price = price
        self.candidate = simplified(candidate, idle=self._idle)
        self.energy = energy
        self._limit = self._cost(self.candidate, energy) + tolerance
        self._trials: list[tuple[int, ...]] | None = None  # places to leave out, best first

    def ask(self) -> Candidate | None:
        """The next smaller candidate to optimise, `None` if every one was tried."""
        if self._trials is None:
            self._trials = self._ranked()
        return None if not self._trials else self._without(self._trials[0])

    def tell(self, found: Optimized) -> bool:
        """Take the outcome of the trial that `ask` gave; whether its gates stay out."""
        assert self._trials
        if self._cost(found.candidate, found.energy) > self._limit:
            del self._trials[0]
            return False
        self.candidate = simplified(found.candidate, idle=self._idle)
        self.energy, self._trials = found.energy, None
        if self._price is not None:
            self._limit = self._cost(self.candidate, found.energy)
        return True

    def state_dict(self) -> dict[str, Any]:
        """All that changes."""
        return {
            "candidate": self.candidate.to_json(),
            "energy": self.energy,
            "limit": self._limit,
            "trials": self._trials,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        self.candidate = Candidate.from_json(state["candidate"])
        self.energy, self._limit = state["energy"], state["limit"]
        trials = state["trials"]
        self._trials = None if trials is None else [tuple(places) for places in trials]

    def _cost(self, candidate: Candidate, energy: float) -> float:
        return energy if self._price is None else energy + self._price(candidate)

    def _ranked(self) -> list[tuple[int, ...]]:
        """Places to leave out, those first that cost least while the angles stay as they are."""
        gates = self.candidate.gates
        choices = [(place,) for place in range(len(gates))] + _equal_cnots(gates)
        trials = [self._without(places) for places in choices]
        costs = [self._cost(trial, self._evaluator.energy(trial)) for trial in trials]
        order = sorted(range(len(choices)), key=lambda k: (costs[k], -len(choices[k])))
        return [choices[k] for k in order]

    def _without(self, places: tuple[int, ...]) -> Candidate:
        gates = self.candidate.gates
        kept = [gate for place, gate in enumerate(gates) if place not in places]
        return simplified(Candidate(self.candidate.n_qubits, kept), idle=self._idle)


def _equal_cnots(gates: tuple[Placed, ...]) -> list[tuple[int, ...]]:
    """Places of each two successive CNOTs of the same pair."""
    last: dict[tuple[int, ...], int] = {}
    found: list[tuple[int, ...]] = []
    for place, gate in enumerate(gates):
        if gate.name == "cx":
            if gate.qubits in last:
                found.append((last[gate.qubits], place))
            last[gate.qubits] = place
    return found
