"""One reader per kind of Qiskit instruction, chosen by class."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import singledispatch
from typing import TYPE_CHECKING, Any

import numpy as np
from qiskit.circuit import (
    AnnotatedOperation,
    Barrier,
    BoxOp,
    ControlFlowOp,
    ControlledGate,
    Delay,
    Instruction,
    Measure,
    ParameterExpression,
    Reset,
)
from qiskit.circuit.classical.expr import Expr
from qiskit.circuit.library import (
    GlobalPhaseGate,
    Initialize,
    PauliEvolutionGate,
    PauliGate,
    PermutationGate,
    StatePreparation,
    UnitaryGate,
)
from qiskit.quantum_info import Kraus, SuperOp

from circuits.errors import ConversionError
from circuits.gates import constructors as g
from circuits.gates.table import TABLE
from circuits.interop.qiskit.evolution import evolution_ops
from circuits.interop.qiskit.modifiers import (
    annotated_ops,
    controlled_gate_ops,
    is_closed,
    is_control_of_base,
)
from circuits.interop.qiskit.standard import RECORD
from circuits.ops import Op

if TYPE_CHECKING:
    from circuits.interop.qiskit.reader import Reader

UNITS_PER_SECOND = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9, "ps": 1e12}


def read_operation(
    operation: Any, reader: Reader, qubits: Sequence[int], clbits: Sequence[int], place: str
) -> None:
    """Append the ops of one Qiskit operation to the reader."""
    record = RECORD.get(getattr(operation, "base_class", type(operation)))
    if record is None or (isinstance(operation, ControlledGate) and not is_closed(operation)):
        _read(operation, reader, qubits, clbits, place)
        return
    angles = tuple(reader.angle(value, place) for value in operation.params)
    reader.add(Op(record, tuple(qubits), angles), place)


@singledispatch
def _read(operation: Any, reader: Reader, qubits: Any, clbits: Any, place: str) -> None:
    """Anything else: by its definition, else by its matrix."""
    definition = getattr(operation, "definition", None)
    if definition is None and hasattr(operation, "to_circuit"):
        definition = operation.to_circuit()
    if definition is not None:
        reader.read_circuit(definition, qubits, clbits, f"{place} > instruction ")
        return
    try:
        matrix = operation.to_matrix()
    except Exception as error:  # user code, and Qiskit's own class for "there is none"
        raise ConversionError(
            f"The {place} has no definition and no matrix ({error}), so it cannot be converted. "
            "Give the gate a `definition`, or replace it by standard gates."
        ) from error
    reader.add(g.unitary(matrix, *qubits), place)


@_read.register(Instruction)
def _instruction(
    operation: Instruction, reader: Reader, qubits: Any, clbits: Any, place: str
) -> None:
    channel = _CHANNELS.get(operation.name) if type(operation) is Instruction else None
    if channel is None:
        _read.dispatch(object)(operation, reader, qubits, clbits, place)
    else:
        reader.add(g.kraus(channel(operation), *qubits), place)


_CHANNELS: dict[str, Callable[[Instruction], Any]] = {
    "kraus": lambda operation: operation.params,
    "superop": lambda operation: _kraus_operators(SuperOp(operation.params[0])),
}


def _kraus_operators(channel: SuperOp) -> list[np.ndarray]:
    operators = Kraus(channel).data
    if isinstance(operators, tuple):
        raise ConversionError("The instruction `superop` is not a completely positive map.")
    return list(operators)


def _refuse(what: str, remedy: str) -> Callable[..., None]:
    def refuse(operation: Any, reader: Reader, qubits: Any, clbits: Any, place: str) -> None:
        raise ConversionError(f"The {place} is {what}, which cannot be converted. {remedy}")

    return refuse


_read.register(Reset, _refuse("a reset", "Circuits start in |0...0>; remove the reset."))
_read.register(
    ControlFlowOp, _refuse("classical control flow", "Unroll it into a circuit without branches.")
)


@_read.register(Measure)
def _measure(operation: Measure, reader: Reader, qubits: Any, clbits: Any, place: str) -> None:
    reader.measure(qubits[0], clbits[0], place)


@_read.register(Barrier)
def _barrier(operation: Barrier, reader: Reader, qubits: Any, clbits: Any, place: str) -> None:
    if qubits:
        reader.add(g.barrier(*qubits), place)


@_read.register(Delay)
def _delay(operation: Delay, reader: Reader, qubits: Any, clbits: Any, place: str) -> None:
    if operation.unit not in UNITS_PER_SECOND or isinstance(operation.duration, Expr):
        raise ConversionError(
            f"The {place} lasts {operation.duration} {operation.unit}, which is no number of "
            f"seconds without a backend. Use one of the units {', '.join(UNITS_PER_SECOND)}."
        )
    if isinstance(operation.duration, ParameterExpression) and operation.duration.parameters:
        raise ConversionError(
            f"The {place} lasts `{operation.duration}`, which is not a number. Bind it first."
        )
    seconds = float(operation.duration) / UNITS_PER_SECOND[operation.unit]
    reader.add(g.delay(seconds, qubits[0]), place)


@_read.register(GlobalPhaseGate)
def _global_phase(
    operation: GlobalPhaseGate, reader: Reader, qubits: Any, clbits: Any, place: str
) -> None:
    angle = reader.angle(operation.params[0], place)
    reader.add(Op(TABLE["global_phase"], (), (angle,)), place)


@_read.register(UnitaryGate)
def _unitary(operation: UnitaryGate, reader: Reader, qubits: Any, clbits: Any, place: str) -> None:
    reader.add(g.unitary(operation.params[0], *qubits), place)


@_read.register(PauliGate)
def _pauli(operation: PauliGate, reader: Reader, qubits: Any, clbits: Any, place: str) -> None:
    for letter, qubit in zip(reversed(operation.params[0]), qubits, strict=True):
        if letter != "I":
            reader.add(Op(TABLE[letter.lower()], (qubit,)), place)


@_read.register(PauliEvolutionGate)
def _evolution(
    operation: PauliEvolutionGate, reader: Reader, qubits: Any, clbits: Any, place: str
) -> None:
    ops = evolution_ops(operation, reader.symbols, qubits, f"the {place}")
    if ops is None:
        _read.dispatch(object)(operation, reader, qubits, clbits, place)
    for op in ops or ():
        reader.add(op, place)


@_read.register(PermutationGate)
def _permutation(
    operation: PermutationGate, reader: Reader, qubits: Any, clbits: Any, place: str
) -> None:
    """Position k receives qubit `pattern[k]`."""
    content = list(range(len(qubits)))
    for position, wanted in enumerate(int(k) for k in operation.params[0]):
        other = content.index(wanted)
        if other != position:
            reader.add(Op(TABLE["swap"], (qubits[position], qubits[other])), place)
            content[position], content[other] = content[other], content[position]


@_read.register(StatePreparation)
def _state(
    operation: StatePreparation, reader: Reader, qubits: Any, clbits: Any, place: str
) -> None:
    fresh = reader.used.isdisjoint(qubits)
    is_vector = len(operation.params) == 2 ** len(qubits) and not isinstance(
        operation.params[0], str
    )
    if fresh and is_vector and operation.name == "state_preparation":
        reader.add(g.state_preparation(operation.params, *qubits), place)
    else:
        _read.dispatch(object)(operation, reader, qubits, clbits, place)


@_read.register(Initialize)
def _initialize(
    operation: Initialize, reader: Reader, qubits: Any, clbits: Any, place: str
) -> None:
    if not reader.used.isdisjoint(qubits):
        raise ConversionError(
            f"The {place} resets qubits that were used before. `initialize` can be converted only "
            "where nothing acted on its qubits; use `prepare_state` for a unitary."
        )
    definition = operation.definition
    for step in definition.data:
        if not isinstance(step.operation, Reset):
            local = [qubits[definition.find_bit(q).index] for q in step.qubits]
            reader.read(step.operation, local, (), place)


@_read.register(ControlledGate)
def _controlled(
    operation: ControlledGate, reader: Reader, qubits: Any, clbits: Any, place: str
) -> None:
    if not is_control_of_base(operation):
        _read.dispatch(object)(operation, reader, qubits, clbits, place)
        return
    for op in controlled_gate_ops(operation, reader, qubits, place):
        reader.add(op, place)


@_read.register(AnnotatedOperation)
def _annotated(
    operation: AnnotatedOperation, reader: Reader, qubits: Any, clbits: Any, place: str
) -> None:
    for op in annotated_ops(operation, reader, qubits, place):
        reader.add(op, place)


@_read.register(BoxOp)
def _box(operation: BoxOp, reader: Reader, qubits: Any, clbits: Any, place: str) -> None:
    if operation.duration is not None:
        raise ConversionError(
            f"The {place} has a duration, which cannot be converted. Use delays of known length."
        )
    reader.read_circuit(operation.body, qubits, clbits, f"{place} > instruction ")
