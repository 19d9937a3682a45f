"""Machines from Qiskit's descriptions of devices. Nothing of Qiskit is imported."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, final

from circuits.errors import ArgumentTypeError
from circuits.gates import TABLE
from circuits.gates.record import Gate
from circuits.machines.machine import ALWAYS_NATIVE, Entries, Machine, Qubits, make_machine

UNUSABLE = 1.0
"""An error of exactly this marks a gate as uncalibrated or broken."""

_GATES = {
    gate.qiskit: gate
    for gate in TABLE.values()
    if gate.qiskit and gate.block is not None and gate.name not in ALWAYS_NATIVE
}


@final
@dataclass(frozen=True, slots=True)
class Calibration:
    """What a target says about gates.

    Attributes:
        gates: Data of each usable gate by qubit tuple; `{None: None}` for a gate that exists
            everywhere on a machine without coupling.
        left_out: Names of instructions that circuits here do not have.
        broken: Gates of error 1, as text.
        dead: Qubits with a broken one-qubit gate, and that gate's name.
    """

    gates: dict[Gate, dict[Any, Any]]
    left_out: list[str]
    broken: list[str]
    dead: dict[int, str]


def check_backend(backend: Any, argument: str = "backend") -> Any:
    """The target of a `BackendV2`.

    Raises:
        ArgumentTypeError: If `backend` is something else.
    """
    target = getattr(backend, "target", None)
    if target is None or not hasattr(target, "operation_names"):
        raise ArgumentTypeError(
            f"Argument `{argument}` must be a Qiskit BackendV2, such as "
            f"qiskit_ibm_runtime.fake_provider.FakeManilaV2(), got {type(backend).__name__}. Old "
            "backends convert with qiskit's BackendV2Converter."
        )
    return target


def calibration(target: Any, wanted: Iterable[int] | None = None) -> Calibration:
    """The usable gates of a target: without those of error 1 and pairs with a dead qubit.

    Args:
        target: Qiskit's `Target`.
        wanted: Only gates inside these qubits; `None` for all.
    """
    entries, left_out = _entries(target, None if wanted is None else set(wanted))
    dead: dict[int, str] = {}
    broken: list[str] = []
    for gate, places in entries.items():
        for where, data in places.items():
            if where is not None and number(data, "error") == UNUSABLE:
                broken.append(f"{gate.name}{where}")
                if len(where) == 1:
                    dead.setdefault(where[0], gate.name)
    usable = {
        gate: {
            where: data
            for where, data in places.items()
            if where is None
            or (
                number(data, "error") != UNUSABLE
                and (len(where) == 1 or dead.keys().isdisjoint(where))
            )
        }
        for gate, places in entries.items()
    }
    kept = {gate: places for gate, places in usable.items() if places}
    return Calibration(kept, left_out, broken, dead)


def _entries(target: Any, inside: set[int] | None) -> tuple[dict[Gate, dict[Any, Any]], list[str]]:
    """Calibration data of each gate and qubit tuple, and the names of what is no gate here."""
    found: dict[Gate, dict[Any, Any]] = {}
    left_out = []
    for name in sorted(target.operation_names):
        gate = _GATES.get(name)
        if gate is None:
            if name not in ("measure", "delay") and hasattr(
                target.operation_from_name(name), "num_qubits"
            ):
                left_out.append(name)
            continue
        properties = target[name]
        if properties is None or None in properties:
            properties = dict.fromkeys(_all_places(target, gate))
        places = {
            w: p
            for w, p in sorted(properties.items(), key=lambda item: item[0] or ())
            if inside is None or w is None or inside.issuperset(w)
        }
        if places:
            found[gate] = places
    return found, left_out


def _all_places(target: Any, gate: Gate) -> list[Qubits | None]:
    """Places of a gate that the target declares for all qubits."""
    coupling = target.build_coupling_map()
    if target.num_qubits is None or (coupling is None and gate.n_qubits != 1):
        return [None]
    if gate.n_qubits == 1:
        return [(q,) for q in range(target.num_qubits)]
    return [tuple(pair) for pair in coupling.get_edges()]


def machine_of(target: Any) -> Machine:
    """The machine that a target describes: its usable gates, with errors and durations."""
    gates = calibration(target).gates
    errors: Entries = {}
    durations: Entries = {}
    places: dict[str, list[Qubits] | None] = {}
    for gate, data in gates.items():
        places[gate.name] = None if None in data else list(data)
        for where, entry in data.items():
            if entry is not None and where is not None:
                errors[gate.name, where] = number(entry, "error")
                durations[gate.name, where] = number(entry, "duration")
    pairs = sorted({w for data in gates.values() for w in data if w is not None and len(w) == 2})
    limited = target.build_coupling_map() is not None
    return make_machine(places, pairs if limited else None, target.num_qubits, errors, durations)


def readout_flips(properties: Any, target: Any, qubit: int) -> tuple[float | None, float | None]:
    """P(1|0) and P(0|1) of a device's qubit, from its properties or else its target.

    Returns:
        `None` where the data have no such number.
    """
    names = ("prob_meas1_prep0", "prob_meas0_prep1")
    if properties is not None:
        known = properties.qubit_property(qubit)
        if all(name in known for name in names):
            return float(known[names[0]][0]), float(known[names[1]][0])
    data = target["measure"].get((qubit,)) if "measure" in target else None
    return getattr(data, names[0], None), getattr(data, names[1], None)


def properties_of(backend: Any) -> Any:
    """The backend's properties, or `None` if it has none."""
    get = getattr(backend, "properties", None)
    return get() if callable(get) else None


def number(data: Any, name: str) -> float:
    """An entry of calibration data; 0 where there is none."""
    value = None if data is None else getattr(data, name, None)
    return 0.0 if value is None else float(value)
