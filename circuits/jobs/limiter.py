"""The limit on submissions a minute, shared by all processes through the ledger."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

WINDOW = 60.0
"""Seconds over which submissions are counted."""
ALLOWANCE = 30.0
"""How long a submission is taken to last until its end is known, as after a crash."""
_KEPT = 3600.0


class Turn(NamedTuple):
    """Whether a submission may be made now.

    Attributes:
        number: Number of the submission, to be ended with `end_turn`; `None` if it must wait.
        wait: Seconds until it is worth asking again.
    """

    number: int | None
    wait: float


def take_turn(
    connection: sqlite3.Connection, account: str, per_minute: int | None, now: float
) -> Turn:
    """Takes a turn within the caller's transaction.

    A submission counts for 60 s after its *end*, since the service may have received it as late as
    that; so no 60 s at the service ever hold more than `per_minute`. Clocks that were set back
    delay a turn by 90 s at most.

    Args:
        connection: The ledger, in a transaction.
        account: Whose limit.
        per_minute: The limit; `None` is none.
        now: Seconds since 1970.
    """
    left = pause_left(connection, account, now)
    if left > 0:
        return Turn(None, left)
    connection.execute("DELETE FROM submissions WHERE time < ?", (now - _KEPT,))
    rows = connection.execute(
        "SELECT min(time, ?) FROM submissions WHERE account = ? AND time > ? ORDER BY 1",
        (now + ALLOWANCE, account, now - WINDOW),
    ).fetchall()
    if per_minute is not None and len(rows) >= per_minute:
        return Turn(None, rows[len(rows) - per_minute][0] + WINDOW - now)
    cursor = connection.execute(
        "INSERT INTO submissions (account, time) VALUES (?, ?)", (account, now + ALLOWANCE)
    )
    return Turn(cursor.lastrowid, 0.0)


def end_turn(connection: sqlite3.Connection, number: int, now: float) -> None:
    """Notes that the submission's call has returned."""
    connection.execute("UPDATE submissions SET time = ? WHERE number = ?", (now, number))


def pause(connection: sqlite3.Connection, account: str, until: float) -> None:
    """Keeps all processes from calling for the account; a longer pause in force stays."""
    connection.execute(
        "INSERT INTO pauses VALUES (?, ?) "
        "ON CONFLICT (account) DO UPDATE SET until = max(until, excluded.until)",
        (account, until),
    )


def pause_left(connection: sqlite3.Connection, account: str, now: float) -> float:
    """Seconds for which the account's service asked to be left alone; 0 if none."""
    row = connection.execute("SELECT until FROM pauses WHERE account = ?", (account,)).fetchone()
    return 0.0 if row is None else max(0.0, row[0] - now)
