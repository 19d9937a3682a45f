"""One row of the ledger, and the check that it is as it was written."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from circuits.errors import LedgerCorruptedError

from .states import JobState

COLUMNS = (
    "number, tag, service, account, key, digest, state, job_id, facts, cause, error, position, "
    "usage, created, changed"
)
"""What a record is made of; payload and result, which may be large, are read on their own."""


@dataclass(frozen=True, slots=True)
class JobRecord:
    """What the ledger knows of a job.

    Attributes:
        number: Counts the jobs of the ledger from 1.
        tag: Unique mark that the job carries at the service.
        service: Name of the service.
        account: Whose limits it counts against.
        key: The caller's own name of the request, if it gave one.
        digest: Content digest of the request.
        state: Where it stands.
        job_id: The service's id, once known.
        facts: What the caller noted about it.
        cause: Name of the exception that stands for how it ended, if it ended badly.
        error: Why it ended badly, or what went wrong with it last.
        position: Jobs ahead of it in the queue, if known.
        usage: Seconds of machine time, if known.
        created: When it was planned, in seconds since 1970.
        changed: When the row was last written.
    """

    number: int
    tag: str
    service: str
    account: str
    key: str | None
    digest: str
    state: JobState
    job_id: str | None
    facts: Mapping[str, Any]
    cause: str
    error: str
    position: int | None
    usage: float | None
    created: float
    changed: float


@dataclass(frozen=True, slots=True)
class JobEvent:
    """A change of a job.

    Attributes:
        time: Seconds since 1970.
        state: The state it came to.
        note: What happened.
    """

    time: float
    state: JobState
    note: str


def record_of(row: sqlite3.Row) -> JobRecord:
    """The record of a row with `COLUMNS`.

    Raises:
        LedgerCorruptedError: If the row cannot have been written by the ledger.
    """
    fields = dict(row)
    try:
        fields["state"] = JobState(fields["state"])
        fields["facts"] = json.loads(fields["facts"])
        if not isinstance(fields["facts"], dict):
            raise ValueError("facts")  # noqa: TRY301
    except (ValueError, TypeError) as error:
        raise LedgerCorruptedError(
            f"Row {fields['number']} of the job ledger is damaged (state or facts). Other jobs "
            "are not concerned."
        ) from error
    return JobRecord(**fields)


def checksum(content: bytes) -> str:
    """SHA-256 of a blob."""
    return hashlib.sha256(content).hexdigest()


def intact(content: Any, expected: Any, what: str, tag: str) -> bytes:
    """The blob, if it has the checksum it was written with.

    Raises:
        LedgerCorruptedError: If not.
    """
    if not isinstance(content, bytes) or checksum(content) != expected:
        raise LedgerCorruptedError(
            f"The {what} of job {tag} in the job ledger is damaged: its checksum is wrong. Other "
            "jobs are not concerned."
        )
    return content
