"""Minimizing the energy of a circuit: one function, a table of methods."""

from __future__ import annotations

from optim.minimization.methods import METHODS, Method
from optim.minimization.minimize import minimize
from optim.minimization.minimum import Minimum

__all__ = ["METHODS", "Method", "Minimum", "minimize"]
