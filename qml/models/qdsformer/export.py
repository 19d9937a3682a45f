"""The doubly stochastic circuit on Bell pairs, as a `Circuit` for any backend."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch import Tensor

from circuits import Circuit, inputs, weights
from circuits import gates as g
from circuits.ops import Op
from qml.models.qdsformer.ansatz import Ansatz, Block, ansatz_named
from qml.models.qdsformer.layout import Layout, layout_of

_GATES: dict[str, Any] = {
    "X": g.rx,
    "Y": g.ry,
    "XX": g.rxx,
    "ZZ": g.rzz,
}
_TRANSPOSED_SIGN = {"X": 1, "Y": -1}


def bell_circuit(ansatz: str, n_data: int, n_auxiliary: int, layers: int) -> Circuit:
    """The circuit whose outcomes have the probabilities P_ij / T.

    The n qubits of the line are the first halves of n Bell pairs, their partners are the qubits
    n, ..., 2 n - 1. Measuring the data qubits gives i, and measuring their partners gives j. With
    the ansatz `parted` the first half of the layers acts on the partners, transposed, which is
    the same as on the line and takes half the depth.

    Args:
        ansatz: Name of the ansatz.
        n_data: Number of data qubits; T is 2^n_data.
        n_auxiliary: Number of auxiliary qubits.
        layers: Number of layers.

    Returns:
        Circuit on 2 n qubits with inputs `x` of shape `(T, T)` and weights `theta`.
    """
    record, layout = ansatz_named(ansatz), layout_of(n_data, n_auxiliary)
    n, tokens = layout.n_qubits, 2**n_data
    x = inputs(tokens, tokens)
    theta = weights(record.n_angles(n, layers), name="theta")

    def angle(slot: int) -> Any:
        return theta[slot] * x[(slot // tokens) % tokens, slot % tokens]

    ops = [g.h(q) for q in range(n)] + [g.cx(q, q + n) for q in range(n)]
    first = layers // 2 if record.parted else 0
    late = record.rows(n, layers)
    early = record.rows(n, first)
    for row in reversed(early):
        for block in reversed(row):
            ops += reversed(list(_gates(record, layout, block, angle, n)))
    for row in late[len(early) :]:
        for block in row:
            ops += _gates(record, layout, block, angle, 0)
    return Circuit(2 * n, ops)


def _gates(record: Ansatz, layout: Layout, block: Block, angle: Any, offset: int) -> Iterator[Op]:
    """A block's gates; those on the partners, at an offset, are transposed."""
    q = block.first + offset
    for k, slot in enumerate(block.turns):
        if slot is not None:
            axis = layout.axis(record.axes, block.first + k)
            sign = _TRANSPOSED_SIGN[axis] if offset else 1
            yield _GATES[axis](sign * angle(slot), q + k)
    for letters, slot in zip(record.couplings, block.couplings, strict=True):
        if slot is not None:
            yield _GATES[letters](block.factor * angle(slot), q, q + 1)


def measured_qubits(n_data: int, n_auxiliary: int) -> tuple[int, ...]:
    """The data qubits and their partners, in whose outcomes i is the less significant half."""
    layout = layout_of(n_data, n_auxiliary)
    return (*layout.data, *(q + layout.n_qubits for q in layout.data))


def from_probabilities(probabilities: Tensor, tokens: int) -> Tensor:
    """The matrices P `(..., T, T)` of probabilities `(..., T^2)` of the measured qubits."""
    return tokens * probabilities.unflatten(-1, (tokens, tokens)).mT
