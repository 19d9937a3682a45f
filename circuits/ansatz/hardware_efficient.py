"""Layers of one-qubit rotations and entanglers: the hardware-efficient family."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from circuits.ansatz.entanglers import Pair, entangler_pairs
from circuits.arguments import integer, two_qubit_gate
from circuits.arguments import rotations as checked_rotations
from circuits.circuit import Circuit
from circuits.gates.record import Gate
from circuits.gates.table import TABLE
from circuits.ops import Op
from circuits.symbols import Angle, weights


def hardware_efficient(
    n_qubits: int,
    layers: int,
    *,
    rotations: str | tuple[str, ...] = ("ry", "rz"),
    entangler: Any = "ring",
    gate: str = "cx",
    final_rotations: bool = True,
    name: str = "weight",
) -> Circuit:
    """Alternate layers of rotations on every qubit with layers of two-qubit gates.

    One layer is: for each name in `rotations`, that rotation on qubits 0 to n-1; then `gate` on
    each pair of the entangler.

    Args:
        n_qubits: Number of qubits n.
        layers: Number L of layers.
        rotations: Names among rx, ry, rz, p.
        entangler: Pattern, list of pairs or graph; see `entangler_pairs`.
        gate: A two-qubit gate without angle (cx, cz, ecr, ...) or with one (crx, rzz, ...).
        final_rotations: Whether one more layer of rotations follows the last entanglers.
        name: Name of the group of weights.

    Returns:
        Circuit with one group of weights of shape `(L + final_rotations, len(rotations), n)`,
        used in row-major order. If `gate` has an angle, the group is flat and holds, layer by
        layer, the rotations' angles and then the entanglers'.

    Raises:
        KetworkError: If a count, a gate name or the entangler is not valid.

    References:
        Kandala et al., Nature 549, 242 (2017), arXiv:1704.05018.

    >>> hardware_efficient(3, 2, rotations="ry", entangler="linear").count_ops()
    {'ry': 9, 'cx': 4}
    """
    n, count = integer(n_qubits, "n_qubits"), integer(layers, "layers")
    names = checked_rotations(rotations)
    coupling = two_qubit_gate(gate)
    pairs = entangler_pairs(entangler, n)
    turns = count + bool(final_rotations)
    if coupling.n_angles:
        symbols = weights(turns * len(names) * n + count * len(pairs), name=name)
    else:
        symbols = weights(turns, len(names), n, name=name)
    angles = iter(symbols.ravel())
    ops: list[Op] = []
    for _ in range(count):
        ops += _rotation_layer(names, n, angles)
        ops += _entangler_layer(coupling, pairs, angles)
    if final_rotations:
        ops += _rotation_layer(names, n, angles)
    return Circuit(n, ops)


def efficient_su2(
    n_qubits: int,
    layers: int = 3,
    *,
    rotations: str | tuple[str, ...] = ("ry", "rz"),
    entangler: Any = "reverse_linear",
    final_rotations: bool = True,
    name: str = "weight",
) -> Circuit:
    """Rotations `ry`, `rz` and CX entanglers, gate by gate equal to Qiskit's `efficient_su2`.

    Qiskit's names of entanglements agree, except that its "pairwise" is our "pairs".

    Args:
        n_qubits: Number of qubits n.
        layers: Number of layers (Qiskit's `reps`).
        rotations: Names among rx, ry, rz, p.
        entangler: Pattern, list of pairs or graph; see `entangler_pairs`.
        final_rotations: Whether one more layer of rotations follows the last entanglers.
        name: Name of the group of weights.

    Returns:
        Circuit with one group of weights `(layers + final_rotations, len(rotations), n)`, whose
        row-major order is the order of Qiskit's parameters.
    """
    return hardware_efficient(
        n_qubits,
        layers,
        rotations=rotations,
        entangler=entangler,
        final_rotations=final_rotations,
        name=name,
    )


def real_amplitudes(
    n_qubits: int,
    layers: int = 3,
    *,
    entangler: Any = "reverse_linear",
    final_rotations: bool = True,
    name: str = "weight",
) -> Circuit:
    """Rotations `ry` and CX entanglers: states with real amplitudes (Qiskit's `real_amplitudes`).

    Args:
        n_qubits: Number of qubits n.
        layers: Number of layers (Qiskit's `reps`).
        entangler: Pattern, list of pairs or graph; see `entangler_pairs`.
        final_rotations: Whether one more layer of rotations follows the last entanglers.
        name: Name of the group of weights.

    Returns:
        Circuit with one group of weights `(layers + final_rotations, 1, n)`, whose row-major
        order is the order of Qiskit's parameters.
    """
    return hardware_efficient(
        n_qubits,
        layers,
        rotations=("ry",),
        entangler=entangler,
        final_rotations=final_rotations,
        name=name,
    )


def _rotation_layer(names: tuple[str, ...], n: int, angles: Iterator[Angle]) -> list[Op]:
    return [Op(TABLE[name], (q,), (next(angles),)) for name in names for q in range(n)]


def _entangler_layer(gate: Gate, pairs: list[Pair], angles: Iterator[Angle]) -> list[Op]:
    return [Op(gate, pair, (next(angles),) if gate.n_angles else ()) for pair in pairs]
