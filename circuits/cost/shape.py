"""What running a circuit once takes on a device: depth, two-qubit gates, time, instructions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, final

from circuits.circuit import Circuit

Durations = Mapping[tuple[str, tuple[int, ...]], float]

INSTRUCTIONS: Mapping[str, int] = {"barrier": 0, "rz": 1, "measure": 10, "reset": 17}
"""Control instructions of an operation; other one-qubit operations count 2, wider ones 5."""
INITIALISATION = 50
"""Control instructions with which every qubit begins."""

_NO_TIME = ("barrier", "global_phase", "rz", "p", "u1")
_UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "ps": 1e-12}


@final
@dataclass(frozen=True, slots=True)
class Shape:
    """One run of a circuit.

    Attributes:
        depth: Layers of operations, virtual ones such as `rz` included.
        two_qubit_gates: Gates on two qubits and more.
        two_qubit_depth: Layers of those.
        seconds: From the first gate to the end of the readout, as early as possible.
        instructions: Control instructions of the busiest qubit, readout included.
        untimed: Operations whose duration is not known; they count as taking no time.
    """

    depth: int
    two_qubit_gates: int
    two_qubit_depth: int
    seconds: float
    instructions: int
    untimed: int


@final
@dataclass(frozen=True, slots=True)
class Step:
    """One operation: its name, its qubits, and its own duration if it has one (a delay)."""

    name: str
    qubits: tuple[int, ...]
    seconds: float | None = None


def shape_of(circuit: Any, durations: Durations, readout: float, dt: float | None = None) -> Shape:
    """The shape of a circuit that is in a device's gates and numbering.

    Args:
        circuit: A `Circuit`, or Qiskit's.
        durations: Seconds of each gate on its qubits.
        readout: Seconds of a measurement.
        dt: The device's unit of time, for Qiskit's delays.
    """
    clock: dict[int, float] = {}
    layer: dict[int, int] = {}
    wide_layer: dict[int, int] = {}
    load: dict[int, int] = {}
    wide = untimed = 0
    for step in _steps(circuit, dt):
        if not step.qubits or step.name == "measure":
            continue
        barrier = step.name == "barrier"
        seconds = _seconds(step, durations)
        untimed += seconds is None
        is_wide = len(step.qubits) > 1 and not barrier
        wide += is_wide
        cost = INSTRUCTIONS.get(step.name, 2 if len(step.qubits) == 1 else 5)
        end = max(clock.get(q, 0.0) for q in step.qubits) + (seconds or 0.0)
        top = max(layer.get(q, 0) for q in step.qubits) + (not barrier)
        wide_top = max(wide_layer.get(q, 0) for q in step.qubits) + is_wide
        for q in step.qubits:
            clock[q], layer[q], wide_layer[q] = end, top, wide_top
            load[q] = load.get(q, INITIALISATION) + cost
    return Shape(
        max(layer.values(), default=0),
        wide,
        max(wide_layer.values(), default=0),
        max(clock.values(), default=0.0) + readout,
        max(load.values(), default=INITIALISATION) + INSTRUCTIONS["measure"],
        untimed,
    )


def _seconds(step: Step, durations: Durations) -> float | None:
    if step.seconds is not None:
        return step.seconds
    known = durations.get((step.name, step.qubits))
    return 0.0 if known is None and step.name in _NO_TIME else known


def _steps(circuit: Any, dt: float | None) -> Iterator[Step]:
    if isinstance(circuit, Circuit):
        for op in circuit.ops:
            own = op.angles[0].constant if op.kind == "delay" else None
            yield Step(op.name, op.qubits, own)
        return
    places = {qubit: k for k, qubit in enumerate(circuit.qubits)}
    for entry in circuit.data:
        operation = entry.operation
        own = None
        if operation.name == "delay":
            own = float(operation.duration) * _UNITS.get(operation.unit, dt or 0.0)
        yield Step(operation.name, tuple(places[q] for q in entry.qubits), own)
