"""ADAPT-VQE: the circuit grows by the operator with the steepest energy, then loses spare gates."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar, final

import numpy as np

from circuits.arguments import integer, number, one_of
from circuits.errors import InvalidArgumentError
from circuits.flat.table import Floats
from optim.problems.problem import Problem
from optim.search.base import Search, Steps
from optim.search.candidate import Candidate, Placed
from optim.search.choices import Choices, idle_qubits
from optim.search.compaction import Compactor
from optim.search.pools import POOLS, Element, all_elements, pool
from optim.search.prices import Prices
from optim.search.simplification import simplified
from optim.search.starts import as_option, checked_start
from optim.search.task import Task

_TIE = 1e-6  # relative difference of gradients between which chance decides


@final
class AdaptVQE(Search):
    """ADAPT-VQE with its operators compiled to CNOTs and rotations, and compaction at the end.

    It starts from the best product state (one ry per qubit), or from `initial`. Each step takes
    the gradients of all operators of a pool, appended at angle 0, in one pass; appends the one
    whose gradient has the largest norm; and optimises all angles: those of earlier operators, and
    those of basis changes too. It grows until the largest norm falls below
    `gradient_tolerance`, there are `max_operators`, or half of the budget is spent; what
    remains of the budget goes into leaving out gates (`compaction`).

    Chance decides between operators of equal gradients only. A step counts as one candidate and
    the gradients of a pool as one evaluation.

    Args:
        pool: `"qubit"` (single Pauli strings, as qubit-ADAPT), `"qubit-excitation"` or
            `"fermionic"` (Jordan-Wigner).
        max_operators: Most operators that are appended; default no limit.
        gradient_tolerance: Norm of the gradient at which it stops growing, in the problem's unit.
        cnot_price: What a CNOT may cost, besides `gate_price`, in units of the problem's accuracy.
        gate_price: What any gate may cost, in the same unit.
        compaction: Whether gates are left out in the end that are not worth their price.
        initial: Gates to begin with.

    References:
        Grimsley et al., Nat. Commun. 10, 3007 (2019); qubit-ADAPT: Tang et al., PRX Quantum 2,
        020310 (2021); qubit excitations: Yordanov et al., Commun. Phys. 4, 228 (2021).
    """

    method: ClassVar[str] = "adapt"

    def __init__(
        self,
        pool: str = "qubit",
        *,
        max_operators: int | None = None,
        gradient_tolerance: float = 1e-3,
        cnot_price: float = Prices.cnot,
        gate_price: float = Prices.gate,
        compaction: bool = True,
        initial: Candidate | None = None,
    ) -> None:
        self.pool = one_of(pool, tuple(POOLS), "pool")
        self.max_operators = None
        if max_operators is not None:
            self.max_operators = integer(max_operators, "max_operators")
        self.gradient_tolerance = number(gradient_tolerance, "gradient_tolerance")
        if self.gradient_tolerance < 0:
            raise InvalidArgumentError(
                f"Argument `gradient_tolerance` must not be negative, got {gradient_tolerance}."
            )
        self.prices = Prices(cnot_price, gate_price)
        self.compaction = bool(compaction)
        self.initial = initial

    def options(self) -> dict[str, Any]:
        names = ("pool", "max_operators", "gradient_tolerance", "compaction")
        return {
            **{name: getattr(self, name) for name in names},
            "cnot_price": self.prices.cnot,
            "gate_price": self.prices.gate,
            "initial": as_option(self.initial),
        }

    def start(self, task: Task) -> Steps:
        return _AdaptSteps(task, self)

    def cost(self, problem: Problem, candidate: Candidate, energy: float) -> float:
        return energy + self.prices.of(problem, candidate)


@final
class _AdaptSteps(Steps):
    def __init__(self, task: Task, search: AdaptVQE) -> None:
        super().__init__(task)
        problem = task.problem
        self._search, self._idle = search, idle_qubits(problem)
        choices = Choices.of(problem)
        self._pool = pool(search.pool, choices)
        self._whole, self._spans = all_elements(self._pool, problem.n_qubits)
        product_state = [Placed("ry", (qubit,), 0.0) for qubit in choices.qubits]
        first = Candidate(problem.n_qubits, product_state)
        if search.initial is not None:
            first = checked_start(search.initial, problem, choices)
        self._current, self._energy = first, np.inf
        self._operators = 0
        self._compactor: Compactor | None = None

    def step(self) -> None:
        if self._compactor is not None:
            self._compact(self._compactor)
        elif self._energy == np.inf:
            self._take(self._current)
        else:
            element = self._steepest()
            if element is not None:
                self._operators += 1
                self._take(self._current + Candidate(self._current.n_qubits, element.gates))
            elif self._search.compaction:
                self._compactor = self._new_compactor()
            else:
                self.finished = True

    def _steepest(self) -> Element | None:
        """The element to append, if it is to grow further."""
        search, task = self._search, self.task
        if self._operators == search.max_operators or 2 * task.left < task.budget:
            return None
        _, slopes = task.evaluator.value_and_gradient(self._current + self._whole)
        norms = self._norms(slopes[self._current.rotations :])
        steepest = float(norms.max())
        task.facts["gradient"] = steepest
        if steepest < search.gradient_tolerance:
            return None
        best = np.flatnonzero(norms > (1 - _TIE) * steepest)
        element = self._pool[int(best[int(task.rng.integers(len(best)))])]
        task.log("operators", name=element.name, gradient=steepest)
        return element

    def _norms(self, slopes: Floats) -> Floats:
        """Norm of the gradient by the free angles of each element."""
        free = np.where(self._whole.angles == 0, slopes, 0.0)
        squares = [float((free[span.start : span.stop] ** 2).sum()) for span in self._spans]
        return np.sqrt(squares)

    def _take(self, trial: Candidate) -> None:
        found = self.task.optimize(trial)
        self._current = simplified(found.candidate, idle=self._idle)
        self._energy = found.energy

    def _compact(self, compactor: Compactor) -> None:
        trial = compactor.ask()
        if trial is None:
            self.finished = True
        else:
            compactor.tell(self.task.optimize(trial))

    def _new_compactor(self) -> Compactor:
        price = partial(self._search.prices.of, self.task.problem)
        return Compactor(self.task.evaluator, self._current, self._energy, price=price)

    def state_dict(self) -> dict[str, Any]:
        return {
            "current": self._current.to_json(),
            "energy": float(self._energy),
            "operators": self._operators,
            "compactor": None if self._compactor is None else self._compactor.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._current, self._energy = Candidate.from_json(state["current"]), state["energy"]
        self._operators, self._compactor = state["operators"], None
        if state["compactor"] is not None:
            self._compactor = self._new_compactor()
            self._compactor.load_state_dict(state["compactor"])
