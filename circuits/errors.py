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
