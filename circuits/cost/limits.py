"""The service's stated limits, and which of them a workload would hit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

EXECUTIONS = "executions"
INSTRUCTIONS = "instructions_per_qubit"
GATES = "two_qubit_gates"
JOB_SECONDS = "job_seconds"
PER_MINUTE = "jobs_per_minute"
FREE_SECONDS = "free_plan_seconds"

LIMITS: Mapping[str, int] = {
    EXECUTIONS: 10_000_000,
    INSTRUCTIONS: 26_800_000,
    GATES: 10_000,
    JOB_SECONDS: 3 * 3600,
    PER_MINUTE: 5,
    FREE_SECONDS: 600,
}
"""Of one job: circuits times shots; control instructions of one qubit; two-qubit gates below which
a job passes for certain (more are no error); seconds of machine time. Of an account: submissions
in a minute; seconds of machine time in 28 days on the free plan (which third parties report).

References:
    https://quantum.cloud.ibm.com/docs/guides/job-limits
"""


@final
@dataclass(frozen=True, slots=True)
class Hit:
    """A limit that a workload reaches.

    Attributes:
        name: Its key in `LIMITS`.
        value: What the workload needs.
        limit: The limit.
        text: What follows from it.
    """

    name: str
    value: float
    limit: float
    text: str


@final
@dataclass(frozen=True, slots=True)
class Load:
    """What one job asks of the service.

    Attributes:
        executions: Circuits times shots.
        instructions: Control instructions of the busiest qubit, all circuits together.
        two_qubit_gates: Gates on two qubits and more, all circuits together.
        seconds: Machine time at most.
    """

    executions: int
    instructions: int
    two_qubit_gates: int
    seconds: float


def hits_of(jobs: Sequence[Load], calls: int, high: float) -> tuple[Hit, ...]:
    """The limits that a workload reaches.

    Args:
        jobs: Of one call.
        calls: How often it is made.
        high: Seconds of machine time of all calls, at most.
    """
    texts = {
        EXECUTIONS: "executions in one job; it must be split",
        INSTRUCTIONS: "control instructions on one qubit in one job; it must be split",
        GATES: "two-qubit gates in one job, which passes for certain only up to the limit",
        JOB_SECONDS: "seconds for one job; it would be stopped",
    }
    worst = {
        EXECUTIONS: max((job.executions for job in jobs), default=0),
        INSTRUCTIONS: max((job.instructions for job in jobs), default=0),
        GATES: max((job.two_qubit_gates for job in jobs), default=0),
        JOB_SECONDS: max((job.seconds for job in jobs), default=0.0),
    }
    found = [
        Hit(name, value, LIMITS[name], texts[name])
        for name, value in worst.items()
        if value > LIMITS[name]
    ]
    submissions = len(jobs) * calls
    if submissions > LIMITS[PER_MINUTE]:
        minutes = (submissions - 1) // LIMITS[PER_MINUTE]
        text = f"jobs, so submitting them takes {minutes} minutes at the limit a minute"
        found.append(Hit(PER_MINUTE, submissions, LIMITS[PER_MINUTE], text))
    if high > LIMITS[FREE_SECONDS]:
        text = "seconds at most, more than the free plan has in 28 days"
        found.append(Hit(FREE_SECONDS, high, LIMITS[FREE_SECONDS], text))
    return tuple(found)
