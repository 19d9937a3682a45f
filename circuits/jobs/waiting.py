"""The loop that brings a job to where it is wanted, in bounded time, and survives faults."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import final

from circuits.errors import (
    InvalidArgumentError,
    JobError,
    LedgerBusyError,
    WaitTimeoutError,
)

from .calls import Caller
from .ledger import Ledger
from .progress import Pace, Progress, ProgressCallback
from .records import JobRecord
from .states import JobState
from .steps import Step, Steps

Goal = Callable[[JobRecord], bool]

_GRACE = 1.0
"""Seconds that a call may take beyond the end of the wait, so that a wait of 0 s polls once."""
_LONGEST_NAP = 2.0
"""Seconds after which a longer pause asks again whether it still holds."""


@final
class Wait:
    """One wait for one job.

    Args:
        ledger: Where the job stands.
        steps: How it is brought forward.
        caller: What bounds the calls.
        pace: How often, how long.
        timeout: Seconds to wait; `None` as long as it takes.
        progress: Told how it goes.
    """

    def __init__(
        self,
        ledger: Ledger,
        steps: Steps,
        caller: Caller,
        pace: Pace,
        timeout: float | None,
        progress: ProgressCallback | None,
    ) -> None:
        if timeout is not None and not 0 <= timeout < float("inf"):
            raise InvalidArgumentError(
                f"Argument `timeout` must be None or seconds, at least 0, got {timeout!r}."
            )
        self._ledger, self._steps, self._caller, self._pace = ledger, steps, caller, pace
        self._timeout, self._progress = timeout, progress
        self._start = time.monotonic()
        self._pause = pace.shortest
        self._failing_since: float | None = None
        self._submissions = 0

    def until(self, tag: str, goal: Goal) -> JobRecord:
        """Takes steps until the goal is reached.

        Raises:
            WaitTimeoutError: If the time is over before.
            JobError: If a fault cannot be, or was not, overcome by repeating.
        """
        record = self._ledger.get(tag)
        while not goal(record):
            try:
                step = self._step(record)
            except JobError as error:
                step = self._failed(record, error)
            else:
                if step.wait is None:  # a pause that was asked for is no success
                    self._failing_since = None
            changed, record = step.record.state is not record.state, step.record
            self._say(record, step.note)
            if goal(record):
                break
            self._sleep(record, changed, step)
        return record

    def _step(self, record: JobRecord) -> Step:
        if record.state is JobState.PLANNED:
            self._submissions += 1
        seconds = min(self._pace.call, self._left() + _GRACE)
        step = self._caller.call(
            lambda: self._steps.next(record), seconds, f"{record.service}, {record.state}"
        )
        if step.wait is not None and record.state is JobState.PLANNED:
            self._submissions -= 1
        return step

    def _failed(self, record: JobRecord, error: JobError) -> Step:
        """Lets pass what may be overcome by repeating."""
        with contextlib.suppress(LedgerBusyError):
            record = self._ledger.get(record.tag)
        now = time.monotonic()
        self._failing_since = now if self._failing_since is None else self._failing_since
        if self._left() <= 0:
            raise self._late(record, str(error))
        worn_out = now - self._failing_since > self._pace.patience
        sent_often = self._submissions >= self._pace.submissions and error.job_may_exist
        if not error.retryable or worn_out or sent_often:
            raise error
        return Step(record, error.retry_after, str(error))

    def _sleep(self, record: JobRecord, changed: bool, step: Step) -> None:
        wanted = step.wait
        if changed:
            self._pause = self._pace.shortest
        elif wanted is None:
            self._pause = min(self._pace.longest, 1.5 * self._pause)
        if self._left() <= 0:
            raise self._late(record, step.note)
        if changed and wanted is None:
            return
        pause = self._pause if wanted is None else min(wanted, _LONGEST_NAP)
        time.sleep(min(pause, self._left()))

    def _say(self, record: JobRecord, note: str) -> None:
        if self._progress is not None:
            self._progress(Progress(record, time.monotonic() - self._start, note))

    def _left(self) -> float:
        if self._timeout is None:
            return float("inf")
        return self._start + self._timeout - time.monotonic()

    def _late(self, record: JobRecord, why: str) -> WaitTimeoutError:
        why = f": {why.rstrip('.')}" if why else ""
        return WaitTimeoutError(
            f"Job {record.number} at {record.service} is {record.state} after {self._timeout:g} s"
            f"{why}. It goes on; wait for it again, also from another process: "
            f"ketwork jobs wait {record.number}.",
            job_may_exist=record.state is not JobState.PLANNED,
        )
