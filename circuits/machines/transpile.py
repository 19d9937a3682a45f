"""Translating circuits to a machine's gates with Qiskit's transpiler."""

from __future__ import annotations

import functools
from typing import Any

from qiskit import QuantumCircuit
from qiskit.circuit import Delay, Parameter
from qiskit.transpiler import InstructionProperties, Target, generate_preset_pass_manager
from qiskit.transpiler.exceptions import TranspilerError

from circuits.circuit import Circuit
from circuits.errors import ConversionError
from circuits.gates import gate_named
from circuits.interop.qiskit import from_qiskit, to_qiskit
from circuits.interop.qiskit.standard import QISKIT_CLASS
from circuits.machines.machine import Machine
from circuits.machines.slots import SLOT, restored, with_slots

_ANY_GATES = tuple((name, None) for name in ("u", "rx", "ry", "rz", "h", "x", "sx", "cx", "cz"))


def transpiled(
    machine: Machine, circuit: Circuit, level: int, seed: int
) -> tuple[Circuit, tuple[int, ...]]:
    """The circuit in the machine's gates, and the place of each of its qubits at the end."""
    manager = generate_preset_pass_manager(
        optimization_level=level,
        target=_target(machine, circuit.n_qubits),
        seed_transpiler=seed,
        approximation_degree=1.0,
    )
    try:
        return translated(manager, circuit)
    except TranspilerError as error:
        raise ConversionError(
            f"Qiskit's transpiler cannot bring the circuit to the gates of the machine "
            f"({', '.join(machine.basis_gates or ('any gate',))}) on its coupling: {error.message}"
        ) from error


def translated(manager: Any, circuit: Circuit) -> tuple[Circuit, tuple[int, ...]]:
    """The circuit as a pass manager leaves it, and the place of each of its qubits at the end.

    Each distinct angle expression becomes one parameter, so that the passes do not expand
    polynomials; the expressions are put back afterwards.

    Args:
        manager: Qiskit's pass manager.
        circuit: The circuit.
    """
    plain, expressions = with_slots(circuit)
    result: QuantumCircuit = manager.run(to_qiskit(plain))
    layout = tuple(range(circuit.n_qubits))
    if result.layout is not None:
        layout = tuple(result.layout.final_index_layout(filter_ancillas=True))
    lowered = from_qiskit(result, weight_params=_vectors(result))
    if expressions:
        lowered = lowered.map_angles(lambda angle: restored(angle, expressions))
    measured = {layout[q]: bit for q, bit in circuit.measured.items()}
    return Circuit(lowered.n_qubits, lowered.ops, measured=measured), layout


def _vectors(circuit: QuantumCircuit) -> str | None:
    """The parameters that are left, by the name of their vector."""
    return SLOT if any(isinstance(p, Parameter) for p in circuit.parameters) else None


@functools.lru_cache(maxsize=64)
def _target(machine: Machine, width: int) -> Target:
    """Qiskit's description of the machine; gates exist everywhere where the model does not say."""
    size = width if machine.n_qubits is None else machine.n_qubits
    target, errors = Target(num_qubits=size), dict(machine.errors)
    target.add_instruction(Delay(Parameter("duration")), _everywhere(size, 1, machine))
    for name, places in machine.places or _ANY_GATES:
        if name not in QISKIT_CLASS:
            raise ConversionError(
                f"The basis gate `{name}` of the machine has no counterpart that Qiskit's "
                "transpiler could translate to. Lower circuits by hand to such gates."
            )
        angles = [Parameter(f"angle{k}") for k in range(gate_named(name).n_angles)]
        gate = QISKIT_CLASS[name](*angles)
        exact = _everywhere(size, gate.num_qubits, machine)
        if places is not None:
            exact = {w: _error(errors.get((name, w))) for w in sorted(places)}
        target.add_instruction(gate, exact)
    return target


def _error(value: float | None) -> InstructionProperties | None:
    return None if value is None else InstructionProperties(error=value)


def _everywhere(size: int, width: int, machine: Machine) -> dict[tuple[int, ...], Any] | None:
    """Qubit tuples of a gate that the model does not place; `None` where all are possible."""
    if machine.coupling is None:
        return None
    if width == 1:
        return {(q,): None for q in range(size)}
    return dict.fromkeys(machine.coupling) if width == 2 else {}
