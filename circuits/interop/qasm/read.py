"""The front door of reading: `loads` and `load_file`."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from pathlib import Path

from circuits.circuit import Circuit
from circuits.errors import (
    ArgumentTypeError,
    DataNotFoundError,
    InvalidArgumentError,
    QasmError,
    QasmLimitError,
)
from circuits.interop.qasm import version2, version3
from circuits.interop.qasm.canonical import recogniser
from circuits.interop.qasm.lexer import read_header
from circuits.interop.qasm.limits import Budget, Limits
from circuits.interop.qasm.source import Source


def loads(text: str, *, limits: Limits | None = None, input_params: Iterable[str] = ()) -> Circuit:
    """Read OpenQASM 2 or 3, found by the version line.

    Gates mean what Qiskit's importers take them for, global phase included: `rz` is
    exp(-i theta Z/2), and `U(theta, phi, lambda)` is `gates.u` in both versions. Gates defined in
    the program are expanded. Measurements must be the last operation on their qubit; they are
    dropped and recorded in `Circuit.measured`, whose bits are counted over all classical
    registers in order of declaration. Of OpenQASM 3, each `input` declaration becomes a group of
    weights of its name.

    Args:
        text: The program.
        limits: Bounds on what the program may use; default `Limits()`.
        input_params: Names of `input` declarations (OpenQASM 3) that become inputs (data) instead
            of weights.

    Raises:
        QasmError: If the program is malformed or uses what is not supported, naming the place.
        QasmLimitError: If it exceeds a limit.
    """
    if not isinstance(text, str):
        raise ArgumentTypeError(
            f"Argument `text` must be a string, got {type(text).__name__}; to read a file use "
            "`Circuit.from_qasm_file(path)`."
        )
    if limits is not None and not isinstance(limits, Limits):
        raise ArgumentTypeError(
            f"Argument `limits` must be a `QasmLimits`, got {type(limits).__name__}."
        )
    limits = limits or Limits()
    names = frozenset([input_params] if isinstance(input_params, str) else input_params)
    if len(text) > limits.characters:
        raise QasmLimitError(
            f"the text has {len(text)} characters, which exceeds the limit of "
            f"{limits.characters}. If you trust it, pass limits=QasmLimits(characters=...)."
        )
    source = Source(text)
    version, start = read_header(source)
    budget = Budget(limits, source)
    if version == 2 and names:
        raise InvalidArgumentError(
            "Argument `input_params` has no effect: OpenQASM 2 has no input parameters."
        )
    try:
        if version == 2:
            return version2.read(source, budget, start, recogniser(2))
        return version3.read(source, budget, start, recogniser(3), names)
    except RecursionError:
        raise QasmLimitError("the program is nested too deeply for the Python stack") from None


def load_file(
    path: str | PathLike[str],
    *,
    limits: Limits | None = None,
    input_params: Iterable[str] = (),
) -> Circuit:
    """Read an OpenQASM 2 or 3 file (UTF-8); see `loads`.

    Args:
        path: The file. No other file is opened.
        limits: As for `loads`.
        input_params: As for `loads`.

    Raises:
        DataNotFoundError: If there is no such file.
        QasmError: If the file cannot be read as OpenQASM.
    """
    file = Path(path)
    if not file.is_file():
        raise DataNotFoundError(f"There is no OpenQASM file at {str(file)!r}.")
    allowed = (limits or Limits()).characters
    with file.open("rb") as stream:
        content = stream.read(4 * allowed + 1)
    if len(content) > 4 * allowed:
        raise QasmLimitError(
            f"the file {file.name!r} is longer than the limit of {allowed} characters. If you "
            "trust it, pass limits=QasmLimits(characters=...)."
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise QasmError(
            f"the file {file.name!r} is not UTF-8 text: byte {error.start} is invalid"
        ) from None
    return loads(text, limits=limits, input_params=input_params)
