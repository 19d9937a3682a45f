"""What is known of the device that a backend runs on or imitates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

from circuits.cost.shape import Durations, Shape, shape_of
from circuits.execution import Backend
from circuits.machines.machine import Machine
from circuits.machines.target import machine_of, number


@final
@dataclass(frozen=True, slots=True)
class Device:
    """A device.

    Attributes:
        name: What it is called.
        durations: Seconds of each gate on its qubits; empty if unknown.
        readout: Seconds of the slowest measurement; 0 if unknown.
        rep_delay: Seconds between shots; `None` if it does not say.
        dt: Its unit of time in seconds.
        machine: Its gates, where they are known.
    """

    name: str | None
    durations: Durations
    readout: float
    rep_delay: float | None = None
    dt: float | None = None
    machine: Machine | None = None

    @property
    def is_timed(self) -> bool:
        """Whether the time of circuits can be told."""
        return bool(self.durations)

    def shape(self, circuit: Any) -> Shape:
        """One run of a circuit."""
        return shape_of(circuit, self.durations, self.readout, self.dt)


UNKNOWN = Device(None, {}, 0.0)


def is_qiskit_backend(candidate: Any) -> bool:
    """Whether something is a Qiskit `BackendV2`, by what it has."""
    return hasattr(getattr(candidate, "target", None), "operation_names")


def device_of_target(name: str, target: Any, backend: Any = None) -> Device:
    """A device from Qiskit's description, and from its configuration if there is one."""
    durations = {
        (gate, tuple(where)): float(data.duration)
        for gate in target.operation_names
        for where, data in (target[gate] or {}).items()
        if where is not None and data is not None and data.duration is not None
    }
    measured = target["measure"] if "measure" in target.operation_names else {}
    readout = max((number(data, "duration") for data in (measured or {}).values()), default=0.0)
    return Device(name, durations, readout, _rep_delay(backend), target.dt, machine_of(target))


def _rep_delay(backend: Any) -> float | None:
    """Seconds between shots; a fake device's raw configuration counts microseconds."""
    raw = getattr(backend, "_conf_dict", None)
    if isinstance(raw, dict) and "default_rep_delay" in raw:
        return float(raw["default_rep_delay"]) * 1e-6
    value = getattr(backend, "default_rep_delay", None)
    return float(value) if isinstance(value, int | float) else None


def device_of(backend: Any) -> Device:
    """The device that a backend runs on or imitates: a Qiskit device somewhere inside it.

    Args:
        backend: A `BackendV2`, or a `Backend` whose device, primitives' device or noise model is
            known.
    """
    if is_qiskit_backend(backend):
        name = getattr(backend, "name", None)
        text = name if isinstance(name, str) else type(backend).__name__
        return device_of_target(text, backend.target, backend)
    mode = getattr(backend, "mode", None)
    for inner in (getattr(mode, "backend", None), getattr(backend, "backend", None),
                  getattr(backend, "noise_model", None)):  # fmt: skip
        if is_qiskit_backend(inner):
            return device_of(inner)
    return UNKNOWN


def innermost(backend: Any) -> Any:
    """The backend inside mitigations and other wrappers."""
    inner = getattr(backend, "backend", None)
    return innermost(inner) if isinstance(inner, Backend) else backend
