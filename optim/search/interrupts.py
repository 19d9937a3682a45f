"""Ctrl-C that waits until a step is finished, so that what is saved is a whole state."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any, final


@final
class Interrupts:
    """Context in which a first Ctrl-C only sets `pending`; leaving it raises `KeyboardInterrupt`.

    A second Ctrl-C interrupts at once. Outside the main thread, where no signal arrives, it does
    nothing.
    """

    def __init__(self) -> None:
        self.pending = False
        self._earlier: Any = None
        self._active = threading.current_thread() is threading.main_thread()

    def __enter__(self) -> Interrupts:
        if self._active:
            self._earlier = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, kind: Any, *rest: Any) -> None:
        if self._active:
            signal.signal(signal.SIGINT, self._earlier)
        if self.pending and kind is None:
            raise KeyboardInterrupt

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.pending:
            raise KeyboardInterrupt
        self.pending = True
