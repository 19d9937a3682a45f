"""Controlled gates and gates with modifiers (Qiskit's annotated operations)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from qiskit.circuit import (
    AnnotatedOperation,
    ControlledGate,
    ControlModifier,
    InverseModifier,
    PowerModifier,
)
from qiskit.quantum_info import Operator

from circuits.errors import ConversionError
from circuits.gates.constructors import unitary
from circuits.gates.table import TABLE
from circuits.interop.powers import controlled_by, integer_power, inverted
from circuits.interop.qiskit.standard import RECORD
from circuits.ops import Op

if TYPE_CHECKING:
    from circuits.interop.qiskit.reader import Reader


def is_closed(operation: ControlledGate) -> bool:
    """Whether all controls are on 1."""
    return bool(operation.ctrl_state == 2**operation.num_ctrl_qubits - 1)


def is_control_of_base(operation: ControlledGate) -> bool:
    """Whether the gate is its `base_gate` under control, and nothing else.

    Gates with ancilla qubits are not, and neither is a controlled `CUGate`: Qiskit gives it a
    base gate `u` with a fourth parameter, the phase.
    """
    base = operation.base_gate
    record = RECORD.get(base.base_class)
    return operation.num_ctrl_qubits + base.num_qubits == operation.num_qubits and (
        record is None or len(base.params) == record.n_angles
    )


def controlled_gate_ops(
    operation: ControlledGate, reader: Reader, qubits: Sequence[int], place: str
) -> list[Op]:
    """Ops of a controlled gate; controls are the first qubits, open ones are flipped by X."""
    n = operation.num_ctrl_qubits
    if is_closed(operation):
        ops = reader.fragment(operation.base_gate, qubits[n:], place)
        return controlled_by(ops, qubits[:n], f"The {place}")
    closed = operation.to_mutable()
    closed.ctrl_state = None
    flips = _flips(operation.ctrl_state, qubits[:n])
    return [*flips, *reader.fragment(closed, qubits, place), *flips]


def annotated_ops(
    operation: AnnotatedOperation, reader: Reader, qubits: Sequence[int], place: str
) -> list[Op]:
    """Ops of a gate with modifiers; they apply in order, each adding its controls in front."""
    if not operation.modifiers:
        return reader.fragment(operation.base_op, qubits, place)
    *others, last = operation.modifiers
    inner = AnnotatedOperation(operation.base_op, others) if others else operation.base_op
    return _MODIFIERS[type(last)](inner, last, reader, qubits, place)


def _flips(state: int, controls: Sequence[int]) -> list[Op]:
    """X on the controls whose bit of `state` is 0."""
    return [Op(TABLE["x"], (q,)) for k, q in enumerate(controls) if not state >> k & 1]


def _modified_by_control(
    inner: Any, modifier: ControlModifier, reader: Reader, qubits: Sequence[int], place: str
) -> list[Op]:
    n = modifier.num_ctrl_qubits
    flips = _flips(modifier.ctrl_state, qubits[:n])
    ops = reader.fragment(inner, qubits[n:], place)
    return [*flips, *controlled_by(ops, qubits[:n], f"The {place}"), *flips]


def _modified_by_inverse(
    inner: Any, modifier: InverseModifier, reader: Reader, qubits: Sequence[int], place: str
) -> list[Op]:
    return inverted(reader.fragment(inner, qubits, place), f"The {place}")


def _modified_by_power(
    inner: Any, modifier: PowerModifier, reader: Reader, qubits: Sequence[int], place: str
) -> list[Op]:
    ops = reader.fragment(inner, qubits, place)
    if float(modifier.power).is_integer():
        return integer_power(ops, int(modifier.power), f"The {place}")
    if any(not angle.is_constant for op in ops for angle in op.angles):
        raise ConversionError(
            f"The {place} raises a gate with parameters to the power {modifier.power}. Only "
            "integer powers of such gates can be converted; bind the parameters first."
        )
    return [unitary(Operator(inner).power(modifier.power).data, *qubits)]


_MODIFIERS: dict[type[Any], Callable[..., list[Op]]] = {
    ControlModifier: _modified_by_control,
    InverseModifier: _modified_by_inverse,
    PowerModifier: _modified_by_power,
}
