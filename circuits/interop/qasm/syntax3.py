"""Statements and operands of OpenQASM 3, as the parser leaves them for the interpreter."""

from __future__ import annotations

from dataclasses import dataclass

from circuits.interop.qasm.expression import Expression
from circuits.interop.qasm.lexer import Token


@dataclass(frozen=True, slots=True)
class Range:
    """`start:step:stop`, both ends included; parts that are left out are `None`."""

    start: Expression | None
    step: Expression | None
    stop: Expression | None
    offset: int


@dataclass(frozen=True, slots=True)
class Set:
    """`{a, b, c}`."""

    items: tuple[Expression, ...]
    offset: int


Index = Expression | Range | Set


@dataclass(frozen=True, slots=True)
class Operand:
    """A name of qubits or bits with any number of indices: `q`, `q[0]`, `q[0:3][{1, 2}]`."""

    name: Token
    indices: tuple[Index, ...] = ()


@dataclass(frozen=True, slots=True)
class Statement:
    """Base of all statements: knows the token with which it begins."""

    token: Token


@dataclass(frozen=True, slots=True)
class Include(Statement):
    """`include "stdgates.inc";`."""


@dataclass(frozen=True, slots=True)
class Declare(Statement):
    """A register or a single bit; `size` is `None` for the latter."""

    name: Token
    size: Expression | None
    is_quantum: bool


@dataclass(frozen=True, slots=True)
class Constant(Statement):
    """`const TYPE NAME = VALUE;`."""

    type: str
    name: Token
    value: Expression


@dataclass(frozen=True, slots=True)
class Alias(Statement):
    """`let NAME = a ++ b;`."""

    name: Token
    parts: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Input(Statement):
    """`input TYPE NAME;` with the annotations above it."""

    name: Token
    shape: tuple[Expression, ...]
    annotations: tuple[Token, ...]


@dataclass(frozen=True, slots=True)
class GateModifier:
    """`ctrl(n) @`, `negctrl @`, `inv @` or `pow(k) @`."""

    token: Token
    argument: Expression | None


@dataclass(frozen=True, slots=True)
class Apply(Statement):
    """A gate, with its modifiers, applied to operands."""

    modifiers: tuple[GateModifier, ...]
    angles: tuple[Expression, ...]
    operands: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Barrier(Statement):
    """`barrier a, b;`."""

    operands: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Delay(Statement):
    """`delay[TIME] a, b;`."""

    duration: Expression
    operands: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Measure(Statement):
    """`c = measure q;` or `measure q -> c;`."""

    source: Operand
    target: Operand


@dataclass(frozen=True, slots=True)
class For(Statement):
    """`for TYPE NAME in RANGE { ... }`."""

    type: str
    name: Token
    values: Range | Set
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Box(Statement):
    """`box { ... }`."""

    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class DefineGate(Statement):
    """`gate NAME(parameters) qubits { ... }`."""

    name: Token
    parameters: tuple[Token, ...]
    qubits: tuple[Token, ...]
    body: tuple[Statement, ...]
