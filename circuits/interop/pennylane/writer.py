"""`to_pennylane`: a quantum function that queues a circuit's operations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pennylane as qp

from circuits.channel_ops import kraus_operators
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
        ConversionError: If the circuit has a delay, or a channel with symbolic strengths on
            several qubits, of several Pauli strings or of damping towards a population, which
            PennyLane cannot express.

    >>> import pennylane as qp
    >>> from circuits import Circuit, gates as g, weights
    >>> w = weights(1)
    >>> f = to_pennylane(Circuit(1, [g.rx(2 * w[0], 0)]))
    >>> print(qp.draw(f, decimals=2)(w=[0.25]))
    0: ──RX(0.50)─┤
    """
    check_writable(circuit)

    def quantum_function(x: Any = None, w: Any = None) -> None:
        values = _values(circuit.input_groups, x, "x") | _values(circuit.weight_groups, w, "w")
        queue(circuit, [[_evaluate(angle, values) for angle in op.angles] for op in circuit.ops])

    return quantum_function


def check_writable(circuit: Circuit) -> None:
    """Refuse what PennyLane has no counterpart of.

    Raises:
        ConversionError: As `to_pennylane` documents, naming the operation.
    """
    for position, op in enumerate(circuit.ops):
        if op.kind == "delay":
            raise ConversionError(
                f"Operation {position} (`delay`) has no counterpart in PennyLane. Leave delays "
                "out, or give their noise as a channel."
            )
        if _needs_numbers(op):
            raise ConversionError(
                f"Operation {position} (`{op.name}`) is a channel that PennyLane has for numbers "
                "only, and its strengths depend on symbols. Use `circuit.bind(...)` first."
            )


def queue(circuit: Circuit, angles: Sequence[Sequence[Any]]) -> None:
    """Queue a circuit's operations with given values of their angles.

    Args:
        circuit: A circuit that `check_writable` accepts.
        angles: For each op the values of its angles: numbers, or arrays `(batch,)`.
    """
    for op, values in zip(circuit.ops, angles, strict=True):
        _queue(op, list(values))


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


def _kraus(op: Op, angles: list[Any]) -> None:
    qp.QubitChannel(list(kraus_operators(op)), wires=op.qubits[::-1])


def _depolarizing(op: Op, angles: list[Any]) -> None:
    """PennyLane's strength on one qubit is the probability of an error, 3/4 of ours."""
    if len(op.qubits) == 1:
        qp.DepolarizingChannel(0.75 * angles[0], wires=op.qubits)
    else:
        _kraus(op, angles)


def _amplitude_damping(op: Op, angles: list[Any]) -> None:
    """Not GeneralizedAmplitudeDamping, whose p is one population or the other by version."""
    if op.angles[1] == 0:
        qp.AmplitudeDamping(angles[0], wires=op.qubits)
    else:
        _kraus(op, angles)


def _pauli_channel(op: Op, angles: list[Any]) -> None:
    if len(angles) == 1:
        qp.PauliError(op.pauli, angles[0], wires=op.qubits)
    else:
        _kraus(op, angles)


def _needs_numbers(op: Op) -> bool:
    """Whether the op is written as Kraus operators, so that its strengths must be numbers."""
    symbolic = any(not angle.is_constant for angle in op.angles)
    several = op.kind == "pauli_lindblad" or len(op.pauli.split()) > 1
    wide = op.kind == "depolarizing" and len(op.qubits) > 1
    warm = op.kind == "amplitude_damping" and op.angles[1] != 0
    return op.is_channel and symbolic and (several or wide or warm)


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
    "depolarizing": _depolarizing,
    "bit_phase_flip": lambda op, angles: qp.PauliError("Y", angles[0], wires=op.qubits),
    "amplitude_damping": _amplitude_damping,
    "thermal_relaxation": lambda op, angles: qp.ThermalRelaxationError(
        angles[3], *angles[:3], wires=op.qubits
    ),
    "pauli_channel": _pauli_channel,
    "pauli_lindblad": _kraus,
    "kraus": _kraus,
    "transfer_matrix": _kraus,
}
