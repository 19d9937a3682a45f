"""`Budget`: machine time that may be spent, counted before anything is sent."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, final

from circuits.arguments import number
from circuits.cost.assumptions import Assumptions
from circuits.cost.device import UNKNOWN
from circuits.cost.estimate import job_of_plan
from circuits.errors import ArgumentTypeError, BudgetExceededError, InvalidArgumentError
from circuits.jobs import JobState, Ledger

_NAME, _ID, _SECONDS = "budget", "budget_id", "budget_seconds"
_FREE = (JobState.REJECTED,)


@final
class Budget:
    """Seconds of machine time, and what was spent of them.

    A job counts with the upper estimate of its time from the moment it is admitted, and with its
    true time once the service has told it. A call whose jobs might pass the budget raises before
    the first of them is sent. With a ledger, jobs are counted there, under the budget's name, so
    that the count survives restarts and is shared by processes (two that ask in the same moment do
    not see each other's job yet).

    Args:
        seconds: What may be spent.
        name: Under which jobs are counted in a ledger; another name is another budget.
        assumptions: What estimates rest on.

    Raises:
        InvalidArgumentError: If `seconds` is not positive.

    >>> budget = Budget(60)
    >>> budget.remaining
    60.0
    """

    def __init__(
        self, seconds: float, *, name: str = "budget", assumptions: Assumptions | None = None
    ) -> None:
        self.seconds = number(seconds, "seconds")
        if self.seconds <= 0:
            raise InvalidArgumentError(f"Argument `seconds` must be positive, got {seconds}.")
        self.name = name
        self.assumptions = Assumptions() if assumptions is None else assumptions
        self._ledger: Ledger | None = None
        self._held: dict[int, tuple[Any, str, float]] = {}
        self._settled: dict[str, float] = {}
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"Budget({self.seconds:g}, name={self.name!r})"

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_held": {}, "_settled": self._counted(), "_lock": None}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = threading.Lock()

    def attached(self, ledger: Ledger | None) -> Budget:
        """This budget, counting also the jobs that a ledger holds under its name."""
        if ledger is not None:
            self._ledger = ledger
        return self

    @property
    def spent(self) -> float:
        """Seconds spent or admitted so far."""
        return sum(self._counted().values())

    @property
    def remaining(self) -> float:
        """Seconds that are left."""
        return self.seconds - self.spent

    def admit(self, plan: Any) -> None:
        """`admit_all` for one job."""
        self.admit_all([plan])

    def admit_all(self, plans: Sequence[Any]) -> None:
        """Count jobs before the first of them is sent.

        Args:
            plans: The jobs of one call (`JobPlan`).

        Raises:
            BudgetExceededError: If they might pass what is left; none of them is counted then.
        """
        wanted = [self._most(plan) for plan in plans]
        with self._lock:
            left = self.seconds - sum(self._counted().values())
            if sum(wanted) > left:
                raise BudgetExceededError(
                    f"{len(plans)} job(s) may need {sum(wanted):.1f} s of machine time, and "
                    f"{max(left, 0):.1f} s of the budget {self.name!r} of {self.seconds:g} s are "
                    "left. Nothing was sent. Raise the budget, or ask for fewer shots or points."
                )
            for plan, seconds in zip(plans, wanted, strict=True):
                self._held[id(plan)] = (plan, uuid.uuid4().hex, seconds)

    def facts(self, plan: Any) -> dict[str, Any]:
        """What the ledger has to note about an admitted job."""
        _, mark, seconds = self._held[id(plan)]
        return {_NAME: self.name, _ID: mark, _SECONDS: seconds}

    def settle(self, plan: Any, seconds: float | None) -> None:
        """Count the true time of a job that has ended; `None` keeps the estimate."""
        with self._lock:
            held = self._held.pop(id(plan), None)
            if held is not None:
                self._settled[held[1]] = held[2] if seconds is None else float(seconds)

    def release(self, plan: Any) -> None:
        """Forget a job that was certainly not made."""
        with self._lock:
            self._held.pop(id(plan), None)

    def _most(self, plan: Any) -> float:
        job = job_of_plan(plan, UNKNOWN, self.assumptions)
        if job.seconds is None:
            return self.assumptions.seconds(job.works, job.shots, None, job.extra)[1]
        return job.seconds[1]

    def _counted(self) -> dict[str, float]:
        """Seconds of each job by its mark; what the ledger knows wins."""
        counted = dict(self._settled)
        counted.update({mark: seconds for _, mark, seconds in self._held.values()})
        for record in [] if self._ledger is None else self._ledger.records():
            facts = record.facts
            if facts.get(_NAME) == self.name and _ID in facts:
                never = record.state in _FREE or (record.state.is_final and not record.job_id)
                known = 0.0 if never else record.usage
                mark = str(facts[_ID])
                estimate = counted.get(mark, float(facts[_SECONDS]))
                counted[mark] = estimate if known is None else known
        return counted


def as_budget(given: Any) -> Any:
    """A budget from seconds; something with `admit_all` and `settle`, and `None`, stay as they are.

    Raises:
        ArgumentTypeError: If it is something else.
    """
    if given is None or hasattr(given, "admit_all"):
        return given
    if isinstance(given, int | float) and not isinstance(given, bool):
        return Budget(given)
    raise ArgumentTypeError(
        "Argument `budget` must be a number of seconds of machine time or a circuits.cost.Budget, "
        f"got {type(given).__name__}: {given!r}."
    )
