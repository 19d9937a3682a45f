"""Methods of `optim.minimize` as minimisers of a candidate's angles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, final

import numpy as np

from circuits import Circuit
from circuits.errors import UnsupportedOperationError
from circuits.flat.table import Floats
from optim.minimization import Objective, minimize_objective
from optim.optimizers import Wave

_CONTROLLED = Wave(0.5, 2)
"""Along the angle of a controlled rotation energies have the frequencies 1/2 and 1."""


def method(name: str) -> Callable[[Any, Floats, int], tuple[Floats, float]]:
    """A function from an objective of the search, a start and a budget to angles and energy.

    Args:
        name: A method of `optim.minimization.METHODS` without gradients.
    """

    def run(objective: Any, start: Floats, max_evaluations: int) -> tuple[Floats, float]:
        found = minimize_objective(
            _Adapted(objective, len(start)),
            np.asarray(start, dtype=np.float64)[None],
            method=name,
            max_evaluations=max_evaluations,
            generator=objective.generator,
        )
        return found.parameters, found.energy

    return run


@final
class _Adapted(Objective):
    """The search's objective as one of `minimize`."""

    def __init__(self, objective: Any, size: int) -> None:
        self._objective = objective
        self.size = size
        self.exact = objective.exact

    @property
    def circuit(self) -> Circuit:
        raise UnsupportedOperationError("The minimiser of a candidate's angles sees no circuit.")

    @property
    def waves(self) -> tuple[Wave, ...]:
        return tuple(Wave() if alone else _CONTROLLED for alone in self._objective.sinusoidal)

    def values(self, points: Floats, shots: int | None = None) -> Floats:
        energies: Floats = np.asarray(self._objective.energies(points), dtype=np.float64)
        return energies

    def values_and_gradients(self, points: Floats) -> tuple[Floats, Floats]:
        found = [self._objective.value_and_gradient(point) for point in points]
        return np.array([value for value, _ in found]), np.stack([slope for _, slope in found])
