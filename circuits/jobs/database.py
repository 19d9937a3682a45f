"""The connection to the ledger's file: WAL, synchronous FULL, one per process, errors as ours."""

from __future__ import annotations

import errno
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import final

from circuits.errors import (
    JobError,
    LedgerBusyError,
    LedgerCorruptedError,
    LedgerError,
    LedgerFullError,
)

from .schema import prepare

BUSY_SECONDS = 1.5
"""How long a call waits for other processes; well below what a wait may outlast its timeout."""

#: Connections that a forked child has inherited: never used there, nor closed, as SQLite demands.
_INHERITED: list[sqlite3.Connection | None] = []

_CAUSES: tuple[tuple[tuple[int, ...], type[LedgerError], str], ...] = (
    (
        (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED),
        LedgerBusyError,
        "Other processes keep the job ledger {path} locked. Try again; if it stays so, find and "
        "end the process that holds it.",
    ),
    (
        (sqlite3.SQLITE_FULL, sqlite3.SQLITE_TOOBIG),
        LedgerFullError,
        "The job ledger {path} cannot grow: the disk is full, or the entry larger than 1 GB. Make "
        "room and try again; what it holds already is safe.",
    ),
    (
        (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB),
        LedgerCorruptedError,
        "The file {path} is damaged, or no job ledger. Keep it for `sqlite3 {path} .recover`, and "
        "name another file with KETWORK_LEDGER.",
    ),
)


@final
class Database:
    """A SQLite file that threads and processes may share.

    Args:
        path: The file; made, readable by its owner only, if missing.
        busy_seconds: How long a call waits for other processes.
    """

    def __init__(self, path: Path, busy_seconds: float = BUSY_SECONDS) -> None:
        self.path = path
        self._busy = busy_seconds
        self._pid = os.getpid()
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection to read from; errors become ours."""
        with self._owned() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that excludes other writers; undone if the block raises."""
        with self._owned() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Closes the connection; the next use opens it again."""
        with self._lock:
            if self._connection is not None and self._pid == os.getpid():
                self._connection.close()
                self._connection = None

    @contextmanager
    def _owned(self) -> Iterator[sqlite3.Connection]:
        if self._pid != os.getpid():
            _INHERITED.append(self._connection)
            self._pid, self._lock, self._connection = os.getpid(), threading.RLock(), None
        if not self._lock.acquire(timeout=self._busy):
            raise LedgerBusyError(_CAUSES[0][2].format(path=self.path))
        try:
            with translated(self.path):
                if self._connection is None:
                    self._connection = self._open()
                yield self._connection
        finally:
            self._lock.release()

    def _open(self) -> sqlite3.Connection:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        connection = sqlite3.connect(
            os.path.abspath(self.path),
            timeout=self._busy,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            connection.row_factory = sqlite3.Row
            self._log_ahead(connection)
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            prepare(connection, str(self.path))
        except BaseException:
            connection.close()
            raise
        return connection

    def _log_ahead(self, connection: sqlite3.Connection) -> None:
        """Switches to the write-ahead log, for which SQLite does not wait on its own."""
        end = time.monotonic() + self._busy
        while True:
            try:
                mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
                break
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF not in _CAUSES[0][0] or time.monotonic() > end:
                    raise
                time.sleep(0.01)
        if mode != "wal":
            raise LedgerError(
                f"The file system of {self.path} does not support SQLite's write-ahead log. "
                "Name a file on a local disk (KETWORK_LEDGER)."
            )


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turns errors of SQLite and of the file system into ours."""
    try:
        yield
    except JobError:
        raise
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        for codes, cause, text in _CAUSES:
            if code in codes:
                raise cause(text.format(path=path)) from error
        raise LedgerError(f"The job ledger {path} cannot be used: {error}.") from error
    except OverflowError as error:
        raise LedgerFullError(_CAUSES[1][2].format(path=path)) from error
    except OSError as error:
        cause = LedgerFullError if error.errno == errno.ENOSPC else LedgerError
        raise cause(f"The job ledger {path} cannot be opened: {error.strerror}.") from error
