"""Circuits in a device's gates by a pass manager of the user's."""

from __future__ import annotations

from typing import Any

from circuits.circuit import Circuit
from circuits.errors import ConversionError
from circuits.execution import Request
from circuits.machines.lowering import Lowered, content_key, is_native, moved_request
from circuits.machines.machine import Machine
from circuits.machines.transpile import translated
from circuits.remembered import Remembered

_KEPT = 64
_translations = Remembered[tuple[Circuit, tuple[int, ...]]](_KEPT)


def lower_with(manager: Any, machine: Machine, request: Request) -> Request:
    """The request on a machine, translated by a pass manager.

    Args:
        manager: Qiskit's pass manager, with the machine as its target.
        machine: What is native there is left alone, so that lowering twice changes nothing.
        request: What to run.

    Raises:
        ConversionError: If the pass manager fails.
    """
    circuit = request.circuit
    if is_native(machine, circuit):
        return request

    def translate() -> tuple[Circuit, tuple[int, ...]]:
        try:
            return translated(manager, circuit)
        except ConversionError:
            raise
        except Exception as error:  # whatever passes raise
            raise ConversionError(
                f"The pass manager failed on the circuit: {type(error).__name__}: {error}"
            ) from error

    lowered, layout = _translations.of((manager,), content_key(circuit), translate)
    observables = tuple(o.with_width(None).map_qubits(layout) for o in request.observables)
    qubits = None if request.qubits is None else tuple(layout[q] for q in request.qubits)
    return moved_request(request, Lowered(lowered, observables, qubits, layout))
