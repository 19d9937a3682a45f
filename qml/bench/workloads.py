"""What is timed: circuits as flat instructions that every contestant translates for itself."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from circuits.ansatz import qcnn
from circuits.symbols import Angle

Array = NDArray[np.float64]
Term = tuple[float, str]


class Slot(NamedTuple):
    """An angle: entry `position` of the sample (`kind` "x") or of the weights ("w")."""

    kind: str
    position: int


class Instruction(NamedTuple):
    """One gate: name as in `circuits.gates`, qubits (controls first), angles in radians."""

    name: str
    qubits: tuple[int, ...]
    angles: tuple[Slot, ...] = ()


@dataclass(frozen=True)
class Workload:
    """A circuit, its batch and its loss.

    Attributes:
        key: Name on the command line.
        title: Name in tables.
        n_qubits: Number of qubits n.
        batch: Number of samples; 1 without inputs.
        block: Instructions of one layer; weights are counted from the start of the layer.
        repeats: Number of layers.
        stride: Weights per layer.
        tail: Instructions after the layers; weights are counted from 0.
        n_inputs: Features per sample: angles, or amplitudes.
        n_weights: Number of weights.
        observables: One sum of Pauli terms per output; "Z0 Z1" acts on qubits 0 and 1.
        amplitude: Whether the sample is the initial state, index bit q being qubit q.
        training: Whether the step is one of training: binary cross-entropy of the first output
            and an update of the weights. Otherwise the loss is a fixed random combination of all
            outputs, and inputs receive gradients too.
    """

    key: str
    title: str
    n_qubits: int
    batch: int
    block: tuple[Instruction, ...]
    repeats: int
    stride: int
    tail: tuple[Instruction, ...]
    n_inputs: int
    n_weights: int
    observables: tuple[tuple[Term, ...], ...]
    amplitude: bool = False
    training: bool = False

    def instructions(self) -> Iterator[Instruction]:
        """All gates in order, with weights counted from 0."""
        for layer in range(self.repeats):
            for name, qubits, angles in self.block:
                shifted = tuple(
                    Slot(kind, index + layer * self.stride) if kind == "w" else Slot(kind, index)
                    for kind, index in angles
                )
                yield Instruction(name, qubits, shifted)
        yield from self.tail

    @property
    def gate_names(self) -> set[str]:
        """Names of the gates in use."""
        return {instruction.name for instruction in (*self.block, *self.tail)}

    def data(self) -> Data:
        """The numbers of a run; equal for equal workloads, and for fewer samples a prefix."""
        generator = np.random.default_rng(2025)
        weights = generator.uniform(-math.pi, math.pi, self.n_weights)
        rows = [self._row(generator) for _ in range(self.batch)]
        x, cotangents, labels = (np.array(column) for column in zip(*rows, strict=True))
        return Data(x, weights, cotangents, labels)

    def _row(self, generator: np.random.Generator) -> tuple[Array, Array, float]:
        if self.amplitude:
            x = generator.uniform(0.05, 1.0, self.n_inputs)
            x /= np.linalg.norm(x)
        else:
            x = generator.uniform(-math.pi, math.pi, self.n_inputs)
        cotangent = generator.normal(size=len(self.observables))
        return x, cotangent, float(generator.integers(2))


class Data(NamedTuple):
    """Inputs `(batch, d)`, weights `(k,)`, cotangents `(batch, outputs)`, labels `(batch,)`."""

    x: Array
    weights: Array
    cotangents: Array
    labels: Array


def big_endian(x: Array) -> Array:
    """Amplitudes `(batch, 2^n)` with qubit 0 as the most significant bit of the index."""
    n = x.shape[1].bit_length() - 1
    axes = (0, *range(n, 0, -1))
    return np.ascontiguousarray(x.reshape(-1, *(2,) * n).transpose(axes).reshape(x.shape))


def without_u3(instructions: Iterator[Instruction]) -> Iterator[Instruction]:
    """The same unitary up to a global phase, each U3 written as RZ, RY, RZ."""
    for instruction in instructions:
        if instruction.name != "u3":
            yield instruction
            continue
        theta, phi, lam = instruction.angles
        for name, angle in (("rz", lam), ("ry", theta), ("rz", phi)):
            yield Instruction(name, instruction.qubits, (angle,))


def pauli_factors(label: str) -> list[tuple[str, int]]:
    """Letters and qubits of a label.

    >>> pauli_factors("Z0 X11")
    [('Z', 0), ('X', 11)]
    """
    return [(factor[0], int(factor[1:])) for factor in label.split()]


def reuploading(n: int, layers: int, batch: int, *, key: str, shift: int = 1) -> Workload:
    """R(n, L): L layers of RX(x_i), then RZ RY RZ with weights, on each qubit, and a CNOT ring.

    Args:
        n: Number of qubits.
        layers: Number of layers L.
        batch: Number of samples.
        key: Name of the workload.
        shift: The ring couples qubit i to qubit i + `shift`; other values make other circuits.
    """
    block = [Instruction("rx", (q,), (Slot("x", q),)) for q in range(n)]
    for q in range(n):
        for k, name in enumerate(("rz", "ry", "rz")):
            block.append(Instruction(name, (q,), (Slot("w", 3 * q + k),)))
    block += [Instruction("cx", (q, (q + shift) % n)) for q in range(n)]
    return Workload(
        key=key,
        title=f"R({n},{layers}) batch {batch}",
        n_qubits=n,
        batch=batch,
        block=tuple(block),
        repeats=layers,
        stride=3 * n,
        tail=(),
        n_inputs=n,
        n_weights=3 * n * layers,
        observables=tuple(((1.0, f"Z{q}"),) for q in range(n)),
    )


def qcnn_step(batch: int, *, key: str, n: int = 8) -> Workload:
    """One training step of the convolutional network with SU(4) blocks, on amplitudes."""
    ansatz = qcnn(n, "SU4")
    tail = tuple(
        Instruction(op.name, op.qubits, tuple(_slot(angle) for angle in op.angles))
        for op in ansatz.circuit.ops
    )
    return Workload(
        key=key,
        title=f"QCNN-SU4 {n} qubits, batch {batch}, training step",
        n_qubits=n,
        batch=batch,
        block=(),
        repeats=0,
        stride=0,
        tail=tail,
        n_inputs=2**n,
        n_weights=ansatz.circuit.n_weights,
        observables=(((1.0, f"Z{ansatz.readout}"),),),
        amplitude=True,
        training=True,
    )


def _slot(angle: Angle) -> Slot:
    ((coefficient, (symbol,)),) = angle.terms
    assert coefficient == 1.0
    assert angle.constant == 0.0
    return Slot("w", symbol.index)


def ising_energy(n: int, layers: int, *, key: str) -> Workload:
    """Energy -sum Z_i Z_{i+1} - sum X_i of an open chain after hardware-efficient layers."""
    rotations = [
        Instruction(name, (q,), (Slot("w", k * n + q),))
        for k, name in enumerate(("ry", "rz"))
        for q in range(n)
    ]
    ring = [Instruction("cx", (q, (q + 1) % n)) for q in range(n)]
    energy = [(-1.0, f"Z{q} Z{q + 1}") for q in range(n - 1)] + [(-1.0, f"X{q}") for q in range(n)]
    last = tuple(
        Instruction(name, qubits, tuple(Slot("w", s.position + 2 * n * layers) for s in slots))
        for name, qubits, slots in rotations
    )
    return Workload(
        key=key,
        title=f"VQE {n}-qubit Ising, {layers} layers",
        n_qubits=n,
        batch=1,
        block=(*rotations, *ring),
        repeats=layers,
        stride=2 * n,
        tail=last,
        n_inputs=0,
        n_weights=2 * n * (layers + 1),
        observables=(tuple(energy),),
    )


def _table() -> dict[str, Workload]:
    sizes = {"r4": (4, 128), "r8": (8, 128), "r12": (12, 32), "r16": (16, 4), "r20": (20, 1)}
    found = [reuploading(n, 4, batch, key=key) for key, (n, batch) in sizes.items()]
    found += [qcnn_step(256, key="qcnn"), ising_energy(12, 8, key="vqe")]
    found += [reuploading(4, 4, batch, key=f"r4-b{batch}") for batch in (1, 8, 1024)]
    found.append(replace(found[1], key="first", title="First calls of never-seen R(8,4)"))
    return {workload.key: workload for workload in found}


WORKLOADS = _table()
"""Workloads by name, in the order in which they are run."""

QUICK = ("r4", "r4-b1")
QUBIT_SWEEP = ("r4", "r8", "r12", "r16", "r20")
BATCH_SWEEP = ("r4-b1", "r4-b8", "r4", "r4-b1024")
TINY = reuploading(2, 1, 2, key="tiny")
"""What each process runs before anything is timed, so that a first call is not an import."""


def workload(key: str, variant: int = 0, batch: int | None = None) -> Workload:
    """A workload by name.

    Args:
        key: Name in `WORKLOADS`.
        variant: For `"first"`: which of its circuits, 0 to 5.
        batch: Number of samples instead of its own.
    """
    found: Any = TINY if key == "tiny" else WORKLOADS[key]
    if variant:
        found = reuploading(found.n_qubits, found.repeats, found.batch, key=key, shift=variant + 1)
    return found if batch is None else replace(found, batch=batch)
