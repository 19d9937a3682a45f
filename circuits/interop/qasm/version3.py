"""The interpreter of OpenQASM 3: executes statements and builds the circuit."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from circuits.circuit import Circuit
from circuits.errors import InvalidArgumentError
from circuits.interop.qasm.body import Recogniser
from circuits.interop.qasm.builder import Bits, Builder
from circuits.interop.qasm.expansion import as_operand
from circuits.interop.qasm.gates3 import Gates3
from circuits.interop.qasm.inputs3 import Inputs
from circuits.interop.qasm.library import builtins, stdgates
from circuits.interop.qasm.limits import Budget
from circuits.interop.qasm.parser3 import Parser3
from circuits.interop.qasm.scope3 import Scope
from circuits.interop.qasm.source import Source
from circuits.interop.qasm.stream import Stream
from circuits.interop.qasm.syntax3 import (
    Alias,
    Apply,
    Barrier,
    Box,
    Constant,
    Declare,
    DefineGate,
    Delay,
    For,
    Include,
    Input,
    Measure,
    Statement,
)
from circuits.interop.qasm.values import Duration, type_name
from circuits.symbols import Angle


class Interpreter3:
    """Executes one OpenQASM 3 program.

    Args:
        source: The text.
        budget: Limits and what has been used of them.
        recogniser: Knows the definitions that our exports write.
        as_inputs: Names of input declarations that become inputs instead of weights.
    """

    def __init__(
        self,
        source: Source,
        budget: Budget,
        recogniser: Recogniser,
        as_inputs: frozenset[str] = frozenset(),
    ) -> None:
        self._source = source
        self._budget = budget
        self._builder = Builder(source, budget)
        self._scope = Scope(source, budget, self._builder, dict(builtins(3)))
        self._gates = Gates3(source, budget, recogniser, self._scope)
        self._inputs = Inputs(source, budget, as_inputs)
        self._as_inputs = as_inputs
        self._actions: dict[type[Statement], Callable[[Any], None]] = {
            Include: self._include,
            Declare: self._declare,
            Constant: self._constant,
            Alias: self._alias,
            Input: self._input,
            DefineGate: self._define_gate,
            Apply: self._apply,
            Barrier: self._barrier,
            Delay: self._delay,
            Measure: self._measure,
            For: self._for,
            Box: self._box,
        }

    def run(self, statements: Iterable[Statement]) -> None:
        """Execute statements in order."""
        for statement in statements:
            self._budget.spend("steps", 1, "steps of work", statement.token.offset)
            self._actions[type(statement)](statement)

    def circuit(self) -> Circuit:
        """The finished circuit."""
        unknown = sorted(self._as_inputs - self._inputs.names)
        if unknown:
            raise InvalidArgumentError(
                f"Argument `input_params` names {unknown}, which the program does not declare; "
                f"its inputs are: {', '.join(sorted(self._inputs.names)) or 'none'}."
            )
        return self._builder.circuit(len(self._source.text))

    def _require_global(self, statement: Statement, what: str) -> None:
        if not self._scope.is_global:
            raise self._source.error(
                f"{what} is only possible outside of blocks", statement.token.offset
            )

    def _include(self, statement: Include) -> None:
        self._require_global(statement, "include")
        for name, definition in stdgates().items():
            self._scope.define(statement.token._replace(text=name), definition)

    def _declare(self, statement: Declare) -> None:
        self._require_global(statement, "a declaration of qubits or bits")
        size = 1
        if statement.size is not None:
            size = self._scope.integer(statement.size, "the size of a register")
        if statement.is_quantum:
            self._scope.address("virtual", statement.token.offset)
        bits = self._builder.declare(
            size,
            is_quantum=statement.is_quantum,
            is_register=statement.size is not None,
            offset=statement.name.offset,
        )
        self._scope.define(statement.name, bits)

    def _constant(self, statement: Constant) -> None:
        value = self._scope.value(statement.value)
        offset = statement.value.offset
        if statement.type in ("float", "angle") and isinstance(value, int):
            value = float(value)
        expected: type = {"int": int, "uint": int, "duration": Duration}.get(statement.type, float)
        if not isinstance(value, expected):
            raise self._source.error(
                f"a constant of type {statement.type} cannot hold {type_name(value)}", offset
            )
        if statement.type == "uint" and isinstance(value, int) and value < 0:
            raise self._source.error(f"a constant of type uint cannot hold {value}", offset)
        self._scope.define(statement.name, value)

    def _alias(self, statement: Alias) -> None:
        parts = [self._scope.bits(part) for part in statement.parts]
        if len({part.is_quantum for part in parts}) > 1:
            raise self._source.error("qubits and bits cannot be joined", statement.name.offset)
        if len(parts) == 1:
            self._scope.define(statement.name, parts[0])
            return
        size = sum(len(part.indices) for part in parts)
        self._budget.spend("steps", size, "steps of work", statement.name.offset)
        indices = tuple(i for part in parts for i in part.indices)
        self._scope.define(statement.name, Bits(indices, True, parts[0].is_quantum))

    def _input(self, statement: Input) -> None:
        self._require_global(statement, "an input declaration")
        shape = tuple(self._scope.integer(e, "an extent of an array") for e in statement.shape)
        symbols = self._inputs.declare(statement.name, shape, statement.annotations)
        self._scope.define(statement.name, symbols)

    def _define_gate(self, statement: DefineGate) -> None:
        self._require_global(statement, "a gate definition")
        self._gates.define(statement)

    def _apply(self, statement: Apply) -> None:
        angles = tuple(self._angle(e) for e in statement.angles)
        operands = [self._scope.bits(operand) for operand in statement.operands]
        self._builder.apply(
            self._gates.target(statement),
            self._gates.modifiers(statement.modifiers),
            angles,
            operands,
            statement.token.offset,
        )

    def _angle(self, expression: Any) -> Angle:
        value = self._scope.value(expression)
        if not isinstance(value, (int, float, Angle)):
            raise self._source.error(
                f"an angle must be a number, got {type_name(value)}", expression.offset
            )
        return as_operand(value)

    def _barrier(self, statement: Barrier) -> None:
        operands = [self._scope.bits(operand) for operand in statement.operands]
        self._builder.barrier(operands, statement.token.offset)

    def _delay(self, statement: Delay) -> None:
        value = self._scope.value(statement.duration)
        offset = statement.duration.offset
        if not isinstance(value, Duration):
            raise self._source.error(
                f"the length of a delay must be a duration such as 100ns, got {type_name(value)}",
                offset,
            )
        if value.is_dt:
            raise self._source.error(
                "the unit dt has a length only on a device: give the delay in ns, us, ms or s",
                offset,
            )
        if value.length < 0:
            raise self._source.error("the length of a delay must not be negative", offset)
        operands = [self._scope.bits(operand) for operand in statement.operands]
        self._builder.delay(value.length, operands, statement.token.offset)

    def _measure(self, statement: Measure) -> None:
        source, target = (self._scope.bits(o) for o in (statement.source, statement.target))
        self._builder.measure(source, target, statement.token.offset)

    def _for(self, statement: For) -> None:
        for value in self._scope.rounds(statement):
            self._scope.open()
            self._scope.set_loop_variable(statement.name, value)
            self.run(statement.body)
            self._scope.close()

    def _box(self, statement: Box) -> None:
        start = self._builder.position
        self._scope.open()
        self.run(statement.body)
        self._scope.close()
        self._builder.fence(start, statement.token.offset)


def read(
    source: Source,
    budget: Budget,
    start: int,
    recogniser: Recogniser,
    as_inputs: frozenset[str] = frozenset(),
) -> Circuit:
    """Read an OpenQASM 3 program from the offset behind its version line."""
    statements = Parser3(Stream(source, 3, budget, start)).program()
    interpreter = Interpreter3(source, budget, recogniser, as_inputs)
    interpreter.run(statements)
    return interpreter.circuit()
