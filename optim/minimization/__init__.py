"""Minimizing the energy of a circuit: one function, a table of methods."""

from __future__ import annotations

from optim.minimization.core import minimize_objective
from optim.minimization.methods import METHODS, Method
from optim.minimization.minimize import minimize
from optim.minimization.minimum import Minimum
from optim.minimization.objective import Objective

__all__ = ["METHODS", "Method", "Minimum", "Objective", "minimize", "minimize_objective"]
