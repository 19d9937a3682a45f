"""Endpoints of jobs."""

from __future__ import annotations

import json
import time
from typing import Any

from . import devices
from .answers import Answer, Call, refusal
from .store import ENDED, iso


def submit(call: Call) -> Answer:
    limit, now = call.settings.per_minute, time.time()
    if limit is not None:
        made = call.store.ask("SELECT created FROM jobs WHERE created > ?", now - 60)
        if len(made) >= limit:
            wait = str(int(60 - (now - min(job["created"] for job in made))) + 1)
            return refusal(429, 1202, "Too many requests.", {"Retry-After": wait})
    body = call.json()
    if body.get("backend") not in devices.MACHINES:
        return refusal(404, 1216, "The backend does not exist.")
    if body.get("program_id") not in {"executor", "sampler", "estimator"}:
        return refusal(404, 1207, "The program does not exist.")
    if len(body.get("tags", [])) > 8 or any(len(tag) > 86 for tag in body.get("tags", [])):
        return refusal(400, 1204, "Too many tags, or a tag too long.")
    session = body.get("session_id")
    if session is not None:
        found = call.store.ask("SELECT accepting FROM sessions WHERE id = ?", session)
        if not found or not found[0]["accepting"]:
            return refusal(400, 1217, "Session has been closed.")
    job = call.store.add_job(body, call.ending.body if call.ending else None)
    call.worker.wake()
    return Answer(200, {"id": job["id"], "backend": job["backend"]})


def job(call: Call, job_id: str) -> Answer:
    found = _shown(call.store.job(job_id))
    if call.query.get("exclude_params") != ["true"]:
        found["params"] = json.loads(call.store.job(job_id)["params"])
    return Answer(200, found)


def jobs(call: Call) -> Answer:
    wanted = call.query.get("tags", [])
    young = time.time() - (call.fault.seconds if call.fault and call.fault.kind == "late" else 0)
    ascending = call.query.get("sort") == ["ASC"]
    found = [
        _shown(row)
        for row in call.store.ask(
            f"SELECT * FROM jobs ORDER BY number {'' if ascending else 'DESC'}"
        )
        if set(wanted) <= set(json.loads(row["tags"]))
        and row["created"] <= young
        and call.query.get("backend", [row["backend"]]) == [row["backend"]]
        and call.query.get("program", [row["program"]]) == [row["program"]]
        and call.query.get("session_id", [row["session"]]) == [row["session"]]
        and call.query.get("pending", [_pending(row)]) == [_pending(row)]
    ]
    first = int(call.query.get("offset", ["0"])[0])
    last = first + min(int(call.query.get("limit", ["200"])[0]), 200)
    return Answer(200, {"jobs": found[first:last], "count": len(found)})


def results(call: Call, job_id: str) -> Answer:
    found = call.store.job(job_id)
    if found["status"] not in ENDED:
        return Answer(204, "")
    return Answer(200, found["result"])


def cancel(call: Call, job_id: str) -> Answer:
    call.store.job(job_id)
    if not call.store.end_job(job_id, "Cancelled", reason="Cancelled by the user."):
        return refusal(409, 1217, "The job has ended.")
    return Answer(204, "")


def metrics(call: Call, job_id: str) -> Answer:
    found = call.store.job(job_id)
    times = {name: iso(found[name]) for name in ("created", "running", "finished")}
    ended = found["status"] in ENDED
    seconds = 2 if found["status"] == "Completed" else 0
    used = {"qpu_charge_time_seconds": seconds, "quantum_seconds": seconds}
    state = {"status": "complete" if ended else "pending"}
    ahead = call.settings.queue_length if found["status"] == "Queued" else None
    known = {"timestamps": times, "usage": {**used, **state}, "position_in_queue": ahead}
    return Answer(200, known)


def logs(call: Call, job_id: str) -> Answer:
    return Answer(200, f"log of {call.store.job(job_id)['id']}")


def tags(call: Call, job_id: str) -> Answer:
    call.store.job(job_id)
    new = json.dumps(call.json()["tags"])
    call.store.ask("UPDATE jobs SET tags = ? WHERE id = ?", new, job_id)
    return Answer(204, "")


def delete(call: Call, job_id: str) -> Answer:
    call.store.job(job_id)
    call.store.ask("DELETE FROM jobs WHERE id = ?", job_id)
    return Answer(204, "")


def _pending(row: dict[str, Any]) -> str:
    return "false" if row["status"] in ENDED else "true"


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    state = {"status": row["status"], "reason": row["reason"], "reason_code": row["code"]}
    return {
        "id": row["id"],
        "backend": row["backend"],
        "state": {key: value for key, value in state.items() if value},
        "status": row["status"],
        "program": {"id": row["program"]},
        "tags": json.loads(row["tags"]),
        "created": iso(row["created"]),
        "cost": row["cost"],
        "session_id": row["session"],
        "private": False,
        "estimated_running_time_seconds": 2,
    }
