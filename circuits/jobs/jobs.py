"""`Jobs`: requests sent to a service exactly once, whatever dies or breaks in between."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn, final

from circuits import errors
from circuits.errors import (
    JobError,
    JobFailedError,
    JobStateError,
    LedgerCorruptedError,
    LedgerError,
    UnsupportedOperationError,
)

from .calls import Caller
from .digest import payload_digest
from .ledger import Ledger
from .progress import Pace, ProgressCallback
from .records import JobRecord
from .secrets import redacted, refuse_secrets
from .service import JobService
from .states import JobState
from .steps import Steps
from .waiting import Wait


@final
class Jobs:
    """The jobs of one service, kept in a ledger.

    A request is written down with a unique tag before it is sent, its id when the service has
    given one, its result when it was fetched. Where a process dies in between, the next one asks
    the service for the tag, twice, before it sends again. Threads and processes may share a ledger.

    Args:
        service: Where jobs run.
        ledger: Where they are written down; by default the user's ledger.
        pace: How often the service is asked, and how long a call may take.
    """

    def __init__(
        self, service: JobService, ledger: Ledger | None = None, *, pace: Pace | None = None
    ) -> None:
        self.ledger = Ledger() if ledger is None else ledger
        self.service = service
        self.pace = Pace() if pace is None else pace
        self._steps = Steps(service, self.ledger)
        self._caller = Caller()

    def __repr__(self) -> str:
        return f"Jobs({self.service.name!r}, {self.ledger!r})"

    def __reduce__(self) -> NoReturn:
        raise UnsupportedOperationError(
            "A `Jobs` holds a connection and is not pickled. Send the ledger and the job's tag, "
            "and make a new `Jobs` where they arrive."
        )

    def submit(
        self,
        payload: bytes,
        *,
        digest: str | None = None,
        key: str | None = None,
        reuse: bool = False,
        facts: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        progress: ProgressCallback | None = None,
    ) -> JobRecord:
        """Sends a request, and returns when the service has given it an id.

        Args:
            payload: The request, in the service's form.
            digest: Content digest of the request (`content_digest`); by default of the payload.
            key: The caller's own name of the request, e.g. `"run 7f3a, step 12"`. With it a program
                that is started again takes up the job it sent before, or its result.
            reuse: Whether an identical request that has finished before may stand in for this one;
                nothing is sent then. Its shots are the same shots.
            facts: What to note about it, e.g. `{"shots": 1000}`.
            timeout: Seconds to wait for the id. The limit on submissions a minute may take most of
                them.
            progress: Told how it goes.

        Returns:
            The job: `QUEUED`, or further.

        Raises:
            WaitTimeoutError: If there is no id in time; `job_may_exist` tells whether it was sent.
            JobError: If it cannot be sent; see the classes below it.
            InvalidArgumentError: If payload or facts contain a secret, or facts are no JSON types.
        """
        known = payload_digest(self.service.name, payload) if digest is None else digest
        refuse_secrets(payload, "payload", self.service.secrets())
        refuse_secrets(f"{facts} {key}".encode(), "facts", self.service.secrets())
        if reuse:
            done = self.ledger.records(
                states=[JobState.DONE], service=self.service.name, digest=known
            )
            if done:
                return done[-1]
        try:
            record = self.ledger.plan(
                self.service.name, self.service.account, payload, digest=known, key=key, facts=facts
            )
        except LedgerError as error:
            error.job_may_exist = False
            raise
        return self._wait(timeout, progress).until(record.tag, _is_sent)

    def wait(
        self,
        tag: str,
        *,
        timeout: float | None = None,
        progress: ProgressCallback | None = None,
    ) -> JobRecord:
        """Waits until the job has ended and its result is stored; sends it if it was not sent.

        Ctrl-C ends the wait and leaves the job as it is.

        Args:
            tag: The job's tag.
            timeout: Seconds; the call returns or raises at most 5 s later, whatever the service
                does.
            progress: Told about state, queue and machine time after every step.

        Returns:
            The job in a final state, also if it failed.

        Raises:
            WaitTimeoutError: If the time is over.
            JobError: If the service or the ledger fails for good.
        """
        self._own(tag)
        return self._wait(timeout, progress).until(tag, _is_final)

    def result(
        self,
        tag: str,
        *,
        timeout: float | None = None,
        progress: ProgressCallback | None = None,
    ) -> bytes:
        """The job's result: from the ledger if it is there, else by waiting for it.

        A stored result that is damaged is fetched from the service again.

        Raises:
            JobFailedError: If it failed; `JobTooLongError` if it ran too long.
            JobCancelledError: If it was cancelled.
            JobRejectedError: If the service refused it.
            JobError: As `wait`.
        """
        record = self.wait(tag, timeout=timeout, progress=progress)
        if record.state is not JobState.DONE:
            raise failure(record)
        try:
            return self.ledger.result(tag)
        except LedgerCorruptedError:
            if record.job_id is None:
                raise
        seconds = self.pace.call if timeout is None else min(self.pace.call, timeout + 1.0)
        name = f"{record.service}, result again"
        return self._caller.call(lambda: self._steps.fetch_again(record), seconds, name)

    def run(
        self,
        payload: bytes,
        *,
        timeout: float | None = None,
        progress: ProgressCallback | None = None,
        **options: Any,
    ) -> bytes:
        """Submits and waits for the result; arguments as those of `submit`."""
        wait = self._wait(timeout, progress)
        record = self.submit(payload, timeout=timeout, progress=progress, **options)
        record = wait.until(record.tag, _is_final)
        return self.result(record.tag)

    def resume(
        self, *, timeout: float | None = None, progress: ProgressCallback | None = None
    ) -> list[JobRecord]:
        """Sends what was planned, finds what was cut off, asks about what is under way.

        Does not wait for the machine. Meant for the start of a program.

        Args:
            timeout: Seconds for each job.
            progress: Told how it goes.

        Returns:
            The service's jobs that had not ended, as they are now.

        Raises:
            LedgerCorruptedError: If a row is damaged, after all others were resumed.
            JobError: As `wait`.
        """
        open_states = [state for state in JobState if not state.is_final]
        damaged: list[LedgerCorruptedError] = []
        found = self.ledger.records(
            states=open_states, service=self.service.name, on_damage=damaged.append
        )
        for record in found:
            self._wait(timeout, progress).until(record.tag, _is_sent)
            self.refresh(record.tag)
        if damaged:
            raise damaged[0]
        return [self.ledger.get(record.tag) for record in found]

    def refresh(self, tag: str) -> JobRecord:
        """Asks the service once where a sent job stands, and fetches its result if there is one."""
        record = self._own(tag)
        for _ in range(2):
            if record.state.is_sent:
                record = self._step(record)
        return record

    def cancel(self, tag: str, *, timeout: float | None = 60.0) -> JobRecord:
        """Cancels a job.

        One that was cut off while it was sent is looked for first. One that was sent is cancelled
        at the service, which may take a moment: it is `CANCELLED` when the service says so.

        Args:
            tag: The job's tag.
            timeout: Seconds to find a job that was cut off.

        Raises:
            JobStateError: If it has ended, or another process is sending it.
            JobError: If the service fails.
        """
        record = self._own(tag)
        if record.state is JobState.SENDING:
            wait = self._wait(timeout, None)
            record = wait.until(tag, lambda job: job.state is not JobState.SENDING)
        if record.state is JobState.PLANNED:
            return self._forget(record)
        if record.state.is_final:
            raise JobStateError(f"Job {record.number} is {record.state} and cannot be cancelled.")
        return self._caller.call(
            lambda: self._steps.cancel(record), self.pace.call, f"{record.service}, cancel"
        )

    def _forget(self, record: JobRecord) -> JobRecord:
        leases = self.ledger.leases
        if not leases.take(record.number):
            raise JobStateError(
                f"Job {record.number} is being sent by another process; try again in a moment.",
                retryable=True,
            )
        try:
            if self.ledger.get(record.tag).state is JobState.PLANNED:
                reason = "cancelled before it was sent"
                return self.ledger.ended(
                    record.tag, JobState.CANCELLED, "JobCancelledError", reason
                )
        finally:
            leases.give_back(record.number)
        return self.cancel(record.tag)

    def _step(self, record: JobRecord) -> JobRecord:
        name = f"{record.service}, {record.state}"
        return self._caller.call(lambda: self._steps.next(record), self.pace.call, name).record

    def _own(self, tag: str) -> JobRecord:
        record = self.ledger.get(tag)
        if record.service != self.service.name:
            raise JobStateError(
                f"Job {record.number} belongs to {record.service}, and these are the jobs of "
                f"{self.service.name}."
            )
        return record

    def _wait(self, timeout: float | None, progress: ProgressCallback | None) -> Wait:
        return Wait(self.ledger, self._steps, self._caller, self.pace, timeout, progress)


def failure(record: JobRecord) -> JobError:
    """The exception that stands for how a job ended without a result.

    Args:
        record: A job that is `FAILED`, `CANCELLED` or `REJECTED`.
    """
    cause = getattr(errors, record.cause, JobFailedError)
    message = f"Job {record.number} ({record.job_id or record.tag}) at {record.service} was "
    words = {JobState.FAILED: "run and failed", JobState.REJECTED: "refused"}
    error: JobError = cause(
        redacted(f"{message}{words.get(record.state, record.state.value)}: {record.error}")
    )
    return error


def _is_final(record: JobRecord) -> bool:
    return record.state.is_final


def _is_sent(record: JobRecord) -> bool:
    return record.state.is_sent or record.state.is_final
