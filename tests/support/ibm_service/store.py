"""What the service remembers: jobs, sessions and every request, in an SQLite file."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    number INTEGER PRIMARY KEY, id TEXT UNIQUE, backend TEXT, program TEXT, tags TEXT,
    session TEXT, cost INTEGER, params TEXT, created REAL, running REAL, finished REAL,
    status TEXT, reason TEXT, code INTEGER, result TEXT, ending TEXT);
CREATE TABLE IF NOT EXISTS sessions (
    id TEXT PRIMARY KEY, backend TEXT, mode TEXT, ttl INTEGER, created REAL,
    accepting INTEGER, state TEXT);
CREATE TABLE IF NOT EXISTS requests (
    number INTEGER PRIMARY KEY, time REAL, call TEXT, method TEXT, path TEXT, auth TEXT,
    version TEXT, status INTEGER, fault TEXT);
"""
ENDED = ("Completed", "Failed", "Cancelled")


class Store:
    """One connection for all threads of the service.

    Args:
        path: The file. It outlives the service, but need not outlive the machine.
    """

    def __init__(self, path: Path) -> None:
        self.lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.executescript("PRAGMA synchronous=OFF;" + _SCHEMA)

    def ask(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        """The rows of a statement."""
        with self.lock:
            return [dict(row) for row in self._connection.execute(sql, values)]

    def clear(self) -> None:
        """Forgets everything."""
        for table in ("jobs", "sessions", "requests"):
            self.ask(f"DELETE FROM {table}")

    def add_job(self, body: dict[str, Any], ending: dict[str, Any] | None) -> dict[str, Any]:
        """Stores what was submitted."""
        job_id = "d" + uuid.uuid4().hex[:19]
        self.ask(
            "INSERT INTO jobs (id, backend, program, tags, session, cost, params, created, status, "
            "ending) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'Queued', ?)",
            *(job_id, body["backend"], body["program_id"], json.dumps(body.get("tags", []))),
            *(body.get("session_id"), body.get("cost"), json.dumps(body["params"]), time.time()),
            None if ending is None else json.dumps(ending),
        )
        return self.job(job_id)

    def job(self, job_id: str) -> dict[str, Any]:
        """The job, or `KeyError`."""
        found = self.ask("SELECT * FROM jobs WHERE id = ?", job_id)
        if not found:
            raise KeyError(job_id)
        return found[0]

    def next_job(self) -> dict[str, Any] | None:
        """The oldest job that waits to be run; now it is running."""
        with self.lock:
            found = self.ask(
                "SELECT * FROM jobs WHERE status = 'Queued' AND ending IS NOT '{}' "
                "ORDER BY number LIMIT 1"
            )
            if not found:
                return None
            self.ask(
                "UPDATE jobs SET status = 'Running', running = ? WHERE id = ?",
                *(time.time(), found[0]["id"]),
            )
            return found[0]

    def end_job(
        self, job_id: str, status: str, result: str = "", reason: str = "", code: int | None = None
    ) -> bool:
        """Ends a job, unless it has ended or was deleted; returns whether it did."""
        with self.lock:
            found = self.ask("SELECT status FROM jobs WHERE id = ?", job_id)
            if not found or found[0]["status"] in ENDED:
                return False
            self.ask(
                "UPDATE jobs SET status = ?, result = ?, reason = ?, code = ?, finished = ? "
                "WHERE id = ?",
                *(status, result, reason, code, time.time(), job_id),
            )
            return True

    def recover(self) -> None:
        """Queues again what was running when the service stopped."""
        self.ask("UPDATE jobs SET status = 'Queued' WHERE status = 'Running'")


def iso(moment: float | None) -> str | None:
    """A moment as the service writes it."""
    if moment is None:
        return None
    return datetime.fromtimestamp(moment, UTC).isoformat().replace("+00:00", "Z")
