"""Kills processes at every step of a job's life, and lets the next one go on.

One process loads the library and forks a child per trial, so a trial costs milliseconds. A child
dies by SIGKILL, which no handler sees: either it kills itself before the n-th step, a step being a
statement of SQLite or the beginning or end of a call of the service; or the parent kills it at a
random moment.

    python -m tests.circuits.jobs.crash_trials FOLDER every REQUESTS     # each step in turn
    python -m tests.circuits.jobs.crash_trials FOLDER random REQUESTS N  # N random moments
"""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from circuits.jobs import JobState
from tests.circuits.jobs.support import jobs_in
from tests.support.job_service import FolderService, answer

_SEED = 20


@dataclass
class Report:
    """What became of a number of trials."""

    trials: int = 0
    kills: int = 0
    points: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


class Countdown:
    """Kills the process before step number `last`; with `None` it only counts."""

    def __init__(self, last: int | None, note: Callable[[str], None]) -> None:
        self._last, self._note, self.steps = last, note, 0

    def step(self, name: str) -> None:
        self.steps += 1
        if self.steps == self._last:
            self._note(name)
            os.kill(os.getpid(), signal.SIGKILL)


class CountedService(FolderService):
    """A service whose calls count as two steps each, and are each complete or without effect."""

    countdown: Countdown

    def __getattribute__(self, name: str) -> Any:
        value = super().__getattribute__(name)
        if name not in {"submit", "find", "status", "result"}:
            return value

        def counted(*arguments: Any) -> Any:
            self.countdown.step(f"{name} begins")
            answer = value(*arguments)
            self.countdown.step(f"{name} ends")
            return answer

        return counted


def work(folder: Path, requests: int, countdown: Countdown) -> None:
    """A program of a few requests that may have been started before."""
    connect = sqlite3.connect

    def traced(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(*arguments, **options)
        connection.set_trace_callback(lambda sql: countdown.step(" ".join(sql.split()[:2])))
        return connection

    sqlite3.connect = traced  # type: ignore[assignment]
    service = CountedService(folder / "server")
    service.countdown = countdown
    jobs = jobs_in(folder, service)
    jobs.resume()
    records = [jobs.submit(b"request %d" % k, key=f"step {k}") for k in range(requests)]
    for k, record in enumerate(records):
        if jobs.result(record.tag, timeout=60) != answer(b"request %d" % k):
            raise AssertionError(f"result of step {k}")


def child(folder: Path, requests: int, last: int | None) -> int:
    """Forks a process that works until it ends or reaches step `last`; returns its pid."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        countdown = Countdown(last, lambda name: (folder / "killed at").write_text(name) and None)
        work(folder, requests, countdown)
        (folder / "steps").write_text(str(countdown.steps))
        code = 0
    except BaseException:
        (folder / "fault").write_text(traceback.format_exc())
    os._exit(code)


def ended(pid: int) -> bool:
    """Waits for a child; returns whether it was killed."""
    _, status = os.waitpid(pid, 0)
    return os.WIFSIGNALED(status)


def check(folder: Path, requests: int) -> list[str]:
    """What is wrong after the last process has ended."""
    jobs = jobs_in(folder)
    server = FolderService(folder / "server")
    records = jobs.ledger.records()
    faults = []
    if (folder / "fault").exists():
        faults.append((folder / "fault").read_text())
    tags = [job["tag"] for job in server.jobs]
    if sorted(tags) != sorted(record.tag for record in records) or len(tags) != requests:
        faults.append(f"{len(tags)} jobs on the server, {len(records)} in the ledger: {tags}")
    if any(record.state is not JobState.DONE for record in records):
        faults.append(f"states {[record.state.value for record in records]}")
    for k in range(requests):
        if jobs.ledger.result(jobs.ledger.get(f"step {k}").tag) != answer(b"request %d" % k):
            faults.append(f"result {k}")
    jobs.ledger.close()
    with sqlite3.connect(folder / "jobs.sqlite") as connection:
        if connection.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
            faults.append("integrity")
    connection.close()
    return faults


def finish(folder: Path, requests: int, report: Report) -> None:
    """Lets a last process run to its end, and judges."""
    killed = ended(child(folder, requests, None))
    report.trials += 1
    report.faults += [f"{folder.name}: {fault}" for fault in check(folder, requests)]
    if killed:
        report.faults.append(f"{folder.name}: the last process was killed")


def every_step(root: Path, requests: int) -> Report:
    """Kills at each step, and the next process after half as many steps."""
    report = Report()
    for last in range(1, 10_000):
        folder = root / f"step-{last}"
        folder.mkdir()
        killed = ended(child(folder, requests, last))
        if not killed:
            report.faults += check(folder, requests)
            return report
        report.kills += 1
        name = (folder / "killed at").read_text()
        report.points[name] = report.points.get(name, 0) + 1
        report.kills += ended(child(folder, requests, max(1, last // 2)))
        (folder / "fault").unlink(missing_ok=True)
        finish(folder, requests, report)
    raise AssertionError("the program has no end")


def random_moments(root: Path, requests: int, trials: int) -> Report:
    """Kills up to three processes one after the other, each at a random moment.

    Moments are drawn from the time that an undisturbed process takes on this machine.
    """
    report, chance = Report(), random.Random(_SEED)
    whole = root / "whole"
    whole.mkdir()
    begin = time.perf_counter()
    finish(whole, requests, report)
    longest = time.perf_counter() - begin
    for trial in range(trials):
        folder = root / f"random-{trial}"
        folder.mkdir()
        for _ in range(chance.randint(1, 3)):
            pid = child(folder, requests, None)
            time.sleep(chance.uniform(0, longest))
            os.kill(pid, signal.SIGKILL)
            report.kills += ended(pid)
        finish(folder, requests, report)
    return report


def main(arguments: list[str]) -> None:
    """Runs the trials and prints the report as JSON."""
    root = Path(arguments[0])
    if arguments[1] == "every":
        report = every_step(root, int(arguments[2]))
    else:
        report = random_moments(root, int(arguments[2]), int(arguments[3]))
    print(json.dumps(vars(report)))


if __name__ == "__main__":
    main(sys.argv[1:])
