"""Every exception that ketwork raises on purpose, one class per cause.

All of them derive from `KetworkError`, so one `except` clause catches them. Where a cause has a
natural built-in parent (a bad value is a `ValueError`), the class derives from that parent too,
so code that does not know ketwork still behaves.
"""

from __future__ import annotations


class KetworkError(Exception):
    """Base class of all exceptions raised by ketwork."""


class InvalidArgumentError(KetworkError, ValueError):
    """An argument has a value that the function does not accept."""


class ArgumentTypeError(KetworkError, TypeError):
    """An argument has a type that the function does not accept."""


class ShapeError(InvalidArgumentError):
    """A tensor has the wrong shape or number of features."""


class DtypeError(ArgumentTypeError):
    """A tensor has a dtype that cannot hold angles (integer or complex)."""


class NonFiniteError(InvalidArgumentError):
    """A number that must be finite is NaN or infinite."""


class UnknownGateError(KetworkError, AttributeError, LookupError):
    """A gate name is not in the gate table (also for `circuits.gates.NAME`)."""


class QubitError(InvalidArgumentError):
    """A qubit index is out of range, repeated, or not an integer."""


class SymbolError(InvalidArgumentError):
    """Symbols are used inconsistently (clashing groups, a tensor where a symbol belongs)."""


class ObservableError(InvalidArgumentError):
    """An observable is malformed or does not fit the circuit."""


class UnsupportedOperationError(KetworkError):
    """An operation is not defined for this gate, backend, or differentiation method."""


class NotUnitaryError(InvalidArgumentError):
    """A matrix that must be unitary is not."""


class ChannelError(InvalidArgumentError):
    """A map is not completely positive and trace preserving, or a strength is out of range."""


class NoiseNotAppliedError(InvalidArgumentError):
    """A noise model has no rule for gates of a circuit, and was told to refuse that."""


class NoiseNotAppliedWarning(UserWarning):
    """Noise that a user may expect is not applied, or could not be carried over."""


class NoiseAppliedTwiceWarning(UserWarning):
    """A circuit holds the channels of a noise model already, and gets them a second time."""


class NoiseFileError(KetworkError, ValueError):
    """A saved noise model is corrupted, hostile, or of an unknown version."""


class ResourceLimitError(KetworkError):
    """A request would need more memory, qubits or time than is available or allowed."""


class QasmError(KetworkError, ValueError):
    """OpenQASM text that cannot be read, with the place where reading failed.

    Args:
        message: What is wrong and what to do about it.
        line: Line of the offending token, counted from 1, if known.
        column: Column of the offending token, counted from 1, if known.
    """

    def __init__(self, message: str, line: int | None = None, column: int | None = None) -> None:
        self.message = message
        self.line = line
        self.column = column
        place = "" if line is None else f"line {line}: "
        if line is not None and column is not None:
            place = f"line {line}, column {column}: "
        super().__init__(place + message)

    def __reduce__(self) -> tuple[type[QasmError], tuple[str, int | None, int | None]]:
        return type(self), (self.message, self.line, self.column)


class QasmLimitError(QasmError, ResourceLimitError):
    """OpenQASM text that exceeds one of the stated limits."""


class ConversionError(KetworkError):
    """A circuit or operator has no counterpart in the other format."""


class MissingDependencyError(KetworkError, ImportError):
    """An optional package is needed and not installed.

    Args:
        package: Import name of the missing package.
        extra: Name of ketwork's optional extra that installs it.
        purpose: What the package is needed for.
    """

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        self.package = package
        self.extra = extra
        self.purpose = purpose
        super().__init__(
            f"{purpose} needs the package `{package}`, which is not installed. "
            f"Install it with: pip install 'ketwork[{extra}]'"
        )

    def __reduce__(self) -> tuple[type[MissingDependencyError], tuple[str, str, str]]:
        return type(self), (self.package, self.extra, self.purpose)


class DataNotFoundError(KetworkError, FileNotFoundError):
    """A data set's files are not where they were looked for."""


class DataCorruptedError(KetworkError, ValueError):
    """A data file's content does not have the expected checksum or format."""


