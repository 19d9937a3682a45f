"""Circuits in a machine's gates: what is native stays as it is, everything else is translated."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor

from circuits.arguments import integer
from circuits.circuit import Circuit
from circuits.errors import (
    ArgumentTypeError,
    InvalidArgumentError,
    MissingDependencyError,
    QubitError,
    UnsupportedOperationError,
)
from circuits.execution import Request, Values
from circuits.machines.machine import Machine
from circuits.ops import Op, check_qubits
from circuits.pauli import PauliSum
from circuits.remembered import Remembered
from circuits.symbols import Group

_KEPT = 256
_Key = tuple[Any, ...]


@final
@dataclass(frozen=True, slots=True)
class Lowered:
    """A circuit on a machine.

    Attributes:
        circuit: The circuit in the machine's gates and numbering.
        observables: The observables on the qubits where they ended up.
        qubits: The qubits that were followed, where they ended up.
        layout: Place of each qubit of the original circuit at the end of the new one.
    """

    circuit: Circuit
    observables: tuple[PauliSum, ...]
    qubits: tuple[int, ...] | None
    layout: tuple[int, ...]


_translations = Remembered[tuple[Circuit, tuple[int, ...]]](_KEPT)
_lowered = Remembered[Lowered](_KEPT)


def is_native(machine: Machine, circuit: Circuit) -> bool:
    """Whether the machine can run the circuit as it is: gates, places and width."""
    if not machine.is_known:
        return True
    if machine.n_qubits is not None and circuit.n_qubits > machine.n_qubits:
        return False
    seen: set[tuple[str, tuple[int, ...]]] = set()
    for op in circuit.ops:
        key = (op.gate.name, op.qubits)
        if key not in seen:
            if not machine.has(op) and not op.is_channel:
                return False
            seen.add(key)
    return True


def lower(
    machine: Machine,
    circuit: Circuit,
    observables: Sequence[PauliSum] | None,
    qubits: Sequence[int] | None,
    optimization_level: int,
    seed: int,
) -> Lowered:
    """See `NoiseModel.lower`."""
    if not isinstance(circuit, Circuit):
        raise ArgumentTypeError(
            f"Argument `circuit` must be a Circuit, got {type(circuit).__name__}."
        )
    level = integer(optimization_level, "optimization_level", 0)
    if level > 3:
        raise InvalidArgumentError(
            f"Argument `optimization_level` must be 0, 1, 2 or 3, got {level}."
        )
    observed = tuple(observables or ())
    followed = None if qubits is None else check_qubits(list(qubits), "qubits")
    for observable in observed:
        observable.check_fits(circuit.n_qubits)
    if followed and max(followed) >= circuit.n_qubits:
        raise QubitError(
            f"Argument `qubits` names qubit {max(followed)}, but the circuit has "
            f"{circuit.n_qubits} qubit(s)."
        )
    if is_native(machine, circuit):
        layout = tuple(range(circuit.n_qubits))
        return Lowered(circuit, observed, followed, layout)
    machine.check_width(circuit)
    lowered, layout = _translated(machine, circuit, level, seed)
    return Lowered(
        lowered,
        tuple(o.with_width(None).map_qubits(layout) for o in observed),
        None if followed is None else tuple(layout[q] for q in followed),
        layout,
    )


def _translated(
    machine: Machine, circuit: Circuit, level: int, seed: int
) -> tuple[Circuit, tuple[int, ...]]:
    def translate() -> tuple[Circuit, tuple[int, ...]]:
        _refuse_channels(circuit)
        if importlib.util.find_spec("qiskit") is None:
            raise MissingDependencyError(
                "qiskit", extra="qiskit", purpose="Translating a circuit to the gates of a device"
            )
        from circuits.machines.transpile import transpiled

        return transpiled(machine, circuit, level, seed)

    return _translations.of((), (content_key(circuit), machine, level, seed), translate)


def content_key(circuit: Circuit) -> _Key:
    """All that a circuit is, numbers and the identity of its symbols included."""
    tokens = tuple(group.token for group in circuit.parameters)
    numbers = tuple(
        (op.angles, None if op.data is None else op.data.tobytes()) for op in circuit.ops
    )
    return circuit.content_hash, tokens, numbers, tuple(circuit.measured.items())


def _refuse_channels(circuit: Circuit) -> None:
    channel: Op | None = next((op for op in circuit.ops if op.is_channel), None)
    if channel is not None:
        raise UnsupportedOperationError(
            f"The circuit holds the channel `{channel!r}` and gates that the machine does not "
            "have, and no transpiler moves channels to other gates. Lower the circuit first "
            "(`model.lower`), then put the channels in."
        )


def lower_request(
    machine: Machine, request: Request, optimization_level: int, seed: int
) -> Request:
    """The request on the machine: circuit, observables, qubits and values fit together.

    The values are reordered where groups of symbols come in another order in the new circuit, or
    no longer occur in it.
    """
    circuit, observables, qubits = request.circuit, request.observables, request.qubits
    result = _lowered.of(
        (machine, circuit, *observables),
        (qubits, optimization_level, seed),
        lambda: lower(machine, circuit, observables, qubits, optimization_level, seed),
    )
    return request if result.circuit is circuit else moved_request(request, result)


def moved_request(request: Request, result: Lowered) -> Request:
    """The request for its lowered circuit; see `lower_request`."""
    return Request(
        result.circuit,
        Values(
            reordered(request.inputs, request.circuit.input_groups, result.circuit.input_groups),
            reordered(request.weights, request.circuit.weight_groups, result.circuit.weight_groups),
        ),
        result.observables,
        qubits=result.qubits,
        bases=request.bases,
        shots=request.shots,
        generator=request.generator,
        tags=request.tags,
    )


def reordered(values: Tensor, old: Sequence[Group], new: Sequence[Group]) -> Tensor:
    """Columns of groups `(points, n)` in another order of the groups, of which some may be gone."""
    if tuple(old) == tuple(new):
        return values
    parts = dict(zip(old, values.split([group.size for group in old], dim=1), strict=True))
    if not new:
        return values[:, :0]
    return torch.cat([parts[group] for group in new], dim=1)
