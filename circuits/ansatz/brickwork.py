"""Brickwork: one two-qubit block with weights of its own on every pair of a pattern."""

from __future__ import annotations

from typing import Any

from circuits.ansatz.entanglers import entangler_pairs
from circuits.ansatz.qcnn_blocks import Block, block_named
from circuits.arguments import integer
from circuits.circuit import Circuit
from circuits.errors import InvalidArgumentError
from circuits.ops import Op
from circuits.symbols import weights


def brickwork(
    n_qubits: int,
    layers: int,
    *,
    block: str | Block = "SU4",
    entangler: Any = "pairs",
    name: str = "weight",
) -> Circuit:
    """Layers of two-qubit blocks, each with weights of its own.

    Args:
        n_qubits: Number of qubits n, at least 2.
        layers: Number L of layers. With the default pattern a layer is a row of blocks on
            (0, 1), (2, 3), ... and a row on (1, 2), (3, 4), ...: n - 1 blocks.
        block: Name in `BLOCKS` or a `Block`.
        entangler: Pattern, list of pairs or graph; see `entangler_pairs`.
        name: Name of the group of weights.

    Returns:
        Circuit with one group of weights of shape `(L, pairs, angles of the block)`.

    Raises:
        KetworkError: If a count, the block or the entangler is not valid.

    >>> brickwork(4, 2).parameters[0].shape
    (2, 3, 15)
    """
    n, count = integer(n_qubits, "n_qubits", 2), integer(layers, "layers")
    unit = block_named(block)
    pairs = entangler_pairs(entangler, n)
    if not pairs:
        raise InvalidArgumentError("Argument `entangler` has no pairs: the circuit would be empty.")
    w = weights(count, len(pairs), unit.n_angles, name=name)
    ops: list[Op] = []
    for layer in range(count):
        for k, (a, b) in enumerate(pairs):
            ops += unit.on(w[layer, k], a, b)
    return Circuit(n, ops)


def brickwork_su4(
    n_qubits: int, layers: int, *, entangler: Any = "pairs", name: str = "weight"
) -> Circuit:
    """Brickwork of general SU(4) blocks with 15 angles each.

    Every two-qubit unitary can be reached by each block, up to a global phase.

    Args:
        n_qubits: Number of qubits, at least 2.
        layers: Number of layers; see `brickwork`.
        entangler: Pattern, list of pairs or graph; see `entangler_pairs`.
        name: Name of the group of weights.

    Returns:
        Circuit with one group of weights of shape `(layers, pairs, 15)`.

    References:
        Vatan and Williams, Phys. Rev. A 69, 032315 (2004), arXiv:quant-ph/0308006 (the block).
    """
    return brickwork(n_qubits, layers, block="SU4", entangler=entangler, name=name)
