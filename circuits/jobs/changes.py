"""Changes of one row of the ledger, each within the caller's transaction."""

from __future__ import annotations

import sqlite3
import time
from typing import Any

from circuits.errors import (
    JobCancelledError,
    JobFailedError,
    JobNotFoundError,
    JobTooLongError,
    ServiceAnswerError,
)

from .records import COLUMNS, JobRecord, record_of
from .service import ServiceStatus
from .states import FOLLOWERS, JobState, check_transition


def read(connection: sqlite3.Connection, tag: str) -> JobRecord:
    """The row of a tag.

    Raises:
        JobNotFoundError: If there is none.
    """
    row = connection.execute(f"SELECT {COLUMNS} FROM jobs WHERE tag = ?", (tag,)).fetchone()
    if row is None:
        raise JobNotFoundError(f"The job ledger knows no job {tag}.")
    return record_of(row)


def change(
    connection: sqlite3.Connection, tag: str, state: JobState, note: str, **columns: Any
) -> JobRecord:
    """Brings a job to another state, writes columns, and adds an event.

    Raises:
        JobStateError: If the state may not follow the present one.
        ServiceAnswerError: If another job has this `job_id`.
    """
    check_transition(read(connection, tag).state, state, tag)
    try:
        _write(connection, tag, state=state.value, **columns)
    except sqlite3.IntegrityError as error:
        if "job_id" not in columns:
            raise
        raise ServiceAnswerError(
            f"The service gave the id {columns['job_id']} to job {tag}, and to another one before.",
            retryable=False,
        ) from error
    add_event(connection, tag, state, note, time.time())
    return read(connection, tag)


def note(connection: sqlite3.Connection, tag: str, error: str) -> JobRecord:
    """Writes what went wrong, and adds an event if it is news."""
    record = read(connection, tag)
    if record.error != error:
        _write(connection, tag, error=error)
        add_event(connection, tag, record.state, error, time.time())
    return read(connection, tag)


def rewrite(connection: sqlite3.Connection, tag: str, note: str, **columns: Any) -> JobRecord:
    """Writes columns of a job that stays in its state, and adds an event."""
    state = read(connection, tag).state
    _write(connection, tag, **columns)
    add_event(connection, tag, state, note, time.time())
    return read(connection, tag)


def observe(connection: sqlite3.Connection, tag: str, status: ServiceStatus) -> JobRecord:
    """Writes what the service says, unless the ledger knows better by now."""
    record = read(connection, tag)
    numbers: dict[str, Any] = {"position": status.position}
    if status.usage is not None:
        numbers["usage"] = status.usage
    if status.state is record.state:
        if any(getattr(record, name) != value for name, value in numbers.items()):
            _write(connection, tag, **numbers)
        return read(connection, tag)
    if status.state not in FOLLOWERS[record.state]:
        return record
    if status.state in _ENDINGS:
        cause = JobTooLongError if status.too_long else _ENDINGS[status.state]
        numbers |= {"cause": cause.__name__, "error": status.reason or "no reason given"}
    return change(connection, tag, status.state, status.reason or "seen", **numbers)


_ENDINGS = {JobState.FAILED: JobFailedError, JobState.CANCELLED: JobCancelledError}


def add_event(
    connection: sqlite3.Connection, tag: str, state: JobState, text: str, now: float
) -> None:
    """Adds a line to the job's history."""
    connection.execute(
        "INSERT INTO events (job, time, state, note) "
        "SELECT number, ?, ?, ? FROM jobs WHERE tag = ?",
        (now, state.value, text, tag),
    )


def _write(connection: sqlite3.Connection, tag: str, **columns: Any) -> None:
    names = ", ".join(f"{name} = :{name}" for name in columns)
    connection.execute(
        f"UPDATE jobs SET {names}, changed = :now WHERE tag = :tag",
        {**columns, "tag": tag, "now": time.time()},
    )
