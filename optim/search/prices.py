"""What gates may cost in energy, where a search weighs the one against the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from circuits.arguments import number
from circuits.errors import InvalidArgumentError
from optim.problems.problem import Problem
from optim.search.candidate import Candidate


@final
@dataclass(frozen=True)
class Prices:
    """Prices of gates, in units of the problem's accuracy (1.6 mHa for molecules).

    Attributes:
        cnot: What a CNOT may cost, besides `gate`.
        gate: What any gate may cost.

    Raises:
        InvalidArgumentError: If a price is negative or not a number.
    """

    cnot: float = 0.003
    gate: float = 0.0006

    def __post_init__(self) -> None:
        for argument in ("cnot", "gate"):
            price = number(getattr(self, argument), f"{argument}_price")
            if price < 0:
                raise InvalidArgumentError(
                    f"Argument `{argument}_price` must not be negative, got {price}."
                )
            object.__setattr__(self, argument, price)

    def of(self, problem: Problem, candidate: Candidate) -> float:
        """The price of all gates of a candidate, in the unit of the energy."""
        return (self.cnot * candidate.cnots + self.gate * len(candidate)) * problem.accuracy
