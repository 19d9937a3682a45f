"""The search methods that the conformance suite runs, with small settings."""

from __future__ import annotations

from collections.abc import Callable

from optim.search import Search
from optim.search.adapt import AdaptVQE
from optim.search.annealing import SimulatedAnnealing
from optim.search.differentiable import DifferentiableSearch
from optim.search.mcts import NestedMCTS
from optim.search.random_search import RandomSearch

SEARCHES: dict[str, Callable[[], Search]] = {
    "random, gate by gate": lambda: RandomSearch(5),
    "random, whole circuits": lambda: RandomSearch(5, per="circuit", axes=("ry", "rz")),
    "annealing": lambda: SimulatedAnnealing(compaction=0.5),
    "annealing within limits": lambda: SimulatedAnnealing(
        max_gates=6, max_cnots=2, hot=300.0, compaction=0.3
    ),
    "qubit-ADAPT": lambda: AdaptVQE("qubit", gradient_tolerance=0.02),
    "ADAPT of excitations": lambda: AdaptVQE("qubit-excitation", compaction=False),
    "tree search": lambda: NestedMCTS(6, level=2, rounds=3),
    "tree search, pruned": lambda: NestedMCTS(2, level=4, rounds=2, keep=0.5, axes="ry"),
    "differentiable": lambda: DifferentiableSearch(6, batch=4),
}
"""A new method is one row."""

CHANCELESS = frozenset(("ADAPT of excitations", "qubit-ADAPT"))
"""Methods in which chance decides next to nothing: other seeds may give the same result."""
