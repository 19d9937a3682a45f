"""Entangler patterns: which pairs of qubits a layer of two-qubit gates couples, in which order."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import Any

from circuits.arguments import integer
from circuits.errors import InvalidArgumentError, QubitError

Pair = tuple[int, int]


def _linear(n: int) -> list[Pair]:
    return [(q, q + 1) for q in range(n - 1)]


def _reverse_linear(n: int) -> list[Pair]:
    return _linear(n)[::-1]


def _ring(n: int) -> list[Pair]:
    return _linear(n) + ([(n - 1, 0)] if n > 2 else [])


def _circular(n: int) -> list[Pair]:
    return ([(n - 1, 0)] if n > 2 else []) + _linear(n)


def _full(n: int) -> list[Pair]:
    return list(itertools.combinations(range(n), 2))


def _brick(n: int) -> list[Pair]:
    return _linear(n)[::2] + _linear(n)[1::2]


PATTERNS: dict[str, Callable[[int], list[Pair]]] = {
    "linear": _linear,
    "reverse_linear": _reverse_linear,
    "ring": _ring,
    "circular": _circular,
    "full": _full,
    "pairs": _brick,
}


def entangler_pairs(pattern: Any, n_qubits: int) -> list[Pair]:
    """Pairs of qubits (control first, where the gate has one) that a pattern couples.

    | pattern | pairs on n qubits, in order |
    |---|---|
    | `"linear"` | (0, 1), (1, 2), ..., (n-2, n-1) |
    | `"reverse_linear"` | the same, last first |
    | `"ring"` | linear, then (n-1, 0) where n > 2 |
    | `"circular"` | (n-1, 0) where n > 2, then linear (Qiskit's order) |
    | `"full"` | all (i, j) with i < j |
    | `"pairs"` | bricks: (0, 1), (2, 3), ..., then (1, 2), (3, 4), ... |
    | list of pairs | as given |
    | networkx graph | its edges: sorted (i, j) with i < j; a directed graph keeps directions |

    Args:
        pattern: One of the above. Nodes of a graph are the qubits.
        n_qubits: Number of qubits, at least 1.

    Returns:
        The pairs; none on one qubit.

    Raises:
        InvalidArgumentError: If the pattern is unknown or an item is not a pair.
        QubitError: If a pair couples a qubit to itself or names a qubit that does not exist.

    >>> entangler_pairs("ring", 4)
    [(0, 1), (1, 2), (2, 3), (3, 0)]
    >>> import networkx
    >>> entangler_pairs(networkx.star_graph(3), 4)
    [(0, 1), (0, 2), (0, 3)]
    """
    n = integer(n_qubits, "n_qubits")
    if isinstance(pattern, str):
        if pattern not in PATTERNS:
            raise InvalidArgumentError(
                f"Argument `entangler` must be one of {', '.join(map(repr, PATTERNS))}, a list of "
                f"pairs of qubits, or a networkx graph, got {pattern!r}."
            )
        return PATTERNS[pattern](n)
    if hasattr(pattern, "edges") and hasattr(pattern, "nodes"):
        return _graph_pairs(pattern, n)
    if not isinstance(pattern, Iterable):
        raise InvalidArgumentError(
            f"Argument `entangler` must be a name, a list of pairs of qubits, or a networkx "
            f"graph, got {type(pattern).__name__}: {pattern!r}."
        )
    return [_checked(pair, n) for pair in pattern]


def _graph_pairs(graph: Any, n: int) -> list[Pair]:
    for node in graph.nodes:
        _check_qubit(node, n, f"the node {node!r}")
    pairs = [_checked(pair, n) for pair in graph.edges()]
    if not graph.is_directed():
        pairs = [(min(pair), max(pair)) for pair in pairs]
    return sorted(pairs)


def _checked(pair: Any, n: int) -> Pair:
    try:
        first, second = pair
    except (TypeError, ValueError):
        raise InvalidArgumentError(
            f"Every item of argument `entangler` must be a pair of qubits, got {pair!r}."
        ) from None
    for qubit in (first, second):
        _check_qubit(qubit, n, f"the pair {pair!r}")
    if first == second:
        raise QubitError(f"Argument `entangler` couples qubit {first} to itself.")
    return int(first), int(second)


def _check_qubit(qubit: Any, n: int, where: str) -> None:
    if isinstance(qubit, bool) or not hasattr(qubit, "__index__") or not 0 <= qubit < n:
        raise QubitError(
            f"Argument `entangler` has {where}, but qubits are the integers 0 to {n - 1}."
        )
