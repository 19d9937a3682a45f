"""A process that is killed at a named point of a job's life, and the one that comes after it.

python -m tests.ibm.crash_points FOLDER      # the report, as JSON
"""

from __future__ import annotations

import functools
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from circuits.jobs import Ledger
from tests.ibm.nursery import Nursery, judge, weights_of
from tests.ibm.training import load, train
from tests.support.ibm_service import Fault, IBMService

STEPS = 1


@dataclass(frozen=True, slots=True)
class Point:
    """Where a process is killed.

    Attributes:
        method: The method of `Ledger` around which it happens; none, if it waits for `call`.
        when: `"before"` or `"after"` it.
        faults: What the service does besides.
        call: Kill as soon as the service has received this call.
    """

    method: str = ""
    when: str = "before"
    faults: tuple[Fault, ...] = ()
    call: str = ""


POINTS = {
    "before the intent": Point("plan"),
    "after the intent": Point("plan", "after"),
    "about to send": Point("begin_sending", "after"),
    "after the POST, before the id": Point("sent"),
    "after the id": Point("sent", "after"),
    "after the result, before it is stored": Point("stored"),
    "after the result is stored": Point("stored", "after"),
    "POST dropped after storing": Point(faults=(Fault("submit", "drop", when="after"),)),
    "POST 502 after storing": Point(faults=(Fault("submit", status=502, when="after", times=2),)),
    "POST 500 after storing, killed then": Point(
        "noted", faults=(Fault("submit", status=500, when="after", times=2),)
    ),
    "killed while the POST stalls after storing": Point(
        faults=(Fault("submit", "stall", when="after"),), call="submit"
    ),
    "killed while the POST stalls before storing": Point(
        faults=(Fault("submit", "stall"),), call="submit"
    ),
    "killed while a poll stalls": Point(faults=(Fault("status", "stall"),), call="status"),
    "killed while the result stalls": Point(faults=(Fault("results", "half"),), call="results"),
}


def work(folder: Path, point: Point | None) -> None:
    """The training; kills itself at the point."""
    if point is not None and point.method:
        setattr(Ledger, point.method, _deadly(getattr(Ledger, point.method), point.when))
    train(folder, "parameter-shift", STEPS)


def _deadly(method: Callable[..., Any], when: str) -> Callable[..., Any]:
    @functools.wraps(method)
    def killing(*arguments: Any, **options: Any) -> Any:
        if when == "after":
            method(*arguments, **options)
        os.kill(os.getpid(), signal.SIGKILL)

    return killing


def trial(folder: Path, service: IBMService, point: Point) -> tuple[bool, list[str]]:
    """Whether a process was killed, and what was wrong after the next one."""
    folder.mkdir()
    service.reset()
    service.plan(*point.faults)
    pid = Nursery.start(folder, lambda: work(folder, point))
    if point.call:
        while not service.calls(point.call):
            time.sleep(0.01)
        os.kill(pid, signal.SIGKILL)
    killed = Nursery.end(pid)
    service.clear()
    Nursery.end(Nursery.start(folder, lambda: work(folder, None)))
    return killed, judge(folder, service.jobs, STEPS, None)


def main(folder: str) -> int:
    """Tries every point; returns 1 if anything went wrong."""
    root, faults, weights, killed = Path(folder), dict[str, list[str]](), set[bytes](), []
    (root / "service").mkdir()
    load()
    with IBMService(root / "service") as service:
        os.environ.update(service.environment)
        os.environ["KETWORK_IBM_LISTING_DELAY"] = "0.2"
        for name, point in POINTS.items():
            dead, faults[name] = trial(root / name, service, point)
            if dead:
                killed.append(name)
            if not faults[name]:
                weights.add(weights_of(root / name))
    print(json.dumps({"faults": faults, "killed": killed, "results": len(weights)}))
    return 1 if any(faults.values()) or len(weights) != 1 else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
