"""Gate definitions, calls of them, and what a call costs before it is expanded."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from circuits.gates import Gate
from circuits.interop.qasm.expression import Expression
from circuits.interop.qasm.limits import MAX_INTEGER

# Gates whose inverse takes more than one gate cost as much as the inverse.
_COSTS = {"rc3x": 18, "csx": 3, "c3sqrtx": 3, "iswap": 2}


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
    def gates(self) -> int:
        """Number of gates after expansion; saturates at 2^63."""
        if self.gate is not None:
            return _COSTS.get(self.gate.name, 1)
        return min(sum(cost(c.target.gates, c.modifiers) for c in self.body), MAX_INTEGER)

    @cached_property
    def steps(self) -> int:
        """Units of work of an expansion; saturates at 2^63."""
        if self.gate is not None:
            return 1
        own = (
            1 + cost(c.target.steps, c.modifiers) + sum(len(a.code) for a in c.angles)
            for c in self.body
        )
        return min(1 + sum(own), MAX_INTEGER)

    @cached_property
    def depth(self) -> int:
        """How deep definitions are nested: 0 for gates of our table."""
        return 0 if self.gate is not None else 1 + max((c.target.depth for c in self.body), default=0)


def cost(base: int, modifiers: tuple[Modifier, ...]) -> int:
    """Cost of a call with modifiers, from the cost of the plain call."""
    for modifier in reversed(modifiers):
        if modifier.kind == "pow":
            base = min(base * max(1, abs(int(modifier.value))), MAX_INTEGER)
        elif modifier.kind == "negctrl":
            base += 2 * int(modifier.value)
    return base
