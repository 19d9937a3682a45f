"""What must hold before a request may be sent; nothing was sent where one of these raises."""

from __future__ import annotations

from typing import Any

from circuits.backends.statevector import check_preparations
from circuits.errors import InvalidArgumentError, QubitError, UnsupportedOperationError
from circuits.execution import Request
from circuits.machines.lowering import is_native
from circuits.machines.machine import Machine


def check_request(request: Request, shots: int | None, name: str, local: bool) -> int:
    """The shots of a request that the primitives can run at all.

    Args:
        request: As it was given.
        shots: Of requests that name none.
        name: Of the backend, for messages.
        local: Whether jobs are simulated.

    Raises:
        UnsupportedOperationError: If it holds channels, prepares states on qubits that were used,
            wants exact values, or brings a generator to a machine.
        ObservableError: If an observable does not fit the circuit.
        QubitError: If a requested qubit does not exist.
    """
    channel = next((op for op in request.circuit.ops if op.is_channel), None)
    if channel is not None:
        raise UnsupportedOperationError(
            f"The circuit holds the channel `{channel.name}`, which no machine runs. Use "
            "circuits.Aer() or a noise simulator."
        )
    wanted = shots if request.shots is None else request.shots
    if wanted is None:
        raise UnsupportedOperationError(
            f"{name} has no exact values: give `shots`, in the request or for all of them."
        )
    if request.generator is not None and not local:
        raise UnsupportedOperationError(
            "Argument `generator` has no effect on a machine, whose randomness is its own. Leave "
            "it out."
        )
    check_preparations(request.circuit)
    for observable in request.observables:
        observable.check_fits(request.circuit.n_qubits)
    if request.qubits and max(request.qubits) >= request.circuit.n_qubits:
        raise QubitError(
            f"A request reads qubit {max(request.qubits)} of a circuit with "
            f"{request.circuit.n_qubits} qubits."
        )
    return wanted


def check_native(request: Request, machine: Machine, device: str) -> None:
    """Refuse what the machine cannot run; the service would find out only when it runs.

    Raises:
        InvalidArgumentError: Naming the operation.
    """
    if is_native(machine, request.circuit):
        return
    op: Any = next((op for op in request.circuit.ops if not machine.has(op)), None)
    what = f"has {request.circuit.n_qubits} qubits" if op is None else f"holds {op!r}"
    raise InvalidArgumentError(
        f"The lowered circuit {what}, which {device} cannot run: it has "
        f"{machine.n_qubits} qubits and the gates {', '.join(machine.basis_gates or ())}. Let a "
        "`pass_manager` translate to the device's target, or leave it out. Nothing was sent."
    )
