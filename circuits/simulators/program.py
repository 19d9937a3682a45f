"""The compiled program of a circuit: few passes over the state instead of many gates.

Compilation looks at structure only and is cached by content hash. Runs of one-qubit gates on a
qubit become one 2 x 2 matrix; runs of gates that permute basis states become one gather; Pauli
rotations and controlled matrices keep their own cheap passes. The program says nothing of
devices or dtypes, so every engine can run it.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from circuits.circuit import Circuit
from circuits.ops import Op
from circuits.simulators.binding import Binding, bind

_LARGEST_TABLE = 18  # qubits up to which a permutation is kept as an index table


@dataclass(frozen=True, slots=True)
class MatrixStep:
    """A matrix on `targets` where all `controls` are 1: the product of `members`, first first.

    Members are positions of ops in the circuit.
    """

    targets: tuple[int, ...]
    controls: tuple[int, ...]
    members: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class PermutationStep:
    """new[i] = old[index[i]]; `inverse` undoes it."""

    index: np.ndarray
    inverse: np.ndarray


@dataclass(frozen=True, slots=True)
class PauliRotationStep:
    """exp(-i theta P / 2) with P given by bit masks (Y where both are set)."""

    x_mask: int
    z_mask: int
    member: int


@dataclass(frozen=True, slots=True)
class PreparationStep:
    """Amplitudes written to qubits that are still |0...0>."""

    qubits: tuple[int, ...]
    member: int


@dataclass(frozen=True, slots=True)
class PhaseStep:
    """A global phase; expectation values do not see it."""

    member: int


Step = MatrixStep | PermutationStep | PauliRotationStep | PreparationStep | PhaseStep


@dataclass(frozen=True, slots=True)
class Program:
    """Steps of a circuit structure and the binding of its angles.

    Attributes:
        n_qubits: Number of qubits.
        steps: Passes over the state, in order.
        binding: How angles follow from values.
        first_slot: For each op the position of its first angle among all angles.
    """

    n_qubits: int
    steps: tuple[Step, ...]
    binding: Binding
    first_slot: tuple[int, ...]


_CACHE_SIZE = 512


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


def compile_circuit(circuit: Circuit) -> Program:
    """The program of a circuit, compiled once per structure."""
    return _compiled(_ByStructure(circuit))


@functools.lru_cache(maxsize=_CACHE_SIZE)
def _compiled(key: _ByStructure) -> Program:
    circuit = key.circuit
    first, slots = [], 0
    for op in circuit.ops:
        first.append(slots)
        slots += len(op.angles)
    return Program(circuit.n_qubits, _Fuser(circuit).steps(), bind(circuit), tuple(first))


class _Fuser:
    """Collects ops into steps; commuting ops may overtake each other, others never do."""

    def __init__(self, circuit: Circuit) -> None:
        self.n = circuit.n_qubits
        self.ops = circuit.ops
        self.emitted: list[Step] = []
        self.chains: dict[int, list[int]] = {}
        self.permutation: list[Op] = []
        self.permuted: set[int] = set()

    def steps(self) -> tuple[Step, ...]:
        for position, op in enumerate(self.ops):
            if op.kind in ("barrier", "delay", "id"):
                continue
            if op.name == "global_phase":
                self.emitted.append(PhaseStep(position))
            elif len(op.qubits) == 1 and op.kind != "state_preparation":
                self.chains.setdefault(op.qubits[0], []).append(position)
            elif op.gate.permutation and self.n <= _LARGEST_TABLE:
                self._add_permutation(op)
            else:
                self._close(op.qubits)
                self.emitted.append(self._step(position, op))
        self._close(tuple(range(self.n)))
        return tuple(self.emitted)

    def _step(self, position: int, op: Op) -> Step:
        if op.kind == "state_preparation":
            return PreparationStep(op.qubits, position)
        label = pauli_label(op)
        if label and not op.n_controls:
            x_mask = sum(1 << q for q, p in zip(op.qubits, label, strict=True) if p in "XY")
            z_mask = sum(1 << q for q, p in zip(op.qubits, label, strict=True) if p in "YZ")
            return PauliRotationStep(x_mask, z_mask, position)
        return MatrixStep(op.qubits[op.n_controls :], op.qubits[: op.n_controls], (position,))

    def _add_permutation(self, op: Op) -> None:
        for q in op.qubits:
            self._close_chain(q)
        self.permutation.append(op)
        self.permuted.update(op.qubits)

    def _close_chain(self, qubit: int) -> None:
        if qubit in self.chains:
            if qubit in self.permuted:
                self._close_permutation()
            self.emitted.append(MatrixStep((qubit,), (), tuple(self.chains.pop(qubit))))

    def _close_permutation(self) -> None:
        if self.permutation:
            self.emitted.append(_permutation(self.permutation, self.n))
            self.permutation, self.permuted = [], set()

    def _close(self, qubits: tuple[int, ...]) -> None:
        for q in qubits:
            self._close_chain(q)
        if self.permuted.intersection(qubits):
            self._close_permutation()


def pauli_label(op: Op) -> str:
    """The Pauli label of a multi-qubit rotation exp(-i theta P / 2), or an empty string."""
    if op.kind == "pauli_rotation":
        return op.pauli
    if op.kind in ("rxx", "ryy", "rzz", "rzx"):
        return op.kind[1:].upper()
    return ""


def _permutation(ops: list[Op], n_qubits: int) -> PermutationStep:
    index = np.arange(2**n_qubits)
    for op in ops:
        index = index[_source(op, n_qubits)]
    inverse = np.empty_like(index)
    inverse[index] = np.arange(len(index))
    return PermutationStep(index, inverse)


def _source(op: Op, n_qubits: int) -> np.ndarray:
    """For each basis index of the new state the index of the old state that it comes from."""
    states = np.arange(2**n_qubits)
    active = np.ones(len(states), dtype=bool)
    for q in op.qubits[: op.n_controls]:
        active &= (states >> q & 1).astype(bool)
    *_, last = targets = op.qubits[op.n_controls :]
    if len(targets) == 1:
        moved = states ^ (1 << last)
    else:
        differ = (states >> targets[0] ^ states >> last) & 1
        moved = states ^ (differ << targets[0] | differ << last)
    return np.where(active, moved, states)
