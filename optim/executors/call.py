"""`Call`: one function call handed to an executor, and the answer that a worker sends back."""

from __future__ import annotations

import pickle
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, final

from circuits.errors import (
    CallCancelledError,
    InvalidArgumentError,
    RemoteError,
    UnsupportedOperationError,
)


class Answer(NamedTuple):
    """What a worker sends back: a value, or an exception with its traceback as text."""

    value: Any
    error: BaseException | None
    trace: str
    seconds: float


def answer(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Answer:
    """Calls the function where it is; its exceptions are part of the answer.

    Exceptions that cannot be pickled, or not be made again from their pickle, become a
    `RemoteError` of the same text.
    """
    begin = time.perf_counter()
    try:
        value = function(*args, **kwargs)
    except Exception as error:
        trace = traceback.format_exc()
        return Answer(None, _portable(error), trace, time.perf_counter() - begin)
    return Answer(value, None, "", time.perf_counter() - begin)


def _portable(error: Exception) -> Exception:
    try:
        again = pickle.loads(pickle.dumps(error))
    except Exception:
        again = None
    if type(again) is type(error):
        return error
    return RemoteError(f"{type(error).__name__}: {error}")


@final
@dataclass(eq=False)
class Call:
    """One call, as `Executor.submit` returns it.

    Attributes:
        key: Place in the order of submission, from 0.
        attempts: How often it was started; more than once only if a worker died.
        seconds: Time the function took, measured where it ran; 0 before it is done.
    """

    key: int
    function: Callable[..., Any]
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    attempts: int = 0
    seconds: float = 0.0
    _answer: Answer | None = None

    @property
    def done(self) -> bool:
        """Whether there is a value, an exception, or it was cancelled."""
        return self._answer is not None

    @property
    def cancelled(self) -> bool:
        """Whether it was cancelled before it had an answer."""
        return self.done and isinstance(self.exception(), CallCancelledError)

    def exception(self) -> BaseException | None:
        """The exception that the function raised, if any.

        Raises:
            UnsupportedOperationError: If the call is not done.
        """
        return self._finished().error

    def result(self) -> Any:
        """The value, or the function's exception is raised, caused by the worker's traceback.

        Raises:
            UnsupportedOperationError: If the call is not done.
        """
        found = self._finished()
        if found.error is None:
            return found.value
        if found.trace:
            raise found.error from RemoteError(f"In the worker:\n{found.trace}")
        raise found.error

    def finish(self, found: Answer) -> None:
        """Takes the answer; there is only one."""
        if self._answer is not None:
            raise InvalidArgumentError(f"Call {self.key} has its answer already.")
        self._answer, self.seconds = found, found.seconds

    def _finished(self) -> Answer:
        if self._answer is None:
            raise UnsupportedOperationError(
                f"Call {self.key} is not done: wait for it with `executor.as_completed`."
            )
        return self._answer

    def __repr__(self) -> str:
        name = getattr(self.function, "__qualname__", repr(self.function))
        state = "done" if self.done else f"started {self.attempts} time(s)"
        return f"Call({self.key}, {name}, {state})"


def check_picklable(call: Call) -> None:
    """Raises if a call cannot be sent to another process."""
    try:
        pickle.dumps((call.function, call.args, call.kwargs))
    except Exception as error:
        raise UnsupportedOperationError(
            f"The call cannot be sent to another process ({type(error).__name__}: {error}). The "
            "function must be defined at the top of a module, and its arguments must be picklable."
        ) from error
