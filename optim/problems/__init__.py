"""Problems for optimizers and searches: molecules, spin models, graphs, states and unitaries."""

from __future__ import annotations

from optim.problems.encodings import encode, encoding, taper, z_symmetries
from optim.problems.graphs import chosen_nodes, max_cut, maximum_independent_set
from optim.problems.lattices import heisenberg_xxz, transverse_field_ising
from optim.problems.molecule import list_molecules, molecule
from optim.problems.problem import CHEMICAL_ACCURACY, Problem
from optim.problems.targets import compile_unitary, state_preparation

__all__ = [
    "CHEMICAL_ACCURACY",
    "Problem",
    "chosen_nodes",
    "compile_unitary",
    "encode",
    "encoding",
    "heisenberg_xxz",
    "list_molecules",
    "max_cut",
    "maximum_independent_set",
    "molecule",
    "state_preparation",
    "taper",
    "transverse_field_ising",
    "z_symmetries",
]
