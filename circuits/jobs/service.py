"""What the ledger needs of a machine that runs jobs: five calls."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from .states import JobState


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """What a service says about a job.

    Attributes:
        state: `QUEUED`, `RUNNING`, `FINISHED`, `FAILED` or `CANCELLED`.
        position: Jobs ahead of it in the queue, if known.
        usage: Seconds of machine time it has used, if known.
        reason: Why it failed or was cancelled.
        too_long: Whether it failed because it ran too long.
    """

    state: JobState
    position: int | None = None
    usage: float | None = None
    reason: str = ""
    too_long: bool = False


class JobService(ABC):
    """A machine, or an account on one, that runs jobs for requests in bytes.

    Laws:

    * A call sends one request to the machine and is never repeated by the service itself, least of
      all `submit`: whoever calls decides about repeating. Where the client below cannot be kept
      from repeating submissions, `submits_once` is false.
    * Causes are told apart by the classes of `circuits.errors`. An error that `submit` raises has
      `job_may_exist=False` only if it is certain that no job was made.
    * A call may block; it runs in a thread of its own and is abandoned when its time is over.
    * Credentials are fetched when they are needed, and are in no argument, message or attribute
      that is printed or pickled.
    """

    #: Name in the ledger, a scheme and what it stands for: `"ibm:ibm_boston"`.
    name: str
    #: Who is limited to so many submissions a minute; jobs of one account share the limit.
    account: str
    #: Submissions that the account may make in any minute; `None` is without limit.
    per_minute: int | None = 5
    #: Seconds after which a submitted job certainly appears in `find`.
    listing_delay: float = 10.0
    #: Whether one call of `submit` makes at most one job.
    submits_once: bool = True

    @abstractmethod
    def submit(self, payload: bytes, tag: str) -> str:
        """Makes a job of the payload, marked with the tag, and returns its id."""

    @abstractmethod
    def find(self, tag: str) -> Sequence[str]:
        """The ids of all jobs, whatever became of them, that carry the tag, oldest first."""

    @abstractmethod
    def status(self, job_id: str) -> ServiceStatus:
        """Where the job stands. Raises `JobNotFoundError` if there is none of this id."""

    @abstractmethod
    def result(self, job_id: str) -> bytes:
        """The result of a job that is `FINISHED`."""

    @abstractmethod
    def cancel(self, job_id: str) -> None:
        """Asks for the job to be cancelled. Raises `JobStateError` if it has ended."""

    def secrets(self) -> Sequence[str]:
        """Texts that must never be written anywhere: keys and tokens in use at this moment."""
        return ()
