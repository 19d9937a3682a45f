"""`Executor`: calls on workers; queue, order, retries and seeds, the same for all kinds."""

from __future__ import annotations

import hashlib
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Any, ClassVar, Self, final

from circuits.arguments import integer, number
from circuits.errors import (
    CallCancelledError,
    UnsupportedOperationError,
    WaitTimeoutError,
    WorkerDiedError,
)
from optim.executors.call import Answer, Call, check_picklable

_RETRIES = 2


def call_seed(seed: int, index: int) -> int:
    """Seed of task `index` of a job with `seed`: first 63 bits of SHA-256 of the two numbers.

    It depends on neither the workers nor the order in which tasks run.

    >>> call_seed(7, 0) == call_seed(7, 0), call_seed(7, 0) == call_seed(7, 1)
    (True, False)
    """
    text = f"{integer(seed, 'seed', minimum=0)}:{integer(index, 'index', minimum=0)}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


class Died(Exception):
    """A worker ended without an answer; never leaves this package."""


class Executor(ABC):
    """Runs calls of functions on workers.

    A call runs when a worker is free, in the order of submission. If its worker dies it runs
    again on another one, up to `retries` times, so functions must not mind running twice; the
    call has one answer and is given out once. Nothing happens behind the caller's back: calls are
    handed to workers by `submit` and while waiting.

    Args:
        workers: Number of calls that run at the same time.
        retries: How often a call whose worker died is started again.

    >>> from optim.executors import Serial
    >>> with Serial() as executor:
    ...     list(executor.map(abs, [-3, 2]))
    [3, 2]
    """

    _elsewhere: ClassVar[bool] = True  # whether calls run in other processes

    def __init__(self, workers: int = 1, *, retries: int = _RETRIES) -> None:
        self.workers = integer(workers, "workers")
        self.retries = integer(retries, "retries", minimum=0)
        self._waiting: deque[Call] = deque()
        self._running: dict[Call, Any] = {}
        self._ended: deque[Call] = deque()  # answered, and not yet given out
        self._next = 0
        self._closed = False

    # === what each kind does ===

    @abstractmethod
    def _start(self, call: Call) -> Any:
        """Hand a call to a free worker; what is returned stands for the running call."""

    @abstractmethod
    def _collect(self, timeout: float | None) -> list[tuple[Call, Answer | Died]]:
        """Wait until at least one of `self._running` has ended, or for `timeout` seconds."""

    @abstractmethod
    def _stop(self, running: dict[Call, Any]) -> None:
        """End the workers and what still runs on them."""

    def _interrupt(self, call: Call, running: Any) -> bool:
        """Try to stop a call that runs; whether it is stopped."""
        return False

    # === what users call ===

    @final
    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Call:
        """Queue a call.

        Args:
            function: What to call; workers in other processes import it by name, so it must be a
                function of a module.
            *args: Its arguments; they are pickled.
            **kwargs: Likewise.

        Returns:
            The call; `as_completed` gives it back when it is done.

        Raises:
            UnsupportedOperationError: If the executor is closed, or the call cannot be pickled.
        """
        if self._closed:
            raise UnsupportedOperationError("The executor is closed: make a new one.")
        call = Call(self._next, function, args, kwargs)
        if self._elsewhere:
            check_picklable(call)
        self._next += 1
        self._waiting.append(call)
        self._fill()
        return call

    @final
    def as_completed(
        self, calls: Iterable[Call] | None = None, *, timeout: float | None = None
    ) -> Iterator[Call]:
        """The calls, in the order in which they end; each once.

        Args:
            calls: Which; default all that were submitted and not yet given out. New calls may be
                submitted meanwhile; without `calls` they are given out too.
            timeout: Seconds for all of them together.

        Raises:
            WaitTimeoutError: After `timeout` seconds. What has not been given out yet can be
                waited for again.
            UnsupportedOperationError: If a call is of another executor or was given out before.
        """
        limit = None if timeout is None else time.monotonic() + number(timeout, "timeout")
        wanted = None if calls is None else set(calls)
        strange = (wanted or set()) - {*self._waiting, *self._running, *self._ended}
        if strange:
            raise UnsupportedOperationError(
                f"{len(strange)} of the calls in `calls` are not of this executor, or were given "
                "out before."
            )
        while True:
            yield from self._given_out(wanted)
            left = {*self._waiting, *self._running, *self._ended}
            left &= left if wanted is None else wanted
            if not left:
                return
            rest = None if limit is None else limit - time.monotonic()
            if rest is not None and rest <= 0:
                raise WaitTimeoutError(
                    f"{len(left)} call(s) were not done after {timeout} s. They go on; wait again."
                )
            self._advance(rest)

    @final
    def map(
        self,
        function: Callable[..., Any],
        items: Iterable[Any],
        *,
        seed: int | None = None,
        timeout: float | None = None,
    ) -> Iterator[Any]:
        """The values of `function(item)`, in the order of the items.

        Args:
            function: Called with an item, and with `seed=...` if `seed` is given.
            items: The arguments.
            seed: Seed of the whole; call k gets `call_seed(seed, k)`.
            timeout: Seconds for all of them.

        Raises:
            Exception: What the function raised for the first item, by order, that failed; the
                calls that have not ended are cancelled then, as they are if the iterator is left.
            WaitTimeoutError: After `timeout` seconds.
        """
        calls = []
        for index, item in enumerate(items):
            options = {} if seed is None else {"seed": call_seed(seed, index)}
            calls.append(self.submit(function, item, **options))
        place = 0
        try:
            for _ in self.as_completed(calls, timeout=timeout):
                while place < len(calls) and calls[place].done:
                    yield calls[place].result()
                    place += 1
        finally:
            for call in calls[place:]:
                self.cancel(call)
            list(self._given_out(set(calls)))

    @final
    def cancel(self, call: Call) -> bool:
        """Take a call back that has not begun, or stop it where the workers can.

        Returns:
            Whether it is cancelled: `result()` raises `CallCancelledError`, and `as_completed`
            gives it out like any other.
        """
        if call in self._running:
            if not self._interrupt(call, self._running[call]):
                return False
            del self._running[call]
        elif call in self._waiting:
            self._waiting.remove(call)
        else:
            return False
        error = CallCancelledError(f"Call {call.key} was cancelled.")
        self._end(call, Answer(None, error, "", 0.0))
        return True

    @final
    def close(self, *, cancel: bool = False) -> None:
        """Wait for what runs or waits, and end the workers.

        Args:
            cancel: Do not wait: calls that have not ended are cancelled.
        """
        if self._closed:
            return
        try:
            while not cancel and (self._waiting or self._running):
                self._advance(None)
        finally:
            self._closed = True
            running, self._running = self._running, {}
            self._stop(running)
            for call in (*running, *self._waiting):
                error = CallCancelledError(f"Call {call.key} had not ended when all was closed.")
                self._end(call, Answer(None, error, "", 0.0))
            self._waiting.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close(cancel=error is not None)

    # === inside ===

    def _end(self, call: Call, found: Answer) -> None:
        call.finish(found)
        self._ended.append(call)

    def _given_out(self, wanted: set[Call] | None) -> Iterator[Call]:
        for call in list(self._ended):
            if call in self._ended and (wanted is None or call in wanted):
                self._ended.remove(call)
                if wanted is not None:
                    wanted.remove(call)
                yield call

    def _fill(self) -> None:
        while self._waiting and len(self._running) < self.workers:
            call = self._waiting.popleft()
            call.attempts += 1
            self._running[call] = self._start(call)

    def _advance(self, timeout: float | None) -> None:
        self._fill()
        for call, found in self._collect(timeout):
            del self._running[call]
            if isinstance(found, Answer):
                self._end(call, found)
            elif call.attempts <= self.retries:
                self._waiting.appendleft(call)
            else:
                error = WorkerDiedError(
                    f"{call.attempts} workers died while they ran call {call.key} "
                    f"({getattr(call.function, '__qualname__', call.function)}): {found}. Look "
                    "for what ends the process: too little memory, or a crash in native code."
                )
                self._end(call, Answer(None, error, "", 0.0))
        self._fill()
