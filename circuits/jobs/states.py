"""The states of a job, and which of them may follow one another."""

from __future__ import annotations

from enum import StrEnum

from circuits.errors import JobStateError


class JobState(StrEnum):
    """Where a job stands, as far as the ledger knows.

    >>> JobState.QUEUED.is_final, JobState.DONE.is_final
    (False, True)
    """

    #: Written down; nothing was sent.
    PLANNED = "planned"
    #: Being sent, or cut off while it was: the service may hold the job or not.
    SENDING = "sending"
    #: The service holds it under a known id, and it waits.
    QUEUED = "queued"
    #: It is being computed.
    RUNNING = "running"
    #: The service has its result, the ledger does not yet.
    FINISHED = "finished"
    #: Its result is in the ledger.
    DONE = "done"
    #: It was run and ended with an error.
    FAILED = "failed"
    #: It was cancelled, here or at the service.
    CANCELLED = "cancelled"
    #: The service refused it; it never became a job.
    REJECTED = "rejected"

    @property
    def is_final(self) -> bool:
        """Whether nothing further can happen to the job."""
        return not FOLLOWERS[self]

    @property
    def is_sent(self) -> bool:
        """Whether the service holds the job, under a known id, and has not ended it."""
        return self in {JobState.QUEUED, JobState.RUNNING, JobState.FINISHED}


_ENDS = frozenset({JobState.DONE, JobState.FAILED, JobState.CANCELLED})

#: Which states may follow each one. A sent job never goes back to where it could be sent again.
FOLLOWERS: dict[JobState, frozenset[JobState]] = {
    JobState.PLANNED: frozenset({JobState.SENDING, JobState.CANCELLED}),
    JobState.SENDING: frozenset({JobState.PLANNED, JobState.QUEUED, JobState.REJECTED}),
    JobState.QUEUED: frozenset({JobState.RUNNING, JobState.FINISHED}) | _ENDS,
    JobState.RUNNING: frozenset({JobState.QUEUED, JobState.FINISHED}) | _ENDS,
    JobState.FINISHED: _ENDS,
    JobState.DONE: frozenset(),
    JobState.FAILED: frozenset(),
    JobState.CANCELLED: frozenset(),
    JobState.REJECTED: frozenset(),
}


def check_transition(old: JobState, new: JobState, tag: str) -> None:
    """Raises where `new` may not follow `old`.

    Args:
        old: State in the ledger.
        new: State wanted.
        tag: The job's tag, for the message.

    Raises:
        JobStateError: If it may not.
    """
    if new not in FOLLOWERS[old]:
        allowed = ", ".join(sorted(FOLLOWERS[old])) or "nothing, it is final"
        raise JobStateError(
            f"Job {tag} is {old} and cannot become {new}; what may follow: {allowed}."
        )
