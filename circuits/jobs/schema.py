"""The tables of the ledger, and how a ledger of an older version becomes one of this version."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from circuits.errors import LedgerError

from .states import JobState

#: Marks the file as a ledger of ketwork (`PRAGMA application_id`): "ketw".
APPLICATION_ID = 0x6B657477

_STATES = ", ".join(f"'{state}'" for state in JobState)

_FIRST = f"""
CREATE TABLE jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    tag TEXT NOT NULL UNIQUE,
    service TEXT NOT NULL,
    account TEXT NOT NULL,
    key TEXT UNIQUE,
    digest TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ({_STATES})),
    job_id TEXT,
    facts TEXT NOT NULL,
    payload BLOB NOT NULL,
    payload_sum TEXT NOT NULL,
    result BLOB,
    result_sum TEXT,
    cause TEXT NOT NULL DEFAULT '',
    error TEXT NOT NULL DEFAULT '',
    position INTEGER,
    usage REAL,
    created REAL NOT NULL,
    changed REAL NOT NULL,
    CHECK ((state = 'done') = (result IS NOT NULL)),
    CHECK (state NOT IN ('queued', 'running', 'finished', 'done') OR job_id IS NOT NULL)
) STRICT;
CREATE UNIQUE INDEX one_row_per_job ON jobs (service, job_id) WHERE job_id IS NOT NULL;
CREATE INDEX by_digest ON jobs (digest, service);
CREATE TABLE events (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    job INTEGER NOT NULL REFERENCES jobs (number),
    time REAL NOT NULL,
    state TEXT NOT NULL,
    note TEXT NOT NULL
) STRICT;
CREATE INDEX by_job ON events (job);
CREATE TABLE submissions (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL,
    time REAL NOT NULL
) STRICT;
CREATE INDEX by_account ON submissions (account, time);
CREATE TABLE pauses (
    account TEXT PRIMARY KEY,
    until REAL NOT NULL
) STRICT;
"""

#: Statements that lead from each version to the next; the version of a file is how many it has had.
MIGRATIONS: tuple[str, ...] = (_FIRST,)


def prepare(
    connection: sqlite3.Connection, path: str, migrations: Sequence[str] = MIGRATIONS
) -> None:
    """Brings a ledger, possibly empty, to the newest version, in one transaction.

    Args:
        connection: Connection in autocommit mode.
        path: The file, for messages.
        migrations: Statements per version.

    Raises:
        LedgerError: If the file belongs to another program, or to a newer version of this one.
    """
    if _version(connection, path, len(migrations)) == len(migrations):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        done = _version(connection, path, len(migrations))
        for statements in migrations[done:]:
            for statement in filter(str.strip, statements.split(";")):
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(migrations)}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection, path: str, newest: int) -> int:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if application != APPLICATION_ID and (version or tables):
        raise LedgerError(
            f"{path} is a database of another program. Name another file for the job ledger "
            "(KETWORK_LEDGER)."
        )
    if version > newest:
        raise LedgerError(
            f"The job ledger {path} has version {version}, and this ketwork knows versions up to "
            f"{newest}. Update ketwork, or name another file (KETWORK_LEDGER)."
        )
    return version
