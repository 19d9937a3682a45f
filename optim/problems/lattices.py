"""Spin models on chains, rings and any networkx graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from circuits import PauliSum
from circuits.errors import InvalidArgumentError
from optim.problems.problem import Problem

if TYPE_CHECKING:
    import networkx as nx

LATTICE_ACCURACY = 1e-3
"""Error, in units of the couplings, at which a spin model counts as solved."""


def transverse_field_ising(
    lattice: int | nx.Graph,
    *,
    coupling: float = 1.0,
    field: float = 1.0,
    periodic: bool = False,
) -> Problem:
    """Transverse-field Ising model H = -J sum_<ij> Z_i Z_j - h sum_i X_i.

    Args:
        lattice: Number of spins of a chain, or a graph with a spin on each node (in the order of
            `graph.nodes`) and a bond on each edge, whose attribute `weight`, default 1,
            multiplies J.
        coupling: J.
        field: h.
        periodic: Whether the chain is closed to a ring.

    References:
        Pfeuty, Ann. Phys. 57, 79 (1970): the exact solution of the chain.

    >>> problem = transverse_field_ising(2, coupling=1.0, field=0.0)
    >>> problem.ground_energy
    -1.0
    """
    graph = as_lattice(lattice, periodic)
    terms = {f"Z{a} Z{b}": -coupling * w for a, b, w in bonds(graph)}
    terms |= {f"X{q}": -field for q in range(len(graph))}
    facts = {"model": "transverse-field Ising", "coupling": coupling, "field": field}
    return _spin_problem("tfim", lattice, periodic, graph, terms, facts)


def heisenberg_xxz(
    lattice: int | nx.Graph,
    *,
    coupling: float = 1.0,
    anisotropy: float = 1.0,
    field: float = 0.0,
    periodic: bool = False,
) -> Problem:
    """Heisenberg XXZ model H = J sum_<ij> (X_i X_j + Y_i Y_j + D Z_i Z_j) + h sum_i Z_i.

    Written in Pauli matrices, not in spins S = sigma / 2; J > 0 is antiferromagnetic.

    Args:
        lattice: Number of spins of a chain, or a graph, as for `transverse_field_ising`.
        coupling: J.
        anisotropy: D.
        field: h.
        periodic: Whether the chain is closed to a ring.

    >>> heisenberg_xxz(2).ground_energy  # the singlet
    -3.0
    """
    graph = as_lattice(lattice, periodic)
    terms: dict[str, float] = {}
    for a, b, w in bonds(graph):
        for letter, strength in (("X", 1.0), ("Y", 1.0), ("Z", anisotropy)):
            terms[f"{letter}{a} {letter}{b}"] = coupling * strength * w
    terms |= {f"Z{q}": field for q in range(len(graph))}
    facts = {"model": "Heisenberg XXZ", "coupling": coupling}
    facts |= {"anisotropy": anisotropy, "field": field}
    return _spin_problem("xxz", lattice, periodic, graph, terms, facts)


def as_lattice(lattice: Any, periodic: bool = False) -> nx.Graph:
    """A graph for a number of spins or a graph.

    Raises:
        InvalidArgumentError: If it has fewer than two nodes, or loops, or is directed, or
            `periodic` is set for a graph or for a chain of two.
    """
    import networkx as nx

    if isinstance(lattice, nx.Graph):
        graph = lattice
        if periodic:
            raise InvalidArgumentError("Argument `periodic` is for chains: add the edge instead.")
    else:
        if isinstance(lattice, bool) or not isinstance(lattice, int) or lattice < 2 + periodic:
            raise InvalidArgumentError(
                f"Argument `lattice` must be a graph or a number of spins, at least "
                f"{2 + periodic}, got {lattice!r}."
            )
        graph = nx.cycle_graph(lattice) if periodic else nx.path_graph(lattice)
    wrong = graph.is_directed() or graph.is_multigraph() or nx.number_of_selfloops(graph) > 0
    if wrong or len(graph) < 1:
        raise InvalidArgumentError(
            f"A graph must be simple and undirected with at least one node, got {graph}."
        )
    return graph


def bonds(graph: nx.Graph) -> list[tuple[int, int, float]]:
    """Edges as pairs of qubits with their weights; qubit k is the k-th node."""
    place = {node: k for k, node in enumerate(graph.nodes)}
    return [(place[a], place[b], float(w)) for a, b, w in graph.edges(data="weight", default=1.0)]


def _spin_problem(
    model: str,
    lattice: Any,
    periodic: bool,
    graph: nx.Graph,
    terms: dict[str, float],
    facts: dict[str, Any],
) -> Problem:
    shape = "ring" if periodic else "chain" if isinstance(lattice, int) else "graph"
    numbers = "_".join(f"{k[0]}{v:g}" for k, v in facts.items() if k != "model")
    return Problem(
        f"{model}_{shape}{len(graph)}_{numbers}",
        PauliSum(terms, n_qubits=len(graph)),
        accuracy=LATTICE_ACCURACY,
        provenance={**facts, "bonds": bonds(graph)},
    )
