"""Methods and problems of `ketwork search` by the names that users type."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import networkx as nx

from circuits.errors import InvalidArgumentError
from optim import problems
from optim.problems import Problem
from optim.search import Candidate, Search
from optim.search.adapt import AdaptVQE
from optim.search.annealing import SimulatedAnnealing
from optim.search.crlqas import CRLQAS
from optim.search.differentiable import DifferentiableSearch
from optim.search.mcts import NestedMCTS
from optim.search.ppo import PPO
from optim.search.random_search import RandomSearch

from .names import known_name


@dataclass(frozen=True)
class Method:
    """A search method.

    Args:
        build: From its options to the search.
        title: What it is, for help and tables.
        gates: Name of the option that limits the number of gates, if there is one.
        start: Name of the option for the gates to start from.
        presets: Names of its presets.
    """

    build: Callable[..., Search]
    title: str
    gates: str | None
    start: str
    presets: tuple[str, ...] = ()


METHODS: dict[str, Method] = {
    "crlqas": Method(
        CRLQAS, "reinforcement learning: double DQN under a curriculum", "max_gates", "start",
        ("default", "paper"),
    ),
    "ppo": Method(PPO, "reinforcement learning: masked PPO (sb3-contrib)", "max_gates", "start"),
    "mcts": Method(NestedMCTS, "nested Monte Carlo tree search", "slots", "initial"),
    "random": Method(RandomSearch, "random gates", "max_gates", "initial"),
    "anneal": Method(SimulatedAnnealing, "simulated annealing of gates", "max_gates", "initial"),
    "adapt": Method(AdaptVQE, "ADAPT-VQE, compiled to CNOTs and rotations", None, "initial"),
    "differentiable": Method(
        DifferentiableSearch, "trainable structure weights", "slots", "initial"
    ),
}  # fmt: skip
"""Methods by the value of `--agent`."""


def search_of(
    agent: str, *, preset: str | None, max_gates: int | None, start: Candidate | None
) -> Search:
    """The search that the options describe; raises for options without effect on it."""
    method = METHODS[agent]
    options: dict[str, Any] = {}
    if preset is not None:
        if not method.presets:
            raise InvalidArgumentError(f"--preset has no effect on {agent}; leave it out.")
        options["preset"] = known_name(preset, method.presets, "preset")
    if max_gates is not None:
        if method.gates is None:
            raise InvalidArgumentError(f"--max-gates has no effect on {agent}; leave it out.")
        options[method.gates] = max_gates
    if start is not None:
        options[method.start] = start
    return method.build(**options)


def _graph(n_qubits: int) -> nx.Graph:
    """A 3-regular graph, or a ring where there is none."""
    if n_qubits >= 4 and n_qubits % 2 == 0:
        return nx.random_regular_graph(3, n_qubits, seed=0)
    return nx.cycle_graph(n_qubits)


FAMILIES: dict[str, tuple[Callable[[int], Problem], int, str]] = {
    "ising": (problems.transverse_field_ising, 4, "transverse-field Ising chain, J = h = 1"),
    "heisenberg": (problems.heisenberg_xxz, 4, "Heisenberg chain"),
    "maxcut": (lambda n: problems.max_cut(_graph(n)), 6, "largest cut of a 3-regular graph"),
    "mis": (
        lambda n: problems.maximum_independent_set(_graph(n)), 6,
        "largest independent set of a 3-regular graph",
    ),
    "bell": (lambda n: problems.state_preparation("bell", n), 2, "Bell state"),
    "ghz": (lambda n: problems.state_preparation("ghz", n), 3, "GHZ state"),
}  # fmt: skip
"""Problems by name: what makes one of a number of qubits, the default number, what it is."""

FORMULAS = ("H2", "LiH", "BeH2", "H2O")


def problem_of(name: str, n_qubits: int | None) -> Problem:
    """The problem that `--problem` and `--qubits` name.

    Raises:
        InvalidArgumentError: If there is none; lists the names.
    """
    known = known_name(name, (*FORMULAS, *FAMILIES, *problems.list_molecules()), "problem")
    if known in FAMILIES:
        make, usual, _ = FAMILIES[known]
        return make(usual if n_qubits is None else n_qubits)
    return problems.molecule(known, n_qubits)
