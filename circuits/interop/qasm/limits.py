"""Limits on what an OpenQASM text may ask for, and the budget that enforces them.

A text of a few hundred characters can describe 2^20 gates, a register of 10^8 qubits or a loop of
10^12 rounds. Every such quantity is checked against a stated limit *before* work is done for it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from circuits.errors import InvalidArgumentError, QasmLimitError
from circuits.interop.qasm.source import Source

MAX_INTEGER = 2**63


@dataclass(frozen=True, slots=True)
class Limits:
    """What an OpenQASM text may use at most. Exceeding one raises `QasmLimitError`.

    The defaults let a hostile text fail within about a second and 200 MB. Raise single limits for
    large files that you trust, for example
    `Limits(characters=10**8, tokens=10**7, statements=10**6, gates=10**6, steps=10**7)`.

    Args:
        characters: Length of the text.
        tokens: Numbers, names and symbols in the text.
        name_length: Length of one identifier or number.
        statements: Statements in the text, those inside of blocks and gate bodies included; loops
            inside of gate bodies count for each round.
        expression: Tokens in one expression.
        list_length: Entries of one list of operands, angles, parameters or indices.
        nesting: Depth of blocks within blocks (`for`, `box`), and of modifiers on one gate.
        declarations: Registers, aliases, constants, inputs and gate definitions, together.
        qubits: Qubits over all registers.
        bits: Classical bits over all registers.
        parameters: Entries over all `input` declarations.
        controls: Controls that modifiers put on one gate.
        definition_depth: Depth of gate definitions that use gate definitions.
        gates: Gates after all definitions, loops, powers and broadcasts are expanded.
        steps: Units of work: gate calls, expression terms, loop rounds, qubits of barriers.
        terms: Terms of one symbolic angle.
        degree: Number of symbols multiplied in one term of a symbolic angle.

    Raises:
        InvalidArgumentError: If a limit is not a positive integer.

    >>> Limits(qubits=20).qubits
    20
    """

    characters: int = 1_000_000
    tokens: int = 200_000
    name_length: int = 256
    statements: int = 50_000
    expression: int = 2_000
    list_length: int = 5_000
    nesting: int = 32
    declarations: int = 2_000
    qubits: int = 4_096
    bits: int = 16_384
    parameters: int = 20_000
    controls: int = 64
    definition_depth: int = 64
    gates: int = 100_000
    steps: int = 500_000
    terms: int = 1_000
    degree: int = 32

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise InvalidArgumentError(
                    f"Limits(`{field.name}`) must be a positive integer, got {value!r}."
                )


class Budget:
    """Running totals of one import, checked against its limits.

    Args:
        limits: The limits.
        source: The text, for the places named in errors.
    """

    def __init__(self, limits: Limits, source: Source) -> None:
        self.limits = limits
        self._source = source
        self._spent: dict[str, int] = {}

    def check(self, limit: str, value: int, what: str, offset: int) -> None:
        """Raise if `value` exceeds the named limit."""
        allowed = getattr(self.limits, limit)
        if value > allowed:
            shown = str(value) if value < MAX_INTEGER else "more than 2^63"
            raise self._source.error(
                f"{what}: {shown} exceeds the limit of {allowed}. If you trust the text, pass "
                f"limits=QasmLimits({limit}=...) with a larger number.",
                offset,
                QasmLimitError,
            )

    def spend(self, limit: str, amount: int, what: str, offset: int) -> None:
        """Add to the running total of the named limit and raise if it is exceeded."""
        total = self._spent.get(limit, 0) + amount
        self.check(limit, total, what, offset)
        self._spent[limit] = total
