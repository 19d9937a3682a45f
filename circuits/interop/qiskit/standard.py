"""Qiskit's standard gates and the records of the gate table that they are."""

from __future__ import annotations

from typing import Any

from qiskit.circuit.library import C3XGate, C4XGate, get_standard_gate_name_mapping

from circuits.gates.record import Gate
from circuits.gates.table import TABLE

_NOT_PLAIN_GATES = ("barrier", "delay", "global_phase", "unitary", "state_preparation")


def _classes() -> dict[str, type[Any]]:
    standard = get_standard_gate_name_mapping()
    classes = {
        name: standard[record.qiskit].base_class
        for name, record in TABLE.items()
        if record.qiskit in standard and name not in _NOT_PLAIN_GATES and not record.is_channel
    }
    return {**classes, "c3x": C3XGate, "c4x": C4XGate}


QISKIT_CLASS: dict[str, type[Any]] = _classes()
"""Qiskit's class for a gate of the table, by the gate's name."""

RECORD: dict[type[Any], Gate] = {cls: TABLE[name] for name, cls in QISKIT_CLASS.items()}
"""Record of the gate table for one of Qiskit's standard gate classes."""