class CheckpointError(KetworkError, ValueError):
    """A checkpoint is corrupted, truncated, hostile, or belongs to another model."""


class TrainingError(KetworkError, RuntimeError):
    """Training cannot go on (for example the loss became NaN)."""


class SolverError(KetworkError, ArithmeticError):
    """A system of equations is singular, or iterations that solve it do not converge."""


class RemoteError(KetworkError, RuntimeError):
    """What went wrong on a worker, as text: a traceback, or an exception that cannot be sent."""


class WorkerDiedError(KetworkError, RuntimeError):
    """The processes that ran a call ended without an answer, as often as it was tried."""


class CallCancelledError(KetworkError):
    """A call was cancelled before it had an answer."""


class JobError(KetworkError):
    """A job on a remote machine did not go as asked.

    Every subclass says by default, and every instance exactly, what may be done about it.

    Args:
        message: What went wrong and what to do about it, free of secrets.
        retryable: Whether the same call may succeed later; `None` takes the class's answer.
        job_may_exist: Whether the service may hold a job of this request; `None` takes the
            class's answer.
        retry_after: Seconds that the service asked to wait, if it did.
    """

    #: Whether the same call may succeed later.
    retryable: bool = False
    #: Whether the service may hold a job of this request (which may be computing, and costing).
    job_may_exist: bool = False

    def __init__(
        self,
        message: str,
        *,
        retryable: bool | None = None,
        job_may_exist: bool | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.retryable = type(self).retryable if retryable is None else retryable
        self.job_may_exist = type(self).job_may_exist if job_may_exist is None else job_may_exist
        self.retry_after = retry_after


class ServiceUnavailableError(JobError, ConnectionError):
    """A service cannot be reached, or answers that it cannot serve now (5xx, dropped, stalled)."""

    retryable = True
    job_may_exist = True


class ServiceAnswerError(JobError):
    """A service answered something that cannot be understood (garbage, truncated, empty)."""

    retryable = True
    job_may_exist = True


class SubmissionUncertainError(JobError):
    """A job was sent, and whether the service holds it is unknown; the ledger will find out."""

    retryable = True
    job_may_exist = True


class RateLimitedError(JobError):
    """A service refused a call because there were too many (429); see `retry_after`."""

    retryable = True


class AuthenticationError(JobError, PermissionError):
    """A service does not accept the credentials, or they do not allow the call (401, 403)."""


class QuotaExceededError(JobError):
    """The account's computing time or number of pending jobs is used up (402, 409)."""


class BudgetExceededError(JobError):
    """Jobs might need more machine time than a budget has left; none of them was sent."""


class JobRejectedError(JobError, ValueError):
    """A service refused a request as invalid; no job was made of it."""


class JobNotFoundError(JobError, LookupError):
    """The ledger or the service knows no such job."""


class JobStateError(JobError):
    """A job is in a state in which the call is not possible (cancelling a finished job)."""

    job_may_exist = True


class JobFailedError(JobError):
    """A job was run by the service and ended with an error."""

    job_may_exist = True


class JobTooLongError(JobFailedError):
    """A job was stopped because it ran longer than the service or its owner allows."""


class JobCancelledError(JobError):
    """A job was cancelled before it had a result."""


class WaitTimeoutError(JobError, TimeoutError):
    """A wait ended before the job did. The job goes on; wait again to take it up."""

    retryable = True
    job_may_exist = True


class DuplicateJobWarning(UserWarning):
    """A service held several jobs of one request; all but the oldest were cancelled."""


class LedgerError(JobError):
    """The job ledger cannot be read or written."""

    job_may_exist = True


class LedgerBusyError(LedgerError):
    """Other processes kept the job ledger locked for too long."""

    retryable = True


class LedgerFullError(LedgerError):
    """The disk that holds the job ledger is full, or an entry is too large for it."""


class LedgerCorruptedError(LedgerError, ValueError):
    """The job ledger, or one row of it, is damaged."""


class LedgerConflictError(LedgerError, ValueError):
    """A key that stands for one request in the ledger was used for another one."""
