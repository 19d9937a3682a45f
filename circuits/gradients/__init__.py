"""Derivatives of circuits: adjoint, parameter shift, SPSA, and the choice among them."""

from __future__ import annotations

from circuits.gradients.methods import DIFF_METHODS, Evaluator, make_evaluator
from circuits.gradients.shift import SPSA

__all__ = ["DIFF_METHODS", "SPSA", "Evaluator", "make_evaluator"]
