"""Budgets: nothing is sent that might pass them, and the count survives restarts."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field
from typing import Any

import pytest

from circuits import Circuit
from circuits import gates as g
from circuits.cost import Assumptions, Budget, as_budget
from circuits.errors import ArgumentTypeError, BudgetExceededError, InvalidArgumentError
from circuits.jobs import JobState, Ledger
from circuits.jobs.service import ServiceStatus

PLAIN = Assumptions(rep_delay=0.01, overhead=(0.0, 0.0), usual_circuit=0.0, slack=1.0)


@dataclass(frozen=True)
class Pub:
    points: int
    circuit: Circuit = field(default_factory=lambda: Circuit(1, [g.sx(0)]))
    bases: int = 1
    factors: tuple[float, ...] = (1.0,)


@dataclass(frozen=True)
class Plan:
    """10 s for each point."""

    pubs: tuple[Pub, ...]
    shots: int = 1000
    device: str = "five"
    target: Any = None


def plan(points: int) -> Plan:
    return Plan((Pub(points),))


def noted(ledger: Ledger, budget: Budget, job: Plan) -> str:
    return ledger.plan("ibm:five", "me", b"x", digest="0", facts=budget.facts(job)).tag


def test_jobs_count_from_admission_on():
    budget = Budget(60, assumptions=PLAIN)
    budget.admit(plan(2))
    assert (budget.spent, budget.remaining) == (pytest.approx(20), pytest.approx(40))
    with pytest.raises(BudgetExceededError, match=r"Nothing was sent") as caught:
        budget.admit_all([plan(2), plan(3)])
    assert not caught.value.job_may_exist
    assert not caught.value.retryable
    assert budget.spent == pytest.approx(20)
    budget.admit_all([plan(2), plan(2)])
    assert budget.remaining == pytest.approx(0)


def test_true_times_replace_estimates():
    budget = Budget(60, assumptions=PLAIN)
    jobs = [plan(2), plan(2), plan(2)]
    budget.admit_all(jobs)
    budget.settle(jobs[0], 7.5)
    budget.settle(jobs[1], None)
    budget.release(jobs[2])
    assert budget.spent == pytest.approx(7.5 + 20)
    budget.settle(jobs[0], 99.0)  # once only
    assert budget.spent == pytest.approx(7.5 + 20)


def test_upper_estimates_without_a_target():
    budget = Budget(100)
    job = plan(1)
    budget.admit(job)
    assert budget.spent == pytest.approx(2 + 1.5 * 1000 * 350e-6)


def test_a_ledger_keeps_the_count(tmp_path):
    ledger = Ledger(tmp_path / "jobs.sqlite")
    first = Budget(60, assumptions=PLAIN).attached(ledger)
    jobs = [plan(1), plan(2)]
    first.admit_all(jobs)
    tags = [noted(ledger, first, job) for job in jobs]
    assert first.spent == pytest.approx(30)
    # The process dies here; another one begins with the same budget.
    second = Budget(60, assumptions=PLAIN).attached(ledger)
    assert second.spent == pytest.approx(30)
    with pytest.raises(BudgetExceededError):
        second.admit(plan(4))
    assert Budget(60, name="other").attached(ledger).spent == 0
    ledger.begin_sending(tags[0], None)
    ledger.sent(tags[0], "id-0", "sent")
    ledger.observed(tags[0], ServiceStatus(JobState.RUNNING, usage=4.0))
    for budget in (first, second):
        assert budget.spent == pytest.approx(24)
    first.settle(jobs[0], 4.0)
    assert first.spent == pytest.approx(24)


def test_jobs_that_never_ran_cost_nothing(tmp_path):
    ledger = Ledger(tmp_path / "jobs.sqlite")
    budget = Budget(60, assumptions=PLAIN).attached(ledger)
    jobs = [plan(1), plan(1)]
    budget.admit_all(jobs)
    tags = [noted(ledger, budget, job) for job in jobs]
    ledger.ended(tags[0], JobState.CANCELLED, "", "cancelled before it was sent")
    ledger.begin_sending(tags[1], None)
    ledger.ended(tags[1], JobState.REJECTED, "JobRejectedError", "refused")
    assert budget.spent == 0


def test_copies_keep_the_count():
    budget = Budget(60, assumptions=PLAIN)
    budget.admit(plan(1))
    copy = pickle.loads(pickle.dumps(budget))
    assert copy.spent == budget.spent == pytest.approx(10)
    copy.admit(plan(5))
    assert budget.spent == pytest.approx(10)


def test_as_budget():
    assert as_budget(None) is None
    budget = Budget(3)
    assert as_budget(budget) is budget
    assert as_budget(3).seconds == 3.0
    for wrong in ("3", True):
        with pytest.raises(ArgumentTypeError, match="budget"):
            as_budget(wrong)
    for wrong in (0, -1.0, float("inf")):
        with pytest.raises(InvalidArgumentError, match="seconds"):
            as_budget(wrong)
