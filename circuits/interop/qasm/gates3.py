"""Gates of OpenQASM 3: look-up, modifiers, and definitions with their loops unrolled."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from circuits.interop.qasm.body import Recogniser, check_call, check_distinct, check_names
from circuits.interop.qasm.definitions import Call, Definition, Modifier
from circuits.interop.qasm.library import BARRIER, stdgates
from circuits.interop.qasm.limits import Budget
from circuits.interop.qasm.scope3 import Scope
from circuits.interop.qasm.source import Source, show
from circuits.interop.qasm.syntax3 import (
    Apply,
    Barrier,
    DefineGate,
    For,
    GateModifier,
    Operand,
    Statement,
)
from circuits.interop.qasm.values import type_name


@dataclass(frozen=True, slots=True)
class _Frame:
    """The gate whose body is being read."""

    name: str
    parameters: frozenset[str]
    places: dict[str, int]


class Gates3:
    """Finds, modifies and defines gates.

    Args:
        source: The text, for errors.
        budget: Limits and what has been used of them.
        recogniser: Knows the definitions that our exports write.
        scope: The names of the program.
    """

    def __init__(
        self, source: Source, budget: Budget, recogniser: Recogniser, scope: Scope
    ) -> None:
        self._source = source
        self._budget = budget
        self._recogniser = recogniser
        self._scope = scope

    def target(self, statement: Apply) -> Definition:
        """The definition of the gate that a statement applies."""
        name = statement.token
        if name.text in stdgates() and not self._scope.knows(name.text):
            raise self._source.error(
                f"there is no gate called {show(name.text)} "
                '(is `include "stdgates.inc";` missing?)',
                name.offset,
            )
        target = self._scope.look_up(name.text, name.offset)
        if not isinstance(target, Definition):
            raise self._source.error(f"{show(name.text)} is not a gate", name.offset)
        return target

    def modifiers(self, modifiers: tuple[GateModifier, ...]) -> tuple[Modifier, ...]:
        """The values of modifiers, the outermost first."""
        found = tuple(self._modifier(modifier) for modifier in modifiers)
        controls = sum(modifier.controls for modifier in found)
        if modifiers:
            offset = modifiers[0].token.offset
            self._budget.check("controls", controls, "controls of a gate", offset)
        return found

    def _modifier(self, modifier: GateModifier) -> Modifier:
        kind, argument = modifier.token.text, modifier.argument
        offset = modifier.token.offset
        if kind == "inv":
            if argument is not None:
                raise self._source.error("inv @ takes no argument", offset)
            return Modifier("inv")
        if kind == "pow":
            if argument is None:
                raise self._source.error("pow @ needs an exponent: pow(2) @", offset)
            exponent = self._scope.value(argument)
            if not isinstance(exponent, (int, float)):
                raise self._source.error(
                    f"the exponent of pow @ must be a number, got {type_name(exponent)}", offset
                )
            return Modifier("pow", exponent)
        count = 1 if argument is None else self._scope.integer(argument, "a number of controls")
        if count < 1:
            raise self._source.error(f"{kind} @ needs at least 1 control, got {count}", offset)
        return Modifier(kind, count)

    def define(self, statement: DefineGate) -> None:
        """Read a gate definition and give it its name."""
        tokens = (*statement.parameters, *statement.qubits)
        check_distinct(tokens, self._source)
        parameters = tuple(token.text for token in statement.parameters)
        places = {token.text: k for k, token in enumerate(statement.qubits)}
        body: list[Call] = []
        self._scope.open()
        for token in tokens:
            self._scope.set_loop_variable(token, None)
        self._unroll(
            _Frame(statement.name.text, frozenset(parameters), places), statement.body, body
        )
        self._scope.close()
        definition = Definition(statement.name.text, parameters, len(places), body=tuple(body))
        finished = self._recogniser.finish(definition, self._budget, statement.name.offset)
        self._scope.define(statement.name, finished)

    def _unroll(
        self,
        gate: _Frame,
        statements: Iterable[Statement],
        body: list[Call],
    ) -> None:
        """Append the calls of a gate body, its loops unrolled."""
        for statement in statements:
            offset = statement.token.offset
            self._budget.spend("steps", 1, "steps of work", offset)
            if isinstance(statement, For):
                for value in self._scope.rounds(statement):
                    self._scope.open()
                    self._scope.set_loop_variable(statement.name, value)
                    self._unroll(gate, statement.body, body)
                    self._scope.close()
            elif isinstance(statement, (Apply, Barrier)):
                body.append(self._call(gate, statement))
            else:
                raise self._source.error(
                    f"'{statement.token.text}' cannot be used inside of a gate definition", offset
                )

    def _call(self, gate: _Frame, statement: Apply | Barrier) -> Call:
        where = tuple(self._local(gate, operand) for operand in statement.operands)
        offset = statement.token.offset
        self._budget.spend("statements", 1, "statements, loops in gates unrolled", offset)
        if isinstance(statement, Barrier):
            return check_call(Call(BARRIER, (), where, (), offset), self._source)
        angles = []
        for angle in statement.angles:
            self._budget.spend("steps", len(angle.code), "steps of work", offset)
            used = {s.argument: s.offset for s in angle.code if s.action in ("name", "index")}
            known = {
                name: value
                for name, at in used.items()
                if name not in gate.parameters
                and isinstance(value := self._scope.numeric(name, at), (int, float))
            }
            bound = angle.substitute(known)
            angles.append(check_names(bound, gate.parameters, gate.name, self._source))
        call = Call(
            self.target(statement),
            tuple(angles),
            where,
            self.modifiers(statement.modifiers),
            offset,
        )
        return check_call(call, self._source)

    def _local(self, gate: _Frame, operand: Operand) -> int:
        name = operand.name
        if operand.indices or name.text not in gate.places:
            raise self._source.error(
                f"{show(name.text)} is not a qubit of the gate {show(gate.name)}",
                name.offset,
            )
        return gate.places[name.text]
