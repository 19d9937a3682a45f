"""Names and their values while an OpenQASM 3 program is interpreted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from circuits.interop.qasm.builder import Bits, Builder
from circuits.interop.qasm.definitions import Definition
from circuits.interop.qasm.expression import Expression, evaluate
from circuits.interop.qasm.lexer import Token
from circuits.interop.qasm.limits import Budget
from circuits.interop.qasm.source import Source, show
from circuits.interop.qasm.syntax3 import For, Index, Operand, Range, Set
from circuits.interop.qasm.values import type_name


class Scope:
    """Nested blocks of names, and the evaluation of what is written with them.

    Args:
        source: The text, for errors.
        budget: Limits and what has been used of them.
        builder: The circuit under construction; physical qubits are added to it on first use.
        names: What is defined from the start.
    """

    def __init__(
        self, source: Source, budget: Budget, builder: Builder, names: dict[str, Any]
    ) -> None:
        self._source = source
        self._budget = budget
        self._builder = builder
        self._blocks: list[dict[str, Any]] = [dict(names)]
        self.addressing = ""

    @property
    def is_global(self) -> bool:
        """Whether no block is open."""
        return len(self._blocks) == 1

    def open(self) -> None:
        """Begin a block."""
        self._blocks.append({})

    def close(self) -> None:
        """End a block; its names are forgotten."""
        self._blocks.pop()

    def define(self, name: Token, value: Any) -> None:
        """Give a name a value in the innermost block."""
        if name.text in self._blocks[-1]:
            raise self._source.error(f"{show(name.text)} is already defined", name.offset)
        self._budget.spend("declarations", 1, "declarations", name.offset)
        self._blocks[-1][name.text] = value

    def set_loop_variable(self, name: Token, value: Any) -> None:
        """Give the variable of the innermost loop its next value."""
        self._blocks[-1][name.text] = value

    def knows(self, name: str) -> bool:
        """Whether the name is defined."""
        return any(name in block for block in self._blocks)

    def look_up(self, name: str, offset: int) -> Any:
        """The value of a name, from the innermost block outwards."""
        for block in reversed(self._blocks):
            if name in block:
                return block[name]
        raise self._source.error(f"the name {show(name)} is not defined", offset)

    def numeric(self, name: str, offset: int) -> Any:
        """The value of a name that may stand in an expression."""
        value = self.look_up(name, offset)
        if isinstance(value, (Bits, Definition)):
            what = "a gate" if isinstance(value, Definition) else f"a {value.noun} or register"
            raise self._source.error(f"{show(name)} is {what}, not a value", offset)
        return value

    def value(self, expression: Expression) -> Any:
        """The value of an expression."""
        self._budget.spend("steps", len(expression.code), "steps of work", expression.offset)
        return evaluate(expression, self._source, self._budget, self.numeric)

    def integer(self, expression: Expression, what: str) -> int:
        """The value of an expression that must be an integer."""
        value = self.value(expression)
        if not isinstance(value, int):
            raise self._source.error(
                f"{what} must be an integer, got {type_name(value)}", expression.offset
            )
        return value

    def rounds(self, statement: For) -> Iterator[Any]:
        """Values of the loop variable, all charged before the first."""
        values = self._members(statement.values, "the range of a loop")
        offset = statement.token.offset
        size = len_bounded(values) if isinstance(values, range) else len(values)
        self._budget.spend("steps", size, "rounds of loops and other steps of work", offset)
        wanted = float if statement.type in ("float", "angle") else int
        for value in values:
            number = float(value) if wanted is float and isinstance(value, int) else value
            if not isinstance(number, wanted):
                raise self._source.error(
                    f"a loop variable of type {statement.type} cannot hold {type_name(value)}",
                    offset,
                )
            yield number

    def _members(self, values: Range | Set, what: str) -> range | tuple[Any, ...]:
        """What a complete range or a set enumerates."""
        if isinstance(values, Set):
            return tuple(self.value(item) for item in values.items)
        if values.start is None or values.stop is None:
            raise self._source.error(f"{what} needs a start and a stop", values.offset)
        return self._range(values, 0, 0)

    def _range(self, values: Range, first: int, last: int) -> range:
        """An inclusive range; missing ends are `first` and `last`."""
        step = 1 if values.step is None else self.integer(values.step, "the step of a range")
        if step == 0:
            raise self._source.error("the step of a range must not be 0", values.offset)
        ends = (first, last) if step > 0 else (last, first)
        start, stop = (
            end if given is None else self.integer(given, "an end of a range")
            for given, end in zip((values.start, values.stop), ends, strict=True)
        )
        return range(start, stop + (1 if step > 0 else -1), step)

    def bits(self, operand: Operand) -> Bits:
        """The qubits or bits that an operand names."""
        name = operand.name
        if name.text.startswith("$"):
            bits = self._physical(name)
        else:
            bits = self.look_up(name.text, name.offset)
        if not isinstance(bits, Bits):
            raise self._source.error(f"{show(name.text)} is not a register", name.offset)
        for index in operand.indices:
            bits = self._indexed(bits, index, name)
        return bits

    def _physical(self, name: Token) -> Bits:
        """A physical qubit such as `$3`: the circuit has all qubits up to it."""
        self.address("physical", name.offset)
        if len(name.text) > 10:
            raise self._source.error("the number of a physical qubit is too large", name.offset)
        number = int(name.text[1:])
        self._builder.extend_to(number + 1, name.offset)
        return Bits((number,), False, True)

    def address(self, mode: str, offset: int) -> None:
        """Note whether qubits are declared or physical; a program cannot have both."""
        if self.addressing not in ("", mode):
            raise self._source.error("declared and physical ($) qubits cannot be mixed", offset)
        self.addressing = mode

    def _indexed(self, bits: Bits, index: Index, name: Token) -> Bits:
        if not bits.is_register:
            raise self._source.error(
                f"{show(name.text)} is a single {bits.noun}, so it has no index", name.offset
            )
        size = len(bits.indices)
        if isinstance(index, Expression):
            place = self._place(self.integer(index, "an index"), size, name)
            return Bits((bits.indices[place],), False, bits.is_quantum)
        if isinstance(index, Set):
            wanted: Any = [self.integer(item, "an index") for item in index.items]
        else:
            wanted = self._slice(index, size)
            self._budget.check("steps", len_bounded(wanted), "steps of work", index.offset)
        self._budget.spend("steps", len(wanted), "steps of work", index.offset)
        places = [self._place(k, size, name) for k in wanted]
        return Bits(tuple(bits.indices[k] for k in places), True, bits.is_quantum)

    def _slice(self, values: Range, size: int) -> range:
        """A range of indices in which negative ends count from the end of the register."""
        plain = self._range(values, 0, size - 1)
        step = plain.step
        start, stop = plain.start, plain.stop - (1 if step > 0 else -1)
        start, stop = (end + size if end < 0 else end for end in (start, stop))
        return range(start, stop + (1 if step > 0 else -1), step)

    def _place(self, index: int, size: int, name: Token) -> int:
        if not -size <= index < size:
            raise self._source.error(
                f"index {index} is out of range: {show(name.text)} has {size} element(s) here",
                name.offset,
            )
        return index % size


def len_bounded(values: range) -> int:
    """Length of a range; unlike `len`, also where it exceeds the machine's integers."""
    if values.step > 0:
        return max(0, (values.stop - values.start + values.step - 1) // values.step)
    return max(0, (values.start - values.stop - values.step - 1) // -values.step)
