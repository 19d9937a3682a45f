"""A machine of IBM's service as the ledger knows it."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, final

from circuits.arguments import integer
from circuits.backends.ibm.authorisation import Authorisation
from circuits.backends.ibm.codec import decoded, program_of, submission
from circuits.backends.ibm.connection import connect, fingerprint, job_interface, session_of
from circuits.backends.ibm.transport import is_loopback
from circuits.errors import (
    AuthenticationError,
    InvalidArgumentError,
    JobError,
    ServiceAnswerError,
)
from circuits.jobs import JobService, JobState, ServiceStatus

T = TypeVar("T")

PER_MINUTE = 5
"""Submissions a minute that IBM allows a user."""
RAN_TOO_LONG = 1305
STATES = {
    "queued": JobState.QUEUED,
    "running": JobState.RUNNING,
    "completed": JobState.FINISHED,
    "failed": JobState.FAILED,
    "cancelled": JobState.CANCELLED,
    "cancelled - ran too long": JobState.FAILED,
}
_PAGE = 100
_VARIABLE = "KETWORK_IBM_"


@final
class IBMJobs(JobService):
    """The jobs of one account on one machine.

    Args:
        name: `"ibm:DEVICE/FINGERPRINT"`; the fingerprint stands for the instance, so that jobs are
            looked for where they were sent.
        client: A connection of the client to that instance; `None` connects when needed.
        per_minute: Limit on submissions; `"auto"` is IBM's.
    """

    def __init__(
        self, name: str, client: Any = None, per_minute: int | str | None = "auto"
    ) -> None:
        self.name = name
        self.device, _, self._fingerprint = name.partition(":")[2].partition("/")
        if not self.device or len(self._fingerprint) != 16:
            raise InvalidArgumentError(
                f"{name!r} names no jobs at IBM; expected 'ibm:DEVICE/FINGERPRINT'."
            )
        self.account = f"ibm/{self._fingerprint[:8]}"
        self.per_minute = PER_MINUTE
        self._given, self._client = per_minute, client
        self._interface: tuple[Any, Authorisation] | None = None
        self._opening = threading.Lock()
        self._programs: dict[str, str] = {}
        self._measured: set[str] = set()
        if client is not None:
            self._settle(session_of(client).base_url)
        elif per_minute != "auto":
            self._settle("")

    def __repr__(self) -> str:
        return f"IBMJobs({self.name!r})"

    # ---- Calls ---------------------------------------------------------------------------------

    def submit(self, payload: bytes, tag: str) -> str:
        body = submission(payload, tag)
        answer = self._asked(lambda api: api.program_run(**body))
        job_id = answer.get("id") if isinstance(answer, dict) else None
        if not isinstance(job_id, str) or not job_id:
            raise ServiceAnswerError("The service took the job and answered without an id.")
        self._programs[job_id] = program_of(payload)
        return job_id

    def find(self, tag: str) -> Sequence[str]:
        found: list[str] = []
        while True:
            page, count = self._page(tag, len(found))
            found += page
            if not page or len(found) >= count:
                return found

    def _page(self, tag: str, skip: int) -> tuple[list[str], int]:
        """Some of the jobs that carry a tag, and the number of all."""
        answer = self._asked(
            lambda api: api.jobs_get(limit=_PAGE, skip=skip, job_tags=[tag], descending=False)
        )
        try:
            jobs = [str(job["id"]) for job in answer["jobs"]]
            return jobs, int(answer.get("count", 0))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ServiceAnswerError("The service's list of jobs cannot be read.") from error

    def status(self, job_id: str) -> ServiceStatus:
        job = self._asked(lambda api: api.program_job(job_id).get(exclude_params=True))
        try:
            word = str(job["state"]["status"]).lower()
            state = STATES[word]
            reason = str(job["state"].get("reason") or "")
            code = job["state"].get("reason_code") or job["state"].get("reasonCode")
            self._programs[job_id] = str(job["program"]["id"])
        except (KeyError, TypeError, AttributeError) as error:
            raise ServiceAnswerError(
                f"The service's answer on job {job_id} cannot be read, or its state is not known."
            ) from error
        late = str(code) == str(RAN_TOO_LONG) or "too long" in word
        if late and state is JobState.CANCELLED:
            state = JobState.FAILED
        if code and reason:
            reason = f"{reason} (code {code})"
        return ServiceStatus(state, usage=self._usage(job_id, state), reason=reason, too_long=late)

    def result(self, job_id: str) -> bytes:
        text = self._asked(lambda api: api.program_job(job_id).results())
        if job_id not in self._programs:
            self.status(job_id)
        decoded(self._programs[job_id], text)
        return str(text).encode()

    def cancel(self, job_id: str) -> None:
        self._asked(lambda api: api.program_job(job_id).cancel())

    def secrets(self) -> Sequence[str]:
        return () if self._interface is None else self._interface[1].secrets()

    # ---- The way there -------------------------------------------------------------------------

    def _asked(self, call: Callable[[Any], T]) -> T:
        """One call; a refused token is dropped, so that the next call brings another one."""
        api, auth = self._opened()
        try:
            answer = call(api)
        except AuthenticationError as error:
            if "answered 401" not in str(error):
                raise
            retryable = auth.refused()
            raise AuthenticationError(
                str(error), retryable=retryable, job_may_exist=error.job_may_exist
            ) from None
        except JobError:
            raise
        except ValueError as error:
            raise ServiceAnswerError(f"The service's answer is no JSON: {error}"[:500]) from None
        auth.accepted()
        return answer

    def _opened(self) -> tuple[Any, Authorisation]:
        with self._opening:
            if self._interface is None:
                self._interface = job_interface(self._client or self._found_client())
            return self._interface

    def _found_client(self) -> Any:
        service = connect()
        for crn, client in service.clients().items():
            if fingerprint(crn) == self._fingerprint:
                self._settle(session_of(client).base_url)
                return client
        raise AuthenticationError(
            f"The jobs of {self.name} belong to another instance than those of the account in use. "
            "Set QISKIT_IBM_TOKEN and QISKIT_IBM_INSTANCE to the account that sent them."
        )

    def _settle(self, address: str) -> None:
        """Limits of the service; those of a service on this machine may be told otherwise."""
        if self._given != "auto":
            given = self._given
            self.per_minute = None if given is None else integer(given, "per_minute")
        local = is_loopback(address)
        told = os.environ.get(f"{_VARIABLE}PER_MINUTE") if local else None
        if told and self._given == "auto":
            self.per_minute = None if told == "none" else int(told)
        delay = os.environ.get(f"{_VARIABLE}LISTING_DELAY") if local else None
        if delay:
            self.listing_delay = float(delay)

    def _usage(self, job_id: str, state: JobState) -> float | None:
        """Seconds of machine time of a job that has ended; asked for once, `None` if not told."""
        if state not in (JobState.FINISHED, JobState.FAILED) or job_id in self._measured:
            return None
        self._measured.add(job_id)
        with contextlib.suppress(Exception):
            usage = self._asked(lambda api: api.program_job(job_id).metadata())["usage"]
            seconds = usage.get("quantum_seconds", usage.get("qpu_charge_time_seconds"))
            return None if seconds is None else float(seconds)
        return None


def service_name(device: str, crn: str) -> str:
    """The name of a machine's jobs in the ledger."""
    return f"ibm:{device}/{fingerprint(crn)}"


def opened(name: str) -> IBMJobs:
    """The service of a name, for `circuits.jobs.open_service`."""
    return IBMJobs(name)
