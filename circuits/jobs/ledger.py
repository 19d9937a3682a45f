"""`Ledger`: every job that was ever planned here, on disk before it is sent."""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, final

from circuits.errors import (
    InvalidArgumentError,
    JobNotFoundError,
    LedgerConflictError,
    LedgerCorruptedError,
    LedgerFullError,
)

from . import changes, limiter
from .database import BUSY_SECONDS, Database
from .leases import Leases
from .places import default_ledger_path
from .records import COLUMNS, JobEvent, JobRecord, checksum, intact, record_of
from .service import ServiceStatus
from .states import JobState

LARGEST = 900_000_000
"""Bytes of a payload or result; SQLite ends at 10^9."""


@final
class Ledger:
    """The jobs of all services, in one SQLite file that processes and threads may share.

    Every change is one transaction, on disk (write-ahead log, synchronous FULL) when the call
    returns. The ledger calls no service; `Jobs` does, and keeps the order that makes it safe:
    planned, then sending, then the call, then the id, then the result.

    Args:
        path: The file; by default `circuits.jobs.default_ledger_path()`. It is made, readable by
            its owner only, if missing. A file with `.lock` at the end of its name lies beside it.
        busy_seconds: How long a call waits for other processes before `LedgerBusyError`.

    >>> import tempfile, os
    >>> ledger = Ledger(os.path.join(tempfile.mkdtemp(), "jobs.sqlite"))
    >>> job = ledger.plan("ibm:ibm_boston", "me", b"a request", digest="0f")
    >>> job.state, [event.note for event in ledger.events(job.tag)]
    (<JobState.PLANNED: 'planned'>, ['planned'])
    """

    def __init__(
        self, path: str | os.PathLike[str] | None = None, *, busy_seconds: float = BUSY_SECONDS
    ) -> None:
        self.path = default_ledger_path() if path is None else Path(path)
        self._busy = busy_seconds
        self._database = Database(self.path, busy_seconds)
        self.leases = Leases(self.path.with_name(self.path.name + ".lock"))

    def __repr__(self) -> str:
        return f"Ledger({str(self.path)!r})"

    def __reduce__(self) -> tuple[type[Ledger], tuple[str]]:
        return Ledger, (str(self.path),)

    def close(self) -> None:
        """Closes the file; the next call opens it again."""
        self._database.close()

    # ---- Planning ------------------------------------------------------------------------------

    def plan(
        self,
        service: str,
        account: str,
        payload: bytes,
        *,
        digest: str,
        key: str | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> JobRecord:
        """Writes down what will be sent, under a fresh tag.

        Args:
            service: Name of the service.
            account: Whose limits it counts against.
            payload: What will be submitted.
            digest: Content digest of the request.
            key: The caller's own name of the request. A second call with the same key returns the
                first call's job, whatever became of it, so that a program that was killed and
                repeats itself takes its jobs up instead of making new ones.
            facts: What to note about it, a dictionary of JSON types.

        Raises:
            LedgerConflictError: If the key belongs to another request or service.
            LedgerFullError: If the payload is larger than 900 MB, or the disk is full.
            InvalidArgumentError: If the facts are no JSON types.
        """
        noted = _facts(facts or {})
        _check_size(payload, "payload")
        with self._database.writing() as connection:
            if key is not None:
                row = connection.execute(
                    f"SELECT {COLUMNS} FROM jobs WHERE key = ?", (key,)
                ).fetchone()
                if row is not None:
                    return _same(record_of(row), service, digest)
            tag, now = f"ketwork-{uuid.uuid4().hex}", time.time()
            connection.execute(
                "INSERT INTO jobs (tag, service, account, key, digest, state, facts, payload, "
                "payload_sum, created, changed) VALUES (?, ?, ?, ?, ?, 'planned', ?, ?, ?, ?, ?)",
                (tag, service, account, key, digest, noted, payload, checksum(payload), now, now),
            )
            changes.add_event(connection, tag, JobState.PLANNED, "planned", now)
            return changes.read(connection, tag)

    # ---- Reading -------------------------------------------------------------------------------

    def get(self, name: str) -> JobRecord:
        """The job of a tag, a key, a service's id, or the number it has in the ledger.

        Raises:
            JobNotFoundError: If there is none, or several services use this id.
        """
        with self._database.reading() as connection:
            for column in ("tag", "key", "job_id", "number"):
                rows = connection.execute(
                    f"SELECT {COLUMNS} FROM jobs WHERE {column} = ?", (name,)
                ).fetchall()
                if len(rows) == 1:
                    return record_of(rows[0])
                if rows:
                    break
        several = "several jobs" if rows else "no job"
        raise JobNotFoundError(f"The job ledger {self.path} knows {several} called {name!r}.")

    def records(
        self,
        *,
        states: Collection[JobState] = (),
        service: str | None = None,
        digest: str | None = None,
        on_damage: Callable[[LedgerCorruptedError], None] | None = None,
    ) -> list[JobRecord]:
        """The jobs, oldest first.

        Args:
            states: Only those in one of these states; empty for all.
            service: Only those of this service.
            digest: Only those of this content.
            on_damage: Called for each damaged row, which is left out; by default it is raised.
        """
        wanted = {"service": service, "digest": digest}
        given = {name: value for name, value in wanted.items() if value is not None}
        where = " AND ".join([f"{name} = :{name}" for name in given] or ["1"])
        with self._database.reading() as connection:
            rows = connection.execute(
                f"SELECT {COLUMNS} FROM jobs WHERE {where} ORDER BY number", given
            ).fetchall()
        found = []
        for row in rows:
            try:
                found.append(record_of(row))
            except LedgerCorruptedError as error:
                if on_damage is None:
                    raise
                on_damage(error)
        return [record for record in found if not states or record.state in states]

    def payload(self, tag: str) -> bytes:
        """What was or will be submitted.

        Raises:
            LedgerCorruptedError: If it is damaged.
        """
        return self._blob(tag, "payload")

    def result(self, tag: str) -> bytes:
        """The stored result of a job that is `DONE`.

        Raises:
            LedgerCorruptedError: If it is damaged.
            JobNotFoundError: If there is none.
        """
        return self._blob(tag, "result")

    def events(self, tag: str) -> list[JobEvent]:
        """What happened to the job, oldest first."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT time, events.state, note FROM events JOIN jobs ON job = jobs.number "
                "WHERE tag = ? ORDER BY events.number",
                (tag,),
            ).fetchall()
        return [JobEvent(row["time"], JobState(row["state"]), row["note"]) for row in rows]

    def _blob(self, tag: str, column: str) -> bytes:
        with self._database.reading() as connection:
            row = connection.execute(
                f"SELECT {column}, {column}_sum FROM jobs WHERE tag = ?", (tag,)
            ).fetchone()
        if row is None or (row[0] is None and row[1] is None):
            raise JobNotFoundError(f"The job ledger {self.path} holds no {column} of job {tag}.")
        return intact(row[0], row[1], column, tag)

    # ---- Changing ------------------------------------------------------------------------------

    def begin_sending(self, tag: str, per_minute: int | None) -> limiter.Turn:
        """Takes a turn and makes the job `SENDING`, both or neither."""
        with self._database.writing() as connection:
            record = changes.read(connection, tag)
            turn = limiter.take_turn(connection, record.account, per_minute, time.time())
            if turn.number is not None:
                changes.change(connection, tag, JobState.SENDING, "sending")
            return turn

    def end_turn(self, number: int) -> None:
        """Notes that the call of `begin_sending` has returned."""
        with self._database.writing() as connection:
            limiter.end_turn(connection, number, time.time())

    def sent(self, tag: str, job_id: str, note: str) -> JobRecord:
        """Notes the service's id; the job is `QUEUED`."""
        with self._database.writing() as connection:
            return changes.change(connection, tag, JobState.QUEUED, note, job_id=job_id)

    def unsent(self, tag: str, note: str) -> JobRecord:
        """Notes that the service does not hold the job; it is `PLANNED` again."""
        with self._database.writing() as connection:
            return changes.change(connection, tag, JobState.PLANNED, note, error=note)

    def noted(self, tag: str, error: str) -> JobRecord:
        """Notes what went wrong last; the state stays."""
        with self._database.writing() as connection:
            return changes.note(connection, tag, error)

    def observed(self, tag: str, status: ServiceStatus) -> JobRecord:
        """Notes what the service says; news that are older than what is known change nothing."""
        with self._database.writing() as connection:
            return changes.observe(connection, tag, status)

    def stored(self, tag: str, result: bytes) -> JobRecord:
        """Stores the result; the job is `DONE`. A result that is there already stays."""
        _check_size(result, "result")
        with self._database.writing() as connection:
            record = changes.read(connection, tag)
            if record.state is JobState.DONE:
                return record
            return changes.change(
                connection, tag, JobState.DONE, "result stored",
                result=result, result_sum=checksum(result), error="", position=None,
            )  # fmt: skip

    def replaced(self, tag: str, result: bytes) -> JobRecord:
        """Stores the result of a job that is `DONE` again, in place of a damaged one."""
        _check_size(result, "result")
        with self._database.writing() as connection:
            return changes.rewrite(
                connection, tag, "damaged result fetched again",
                result=result, result_sum=checksum(result),
            )  # fmt: skip

    def ended(self, tag: str, state: JobState, cause: str, reason: str) -> JobRecord:
        """Notes that the job has ended without a result."""
        with self._database.writing() as connection:
            return changes.change(connection, tag, state, reason, cause=cause, error=reason)

    # ---- Pauses --------------------------------------------------------------------------------

    def pause(self, account: str, seconds: float) -> None:
        """Keeps all processes from calling for the account (Retry-After)."""
        with self._database.writing() as connection:
            limiter.pause(connection, account, time.time() + seconds)

    def pause_left(self, account: str) -> float:
        """Seconds for which no call for the account should be made."""
        with self._database.reading() as connection:
            return limiter.pause_left(connection, account, time.time())


def _facts(facts: Mapping[str, Any]) -> str:
    try:
        return json.dumps(dict(facts), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InvalidArgumentError(
            f"Argument `facts` must be a dictionary of texts, finite numbers and lists: {error}."
        ) from error


def _check_size(content: bytes, what: str) -> None:
    if not isinstance(content, bytes):
        raise InvalidArgumentError(
            f"Argument `{what}` must be bytes, got {type(content).__name__}."
        )
    if len(content) > LARGEST:
        raise LedgerFullError(
            f"A {what} of {len(content)} bytes is too large for the job ledger, which takes up to "
            f"{LARGEST}. Split the request."
        )


def _same(record: JobRecord, service: str, digest: str) -> JobRecord:
    if (record.service, record.digest) != (service, digest):
        raise LedgerConflictError(
            f"Argument `key`: {record.key!r} already names job {record.tag} of {record.service}, "
            f"whose content is another. Use a new key for a new request."
        )
    return record
