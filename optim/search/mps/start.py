"""`mps_start`: a circuit of the best state of bond dimension 1 or 2, to begin a search with."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

import networkx as nx
import numpy as np

from circuits.arguments import integer
from circuits.errors import InvalidArgumentError
from optim.problems.problem import Problem
from optim.search.candidate import Candidate
from optim.search.choices import coupling_of
from optim.search.mps.blocks import sequential_gates
from optim.search.mps.sweeps import Tensor, lowest_mps
from optim.search.simplification import simplified


@final
@dataclass(frozen=True)
class WarmStart:
    """A circuit to begin a search with.

    Attributes:
        candidate: Its gates: rotations and CNOTs between neighbours of `order`.
        energy: Energy of its state.
        order: The qubits along the matrix product state.
        bond: Largest bond dimension.
    """

    candidate: Candidate
    energy: float
    order: tuple[int, ...]
    bond: int


def mps_start(problem: Problem, *, bond: int = 2, attempts: int = 12, seed: int = 0) -> WarmStart:
    """The matrix product state of lowest energy, compiled to CNOTs and rotations.

    The state is found by sweeps (DMRG) from several random starts. A real Hamiltonian needs ry
    and CNOTs only: 1 CNOT for the first block, 2 for each further one.

    The result starts any search in one of two ways. As `initial=start.candidate` its gates are
    the search's own: trained, changed, counted. As `with_start(problem, start.candidate)` they are
    fixed in front of what the search places; `result.circuit` holds and counts all of them.

    Args:
        problem: The problem; without initial gates, as the state starts from |0...0>.
        bond: Largest bond dimension, 1 (a product state) or 2.
        attempts: Number of random starts.
        seed: Seed of these.

    Raises:
        InvalidArgumentError: If `bond` is larger, the problem has initial gates, or the coupling
            has no path through all qubits.

    References:
        TensorRL-QAS (arXiv:2505.09371); sequential preparation: Schoen et al., Phys. Rev. Lett.
        95, 110503 (2005).

    >>> from optim.problems import molecule
    >>> hydrogen = molecule("H2", 4)
    >>> start = mps_start(hydrogen)
    >>> start.candidate.cnots <= 5, hydrogen.error(start.candidate.to_circuit()) < 1e-8
    (True, True)
    """
    if integer(bond, "bond") > 2:
        raise InvalidArgumentError(
            f"Argument `bond` must be 1 or 2, got {bond}: larger bonds need blocks of more than "
            "two qubits. Let a search extend the state of bond dimension 2."
        )
    integer(attempts, "attempts")
    if problem.initial is not None:
        raise InvalidArgumentError(
            f"The problem {problem.name!r} has initial gates, but a matrix product state is "
            "prepared from |0...0>."
        )
    order = _path(problem)
    matrix = problem.hamiltonian.map_qubits(_places(problem, order), problem.n_qubits).to_sparse()
    inside = 2 ** len(order)  # the other qubits, placed last, stay in |0>
    matrix = matrix.tocsr()[:inside, :inside]
    best: tuple[list[Tensor], float] | None = None
    for generator in np.random.default_rng(seed).spawn(attempts):
        found = (
            _of_one_site(matrix)
            if len(order) == 1
            else lowest_mps(matrix, len(order), bond, generator)
        )
        if best is None or found[1] < best[1] - 1e-9:
            best = found
    assert best is not None
    gates = sequential_gates(best[0], order)
    candidate = simplified(Candidate(problem.n_qubits, gates), idle=range(problem.n_qubits))
    energy = float(candidate.flat(problem).expectation(problem.hamiltonian))
    return WarmStart(candidate, energy, order, bond)


def with_start(problem: Problem, candidate: Candidate) -> Problem:
    """The problem with a candidate's gates fixed behind its own initial ones."""
    start = problem.complete(candidate.to_circuit())
    return dataclasses.replace(problem, initial=start, provenance=dict(problem.provenance))


def _of_one_site(matrix: object) -> tuple[list[Tensor], float]:
    values, vectors = np.linalg.eigh(np.asarray(matrix.toarray()))  # type: ignore[attr-defined]
    return [vectors[:, 0].reshape(1, 2, 1)], float(values[0])


def _places(problem: Problem, order: tuple[int, ...]) -> dict[int, int]:
    rest = [qubit for qubit in range(problem.n_qubits) if qubit not in order]
    return {qubit: place for place, qubit in enumerate((*order, *rest))}


def _path(problem: Problem) -> tuple[int, ...]:
    """All free qubits in an order in which neighbours are coupled: ascending if that is one."""
    qubits = tuple(sorted(problem.free_qubits))
    graph: nx.Graph[int] = nx.Graph(list(coupling_of(problem)))
    graph.add_nodes_from(qubits)
    path = next(
        (found for first in qubits for found in _extended((first,), graph, len(qubits))), None
    )
    if path is None:
        raise InvalidArgumentError(
            f"The coupling of {problem.name!r} has no path through all of the qubits {qubits}, "
            "along which a matrix product state could be prepared."
        )
    return path


def _extended(
    path: tuple[int, ...], graph: nx.Graph[int], length: int
) -> Iterator[tuple[int, ...]]:
    if len(path) == length:
        yield path
        return
    for other in sorted(graph.neighbors(path[-1])):
        if other not in path:
            yield from _extended((*path, other), graph, length)
