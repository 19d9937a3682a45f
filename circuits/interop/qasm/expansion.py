"""Expands calls of defined gates into gates of our table, and applies modifiers to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from circuits import gates as g
from circuits.errors import KetworkError
from circuits.gates import TABLE
from circuits.interop.qasm.definitions import Definition, Modifier
from circuits.interop.qasm.expression import evaluate
from circuits.interop.qasm.limits import Budget
from circuits.interop.qasm.powers import fractional_power
from circuits.interop.qasm.source import Source, show
from circuits.ops import Op, inverse
from circuits.symbols import Angle


class Expander:
    """Turns calls into ops. Costs must have been charged before.

    Args:
        source: The text, for errors.
        budget: Limits.
    """

    def __init__(self, source: Source, budget: Budget) -> None:
        self._source = source
        self._budget = budget

    def expand(
        self,
        target: Definition,
        modifiers: tuple[Modifier, ...],
        angles: tuple[Angle, ...],
        qubits: tuple[int, ...],
        out: list[Op],
        offset: int,
    ) -> None:
        """Append the ops of one call to `out`.

        Args:
            target: The gate.
            modifiers: Modifiers, the outermost first; their controls are the first qubits.
            angles: Values of its angles.
            qubits: Distinct qubits: controls of the modifiers, then those of the gate.
            out: Where the ops go.
            offset: Place of the call, for errors.
        """
        if modifiers:
            out.extend(self._modified(target, modifiers, angles, qubits, offset))
        elif target.gate is not None:
            out.append(Op(target.gate, qubits, angles))
        elif target.is_opaque:
            raise self._source.error(
                f"the gate {show(target.name)} is opaque: it was declared without a definition, "
                "so it cannot be used",
                offset,
            )
        else:
            self._body(target, angles, qubits, out)

    def _body(
        self, target: Definition, angles: tuple[Angle, ...], qubits: tuple[int, ...], out: list[Op]
    ) -> None:
        values = {
            name: angle.constant if angle.is_constant else angle
            for name, angle in zip(target.parameters, angles, strict=True)
        }

        def look_up(name: str, offset: int) -> Any:
            return values[name]

        for call in target.body:
            given = tuple(
                as_operand(evaluate(e, self._source, self._budget, look_up)) for e in call.angles
            )
            where = tuple(qubits[k] for k in call.qubits)
            self.expand(call.target, call.modifiers, given, where, out, call.offset)

    def _modified(
        self,
        target: Definition,
        modifiers: tuple[Modifier, ...],
        angles: tuple[Angle, ...],
        qubits: tuple[int, ...],
        offset: int,
    ) -> list[Op]:
        layers: list[tuple[Modifier, tuple[int, ...]]] = []
        for modifier in modifiers:
            layers.append((modifier, qubits[: modifier.controls]))
            qubits = qubits[modifier.controls :]
        ops: list[Op] = []
        self.expand(target, (), angles, qubits, ops, offset)
        for modifier, controls in reversed(layers):
            try:
                ops = _MODIFIERS[modifier.kind](ops, modifier.value, controls)
            except KetworkError as error:
                raise self._source.error(
                    f"{modifier.kind} @ {show(target.name)}: {error}", offset
                ) from None
            self._budget.check("gates", len(ops), "gates after expansion", offset)
        return ops


def as_operand(value: Any) -> Angle:
    """A value as the angle of an op."""
    return value if isinstance(value, Angle) else Angle(float(value))


def _controlled(ops: list[Op], _: int | float, controls: tuple[int, ...]) -> list[Op]:
    return [_with_controls(op, controls) for op in ops]


def _with_controls(op: Op, controls: tuple[int, ...]) -> Op:
    if op.kind == "barrier":
        return op
    if op.name == "u" and len(controls) == 1:
        return Op(TABLE["cu3"], controls + op.qubits, op.angles)
    return g.controlled(op, *controls)


def _controlled_on_zero(ops: list[Op], _: int | float, controls: tuple[int, ...]) -> list[Op]:
    flips = [Op(TABLE["x"], (control,)) for control in controls]
    return flips + _controlled(ops, 1, controls) + flips


def _inverted(ops: list[Op], *_: Any) -> list[Op]:
    return [step for op in reversed(ops) for step in inverse(op)]


def _raised(ops: list[Op], exponent: int | float, _: tuple[int, ...]) -> list[Op]:
    whole = int(exponent)
    if whole != exponent:
        return fractional_power(ops, exponent)
    if not ops:
        return []
    return (_inverted(ops) if whole < 0 else ops) * abs(whole)


_MODIFIERS: dict[str, Callable[[list[Op], int | float, tuple[int, ...]], list[Op]]] = {
    "ctrl": _controlled,
    "negctrl": _controlled_on_zero,
    "inv": _inverted,
    "pow": _raised,
}
