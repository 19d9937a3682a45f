"""What `ketwork jobs` says: the table of jobs, one job's facts and history, how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.console import Console
from rich.markup import escape

from circuits.jobs import JobRecord, JobState, Ledger

from .console import print_table

COLUMNS = ("job", "state", "service", "id", "queue", "machine s", "planned")
_ID = 24


def print_jobs(console: Console, ledger: Ledger, records: Sequence[JobRecord], found: int) -> None:
    """Prints a table of jobs.

    Args:
        console: Where to.
        ledger: Where they are from.
        records: The jobs to print.
        found: How many there are in all.
    """
    shown = f"{found} jobs" if found != 1 else "1 job"
    if len(records) < found:
        shown = f"The newest {len(records)} of {shown} (--limit for more)"
    print_table(console, f"{shown} in {ledger.path}", COLUMNS, [_row(r) for r in records])


def facts(ledger: Ledger, record: JobRecord) -> list[tuple[str, str]]:
    """All that is known of a job, as lines to print."""
    request = f"{len(ledger.payload(record.tag))} bytes, digest {record.digest[:16]}"
    lines = [
        ("Job", str(record.number)),
        ("State", record.state.value),
        ("Service", f"{record.service}, account {record.account}"),
        ("Id", record.job_id or "none yet"),
        ("Tag", record.tag),
        ("Key", record.key or ""),
        ("Request", request),
    ]
    if record.state is JobState.DONE:
        lines.append(("Result", f"{len(ledger.result(record.tag))} bytes"))
    lines.append(("Queue", "" if record.position is None else f"{record.position} ahead"))
    lines.append(("Machine", "" if record.usage is None else f"{record.usage:g} s"))
    lines += [("Note", f"{name}: {value}") for name, value in record.facts.items()]
    lines.append(("Error", record.error))
    return [(name, text) for name, text in lines if text]


def print_history(console: Console, ledger: Ledger, record: JobRecord) -> None:
    """Prints what happened to a job."""
    rows = [
        (moment(event.time), event.state.value, escape(event.note))
        for event in ledger.events(record.tag)
    ]
    print_table(console, "History", ("when", "state", "what"), rows)


def outcome(record: JobRecord) -> tuple[str, str]:
    """How a job stands, in one line."""
    text = f"{record.state.value} at {record.service}"
    if record.job_id is not None:
        text += f" ({record.job_id})"
    if record.error:
        text += f": {record.error}"
    return f"Job {record.number}", text


def moment(seconds: float) -> str:
    """A time in the local zone.

    Args:
        seconds: Since 1970.
    """
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _row(record: JobRecord) -> tuple[str, ...]:
    job_id = record.job_id or ""
    return (
        str(record.number),
        record.state.value,
        escape(record.service),
        escape(job_id if len(job_id) <= _ID else job_id[: _ID - 2] + ".."),
        "" if record.position is None or record.state.is_final else str(record.position),
        "" if record.usage is None else f"{record.usage:g}",
        moment(record.created),
    )
