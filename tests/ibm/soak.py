"""Training runs on a machine of the service whose processes are killed at random moments.

    python -m tests.ibm.soak FOLDER TRIALS [SEED]      # also: make soak

In every trial up to three processes are killed one after the other, at random times and shortly
after random requests; in most of them the service fails besides (answers lost after the job was
stored, listings late, bodies cut off). Then a last process runs to the end. The report, as JSON, is
written after every trial.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.ibm.nursery import Nursery, judge, states, weights_of
from tests.ibm.training import PROGRAMS, load
from tests.support.ibm_service import Fault, IBMService

_LOGIN, _EACH = 8, 6
"""Requests of a login, and about as many for each job."""
TROUBLES: dict[str, tuple[Fault, ...]] = {
    "none": (),
    "502 after storing": (Fault("submit", status=502, when="after", times=2),),
    "dropped after storing": (Fault("submit", "drop", when="after", times=2),),
    "dropped before storing": (Fault("submit", "drop", times=2),),
    "refused for a second": (Fault("submit", status=429, headers={"Retry-After": "1"}),),
    "listing late": (Fault("submit", "drop", when="after"), Fault("jobs", "late", seconds=0.3)),
    "polls dropped": (Fault("status", "drop", times=3),),
    "results cut off": (Fault("results", "truncate", times=2),),
    "everything fails now and then": tuple(
        Fault("*", skip=4 + 5 * k, status=503) for k in range(4)
    ),
}


@dataclass
class Report:
    """What became of the trials."""

    trials: int = 0
    kills: int = 0
    jobs: int = 0
    seconds: float = 0.0
    states: dict[str, int] = field(default_factory=dict)
    troubles: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


class Soak:
    """Trials in one folder.

    Args:
        folder: For runs; a run that went well is deleted.
        service: Where jobs run.
        seed: Of moments and troubles.
    """

    def __init__(self, folder: Path, service: IBMService, seed: int) -> None:
        self._folder, self._service = folder, service
        self._chance, self.report = random.Random(seed), Report()
        self._expected: dict[str, bytes] = {}
        self._whole: dict[str, float] = {}
        for program in (next(iter(PROGRAMS)), *PROGRAMS):  # the first warms the service
            self._undisturbed(program)

    def _undisturbed(self, program: str) -> None:
        """What the weights should be, and how long a run takes."""
        folder = self._folder / f"undisturbed {program} {len(self._whole)}"
        folder.mkdir()
        begin, last = time.monotonic(), self._last_job()
        Nursery.end(self._start(folder, program))
        self._whole[program] = time.monotonic() - begin
        faults = judge(
            folder, self._jobs_since(last), PROGRAMS[program][0], self._expected.get(program)
        )
        if faults:
            raise AssertionError(f"{folder.name}: {faults}")
        self._expected[program] = weights_of(folder)

    def trial(self, number: int) -> None:
        """Kills processes of one run, lets it end, and judges."""
        report, chance = self.report, self._chance
        program = [*PROGRAMS][number % len(PROGRAMS)]
        trouble = chance.choice(list(TROUBLES))
        folder = self._folder / f"trial {number}"
        folder.mkdir()
        last = self._last_job()
        for fault in TROUBLES[trouble]:
            again = chance.randint(0, 3)
            self._service.plan(Fault(**{**asdict(fault), "skip": fault.skip + again}))
        for _ in range(chance.randint(1, 3)):
            pid = self._start(folder, program)
            if not Nursery.kill_when(pid, self._moment(program)):
                break
            report.kills += 1
            unfinished = [state for state in states(folder) if state != "done"]
            state = unfinished[0] if unfinished else "between jobs"
            report.states[state] = report.states.get(state, 0) + 1
        Nursery.end(self._start(folder, program))
        self._service.clear()
        made = self._jobs_since(last)
        faults = judge(folder, made, PROGRAMS[program][0], self._expected[program])
        report.trials += 1
        report.jobs += len(made)
        report.troubles[trouble] = report.troubles.get(trouble, 0) + 1
        report.faults += [f"{folder.name} ({program}, {trouble}): {fault}" for fault in faults]
        if not faults:
            shutil.rmtree(folder)

    def _moment(self, program: str) -> Callable[[], bool]:
        """A random time, or shortly after a random request of the run."""
        now, chance = time.monotonic(), self._chance
        if chance.random() < 0.3:
            end = now + chance.uniform(0, self._whole[program])
            return lambda: time.monotonic() >= end
        number = self._requests() + chance.randint(_LOGIN, _LOGIN + _EACH * PROGRAMS[program][0])
        pause, seen = chance.uniform(0, 0.05), []

        def ready() -> bool:
            if not seen and self._requests() >= number:
                seen.append(time.monotonic())
            return bool(seen) and time.monotonic() >= seen[0] + pause

        return ready

    def _requests(self) -> int:
        return int(self._service.ask("SELECT count(*) AS n FROM requests")[0]["n"])

    @staticmethod
    def _start(folder: Path, program: str) -> int:
        return Nursery.start(folder, lambda: PROGRAMS[program][1](folder))

    def _last_job(self) -> int:
        found = self._service.ask("SELECT max(number) AS n FROM jobs")[0]["n"]
        return 0 if found is None else int(found)

    def _jobs_since(self, number: int) -> list[dict[str, object]]:
        return [job for job in self._service.jobs if job["number"] > number]


def main(folder: str, trials: str, seed: str = "5") -> int:
    """Runs the trials; returns 1 if anything went wrong."""
    root = Path(folder)
    root.mkdir(parents=True, exist_ok=True)
    (root / "service").mkdir()
    load()
    begin = time.monotonic()
    with IBMService(root / "service") as service:
        os.environ.update(service.environment)
        os.environ["KETWORK_IBM_LISTING_DELAY"] = "0.5"
        os.environ["KETWORK_IBM_PER_MINUTE"] = "none"
        soak = Soak(root, service, int(seed))
        for number in range(int(trials)):
            soak.trial(number)
            soak.report.seconds = round(time.monotonic() - begin, 1)
            text = json.dumps(asdict(soak.report), indent=1)
            (root / "report.json").write_text(text)
        keys = service.ask("SELECT count(*) AS n FROM requests WHERE auth = 'apikey'")[0]["n"]
    if keys:
        soak.report.faults.append(f"the key itself was sent {keys} times")
    print(json.dumps(asdict(soak.report), indent=1))
    return 1 if soak.report.faults else 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
