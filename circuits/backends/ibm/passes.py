"""Circuits in a device's gates by a pass manager of the user's."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from circuits.circuit import Circuit
from circuits.errors import ConversionError
from circuits.execution import Request
from circuits.machines.lowering import Lowered, content_key, is_native, moved_request
from circuits.machines.machine import Machine
from circuits.machines.transpile import translated

_KEPT = 64
_cache: OrderedDict[Any, tuple[Any, Circuit, tuple[int, ...]]] = OrderedDict()


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
    key = (id(manager), content_key(circuit))
    found = _cache.get(key)
    if found is None:
        try:
            lowered, layout = translated(manager, circuit)
        except ConversionError:
            raise
        except Exception as error:  # whatever passes raise
            raise ConversionError(
                f"The pass manager failed on the circuit: {type(error).__name__}: {error}"
            ) from error
        # The pass manager is kept, so that its id stays its own.
        found = _cache[key] = (manager, lowered, layout)
        if len(_cache) > _KEPT:
            _cache.popitem(last=False)
    _, lowered, layout = found
    observables = tuple(o.with_width(None).map_qubits(layout) for o in request.observables)
    qubits = None if request.qubits is None else tuple(layout[q] for q in request.qubits)
    return moved_request(request, Lowered(lowered, observables, qubits, layout))
