"""The four steps that bring a job forward: send, look, poll, fetch.

Each is written so that the process may die between any two lines: what the ledger says at that
moment is enough to go on without sending anything twice.
"""

from __future__ import annotations

import contextlib
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, final

from circuits.errors import (
    DuplicateJobWarning,
    InvalidArgumentError,
    JobError,
    JobRejectedError,
    JobStateError,
    LedgerBusyError,
    LedgerError,
    RateLimitedError,
    ServiceAnswerError,
    SubmissionUncertainError,
)

from .calls import ours
from .ledger import Ledger
from .records import JobRecord
from .secrets import redacted, refuse_secrets
from .service import JobService, ServiceStatus
from .states import JobState

T = TypeVar("T")

SHORTEST_PAUSE = 1.0
"""Seconds to wait after 429 without Retry-After."""
_SEEN = {JobState.QUEUED, JobState.RUNNING, JobState.FINISHED, JobState.FAILED, JobState.CANCELLED}


@dataclass(frozen=True, slots=True)
class Step:
    """What a step came to.

    Attributes:
        record: The job after it.
        wait: Seconds before the next step, if the step says so.
        note: Why.
    """

    record: JobRecord
    wait: float | None = None
    note: str = ""


@final
class Steps:
    """The steps of jobs of one service.

    Args:
        service: Where jobs are sent.
        ledger: Where they are written down.
        patience: Seconds for which the id of a job that was sent is tried to be written to a
            ledger that others keep locked.
    """

    def __init__(self, service: JobService, ledger: Ledger, patience: float = 60.0) -> None:
        self._service, self._ledger, self._patience = service, ledger, patience

    def next(self, record: JobRecord) -> Step:
        """Takes the step that the job's state asks for."""
        if record.state.is_final:
            return Step(record)
        left = self._ledger.pause_left(record.account)
        if left > 0:
            return Step(record, left, "the service asked to be left alone")
        if record.state in {JobState.PLANNED, JobState.SENDING}:
            return self._send(record)
        if record.state is JobState.FINISHED:
            return Step(self._fetch(record))
        return Step(self._poll(record))

    def cancel(self, record: JobRecord) -> JobRecord:
        """Asks the service to cancel a job that it holds."""
        self._cancel(self._id(record))
        return self._poll(record)

    def fetch_again(self, record: JobRecord) -> bytes:
        """Replaces a stored result that is damaged by the one that the service holds."""
        result = self._result(record)
        self._patiently(lambda: self._ledger.replaced(record.tag, result))
        return result

    # ---- Sending -------------------------------------------------------------------------------

    def _send(self, record: JobRecord) -> Step:
        """Sends a planned job, or finds out what became of one that was being sent."""
        if not self._ledger.leases.take(record.number):
            raise SubmissionUncertainError(
                f"Job {record.tag} is being sent by another thread or process."
            )
        try:
            record = self._ledger.get(record.tag)
            if record.state is JobState.SENDING:
                return Step(self._look(record))
            if record.state is not JobState.PLANNED:
                return Step(record)
            payload = self._ledger.payload(record.tag)
            try:
                turn = self._ledger.begin_sending(record.tag, self._service.per_minute)
            except LedgerError as error:
                error.job_may_exist = False
                raise
            if turn.number is None:
                return Step(record, turn.wait, "the limit on submissions a minute")
            try:
                return Step(self._submit(record.tag, payload))
            finally:
                self._patiently(lambda: self._ledger.end_turn(turn.number or 0))
        finally:
            self._ledger.leases.give_back(record.number)

    def _submit(self, tag: str, payload: bytes) -> JobRecord:
        try:
            job_id = self._call("submit", lambda: self._service.submit(payload, tag))
            if not isinstance(job_id, str) or not job_id:
                raise ServiceAnswerError(f"{self._service.name}: submit answered without an id.")
        except JobError as error:
            return self._not_submitted(tag, error)
        record = self._patiently(lambda: self._ledger.sent(tag, job_id, "submitted"))
        return record if self._service.submits_once else self._single(record)

    def _not_submitted(self, tag: str, error: JobError) -> JobRecord:
        text = str(error)
        if error.job_may_exist:
            self._patiently(lambda: self._ledger.noted(tag, text))
            raise SubmissionUncertainError(
                f"{text} Whether the service holds job {tag} is unknown.",
                retryable=error.retryable,
                retry_after=error.retry_after,
            ) from None
        if isinstance(error, JobRejectedError):
            cause = type(error).__name__
            self._patiently(lambda: self._ledger.ended(tag, JobState.REJECTED, cause, text))
        else:
            self._patiently(lambda: self._ledger.unsent(tag, text))
        raise error

    def _single(self, record: JobRecord) -> JobRecord:
        """Cancels what a client that repeats itself submitted more than once."""
        ids = self._find(record.tag)
        return self._adopt(record, ids) if len(ids) > 1 else record

    # ---- Looking -------------------------------------------------------------------------------

    def _look(self, record: JobRecord) -> JobRecord:
        """Adopts the job that carries the tag, or makes sure, by two looks, that there is none."""
        ids = self._find(record.tag)
        if not ids:
            time.sleep(self._service.listing_delay)
            ids = self._find(record.tag)
        if ids:
            return self._adopt(record, ids)
        return self._ledger.unsent(record.tag, "the service does not hold it")

    def _find(self, tag: str) -> list[str]:
        ids = self._call("find", lambda: self._service.find(tag))
        if isinstance(ids, str) or not all(isinstance(job_id, str) and job_id for job_id in ids):
            raise ServiceAnswerError(f"{self._service.name}: find answered without a list of ids.")
        return list(ids)

    def _adopt(self, record: JobRecord, ids: list[str]) -> JobRecord:
        first = ids[0] if record.job_id is None else record.job_id
        others = [job_id for job_id in ids if job_id != first]
        if record.state is JobState.SENDING:
            tag = record.tag
            record = self._patiently(lambda: self._ledger.sent(tag, first, "found by its tag"))
        for job_id in others:
            self._cancel(job_id)
        if others:
            warnings.warn(
                f"{self._service.name} held {len(ids)} jobs of tag {record.tag}; {first} is kept, "
                f"and {', '.join(others)} cancelled. Something below ketwork repeats submissions.",
                DuplicateJobWarning,
                stacklevel=2,
            )
        return record

    def _cancel(self, job_id: str) -> None:
        with contextlib.suppress(JobStateError):
            self._call("cancel", lambda: self._service.cancel(job_id))

    # ---- Waiting -------------------------------------------------------------------------------

    def _poll(self, record: JobRecord) -> JobRecord:
        job_id = self._id(record)
        status = self._call("status", lambda: self._service.status(job_id))
        if not isinstance(status, ServiceStatus) or status.state not in _SEEN:
            raise ServiceAnswerError(
                f"{self._service.name}: job {job_id} is in a state that ketwork does not know."
            )
        reason = redacted(status.reason, self._service.secrets())
        safe = ServiceStatus(status.state, status.position, status.usage, reason, status.too_long)
        return self._ledger.observed(record.tag, safe)

    def _fetch(self, record: JobRecord) -> JobRecord:
        return self._ledger.stored(record.tag, self._result(record))

    def _result(self, record: JobRecord) -> bytes:
        """The result from the service."""
        job_id = self._id(record)
        result = self._call("result", lambda: self._service.result(job_id))
        if not isinstance(result, bytes):
            raise ServiceAnswerError(f"{self._service.name}: job {job_id} has no readable result.")
        try:
            refuse_secrets(result, "result", self._service.secrets())
        except InvalidArgumentError as error:
            raise ServiceAnswerError(str(error), retryable=False) from None
        return result

    # ---- Calls ---------------------------------------------------------------------------------

    def _id(self, record: JobRecord) -> str:
        if record.job_id is None:
            raise JobStateError(f"Job {record.tag} is {record.state} and has no id at the service.")
        return record.job_id

    def _call(self, what: str, function: Callable[[], T]) -> T:
        """One call of the service, whose errors are ours."""
        mapped: JobError
        try:
            return function()
        except Exception as error:
            mapped = ours(error, f"{self._service.name}: {what}", self._service.secrets())
        if isinstance(mapped, RateLimitedError) or mapped.retry_after:
            seconds = max(SHORTEST_PAUSE, mapped.retry_after or 0.0)
            self._patiently(lambda: self._ledger.pause(self._service.account, seconds))
        raise mapped

    def _patiently(self, write: Callable[[], T]) -> T:
        """Repeats a write while other processes keep the ledger locked."""
        end = time.monotonic() + self._patience
        while True:
            try:
                return write()
            except LedgerBusyError:
                if time.monotonic() > end:
                    raise
