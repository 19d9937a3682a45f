from __future__ import annotations

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuits import errors
from circuits.ansatz import PATTERNS, entangler_pairs


@pytest.mark.parametrize(
    ("pattern", "pairs"),
    [
        ("linear", [(0, 1), (1, 2), (2, 3)]),
        ("reverse_linear", [(2, 3), (1, 2), (0, 1)]),
        ("ring", [(0, 1), (1, 2), (2, 3), (3, 0)]),
        ("circular", [(3, 0), (0, 1), (1, 2), (2, 3)]),
        ("full", [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]),
        ("pairs", [(0, 1), (2, 3), (1, 2)]),
        ([(3, 0), (1, 2)], [(3, 0), (1, 2)]),
        ([], []),
    ],
)
def test_pairs_on_four_qubits(pattern, pairs):
    assert entangler_pairs(pattern, 4) == pairs


@pytest.mark.parametrize("pattern", PATTERNS)
@given(n=st.integers(1, 9))
def test_named_patterns_are_simple_and_connect_all_qubits(pattern, n):
    pairs = entangler_pairs(pattern, n)
    assert len({frozenset(pair) for pair in pairs}) == len(pairs)
    graph = nx.Graph(pairs)
    graph.add_nodes_from(range(n))
    assert set(graph.nodes) == set(range(n))
    assert nx.is_connected(graph)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_two_qubits_are_one_pair(pattern):
    assert entangler_pairs(pattern, 2) == [(0, 1)]


def test_undirected_graphs_are_sorted():
    graph = nx.Graph([(3, 2), (1, 0), (2, 0)])
    assert entangler_pairs(graph, 4) == [(0, 1), (0, 2), (2, 3)]


def test_directed_graphs_keep_their_directions():
    assert entangler_pairs(nx.DiGraph([(3, 2), (0, 1)]), 4) == [(0, 1), (3, 2)]


@pytest.mark.parametrize(
    ("pattern", "error", "message"),
    [
        ("star", errors.InvalidArgumentError, "'linear'"),
        (7, errors.InvalidArgumentError, "networkx"),
        ([0, 1], errors.InvalidArgumentError, "pair of qubits"),
        ([(0, 1, 2)], errors.InvalidArgumentError, "pair of qubits"),
        ([(0, 4)], errors.QubitError, "0 to 3"),
        ([(-1, 0)], errors.QubitError, "0 to 3"),
        ([(0, 1.0)], errors.QubitError, "integers"),
        ([(1, 1)], errors.QubitError, "itself"),
        (nx.path_graph(5), errors.QubitError, "node 4"),
        (nx.Graph([("a", "b")]), errors.QubitError, "node 'a'"),
        (nx.Graph([(0, 0)]), errors.QubitError, "itself"),
    ],
)
def test_bad_patterns_say_what_is_wrong(pattern, error, message):
    with pytest.raises(error, match=message):
        entangler_pairs(pattern, 4)
