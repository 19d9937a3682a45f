"""Combinatorial problems on networkx graphs, as diagonal Hamiltonians.

Bit 1 of a measured node means "in the set": Z = -1 there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from circuits import PauliSum
from circuits.errors import InvalidArgumentError
from optim.problems.lattices import as_lattice, bonds
from optim.problems.problem import Problem

if TYPE_CHECKING:
    import networkx as nx

GRAPH_ACCURACY = 1e-2
"""Error of the energy at which a graph problem counts as solved (cuts of weight 1 differ by 1)."""


def max_cut(graph: nx.Graph) -> Problem:
    """Divide the nodes in two so that the edges between the parts weigh most.

    H = sum_ij w_ij (Z_i Z_j - 1) / 2, so that the energy is minus the weight of the cut.

    Args:
        graph: Simple undirected graph; edges may have a `weight`, default 1. Qubit k is the k-th
            of `graph.nodes`.

    References:
        Farhi, Goldstone, Gutmann, arXiv:1411.4028 (2014).

    >>> import networkx as nx
    >>> max_cut(nx.cycle_graph(5)).ground_energy
    -4.0
    """
    graph = as_lattice(graph)
    terms: dict[str, float] = {"": 0.0}
    for a, b, weight in bonds(graph):
        terms[f"Z{a} Z{b}"] = weight / 2
        terms[""] -= weight / 2
    facts = {"graph": str(graph), "bonds": bonds(graph), "nodes": [str(n) for n in graph.nodes]}
    return Problem(
        f"maxcut_{len(graph)}nodes_{graph.number_of_edges()}edges",
        PauliSum(terms, n_qubits=len(graph)),
        accuracy=GRAPH_ACCURACY,
        provenance=facts,
    )


def maximum_independent_set(graph: nx.Graph, *, penalty: float = 2.0) -> Problem:
    """Choose as many nodes as possible of which no two are neighbours.

    H = -sum_i n_i + penalty sum_<ij> n_i n_j with n = (1 - Z) / 2, so that the ground energy is
    minus the size of the set.

    Args:
        graph: Simple undirected graph. Qubit k is the k-th of `graph.nodes`.
        penalty: Energy of two chosen neighbours, greater than 1.

    Raises:
        InvalidArgumentError: If the penalty does not forbid neighbours, or edges have weights.

    References:
        Lucas, Front. Phys. 2, 5 (2014), section 4.2 for its complement, the vertex cover.

    >>> import networkx as nx
    >>> maximum_independent_set(nx.path_graph(5)).ground_energy
    -3.0
    """
    graph = as_lattice(graph)
    if not penalty > 1:
        raise InvalidArgumentError(
            f"Argument `penalty` must be greater than 1, or neighbours pay, got {penalty}."
        )
    if any(weight != 1 for _, _, weight in bonds(graph)):
        raise InvalidArgumentError("Independent sets do not depend on weights of edges: drop them.")
    terms = {"": -len(graph) / 2, **{f"Z{q}": 0.5 for q in range(len(graph))}}
    for a, b, _ in bonds(graph):
        for label, sign in (("", 1), (f"Z{a}", -1), (f"Z{b}", -1), (f"Z{a} Z{b}", 1)):
            terms[label] = terms.get(label, 0.0) + sign * penalty / 4
    facts = {"graph": str(graph), "penalty": penalty, "nodes": [str(n) for n in graph.nodes]}
    return Problem(
        f"mis_{len(graph)}nodes_{graph.number_of_edges()}edges",
        PauliSum(terms, n_qubits=len(graph)),
        accuracy=GRAPH_ACCURACY,
        provenance=facts,
    )


def chosen_nodes(graph: nx.Graph, bits: Sequence[int]) -> list[object]:
    """The nodes whose bit is 1.

    Args:
        graph: The graph that the problem was made of.
        bits: One bit per qubit, as a row of `Circuit.sample` is.
    """
    return [node for node, bit in zip(graph.nodes, bits, strict=True) if bit]
