"""`to_pennylane`: a quantum function that queues a circuit's operations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pennylane as qp

from circuits.circuit import Circuit
from circuits.errors import ConversionError, ShapeError, SymbolError
from circuits.gates.table import TABLE, gate_named
from circuits.ops import Op
from circuits.symbols import Angle, Group, Symbol

Values = dict[Symbol, Any]


def to_pennylane(circuit: Circuit) -> Callable[..., None]:
    """A quantum function `f(x=None, w=None)` that queues the circuit's operations.

    Use it inside a QNode whose device has wires 0 to n-1; qubit k is wire k. PennyLane orders
    bits the other way round: entry i of our state vector is entry reverse(i) of PennyLane's.
    The function measures nothing; terminal measurements recorded in `circuit.measured` are left
    to the QNode.

    `x` and `w` are the values of inputs and weights, arrays of NumPy, autograd, torch or JAX of
    the group's shape with an optional leading batch axis, and PennyLane differentiates through
    them; a dict by group name where the circuit has several groups.

    Raises:
        ConversionError: If the circuit has a delay, which PennyLane cannot express.

    >>> import pennylane as qp
    >>> from circuits import Circuit, gates as g, weights
    >>> w = weights(1)
    >>> f = to_pennylane(Circuit(1, [g.rx(2 * w[0], 0)]))
    >>> print(qp.draw(f, decimals=2)(w=[0.25]))
    0: ──RX(0.50)─┤
    """
    for position, op in enumerate(circuit.ops):
        if op.kind == "delay":
            raise ConversionError(
                f"Operation {position} (`delay`) has no counterpart in PennyLane. Leave delays "
                "out, or give their noise as a channel."
            )

    def quantum_function(x: Any = None, w: Any = None) -> None:
        values = _values(circuit.input_groups, x, "x") | _values(circuit.weight_groups, w, "w")
        for op in circuit.ops:
            _queue(op, [_evaluate(angle, values) for angle in op.angles])

    return quantum_function


def _values(groups: tuple[Group, ...], given: Any, argument: str) -> Values:
    """Values by symbol; a batch axis stays in front."""
    if given is None:
        given = {}
    elif not isinstance(given, Mapping):
        if len(groups) != 1:
            raise SymbolError(
                f"Argument `{argument}` is one array, but the circuit has {len(groups)} groups "
                f"for it: {', '.join(g.name for g in groups) or 'none'}. Pass a dict from names "
                "to arrays, or nothing where there are none."
            )
        given = {groups[0].name: given}
    names = [group.name for group in groups]
    if set(names) != set(given):
        raise SymbolError(
            f"Argument `{argument}` must have values for the groups {names}, got {list(given)}."
        )
    values: Values = {}
    for group in groups:
        array: Any = given[group.name]
        array = np.asarray(array) if isinstance(array, list | tuple | float | int) else array
        shape = tuple(qp.math.shape(array))
        if len(shape) not in (len(group.shape), len(group.shape) + 1) or (
            shape[len(shape) - len(group.shape) :] != group.shape
        ):
            raise ShapeError(
                f"Values of {group.name!r} must have shape {group.shape}, or (batch, "
                f"*{group.shape}), got {shape}."
            )
        for index in range(group.size):
            entry = np.unravel_index(index, group.shape) if group.shape else ()
            where = (..., *(int(k) for k in entry))
            values[Symbol(group, index)] = array[where] if group.shape else array
    return values


def _evaluate(angle: Angle, values: Values) -> Any:
    """The angle's value, in the array type of the values."""
    if angle.is_constant:
        return angle.constant
    total: Any = None
    for coefficient, product in angle.terms:
        term = values[product[0]]
        for symbol in product[1:]:
            term = term * values[symbol]
        term = term if coefficient == 1 else coefficient * term
        total = term if total is None else total + term
    return total if angle.constant == 0 else total + angle.constant


def _queue(op: Op, angles: list[Any]) -> None:
    """Queue one op, its added controls included."""
    record = gate_named(op.kind)
    added = op.n_controls - record.n_controls
    if added:
        base = replace(op, gate=record, qubits=op.qubits[added:])
        qp.ctrl(partial(_queue, base, angles), control=op.qubits[:added])()
    elif op.kind in _BUILD:
        _BUILD[op.kind](op, angles)
    elif record.pennylane:
        getattr(qp, record.pennylane)(*angles, wires=op.qubits)
    elif record.n_controls:
        inner = Op(gate_named(record.base), op.qubits[record.n_controls :], op.angles, op.pauli)
        qp.ctrl(partial(_queue, inner, angles), control=op.qubits[: record.n_controls])()
    else:
        for name, constants, local in record.definition:
            _queue(Op(TABLE[name], tuple(op.qubits[k] for k in local)), list(constants))


def _cu(op: Op, angles: list[Any]) -> None:
    """Controlled e^{i gamma} U3: a phase on the control, and a controlled U3."""
    control, target = op.qubits
    qp.PhaseShift(angles[3], wires=control)
    qp.ctrl(qp.U3, control=control)(*angles[:3], wires=target)


def _state(op: Op, angles: list[Any]) -> None:
    amplitudes = qp.math.stack(angles, axis=-1) if op.data is None else op.data
    qp.StatePrep(amplitudes, wires=op.qubits[::-1], normalize=op.data is None)


# Matrices are given on reversed wires: PennyLane's first wire is the most significant bit.
_BUILD: Mapping[str, Callable[[Op, list[Any]], Any]] = {
    "sdg": lambda op, angles: qp.adjoint(qp.S)(op.qubits),
    "tdg": lambda op, angles: qp.adjoint(qp.T)(op.qubits),
    "sxdg": lambda op, angles: qp.adjoint(qp.SX)(op.qubits),
    "cu": _cu,
    "global_phase": lambda op, angles: qp.GlobalPhase(-angles[0]),
    "barrier": lambda op, angles: qp.Barrier(wires=op.qubits),
    "rzx": lambda op, angles: qp.PauliRot(angles[0], "ZX", wires=op.qubits),
    "pauli_rotation": lambda op, angles: qp.PauliRot(angles[0], op.pauli, wires=op.qubits),
    "unitary": lambda op, angles: qp.QubitUnitary(op.data, wires=op.qubits[::-1]),
    "state_preparation": _state,
    "kraus": lambda op, angles: qp.QubitChannel(list(np.asarray(op.data)), wires=op.qubits[::-1]),
}
