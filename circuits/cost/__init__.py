"""What runs on hardware cost: estimates beforehand, and budgets that are never passed."""

from circuits.cost.assumptions import Assumptions
from circuits.cost.budget import Budget, as_budget
from circuits.cost.estimate import Estimate, estimate_cost
from circuits.cost.limits import LIMITS, Hit
from circuits.cost.recorder import Recorder

__all__ = [
    "LIMITS",
    "Assumptions",
    "Budget",
    "Estimate",
    "Hit",
    "Recorder",
    "as_budget",
    "estimate_cost",
]
