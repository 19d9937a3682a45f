"""What a wait says about itself, and how it paces its steps."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from .records import JobRecord


@dataclass(frozen=True, slots=True)
class Progress:
    """A wait at one moment.

    Attributes:
        record: The job, with its state, place in the queue and machine time.
        waited: Seconds since the wait began.
        note: What it waits for, beyond the job itself: the limit on submissions, a service that
            does not answer; empty if nothing.
    """

    record: JobRecord
    waited: float
    note: str = ""

    def __str__(self) -> str:
        """One line: `job 7 at ibm:ibm_boston: queued, 3 ahead (waited 62 s)`."""
        record = self.record
        parts = [record.state.value]
        if record.position is not None and not record.state.is_final:
            parts.append(f"{record.position} ahead")
        if record.usage is not None:
            parts.append(f"{record.usage:g} s of machine time")
        if self.note:
            parts.append(self.note)
        return (
            f"job {record.number} at {record.service}: {', '.join(parts)} "
            f"(waited {self.waited:.0f} s)"
        )


ProgressCallback = Callable[[Progress], None]


def progress_lines(every: float = 30.0) -> ProgressCallback:
    """A callback that writes a line to standard error when something changes, or after a while.

    Args:
        every: Seconds after which an unchanged job is mentioned again.
    """
    last: list[tuple[object, float]] = []

    def show(progress: Progress) -> None:
        record = progress.record
        now = (record.tag, record.state, record.position, progress.note)
        if not last or last[0][0] != now or time.monotonic() - last[0][1] >= every:
            last[:] = [(now, time.monotonic())]
            print(progress, file=sys.stderr, flush=True)

    return show


@dataclass(frozen=True, slots=True)
class Pace:
    """How a wait paces its calls, in seconds.

    Attributes:
        shortest: Between the first polls; each further pause is half as long again.
        longest: Between later polls.
        call: Limit on each call of the service.
        patience: How long a service may go on failing before the wait gives up.
        submissions: How often one wait sends the same job, each time after making sure that the
            service does not hold it.
    """

    shortest: float = 0.5
    longest: float = 10.0
    call: float = 60.0
    patience: float = 300.0
    submissions: int = 5
