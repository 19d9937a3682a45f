"""The compiled program of a noisy circuit: local transfer matrices, rotations, preparations.

Like the program of state vectors it looks at structure only and is cached by content hash. A gate
and the channels behind it on the same qubits are one matrix; so are runs on one qubit.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

from circuits.circuit import Circuit
from circuits.ops import Op
from circuits.simulators.binding import Binding, bind
from circuits.simulators.program import PreparationStep, pauli_label
from circuits.simulators.transfer.vectors import index_of_label

SKIPPED = ("barrier", "delay", "id", "global_phase")
_CACHE_SIZE = 512


@dataclass(frozen=True, slots=True)
class TransferStep:
    """A transfer matrix on `qubits`: the product of those of `members`, first first."""

    qubits: tuple[int, ...]
    members: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RotationStep:
    """exp(-i theta P / 2) for the Pauli string of index `pauli`."""

    pauli: int
    member: int


Step = TransferStep | RotationStep | PreparationStep


@dataclass(frozen=True, slots=True)
class TransferProgram:
    """Steps of a circuit structure and the binding of its angles.

    Attributes:
        n_qubits: Number of qubits.
        steps: Passes over the Pauli vector, in order.
        binding: How angles follow from values.
        first_slot: For each op the position of its first angle among all angles.
    """

    n_qubits: int
    steps: tuple[Step, ...]
    binding: Binding
    first_slot: tuple[int, ...]


class _ByStructure:
    """A circuit that compares by structure, so that `lru_cache` shares programs."""

    __slots__ = ("circuit",)

    def __init__(self, circuit: Circuit) -> None:
        self.circuit = circuit

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, _ByStructure)
            and self.circuit.content_hash == other.circuit.content_hash
        )

    def __hash__(self) -> int:
        return hash(self.circuit.content_hash)


def compile_transfer(circuit: Circuit) -> TransferProgram:
    """The program of a circuit, compiled once per structure."""
    return _compiled(_ByStructure(circuit))


@functools.lru_cache(maxsize=_CACHE_SIZE)
def _compiled(key: _ByStructure) -> TransferProgram:
    circuit = key.circuit
    first, slots = [], 0
    for op in circuit.ops:
        first.append(slots)
        slots += len(op.angles)
    return TransferProgram(circuit.n_qubits, _steps(circuit), bind(circuit), tuple(first))


def _steps(circuit: Circuit) -> tuple[Step, ...]:
    """Fuse: an op joins the latest step on exactly its qubits, if nothing since touched them."""
    steps: list[Step | list[int]] = []
    where: list[tuple[int, ...]] = []
    latest: dict[int, int] = {}  # qubit -> position of the last step that touches it
    for position, op in enumerate(circuit.ops):
        if op.kind in SKIPPED:
            continue
        own = {latest.get(q) for q in op.qubits}
        (last,) = own if len(own) == 1 else (None,)
        if last is not None and isinstance(steps[last], list) and where[last] == op.qubits:
            if _is_matrix(op):
                steps[last].append(position)  # type: ignore[union-attr]
                continue
        latest.update(dict.fromkeys(op.qubits, len(steps)))
        where.append(op.qubits)
        if op.kind == "state_preparation":
            steps.append(PreparationStep(op.qubits, position))
        elif _is_matrix(op):
            steps.append([position])
        else:
            steps.append(RotationStep(index_of_label(pauli_label(op), op.qubits), position))
    return tuple(
        TransferStep(qubits, tuple(step)) if isinstance(step, list) else step
        for step, qubits in zip(steps, where, strict=True)
    )


def _is_matrix(op: Op) -> bool:
    """Whether the op is applied as a matrix; rotations about long strings are not."""
    return op.kind != "state_preparation" and (
        not pauli_label(op) or op.n_controls > 0 or len(op.qubits) <= 2
    )
