"""`to_qiskit`: write a circuit as a `qiskit.QuantumCircuit`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from qiskit import QuantumCircuit
from qiskit.circuit import (
    AnnotatedOperation,
    Barrier,
    ControlModifier,
    Delay,
    Instruction,
    Parameter,
    ParameterVector,
)
from qiskit.circuit.library import PauliEvolutionGate, StatePreparation, UnitaryGate
from qiskit.quantum_info import Pauli

from circuits.channel_ops import kraus_operators
from circuits.circuit import Circuit
from circuits.errors import ConversionError
from circuits.gates.table import gate_named
from circuits.interop.qiskit.expressions import to_expression
from circuits.interop.qiskit.standard import QISKIT_CLASS
from circuits.ops import Op
from circuits.symbols import Group, Symbol


def to_qiskit(circuit: Circuit) -> QuantumCircuit:
    """Convert a circuit to Qiskit.

    Each group of symbols becomes a `ParameterVector` of the same name, entries in row-major
    order; a group of shape `()` becomes a `Parameter`. Global phases go into
    `QuantumCircuit.global_phase`, Pauli rotations become `PauliEvolutionGate`s, channels `kraus`
    instructions, and the recorded terminal measurements are written at the end.

    Returns:
        A circuit that Qiskit's `Operator` agrees with, global phase included.

    Raises:
        ConversionError: If a state preparation or a channel has symbols, or an input and a weight
            group have the same name.

    >>> from circuits import Circuit, gates as g, weights
    >>> w = weights(2)
    >>> circuit = to_qiskit(Circuit(2, [g.rx(w[0] * w[1], 0), g.cx(0, 1)]))
    >>> [parameter.name for parameter in circuit.parameters]
    ['weight[0]', 'weight[1]']
    """
    parameters = _parameters(circuit.parameters)
    measured = circuit.measured
    result = QuantumCircuit(circuit.n_qubits, max(measured.values(), default=-1) + 1)
    for position, op in enumerate(circuit.ops):
        angles = [to_expression(angle, parameters) for angle in op.angles]
        if op.kind == "global_phase":
            result.global_phase += angles[0]
            continue
        place = f"Operation {position} (`{op.name}`)"
        result.append(_operation(op, angles, place), op.qubits, copy=False)
    for qubit, clbit in measured.items():
        result.measure(qubit, clbit)
    return result


def _parameters(groups: tuple[Group, ...]) -> dict[Symbol, Parameter]:
    names = [group.name for group in groups]
    clash = next((name for name in names if names.count(name) > 1), None)
    if clash is not None:
        raise ConversionError(
            f"Inputs and weights are both called {clash!r}, and Qiskit's parameters need distinct "
            "names. Rename one with `inputs(..., name=...)` or `weights(..., name=...)`."
        )
    parameters: dict[Symbol, Parameter] = {}
    for group in groups:
        made = ParameterVector(group.name, group.size) if group.shape else [Parameter(group.name)]
        parameters.update({Symbol(group, k): p for k, p in enumerate(made)})
    return parameters


def _operation(op: Op, angles: list[Any], place: str) -> Instruction:
    """Qiskit's operation for an op, its added controls included."""
    if op.is_channel:
        return _channel(op, place)
    record = gate_named(op.kind)
    added = op.n_controls - record.n_controls
    if op.kind in QISKIT_CLASS:
        base = QISKIT_CLASS[op.kind](*angles)
    else:
        base = _BUILD[op.kind](op, angles, place)
    if added == 0:
        return base
    if op.kind in ("x", "p"):
        return base.control(added)
    return AnnotatedOperation(base, ControlModifier(added))


def _channel(op: Op, place: str) -> Instruction:
    """Aer's `kraus` instruction; Qiskit has no channels with parameters."""
    if any(not angle.is_constant for angle in op.angles):
        raise ConversionError(
            f"{place} is a channel whose strength depends on symbols, which Qiskit cannot express. "
            "Give numbers with `circuit.bind(...)` first."
        )
    return Instruction("kraus", len(op.qubits), 0, list(kraus_operators(op)))


def _state_preparation(op: Op, angles: list[Any], place: str) -> Instruction:
    if op.data is None:
        raise ConversionError(
            f"{place} prepares amplitudes that depend on symbols, which Qiskit cannot express. "
            "Give numbers with `circuit.bind(...)` first."
        )
    return StatePreparation(op.data)


_BUILD: Mapping[str, Callable[[Op, list[Any], str], Instruction]] = {
    "barrier": lambda op, angles, place: Barrier(len(op.qubits)),
    "delay": lambda op, angles, place: Delay(angles[0], unit="s"),
    "pauli_rotation": lambda op, angles, place: PauliEvolutionGate(
        Pauli(op.pauli[::-1]), time=angles[0] / 2
    ),
    "unitary": lambda op, angles, place: UnitaryGate(op.data, check_input=False),
    "state_preparation": _state_preparation,
}
