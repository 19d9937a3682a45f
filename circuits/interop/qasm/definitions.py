"""Gate definitions, calls of them, and what a call costs before it is expanded."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from circuits.gates import Gate
from circuits.interop.qasm.expression import Expression
from circuits.interop.qasm.limits import MAX_INTEGER

# Gates whose inverse takes more than one gate count as much as the inverse.
_GATES = {"rc3x": 18, "csx": 3, "c3sqrtx": 3, "iswap": 2}
# Steps for changing one gate by a modifier, and for the matrix of a fractional power.
_PER_GATE = 8
_PER_POWER = 300


class Costs(NamedTuple):
    """What an expansion costs: gates, and steps of work. Both saturate at 2^63."""

    gates: int
    steps: int


@dataclass(frozen=True, slots=True)
class Modifier:
    """One of the modifiers of OpenQASM 3.

    Attributes:
        kind: `"ctrl"`, `"negctrl"`, `"inv"` or `"pow"`.
        value: Number of controls, or the exponent.
    """

    kind: str
    value: int | float = 1

    @property
    def controls(self) -> int:
        """How many qubits the modifier adds."""
        return int(self.value) if self.kind in ("ctrl", "negctrl") else 0


@dataclass(frozen=True)
class Call:
    """A gate applied inside a gate body.

    Attributes:
        target: The gate.
        angles: Its angles, as expressions of the body's parameters.
        qubits: Its qubits, as indices into the body's qubits.
        modifiers: Modifiers, the outermost first.
        offset: Place in the text.
    """

    target: Definition
    angles: tuple[Expression, ...]
    qubits: tuple[int, ...]
    modifiers: tuple[Modifier, ...] = ()
    offset: int = 0


@dataclass(frozen=True, eq=False)
class Definition:
    """A gate that programs can call.

    Attributes:
        name: Its name in the program.
        parameters: Names of its angles.
        n_qubits: Number of its qubits; `None` for `barrier`, which takes any number.
        gate: The gate of our table that it is; `None` if it has a body.
        body: The calls that define it.
        is_opaque: Whether it was declared without a body.
    """

    name: str
    parameters: tuple[str, ...]
    n_qubits: int | None
    gate: Gate | None = None
    body: tuple[Call, ...] = ()
    is_opaque: bool = False

    @cached_property
    def key(self) -> tuple[Any, ...]:
        """What the definition means: equal keys are equal gates."""
        if self.gate is not None:
            return (self.gate.name, len(self.parameters))
        return (self.name, self.parameters, self.n_qubits, id(self))

    @cached_property
    def costs(self) -> Costs:
        """What one expansion costs."""
        if self.gate is not None:
            return Costs(_GATES.get(self.gate.name, 1), 1)
        gates, steps = 0, 1
        for call in self.body:
            inner = modified_costs(call.target.costs, call.modifiers)
            gates += inner.gates
            steps += inner.steps + len(call.qubits) + sum(len(a.code) for a in call.angles)
        return Costs(min(gates, MAX_INTEGER), min(steps, MAX_INTEGER))

    @cached_property
    def depth(self) -> int:
        """How deep definitions are nested: 0 for gates of our table."""
        if self.gate is not None:
            return 0
        return 1 + max((call.target.depth for call in self.body), default=0)


def modified_costs(costs: Costs, modifiers: tuple[Modifier, ...]) -> Costs:
    """Costs of a call with modifiers, from those of the plain call."""
    gates, steps = costs
    for modifier in reversed(modifiers):
        if modifier.kind == "pow":
            steps += gates * _PER_GATE
            gates *= max(1, abs(int(modifier.value)))
            steps += gates + (_PER_POWER if modifier.value % 1 else 0)
        else:
            gates += 2 * modifier.controls if modifier.kind == "negctrl" else 0
            steps += gates * (_PER_GATE + modifier.controls)
        gates, steps = min(gates, MAX_INTEGER), min(steps, MAX_INTEGER)
    return Costs(gates, steps)
