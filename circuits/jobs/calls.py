"""Calls of a service that end in time, and whose errors are ours and free of secrets."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar, final

from circuits.errors import JobError, ServiceAnswerError, ServiceUnavailableError

from .secrets import redacted

T = TypeVar("T")
_ABANDONED = 16


class _Answer(Generic[T]):
    """What a call brought, once `done` is set."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.value: list[T] = []
        self.error: JobError | None = None


@final
class Caller:
    """Makes calls in threads of their own, and leaves behind those that do not end in time.

    A read from a dead socket cannot be interrupted, so its thread stays until the process ends (it
    does not keep the process alive). After 16 of them no more calls are made.
    """

    def __init__(self) -> None:
        self._abandoned: list[_Answer[object]] = []

    def call(self, function: Callable[[], T], seconds: float, what: str) -> T:
        """Calls `function`, and returns or raises within `seconds`.

        Args:
            function: The call; it raises errors of ours only (see `ours`).
            seconds: How long to wait for it.
            what: What is called, for messages.

        Raises:
            ServiceUnavailableError: If it does not end in time.
        """
        self._abandoned = [answer for answer in self._abandoned if not answer.done.is_set()]
        if len(self._abandoned) >= _ABANDONED:
            raise ServiceUnavailableError(
                f"{what}: {_ABANDONED} earlier calls hang; no more are made. Start a new process; "
                "the job ledger knows where to go on.",
                retryable=False,
            )
        answer: _Answer[T] = _Answer()
        threading.Thread(
            target=_run, args=(function, answer), name=f"ketwork: {what}", daemon=True
        ).start()
        if not answer.done.wait(max(0.0, seconds)):
            self._abandoned.append(answer)  # type: ignore[arg-type]
            raise ServiceUnavailableError(f"{what}: no answer within {seconds:.1f} s.")
        if answer.error is not None:
            raise answer.error
        return answer.value[0]


def _run(function: Callable[[], T], answer: _Answer[T]) -> None:
    try:
        answer.value.append(function())
    except BaseException as error:
        answer.error = ours(error, "the job ledger")
    finally:
        answer.done.set()


def ours(error: BaseException, what: str, secrets: Iterable[str] = ()) -> JobError:
    """An error of our tree for any error, without secrets and without links to other errors.

    Errors of ours keep their class and what they say about repeating. Errors of connections become
    `ServiceUnavailableError`, all others `ServiceAnswerError`; both may be retried, and both leave
    open whether a job exists.

    Args:
        error: What was raised.
        what: What was called, for the message.
        secrets: Texts that must not appear.

    >>> ours(TimeoutError("no reply to key=abcdefghijkl"), "ibm:x: status", ["abcdefghijkl"])
    ServiceUnavailableError('ibm:x: status: TimeoutError: no reply to key=[secret]')
    """
    if isinstance(error, JobError):
        return type(error)(
            redacted(str(error), secrets),
            retryable=error.retryable,
            job_may_exist=error.job_may_exist,
            retry_after=error.retry_after,
        )
    cause = ServiceUnavailableError if isinstance(error, OSError) else ServiceAnswerError
    return cause(redacted(f"{what}: {type(error).__name__}: {error}", secrets))
