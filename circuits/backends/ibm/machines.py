"""A device as circuits are brought to it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from circuits.gates import gate_named
from circuits.machines.machine import Machine
from circuits.machines.target import machine_of, number

UNREADABLE = 0.25
"""Readout error from which on a qubit is left out (0.5 is pure chance)."""


def native_machine(target: Any) -> Machine:
    """A device's gates and where they exist, as far as the client's primitives take them.

    Simulators have further ones: on more than two qubits, and with several angles, of which the
    client does not take numbers and symbols in one gate.

    Args:
        target: Qiskit's description of it.
    """
    found = machine_of(target)
    records = {name: gate_named(name) for name in found.basis_gates or ()}
    most = 1 if {"sx", "rx"} & records.keys() else 3
    kept = {n for n, r in records.items() if r.n_qubits in (1, 2) and r.n_angles <= most}
    return replace(found, places=tuple(entry for entry in found.places or () if entry[0] in kept))


def readable(machine: Machine, target: Any) -> Machine:
    """The machine without qubits that are read hardly better than by chance.

    Transpilers know nothing of them as long as circuits carry no measurements. Circuits that are
    in the device's gates already may still use them.

    Args:
        machine: All of it.
        target: Qiskit's description of it.
    """
    errors = target["measure"] if "measure" in target else {}
    bad = {
        where[0]
        for where, data in (errors or {}).items()
        if where is not None and number(data, "error") >= UNREADABLE
    }
    if not bad or machine.places is None:
        return machine

    def good(places: Any) -> Any:
        return None if places is None else frozenset(t for t in places if bad.isdisjoint(t))

    return replace(
        machine,
        places=tuple((name, good(places)) for name, places in machine.places if _left(places, bad)),
        coupling=None if machine.coupling is None else tuple(sorted(good(machine.coupling))),
    )


def _left(places: Any, bad: Collection[int]) -> bool:
    return places is None or any(not set(bad) & set(where) for where in places)
