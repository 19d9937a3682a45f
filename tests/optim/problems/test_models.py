"""Spin models, graphs, states and unitaries against closed forms and brute force."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import unitary_group

from circuits import Circuit, PauliSum
from circuits import gates as g
from circuits.errors import InvalidArgumentError, NotUnitaryError, ResourceLimitError, ShapeError
from optim.problems import (
    chosen_nodes,
    compile_unitary,
    heisenberg_xxz,
    max_cut,
    maximum_independent_set,
    state_preparation,
    transverse_field_ising,
)

strengths = st.floats(-2, 2).map(lambda x: round(x, 3))


@given(st.integers(2, 8), strengths, strengths)
def test_open_ising_chain(size, coupling, field):
    """Free fermions: minus the sum of singular values of a bidiagonal matrix."""
    matrix = np.diag(np.full(size, field)) + np.diag(np.full(size - 1, coupling), 1)
    expected = -np.linalg.svd(matrix, compute_uv=False).sum()
    problem = transverse_field_ising(size, coupling=coupling, field=field)
    assert problem.ground_energy == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("size", [4, 6, 8])
@pytest.mark.parametrize("field", [0.5, 1.0, 1.7])
def test_ising_ring(size, field):
    """Pfeuty (1970): momenta (2 m + 1) pi / N in the sector of the ground state."""
    momenta = (2 * np.arange(size) + 1) * np.pi / size
    expected = -np.sqrt(1 + field**2 + 2 * field * np.cos(momenta)).sum()
    problem = transverse_field_ising(size, field=field, periodic=True)
    assert problem.ground_energy == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize(
    ("size", "periodic", "expected"),
    [(2, False, -3.0), (3, False, -4.0), (4, True, -8.0), (6, True, 2 - 2 - 4 * 2.8027756377)],
)
def test_heisenberg_antiferromagnet(size, periodic, expected):
    """Textbook energies of S.S chains, times 4."""
    problem = heisenberg_xxz(size, periodic=periodic)
    assert problem.ground_energy == pytest.approx(expected, abs=1e-8)


@given(st.integers(2, 7))
def test_xx_chain_is_free_fermions(size):
    levels = 4 * np.cos(np.pi * np.arange(1, size + 1) / (size + 1))
    problem = heisenberg_xxz(size, anisotropy=0.0)
    assert problem.ground_energy == pytest.approx(levels[levels < 0].sum(), abs=1e-8)


def test_xxz_in_a_strong_field_is_polarized():
    problem = heisenberg_xxz(4, anisotropy=0.3, field=9.0)
    assert problem.ground_energy == pytest.approx(3 * 0.3 - 4 * 9.0)


def test_models_on_a_graph_use_the_order_of_its_nodes_and_the_weights():
    graph = nx.Graph()
    graph.add_nodes_from(["c", "a", "b"])
    graph.add_edge("a", "b", weight=2.0)
    graph.add_edge("c", "b")
    problem = transverse_field_ising(graph, coupling=0.5, field=0.25)
    expected = {"Z1 Z2": -1.0, "Z0 Z2": -0.5, "X0": -0.25, "X1": -0.25, "X2": -0.25}
    assert problem.hamiltonian == PauliSum(expected, n_qubits=3)
    assert problem.provenance["bonds"] == [(0, 2, 1.0), (1, 2, 2.0)]


def random_graph(seed: int, size: int) -> nx.Graph:
    graph = nx.gnp_random_graph(size, 0.6, seed=seed)
    rng = np.random.default_rng(seed)
    for a, b in graph.edges:
        graph[a][b]["weight"] = round(float(rng.uniform(-1, 2)), 3)
    return graph


@given(st.integers(0, 10**6), st.integers(2, 6))
def test_max_cut(seed, size):
    graph = random_graph(seed, size)
    cuts = [
        sum(w for a, b, w in graph.edges(data="weight") if bits[a] != bits[b])
        for bits in itertools.product((0, 1), repeat=size)
    ]
    problem = max_cut(graph)
    assert problem.ground_energy == pytest.approx(-max(cuts), abs=1e-10)
    bits = [int(problem.ground_state.argmax()) >> q & 1 for q in range(size)]
    part = set(chosen_nodes(graph, bits))
    assert nx.cut_size(graph, part, weight="weight") == pytest.approx(max(cuts), abs=1e-10)


@given(st.integers(0, 10**6), st.integers(2, 7))
def test_maximum_independent_set(seed, size):
    graph = nx.gnp_random_graph(size, 0.5, seed=seed)
    largest = max(map(len, nx.find_cliques(nx.complement(graph))))
    problem = maximum_independent_set(graph)
    assert problem.ground_energy == pytest.approx(-largest, abs=1e-10)
    bits = [int(problem.ground_state.argmax()) >> q & 1 for q in range(size)]
    chosen = chosen_nodes(graph, bits)
    assert len(chosen) == largest
    assert not graph.subgraph(chosen).edges


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: transverse_field_ising(1), "at least 2"),
        (lambda: transverse_field_ising(2, periodic=True), "at least 3"),
        (lambda: transverse_field_ising(2.0), "at least 2"),
        (lambda: transverse_field_ising(nx.path_graph(3), periodic=True), "periodic"),
        (lambda: heisenberg_xxz(nx.DiGraph([(0, 1)])), "undirected"),
        (lambda: max_cut(nx.Graph([(0, 0)])), "simple"),
        (lambda: max_cut(nx.MultiGraph([(0, 1)])), "simple"),
        (lambda: max_cut(nx.Graph()), "at least one node"),
        (lambda: maximum_independent_set(nx.path_graph(3), penalty=1.0), "penalty"),
        (lambda: maximum_independent_set(random_graph(1, 4)), "weights"),
        (lambda: state_preparation("w"), "'w'"),
        (lambda: state_preparation("bell", 3), "bell"),
        (lambda: state_preparation([1.0, 1.0]), "norm 1"),
        (lambda: state_preparation([1.0, 0.0], n_qubits=2), "n_qubits"),
    ],
)
def test_refused(make, words):
    with pytest.raises(InvalidArgumentError, match=words):
        make()


def test_shapes_and_sizes_of_targets():
    with pytest.raises(ShapeError, match="target"):
        state_preparation([1.0, 0.0, 0.0])
    with pytest.raises(ShapeError, match="matrix"):
        compile_unitary(np.eye(3))
    with pytest.raises(NotUnitaryError, match="unitary"):
        compile_unitary(np.ones((2, 2)))
    with pytest.raises(ResourceLimitError, match="10 qubits"):
        state_preparation("ghz", n_qubits=11)
    with pytest.raises(ResourceLimitError, match="10 qubits"):
        compile_unitary(np.eye(64))


def test_bell_and_ghz():
    bell = Circuit(2, [g.h(0), g.cx(0, 1)])
    assert state_preparation("bell").energy(bell) == pytest.approx(0, abs=1e-12)
    assert state_preparation("bell").energy(Circuit(2)) == pytest.approx(0.5)
    ghz = Circuit(4, [g.h(0), *(g.cx(q, q + 1) for q in range(3))])
    assert state_preparation("ghz", n_qubits=4).energy(ghz) == pytest.approx(0, abs=1e-12)
    assert state_preparation("ghz").n_qubits == 3


@given(st.integers(0, 10**6), st.integers(1, 3))
def test_state_preparation_is_the_infidelity(seed, size):
    states = unitary_group.rvs(2**size, random_state=seed)[:2]
    if size == 1:
        states = unitary_group.rvs(2, random_state=seed)
    problem = state_preparation(states[0])
    circuit = Circuit(size, [g.state_preparation(states[1], *range(size))])
    overlap = abs(states[0].conj() @ states[1]) ** 2
    assert problem.energy(circuit) == pytest.approx(1 - overlap, abs=1e-10)
    assert problem.ground_energy == pytest.approx(0, abs=1e-10)


@given(st.integers(0, 10**6), st.integers(1, 2))
def test_compile_unitary_is_the_distance_of_unitaries(seed, size):
    dimension = 2**size
    u = unitary_group.rvs(dimension, random_state=seed)
    v = unitary_group.rvs(dimension, random_state=seed + 1)
    problem = compile_unitary(u)
    assert problem.qubits == tuple(range(size))

    def energy(matrix: np.ndarray) -> float:
        return problem.energy(problem.complete(Circuit(size, [g.unitary(matrix, *range(size))])))

    expected = 1 - abs(np.trace(u.conj().T @ v)) ** 2 / dimension**2
    assert energy(v) == pytest.approx(expected, abs=1e-10)
    assert energy(np.exp(0.7j) * u) == pytest.approx(0, abs=1e-10)
    assert energy(u.T) == pytest.approx(1 - abs(np.trace(u.conj().T @ u.T)) ** 2 / dimension**2)
