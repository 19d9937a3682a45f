"""Endpoints of sessions and batches."""

from __future__ import annotations

import time

from .answers import Answer, Call
from .store import iso


def open_session(call: Call) -> Answer:
    wanted, number = call.json(), len(call.store.ask("SELECT id FROM sessions"))
    ttl = wanted.get("max_ttl", 28800)
    name = f"s{number:08d}"
    call.store.ask(
        "INSERT INTO sessions VALUES (?, ?, ?, ?, ?, 1, 'open')",
        *(name, wanted["backend"], wanted.get("mode", "dedicated"), ttl, time.time()),
    )
    return session(call, name)


def session(call: Call, name: str) -> Answer:
    found = call.store.ask("SELECT * FROM sessions WHERE id = ?", name)[:1]
    if not found:
        raise KeyError(name)
    row = found[0]
    known = {key: row[key] for key in ("id", "mode", "state")}
    limits = {"max_ttl": row["ttl"], "active_ttl": row["ttl"], "interactive_ttl": 60}
    times = {"started_at": iso(row["created"]), "backend_name": row["backend"], "elapsed_time": 0}
    return Answer(200, {**known, **limits, **times, "accepting_jobs": bool(row["accepting"])})


def change_session(call: Call, name: str) -> Answer:
    session(call, name)
    accepting = int(call.json()["accepting_jobs"])
    call.store.ask("UPDATE sessions SET accepting = ? WHERE id = ?", accepting, name)
    return Answer(204, "")


def close_session(call: Call, name: str) -> Answer:
    session(call, name)
    sql = "UPDATE sessions SET accepting = 0, state = 'closed' WHERE id = ?"
    call.store.ask(sql, name)
    sql = "UPDATE jobs SET status = 'Cancelled' WHERE session = ? AND status = 'Queued'"
    call.store.ask(sql, name)
    return Answer(204, "")
