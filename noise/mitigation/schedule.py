"""When gates run: an as-late-as-possible schedule, and the windows in which qubits wait."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from circuits.arguments import number
from circuits.circuit import Circuit
from circuits.errors import ArgumentTypeError, InvalidArgumentError
from circuits.ops import Op

Durations = Mapping[Any, float]

ROUNDING = 1e-9  # relative: sums of durations are not exact
_NO_TIME = ("barrier", "global_phase", "rz", "p", "u1")


@dataclass(frozen=True, slots=True)
class Window:
    """Idle time of a qubit.

    Attributes:
        qubit: Which qubit.
        seconds: How long it waits.
        leading: Whether the qubit has not been used before, so that it is still in |0>.
    """

    qubit: int
    seconds: float
    leading: bool = False


def check_durations(durations: Durations) -> dict[Any, float]:
    """Durations by gate name or by (name, qubits), in seconds.

    Raises:
        InvalidArgumentError: If one is negative, or none is above zero.
    """
    if not isinstance(durations, Mapping):
        raise ArgumentTypeError(
            "Argument `durations` must map gate names, or (name, qubits), to seconds, got "
            f"{type(durations).__name__}."
        )
    found = {key: number(value, f"durations[{key!r}]") for key, value in durations.items()}
    negative = {key: value for key, value in found.items() if value < 0}
    if negative:
        raise InvalidArgumentError(f"Argument `durations` must be >= 0 seconds, got {negative}.")
    if not any(found.values()):
        raise InvalidArgumentError(
            "Argument `durations` has no gate that takes time, so no qubit would ever wait."
        )
    return found


def durations_of(device: Any) -> dict[tuple[str, tuple[int, ...]], float]:
    """Gate durations of a Qiskit `BackendV2`, by name and qubits, in seconds.

    Args:
        device: The backend, real or fake.
    """
    target = getattr(device, "target", None)
    if target is None:
        raise ArgumentTypeError(
            f"Argument `device` must be a Qiskit BackendV2, got {type(device).__name__}."
        )
    return {
        (name, tuple(qubits)): float(properties.duration)
        for name in target.operation_names
        for qubits, properties in target[name].items()
        if qubits is not None and properties is not None and properties.duration is not None
    }


def duration_of(op: Op, durations: Durations) -> float:
    """Seconds that an op takes.

    `delay` takes what it says. `rz`, `p`, `u1`, barriers and channels take no time unless it is
    given.

    Raises:
        InvalidArgumentError: If the duration is not known.
    """
    if op.name == "delay":
        return float(op.angles[0].constant)
    for key in ((op.name, op.qubits), op.name):
        if key in durations:
            return durations[key]
    if op.name in _NO_TIME or op.is_channel:
        return 0.0
    raise InvalidArgumentError(
        f"Argument `durations` has no entry for `{op!r}`: add {op.name!r} or "
        f"({op.name!r}, {op.qubits}) with its duration in seconds."
    )


def schedule(circuit: Circuit, durations: Durations) -> list[Op | Window]:
    """The circuit with every wait made explicit; all ops as late as possible.

    Barriers make their qubits wait for each other. Delays of the circuit become part of the windows
    they are in. All qubits end together, so a qubit also waits behind its last gate.

    Args:
        circuit: A lowered circuit.
        durations: See `check_durations`.

    Returns:
        Ops and windows in an order in which they can be applied.
    """
    clock = [0.0] * circuit.n_qubits  # time from the end at which the qubit is next needed
    waiting = [0.0] * circuit.n_qubits  # delays between here and there
    backwards: list[Op | Window] = []
    for op in reversed(circuit.ops):
        seconds = duration_of(op, durations)
        if op.name == "delay":
            clock[op.qubits[0]] += seconds
            waiting[op.qubits[0]] += seconds
            continue
        start = max((clock[q] for q in op.qubits), default=0.0)
        for q in op.qubits:
            idle = start - clock[q] + waiting[q]
            waiting[q] = 0.0
            clock[q] = start + seconds
            if idle > ROUNDING * start:
                backwards.append(Window(q, idle))
        backwards.append(op)
    backwards += [Window(q, idle, leading=True) for q, idle in enumerate(waiting) if idle > 0]
    return _marked(list(reversed(backwards)))


def _marked(steps: list[Op | Window]) -> list[Op | Window]:
    """Windows before the first gate of their qubit marked as leading."""
    used: set[int] = set()
    found: list[Op | Window] = []
    for step in steps:
        if isinstance(step, Window):
            found.append(Window(step.qubit, step.seconds, step.qubit not in used))
            continue
        if step.name != "barrier":
            used.update(step.qubits)
        found.append(step)
    return found
