"""What is checked when a gate is defined, in both versions."""

from __future__ import annotations

from collections.abc import Iterable

from circuits.interop.qasm.definitions import Call, Definition
from circuits.interop.qasm.expression import Expression
from circuits.interop.qasm.library import recognised
from circuits.interop.qasm.lexer import Token
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
    expression: Expression, known: Iterable[str], gate: str, source: Source
) -> Expression:
    """The expression, if it uses only known names."""
    allowed = set(known)
    for step in expression.code:
        if step.action in ("name", "index") and step.argument not in allowed:
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
        raise source.error(
            f"{show(target.name)} is applied to the same qubit twice", call.offset
        )
    return call


def finished(definition: Definition, budget: Budget, offset: int) -> Definition:
    """The definition after its depth is checked; our own gate if the body is exactly ours."""
    budget.check("definition_depth", definition.depth, "depth of gate definitions", offset)
    known = recognised(definition)
    if known is not None:
        return known
    # Evaluated here, where the gates it uses have theirs already, so that no recursion is deep.
    _ = definition.gates, definition.steps
    return definition
