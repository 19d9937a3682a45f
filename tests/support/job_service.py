"""A service whose jobs are files in a folder, with faults that tests plan."""

from __future__ import annotations

import json
import os
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from circuits.errors import JobNotFoundError, JobStateError
from circuits.jobs import JobService, JobState, ServiceStatus

Fault = Callable[[str], None]
"""Called with "before" and "after" around what a call does; raises, sleeps or kills."""


class FolderService(JobService):
    """Jobs outlive the process, as on a server; each call is complete or has no effect.

    Args:
        folder: Where jobs are; processes may share it.
        polls: Polls after which a job is finished.
        per_minute: Limit on submissions that is announced.
        key: Credential, as a careless service would hold it.
    """

    def __init__(
        self, folder: Path, *, polls: int = 1, per_minute: int | None = None, key: str = ""
    ) -> None:
        self.folder = Path(folder)
        self.folder.mkdir(exist_ok=True)
        self.name, self.account = "fake:folder", "tester"
        self.per_minute, self.listing_delay = per_minute, 0.01
        self.key = key
        self.faults: dict[str, deque[Fault]] = {}
        self.calls: list[tuple[str, float]] = []
        self._polls, self._seen = polls, dict[str, int]()
        self._lock = threading.Lock()

    def plan(self, call: str, *faults: Fault) -> None:
        """Lets the next calls of this name go through these faults, one each."""
        self.faults.setdefault(call, deque()).extend(faults)

    def submit(self, payload: bytes, tag: str) -> str:
        with _Call(self, "submit"):
            job_id = f"{time.time_ns()}-{uuid.uuid4().hex[:8]}"
            job = {"id": job_id, "tag": tag, "payload": payload.hex(), "cancelled": False}
            self._write(job)
        return job_id

    def find(self, tag: str) -> Sequence[str]:
        with _Call(self, "find"):
            return [job["id"] for job in self.jobs if job["tag"] == tag]

    def status(self, job_id: str) -> ServiceStatus:
        with _Call(self, "status"):
            if self._read(job_id)["cancelled"]:
                return ServiceStatus(JobState.CANCELLED, reason="by the user")
            with self._lock:
                seen = self._seen[job_id] = self._seen.get(job_id, 0) + 1
            if seen <= self._polls:
                return ServiceStatus(JobState.QUEUED, position=self._polls - seen)
            return ServiceStatus(JobState.FINISHED, usage=1.5)

    def result(self, job_id: str) -> bytes:
        with _Call(self, "result"):
            return answer(bytes.fromhex(self._read(job_id)["payload"]))

    def cancel(self, job_id: str) -> None:
        with _Call(self, "cancel"):
            job = self._read(job_id)
            if job["cancelled"]:
                raise JobStateError("The job has ended.")
            self._write({**job, "cancelled": True})

    def secrets(self) -> Sequence[str]:
        return [self.key] if self.key else []

    @property
    def jobs(self) -> list[dict[str, Any]]:
        """All jobs that were ever made, oldest first."""
        return [json.loads(path.read_text()) for path in sorted(self.folder.glob("*.json"))]

    @property
    def live(self) -> list[str]:
        """Ids of the jobs that were not cancelled."""
        return [job["id"] for job in self.jobs if not job["cancelled"]]

    def times(self, call: str) -> list[float]:
        """When calls of this name were made."""
        return [moment for name, moment in self.calls if name == call]

    def _read(self, job_id: str) -> dict[str, Any]:
        path = self.folder / f"{job_id}.json"
        if not path.exists():
            raise JobNotFoundError(f"There is no job {job_id}.")
        job: dict[str, Any] = json.loads(path.read_text())
        return job

    def _write(self, job: dict[str, Any]) -> None:
        draft = self.folder / f"{uuid.uuid4().hex}.draft"
        draft.write_text(json.dumps(job))
        draft.rename(self.folder / f"{job['id']}.json")


class _Call:
    """Runs the planned fault before a call has an effect, and after it."""

    def __init__(self, service: FolderService, name: str) -> None:
        with service._lock:
            service.calls.append((name, time.time()))
            faults = service.faults.get(name)
            self._fault = faults.popleft() if faults else None

    def __enter__(self) -> None:
        if self._fault is not None:
            self._fault("before")

    def __exit__(self, kind: object, *_: object) -> None:
        if self._fault is not None and kind is None:
            self._fault("after")


def answer(payload: bytes) -> bytes:
    """The result of a job with this payload."""
    return payload[::-1] + b"!"


def fails(error: Exception, when: str = "before") -> Fault:
    """Raises `error` before the call has its effect, or after."""

    def fault(moment: str) -> None:
        if moment == when:
            raise error

    return fault


def stalls(until: threading.Event, when: str = "before") -> Fault:
    """Lets the call hang until the event is set."""

    def fault(moment: str) -> None:
        if moment == when:
            until.wait(120)

    return fault


def kills(when: str) -> Fault:
    """Kills the process as by SIGKILL."""

    def fault(moment: str) -> None:
        if moment == when:
            os.kill(os.getpid(), 9)

    return fault
