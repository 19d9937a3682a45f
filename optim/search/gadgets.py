"""Exponentials of Pauli strings as CNOTs and rotations."""

from __future__ import annotations

import math
from collections.abc import Sequence

import networkx as nx

from optim.search.candidate import Placed

Pairs = Sequence[tuple[int, int]]

# Rotations that turn X or Y into Z, and back.
_TO_Z = {
    "X": (("ry", -math.pi / 2), ("ry", math.pi / 2)),
    "Y": (("rx", math.pi / 2), ("rx", -math.pi / 2)),
}


def pauli_gadget(
    letters: Sequence[str], qubits: Sequence[int], pairs: Pairs, angle: float = 0.0
) -> tuple[Placed, ...]:
    """Gates of exp(-i angle P / 2) for a Pauli string P: rotations to Z, a tree of CNOTs, one rz.

    With one Y and otherwise X, nothing is rotated: conjugated by CNOTs from its qubit to the
    others, one ry is that exponential. 2 (m - 1) CNOTs for m letters in both cases.

    Args:
        letters: X, Y or Z for each of `qubits`.
        qubits: The qubits, the root of the tree first.
        pairs: Pairs between which CNOTs may be placed, in either direction; `qubits` must hang
            together in them.
        angle: The angle in radians.

    >>> [f"{name}{qubits}" for name, qubits, _ in pauli_gadget("YX", (0, 1), [(0, 1)])]
    ['cx(0, 1)', 'ry(0,)', 'cx(0, 1)']
    """
    edges = _tree(qubits, pairs)
    if sorted(letters) == ["X"] * (len(letters) - 1) + ["Y"]:
        root = qubits[list(letters).index("Y")]
        fan = [Placed("cx", edge) for edge in reversed(_tree(_rooted(qubits, root), pairs))]
        return (*fan, Placed("ry", (root,), angle), *reversed(fan))
    before, after = [], []
    for letter, qubit in zip(letters, qubits, strict=True):
        if letter in _TO_Z:
            there, back = _TO_Z[letter]
            before.append(Placed(there[0], (qubit,), there[1]))
            after.append(Placed(back[0], (qubit,), back[1]))
    parity = [Placed("cx", (child, parent)) for parent, child in reversed(edges)]
    turn = Placed("rz", (qubits[0],), angle)
    return (*before, *parity, turn, *reversed(parity), *after)


def is_connected(qubits: Sequence[int], pairs: Pairs) -> bool:
    """Whether qubits hang together through pairs among themselves."""
    graph = _graph(qubits, pairs)
    return bool(nx.is_connected(graph))


def _tree(qubits: Sequence[int], pairs: Pairs) -> list[tuple[int, int]]:
    """Edges (parent, child) of a breadth-first tree over the qubits, from the first one."""
    return list(nx.bfs_edges(_graph(qubits, pairs), qubits[0]))


def _graph(qubits: Sequence[int], pairs: Pairs) -> nx.Graph[int]:
    graph: nx.Graph[int] = nx.Graph()
    graph.add_nodes_from(qubits)
    chosen = set(qubits)
    graph.add_edges_from(sorted(pair for pair in pairs if set(pair) <= chosen))
    return graph


def _rooted(qubits: Sequence[int], root: int) -> list[int]:
    return [root, *(qubit for qubit in qubits if qubit != root)]
