"""Jobs of the ledger as files: `result.json`, `jobs.csv`, and each request and result as sent."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from circuits.jobs import JobRecord, JobState, Ledger
from qml.training import write_result

_TABLE, _NUMBERS = "jobs.csv", "result.json"


def files(records: Sequence[JobRecord]) -> list[tuple[str, str]]:
    """Name and purpose of what `write` writes."""
    named = [(_NUMBERS, "the jobs with their history"), (_TABLE, "the jobs as a table")]
    for record in records:
        named.append((_request(record), f"what was sent as job {record.number}"))
        named.append((_answer(record), f"the result of job {record.number}"))
    return named


def earlier(out: Path) -> list[str]:
    """Names of what an earlier export wrote into the folder."""
    found = [*out.glob("request-*.bin"), *out.glob("result-*.bin")]
    return [_NUMBERS, _TABLE, *(path.name for path in found)]


def write(out: Path, ledger: Ledger, records: Sequence[JobRecord]) -> None:
    """Writes jobs into a folder.

    Args:
        out: The folder, which exists.
        ledger: Where they are from.
        records: The jobs.

    Raises:
        LedgerCorruptedError: If a request or result is damaged.
    """
    for record in records:
        (out / _request(record)).write_bytes(ledger.payload(record.tag))
        if record.state is JobState.DONE:
            (out / _answer(record)).write_bytes(ledger.result(record.tag))
    jobs = [_numbers(ledger, record) for record in records]
    write_result(out, command="jobs export", jobs=jobs)
    columns = [name for name in JobRecord.__slots__ if name != "facts"]
    with (out / _TABLE).open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, columns, extrasaction="ignore")
        table.writeheader()
        table.writerows(jobs)


def _numbers(ledger: Ledger, record: JobRecord) -> dict[str, Any]:
    history = [asdict(event) for event in ledger.events(record.tag)]
    done = record.state is JobState.DONE
    return {
        **asdict(record),
        "history": history,
        "request_file": _request(record),
        "result_file": _answer(record) if done else None,
    }


def _request(record: JobRecord) -> str:
    return f"request-{record.number}.bin"


def _answer(record: JobRecord) -> str:
    return f"result-{record.number}.bin"
