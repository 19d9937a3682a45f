"""What is checked when a gate is defined, in both versions."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from circuits.interop.qasm.definitions import Call, Definition
from circuits.interop.qasm.expression import Expression
from circuits.interop.qasm.lexer import Token
from circuits.interop.qasm.library import table_gate
from circuits.interop.qasm.limits import Budget
from circuits.interop.qasm.source import Source, show


def check_distinct(names: Iterable[Token], source: Source) -> tuple[str, ...]:
    """The texts of parameter and qubit names, all different."""
    seen: dict[str, None] = {}
    for token in names:
        if token.text in seen:
            raise source.error(f"the name {show(token.text)} is used twice", token.offset)
        seen[token.text] = None
    return tuple(seen)


def check_names(
    expression: Expression, known: Collection[str], gate: str, source: Source
) -> Expression:
    """The expression, if it uses only known names."""
    for step in expression.code:
        if step.action in ("name", "index") and step.argument not in known:
            raise source.error(
                f"the name {show(step.argument)} is not a parameter of the gate {show(gate)}",
                step.offset,
            )
    return expression


def check_call(call: Call, source: Source) -> Call:
    """The call, if it has the right number of angles and of different qubits."""
    target = call.target
    if len(call.angles) != len(target.parameters):
        raise source.error(
            f"the gate {show(target.name)} takes {len(target.parameters)} angle(s), "
            f"got {len(call.angles)}",
            call.offset,
        )
    controls = sum(modifier.controls for modifier in call.modifiers)
    if target.n_qubits is not None and len(call.qubits) != target.n_qubits + controls:
        raise source.error(
            f"the gate {show(target.name)} takes {target.n_qubits + controls} qubit(s), controls "
            f"included, got {len(call.qubits)}",
            call.offset,
        )
    if len(set(call.qubits)) != len(call.qubits):
        raise source.error(f"{show(target.name)} is applied to the same qubit twice", call.offset)
    return call


class Recogniser:
    """Finishes definitions, and knows those that are exactly a gate of our table.

    Args:
        known: Shapes of the known definitions, by name.
        learning: Whether every definition is to be taken for the gate of its name.
    """

    def __init__(
        self, known: dict[str, tuple[Any, ...]] | None = None, *, learning: bool = False
    ) -> None:
        self.known = {} if known is None else known
        self._learning = learning

    def finish(self, definition: Definition, budget: Budget, offset: int) -> Definition:
        """The definition after its depth is checked; our own gate if the body is exactly ours."""
        budget.check("definition_depth", definition.depth, "depth of gate definitions", offset)
        # Computed here, where the gates it uses have theirs already, so that no recursion is deep.
        _ = definition.costs
        name = definition.name
        if self._learning:
            self.known[name] = _shape(definition)
        elif name not in self.known or self.known[name] != _shape(definition):
            return definition
        return table_gate(name, name)


def _shape(definition: Definition) -> tuple[Any, ...]:
    """Signature and body, with parameters by position."""
    order = {name: k for k, name in enumerate(definition.parameters)}
    calls = tuple(
        (c.target.key, tuple(_code(a, order) for a in c.angles), c.qubits, c.modifiers)
        for c in definition.body
    )
    return (len(order), definition.n_qubits, calls)


def _code(expression: Expression, order: dict[str, int]) -> tuple[Any, ...]:
    return tuple(
        (
            step.action,
            order.get(step.argument, step.argument) if step.action == "name" else step.argument,
            step.arity,
        )
        for step in expression.code
    )
