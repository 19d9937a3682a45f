"""The thread that runs the jobs of the service, one after the other."""

from __future__ import annotations

import json
import threading
import traceback
from typing import final

from .store import Store


@final
class Worker(threading.Thread):
    """Takes jobs from the store, in order.

    Args:
        store: Where the jobs are.
    """

    def __init__(self, store: Store) -> None:
        super().__init__(name="machine", daemon=True)
        self._store = store
        self._change = threading.Condition()
        self._paused = False

    def wake(self) -> None:
        """Says that there is a job."""
        with self._change:
            self._change.notify_all()

    def pause(self, paused: bool) -> None:
        """Lets jobs wait in the queue, or go on."""
        with self._change:
            self._paused = paused
            self._change.notify_all()

    def run(self) -> None:
        from . import programs  # seconds of imports, beside the first answers of the service

        while True:
            with self._change:
                job = None if self._paused else self._store.next_job()
                if job is None:
                    self._change.wait()
                    continue
            if job["ending"] is not None:
                end = json.loads(job["ending"])
                text, code = end.get("reason", ""), end.get("reason_code")
                self._store.end_job(job["id"], end["status"], text, text, code)
                continue
            try:
                result = programs.run(job["program"], json.loads(job["params"]), job["backend"])
            except Exception as error:
                text = traceback.format_exc()
                self._store.end_job(job["id"], "Failed", text, f"{error}", 1517)
            else:
                self._store.end_job(job["id"], "Completed", result)
