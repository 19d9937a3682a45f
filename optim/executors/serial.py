"""`Serial`: calls one after the other in this process."""

from __future__ import annotations

from typing import Any, final

from optim.executors.base import Died, Executor
from optim.executors.call import Answer, Call, answer


@final
class Serial(Executor):
    """Runs each call in this process while it is waited for: for debugging, and as the reference.

    Arguments and values are not pickled. A call that ends the process ends everything.
    """

    _elsewhere = False

    def __init__(self) -> None:
        super().__init__(1, retries=0)

    def _start(self, call: Call) -> Any:
        return None

    def _collect(self, timeout: float | None) -> list[tuple[Call, Answer | Died]]:
        (call,) = self._running
        return [(call, answer(call.function, call.args, call.kwargs))]

    def _interrupt(self, call: Call, running: Any) -> bool:
        return True  # it has not begun

    def _stop(self, running: dict[Call, Any]) -> None:
        return None
