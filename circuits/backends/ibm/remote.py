"""Jobs at the service, through the ledger."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from typing import Any, final

from circuits.backends.ibm.codec import decoded, encoded, program_of
from circuits.backends.ibm.modes import ServiceMode
from circuits.backends.ibm.recorder import recorded
from circuits.backends.ibm.runners import Found, Runner
from circuits.backends.ibm.service import IBMJobs, service_name
from circuits.backends.ibm.tasks import Job
from circuits.errors import JobError
from circuits.jobs import JobRecord, Jobs, JobState, Ledger, Pace
from circuits.jobs.progress import ProgressCallback


@final
class ServiceRunner(Runner):
    """Sends jobs, and waits for their results.

    Args:
        mode: Where they run.
        ledger: Where they are written down; `None` is the user's ledger.
        reuse: Whether finished jobs of the same content stand in for new ones.
        budget: A `circuits.cost.Budget`, or `None`.
        per_minute: Limit on submissions.
        timeout: Seconds for all jobs of one call.
        progress: Told how waits go.
        pace: How often the service is asked.
        legacy: Whether the deprecated primitives are used.
    """

    def __init__(
        self,
        mode: ServiceMode,
        ledger: Any,
        reuse: bool,
        budget: Any,
        per_minute: int | str | None,
        *,
        timeout: float | None,
        progress: ProgressCallback | None,
        pace: Pace | None,
        legacy: bool = False,
    ) -> None:
        self.mode, self.legacy = mode, legacy
        self.ledger = ledger if isinstance(ledger, Ledger) else Ledger(ledger)
        self.reuse, self.budget = bool(reuse), budget
        self.per_minute = per_minute
        self.timeout, self.progress, self.pace = timeout, progress, pace
        self._jobs: Jobs | None = None
        self._keys: _Keys | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_jobs": None, "_keys": None}

    @property
    def jobs(self) -> Jobs:
        """The machine's jobs."""
        if self._jobs is None:
            backend = self.mode.backend
            client = backend.service._get_api_client(backend._instance)
            service = IBMJobs(
                service_name(backend.name, backend._instance), client, self.per_minute
            )
            self._jobs = Jobs(service, self.ledger, pace=self.pace)
        return self._jobs

    def run(
        self, jobs: Sequence[Job], options: Mapping[str, Mapping[str, Any]], content: str
    ) -> Found:
        payloads = [self._payload(job, options[job.plan.primitive]) for job in jobs]
        keys = [None if self._keys is None else self._keys.next() for _ in jobs]
        digests = [_digest(content, k, len(jobs)) for k in range(len(jobs))]
        budgets = self._admitted(jobs, digests, keys)
        end = None if self.timeout is None else time.monotonic() + self.timeout
        sent = [
            self._submitted(job, payload, digest, key, budget, end)
            for job, payload, digest, key, budget in zip(
                jobs, payloads, digests, keys, budgets, strict=True
            )
        ]
        results, told = [], []
        for job, payload, record, budget in zip(jobs, payloads, sent, budgets, strict=True):
            result = self.jobs.result(record.tag, timeout=_left(end), progress=self.progress)
            results.append(decoded(program_of(payload), result.decode()))
            done = self.ledger.get(record.tag)
            told.append(
                {
                    "primitive": job.plan.primitive,
                    "job_id": done.job_id,
                    "tag": done.tag,
                    "usage": done.usage,
                }
            )
            if budget is not None:
                budget.settle(job.plan, done.usage)
        return results, told

    def _submitted(
        self,
        job: Job,
        payload: bytes,
        digest: str,
        key: str | None,
        budget: Any,
        end: float | None,
    ) -> JobRecord:
        plan = job.plan
        facts = {"primitive": plan.primitive, "shots": plan.shots, "circuits": plan.circuits}
        if budget is not None:
            facts |= budget.facts(plan)
        try:
            return self.jobs.submit(
                payload,
                digest=digest,
                key=key,
                reuse=self.reuse,
                facts=facts,
                timeout=_left(end),
                progress=self.progress,
            )
        except JobError as error:
            if budget is not None and not error.job_may_exist:
                budget.release(plan)
            raise

    def name_jobs(self, prefix: str | None) -> None:
        self._keys = None if prefix is None else _Keys(prefix)

    def _payload(self, job: Job, options: Mapping[str, Any]) -> bytes:
        backend = self.mode.backend
        kind = job.plan.primitive
        program = recorded(kind, job.contents, options, backend, legacy=self.legacy)
        return encoded(program, backend.name, self.mode.session)

    def _admitted(
        self, jobs: Sequence[Job], digests: Sequence[str], keys: Sequence[str | None]
    ) -> list[Any]:
        """Asks the budget for all jobs that will be sent, before the first one is.

        Returns:
            For each job the budget that it counts against, if it does.
        """
        if self.budget is None:
            return [None] * len(jobs)
        budget = self.budget.attached(self.ledger)
        known = [self._known(digest, key) for digest, key in zip(digests, keys, strict=True)]
        budget.admit_all([job.plan for job, old in zip(jobs, known, strict=True) if not old])
        return [None if old else budget for old in known]

    def _known(self, digest: str, key: str | None) -> bool:
        """Whether the ledger has the job already, so that nothing is spent on it anew."""
        name = self.jobs.service.name
        same = self.ledger.records(service=name, digest=digest)
        done = self.reuse and any(record.state is JobState.DONE for record in same)
        return done or (key is not None and any(record.key == key for record in same))


@final
class _Keys:
    """Names of jobs in the ledger, in order."""

    def __init__(self, prefix: str) -> None:
        self._prefix, self._number = prefix, 0

    def next(self) -> str:
        """The next name."""
        self._number += 1
        return f"{self._prefix} job {self._number}"


def _digest(content: str, number: int, of: int) -> str:
    """The digest of one of the jobs of a call."""
    return hashlib.sha256(f"{content} {number}/{of}".encode()).hexdigest()


def _left(end: float | None) -> float | None:
    return None if end is None else max(0.0, end - time.monotonic())
