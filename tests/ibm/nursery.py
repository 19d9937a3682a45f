"""Processes that work until they are done or killed, and what is wrong after the last of them.

One process loads the libraries once and forks, so that a child costs milliseconds. It must never
run a circuit itself, for threads do not survive a fork.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import time
import traceback
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, final

from qml.training import load_checkpoint


def weights_of(folder: Path) -> bytes:
    """The weights of the last step, bit by bit."""
    (path,) = folder.rglob("last.ckpt")
    model = load_checkpoint(path).model
    return b"".join(model[name].numpy().tobytes() for name in sorted(model))


def states(folder: Path) -> dict[str, int]:
    """How many jobs the ledger holds in each state, read beside the library."""
    path = folder / "jobs.sqlite"
    if not path.exists():
        return {}
    with closing(sqlite3.connect(path)) as connection:
        try:
            rows = connection.execute("SELECT state, count(*) FROM jobs GROUP BY state")
            return dict(rows.fetchall())
        except sqlite3.OperationalError:
            return {}


@final
class Nursery:
    """Children that do something until it is done or they are killed."""

    @staticmethod
    def start(folder: Path, work: Callable[[], None]) -> int:
        """Forks a child; returns its pid."""
        pid = os.fork()
        if pid:
            return pid
        code = 1
        try:
            work()
            code = 0
        except BaseException:
            (folder / "fault").write_text(traceback.format_exc())
        os._exit(code)

    @staticmethod
    def end(pid: int) -> bool:
        """Waits for a child; returns whether it was killed."""
        _, status = os.waitpid(pid, 0)
        return os.WIFSIGNALED(status)

    @classmethod
    def kill_when(cls, pid: int, ready: Callable[[], bool]) -> bool:
        """Kills a child when it is time, unless it ends before; returns whether it was killed."""
        while not ready():
            done, _ = os.waitpid(pid, os.WNOHANG)
            if done:
                return False
            time.sleep(0.002)
        os.kill(pid, signal.SIGKILL)
        return cls.end(pid)


def judge(
    folder: Path, made: list[dict[str, Any]], steps: int, expected: bytes | None
) -> list[str]:
    """What is wrong after the last process has ended.

    Args:
        folder: The run's.
        made: Jobs that the service holds of this run.
        steps: Jobs that there should be.
        expected: The weights of an undisturbed run.
    """
    if (folder / "fault").exists():
        return [(folder / "fault").read_text()]
    faults = []
    with closing(sqlite3.connect(folder / "jobs.sqlite")) as connection:
        if connection.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
            faults.append("integrity of the ledger")
        rows = connection.execute("SELECT tag, job_id, state FROM jobs").fetchall()
    if [state for _, _, state in rows] != ["done"] * steps:
        faults.append(f"the ledger holds {rows}")
    known = sorted((tag, job_id) for tag, job_id, _ in rows)
    held = sorted((job["tags"][0], job["id"]) for job in made)
    if held != known:
        faults.append(f"the service holds {json.dumps(held)}, the ledger {json.dumps(known)}")
    if expected is not None and weights_of(folder) != expected:
        faults.append("other weights")
    return faults
