"""IBM Eagle's 127 qubits and the kicked Ising circuit on them."""

from __future__ import annotations

import math
from typing import Any

from circuits import Circuit
from circuits import gates as g

N_QUBITS = 127


def eagle_edges() -> list[tuple[int, int]]:
    """The 144 couplings: seven rows of 14 or 15 qubits, with four bridges between neighbours."""
    starts, lengths = (0, 18, 37, 56, 75, 94, 113), (14, 15, 15, 15, 15, 15, 14)
    edges = [
        (q, q + 1)
        for s, n in zip(starts, lengths, strict=True)
        for q in range(s, s + n - 1)
    ]  # fmt: skip
    for row in range(6):
        first = 0 if row % 2 == 0 else 2  # column of the first bridge, then every fourth
        for k in range(4):
            bridge, column = starts[row] + lengths[row] + k, first + 4 * k
            below = column - (1 if row == 5 else 0)  # the last row lacks its first column
            edges += [(starts[row] + column, bridge), (bridge, starts[row + 1] + below)]
    return sorted((min(e), max(e)) for e in edges)


def kicked_ising(theta: Any, steps: int, channels: Any = lambda q: ()) -> Circuit:
    """RX(theta) on all qubits, then RZZ(-pi/2) on all couplings, `steps` times.

    The circuit of Kim et al., Nature 618, 500 (2023). `channels(q)` gives ops that follow each RX.
    """
    ops = []
    for _ in range(steps):
        for q in range(N_QUBITS):
            ops += [g.rx(theta, q), *channels(q)]
        ops += [g.rzz(-math.pi / 2, *edge) for edge in eagle_edges()]
    return Circuit(N_QUBITS, ops)


def light_cone(
    qubit: int, theta: Any, steps: int, channels: Any = lambda q: ()
) -> tuple[Circuit, int]:
    """The part of `kicked_ising` that Z on one qubit depends on, on its own qubits.

    Gates of a layer commute, so each layer reaches only the neighbours of what is reached.

    Returns:
        The circuit, and the number of `qubit` in it.
    """
    reached, layers = {qubit}, []
    for _ in range(steps):
        touching = [e for e in eagle_edges() if reached.intersection(e)]
        reached = reached.union(*touching)
        layers.append((sorted(reached), touching))
    number = {q: k for k, q in enumerate(sorted(reached))}
    ops = []
    for turned, edges in reversed(layers):
        for q in turned:
            ops += [g.rx(theta, number[q]), *channels(number[q])]
        ops += [g.rzz(-math.pi / 2, number[a], number[b]) for a, b in edges]
    return Circuit(len(reached), ops), number[qubit]
